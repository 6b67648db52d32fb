// Attributes and other values of records as JSON.
//
//   attributes   {"http.route":"/orders","retries":2}      in order; of two with one name the last
//   integers beyond 2^53 and times in nanoseconds are texts, bytes base64, maps objects

import type { OtlpValue } from "@flx/model";
import type { Attributes, RecordResource, RecordScope } from "../../store/stored-record.ts";

/** Attributes as an object; without a prototype, so that "__proto__" is a name like any other. */
export function attributesJson(attributes: Attributes): Readonly<Record<string, unknown>> {
  const json = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of attributes) json[key] = valueJson(value);
  return json;
}

/** A value as JSON. */
export function valueJson(value: OtlpValue): unknown {
  if (value === undefined) return null;
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value !== "object") return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(valueJson);
  return attributesJson([...(value as ReadonlyMap<string, OtlpValue>)]);
}

/** Who sent a record, and with which library. */
export function originJson(resource: RecordResource, scope: RecordScope): object {
  return {
    resource: attributesJson(resource.attributes),
    scope: {
      name: scope.name,
      version: scope.version,
      attributes: attributesJson(scope.attributes),
    },
  };
}
