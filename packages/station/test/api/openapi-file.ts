// The station's OpenAPI file, and whether answers are as it says.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** What is used of a JSON Schema. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly pattern?: string;
}

/** What is used of an operation. */
export interface Operation {
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly example: unknown;
  }[];
  readonly responses: Readonly<
    Record<
      string,
      { readonly content: { readonly "application/json": { readonly schema: Schema } } }
    >
  >;
}

/** The file. */
export const openapi: {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
} = JSON.parse(
  await readFile(join(import.meta.dirname, "../../openapi/station.openapi.json"), "utf8"),
) as typeof openapi;

/** Throws when a value is not as its schema says; properties that no schema knows are refused. */
export function validate(value: unknown, schema: Schema, path: string): void {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split("/").at(-1)!;
    validate(value, openapi.components.schemas[name]!, path);
    return;
  }
  const kind = Array.isArray(value) ? "array" : value === null ? "null" : typeof value;
  if (schema.type === "integer") assert.ok(Number.isInteger(value), `${path} is an integer`);
  else if (schema.type !== undefined) assert.equal(kind, schema.type, path);
  if (schema.enum !== undefined)
    assert.ok(schema.enum.includes(value), `${path}: ${String(value)}`);
  if (schema.pattern !== undefined) assert.match(String(value), new RegExp(schema.pattern), path);
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) validate(item, schema.items ?? {}, `${path}[${i}]`);
  } else if (schema.properties !== undefined) {
    const object = value as Record<string, unknown>;
    for (const name of schema.required ?? [])
      assert.ok(Object.hasOwn(object, name), `${path}.${name}`);
    for (const [name, item] of Object.entries(object)) {
      const of = schema.properties[name];
      assert.ok(of !== undefined, `${path}.${name} is described`);
      validate(item, of, `${path}.${name}`);
    }
  }
}
