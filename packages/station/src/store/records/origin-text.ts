// A resource and a scope as one text, so that a condition on their attributes is a search in it (see attribute-text.ts).
//
//   resource attributes ␄ schema ␄ scope name ␄ version ␄ schema ␄ scope attributes         ␄ is 0x04

import type { RecordResource, RecordScope } from "../stored-record.ts";
import { attributeText, escaped, readAttributeText, unescaped } from "./attribute-text.ts";

/** The text of a resource and a scope. */
export function originText(resource: RecordResource, scope: RecordScope): string {
  return [
    attributeText(resource.attributes),
    escaped(resource.schemaUrl),
    escaped(scope.name),
    escaped(scope.version),
    escaped(scope.schemaUrl),
    attributeText(scope.attributes),
  ].join("\u0004");
}

/** What a text was made of. */
export function readOriginText(text: string): {
  readonly resource: RecordResource;
  readonly scope: RecordScope;
} {
  const [attributes = "", schema = "", name = "", version = "", scopeSchema = "", own = ""] =
    text.split("\u0004");
  return {
    resource: { attributes: readAttributeText(attributes), schemaUrl: unescaped(schema) },
    scope: {
      name: unescaped(name),
      version: unescaped(version),
      schemaUrl: unescaped(scopeSchema),
      attributes: readAttributeText(own),
    },
  };
}
