// A request in protobuf, told again in OTLP's JSON: for receivers that read nothing else.
//
// Driven by tables of the messages' fields, so it is the same code for spans, logs and metrics. OTLP's JSON differs from
// protobuf's own in two places: ids are hexadecimal, and enums are numbers.
//
// Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding

import type { Signal } from "../signal.ts";
import { messageFields, type MessageField } from "./message-fields.ts";

type Kind =
  | "string"
  | "bool"
  | "uint"
  | "int64"
  | "sint"
  | "fixed32"
  | "fixed64"
  | "sfixed64"
  | "double"
  | "doubles"
  | "fixed64s"
  | "uint64s"
  | "hex"
  | "base64";

/** number: [name, what it is, whether there may be several] */
type Table = Readonly<Record<number, readonly [string, Kind | (() => Table), "many"?]>>;

const anyValue = (): Table => ANY_VALUE;
const KEY_VALUE: Table = { 1: ["key", "string"], 2: ["value", anyValue] };
const keyValue = (): Table => KEY_VALUE;
const ARRAY: Table = { 1: ["values", anyValue, "many"] };
const KV_LIST: Table = { 1: ["values", keyValue, "many"] };
const ANY_VALUE: Table = {
  1: ["stringValue", "string"],
  2: ["boolValue", "bool"],
  3: ["intValue", "int64"],
  4: ["doubleValue", "double"],
  5: ["arrayValue", () => ARRAY],
  6: ["kvlistValue", () => KV_LIST],
  7: ["bytesValue", "base64"],
};
const RESOURCE: Table = {
  1: ["attributes", keyValue, "many"],
  2: ["droppedAttributesCount", "uint"],
};
const SCOPE: Table = {
  1: ["name", "string"],
  2: ["version", "string"],
  3: ["attributes", keyValue, "many"],
  4: ["droppedAttributesCount", "uint"],
};
const EVENT: Table = {
  1: ["timeUnixNano", "fixed64"],
  2: ["name", "string"],
  3: ["attributes", keyValue, "many"],
  4: ["droppedAttributesCount", "uint"],
};
const LINK: Table = {
  1: ["traceId", "hex"],
  2: ["spanId", "hex"],
  3: ["traceState", "string"],
  4: ["attributes", keyValue, "many"],
  5: ["droppedAttributesCount", "uint"],
  6: ["flags", "fixed32"],
};
const STATUS: Table = { 2: ["message", "string"], 3: ["code", "uint"] };
const SPAN: Table = {
  1: ["traceId", "hex"],
  2: ["spanId", "hex"],
  3: ["traceState", "string"],
  4: ["parentSpanId", "hex"],
  5: ["name", "string"],
  6: ["kind", "uint"],
  7: ["startTimeUnixNano", "fixed64"],
  8: ["endTimeUnixNano", "fixed64"],
  9: ["attributes", keyValue, "many"],
  10: ["droppedAttributesCount", "uint"],
  11: ["events", () => EVENT, "many"],
  12: ["droppedEventsCount", "uint"],
  13: ["links", () => LINK, "many"],
  14: ["droppedLinksCount", "uint"],
  15: ["status", () => STATUS],
  16: ["flags", "fixed32"],
};
const LOG_RECORD: Table = {
  1: ["timeUnixNano", "fixed64"],
  2: ["severityNumber", "uint"],
  3: ["severityText", "string"],
  5: ["body", anyValue],
  6: ["attributes", keyValue, "many"],
  7: ["droppedAttributesCount", "uint"],
  8: ["flags", "fixed32"],
  9: ["traceId", "hex"],
  10: ["spanId", "hex"],
  11: ["observedTimeUnixNano", "fixed64"],
  12: ["eventName", "string"],
};
const EXEMPLAR: Table = {
  2: ["timeUnixNano", "fixed64"],
  3: ["asDouble", "double"],
  4: ["spanId", "hex"],
  5: ["traceId", "hex"],
  6: ["asInt", "sfixed64"],
  7: ["filteredAttributes", keyValue, "many"],
};
const NUMBER_POINT: Table = {
  2: ["startTimeUnixNano", "fixed64"],
  3: ["timeUnixNano", "fixed64"],
  4: ["asDouble", "double"],
  5: ["exemplars", () => EXEMPLAR, "many"],
  6: ["asInt", "sfixed64"],
  7: ["attributes", keyValue, "many"],
  8: ["flags", "uint"],
};
const HISTOGRAM_POINT: Table = {
  2: ["startTimeUnixNano", "fixed64"],
  3: ["timeUnixNano", "fixed64"],
  4: ["count", "fixed64"],
  5: ["sum", "double"],
  6: ["bucketCounts", "fixed64s"],
  7: ["explicitBounds", "doubles"],
  8: ["exemplars", () => EXEMPLAR, "many"],
  9: ["attributes", keyValue, "many"],
  10: ["flags", "uint"],
  11: ["min", "double"],
  12: ["max", "double"],
};
const BUCKETS: Table = { 1: ["offset", "sint"], 2: ["bucketCounts", "uint64s"] };
const EXPONENTIAL_POINT: Table = {
  1: ["attributes", keyValue, "many"],
  2: ["startTimeUnixNano", "fixed64"],
  3: ["timeUnixNano", "fixed64"],
  4: ["count", "fixed64"],
  5: ["sum", "double"],
  6: ["scale", "sint"],
  7: ["zeroCount", "fixed64"],
  8: ["positive", () => BUCKETS],
  9: ["negative", () => BUCKETS],
  10: ["flags", "uint"],
  11: ["exemplars", () => EXEMPLAR, "many"],
  12: ["min", "double"],
  13: ["max", "double"],
  14: ["zeroThreshold", "double"],
};
const QUANTILE: Table = { 1: ["quantile", "double"], 2: ["value", "double"] };
const SUMMARY_POINT: Table = {
  2: ["startTimeUnixNano", "fixed64"],
  3: ["timeUnixNano", "fixed64"],
  4: ["count", "fixed64"],
  5: ["sum", "double"],
  6: ["quantileValues", () => QUANTILE, "many"],
  7: ["attributes", keyValue, "many"],
  8: ["flags", "uint"],
};
const points = (table: Table): Table => ({
  1: ["dataPoints", () => table, "many"],
  2: ["aggregationTemporality", "uint"],
  3: ["isMonotonic", "bool"],
});
const METRIC: Table = {
  1: ["name", "string"],
  2: ["description", "string"],
  3: ["unit", "string"],
  5: ["gauge", () => points(NUMBER_POINT)],
  7: ["sum", () => points(NUMBER_POINT)],
  9: ["histogram", () => points(HISTOGRAM_POINT)],
  10: ["exponentialHistogram", () => points(EXPONENTIAL_POINT)],
  11: ["summary", () => points(SUMMARY_POINT)],
  12: ["metadata", keyValue, "many"],
};

const REQUESTS: Readonly<Record<Signal, Table>> = {
  traces: request("resourceSpans", "scopeSpans", "spans", SPAN),
  logs: request("resourceLogs", "scopeLogs", "logRecords", LOG_RECORD),
  metrics: request("resourceMetrics", "scopeMetrics", "metrics", METRIC),
};

function request(resources: string, scopes: string, records: string, record: Table): Table {
  const scope: Table = {
    1: ["scope", () => SCOPE],
    2: [records, () => record, "many"],
    3: ["schemaUrl", "string"],
  };
  const resource: Table = {
    1: ["resource", () => RESOURCE],
    2: [scopes, () => scope, "many"],
    3: ["schemaUrl", "string"],
  };
  return { 1: [resources, () => resource, "many"] };
}

/** The same request in JSON. */
export function requestAsJson(body: Uint8Array, signal: Signal): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(objectOf(body, REQUESTS[signal])));
}

function objectOf(message: Uint8Array, table: Table): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const field of messageFields(message)) {
    const entry = table[field.field];
    if (entry === undefined) continue;
    const [name, kind, many] = entry;
    const value = typeof kind === "function" ? objectOf(field.bytes, kind()) : valueOf(field, kind);
    if (many === undefined) object[name] = value;
    else ((object[name] ??= []) as unknown[]).push(value);
  }
  return object;
}

function valueOf({ value, bytes }: MessageField, kind: Kind): unknown {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  switch (kind) {
    case "string":
      return buffer.toString("utf8");
    case "bool":
      return value !== 0n;
    case "uint":
    case "fixed32":
      return Number(value);
    case "sint":
      return Number((value >> 1n) ^ -(value & 1n));
    case "int64":
    case "sfixed64":
      return BigInt.asIntN(64, value).toString();
    case "fixed64":
      return value.toString();
    case "double":
      return jsonDouble(doubleOf(value));
    case "doubles":
      return eights(buffer, (at) => jsonDouble(buffer.readDoubleLE(at)));
    case "fixed64s":
      return eights(buffer, (at) => buffer.readBigUInt64LE(at).toString());
    case "uint64s":
      return varints(bytes);
    case "hex":
      return buffer.toString("hex");
    case "base64":
      return buffer.toString("base64");
    default:
      return kind satisfies never;
  }
}

const EIGHT = new DataView(new ArrayBuffer(8));

function doubleOf(bits: bigint): number {
  EIGHT.setBigUint64(0, bits);
  return EIGHT.getFloat64(0);
}

/** JSON has no word for these; protobuf's has. */
function jsonDouble(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

function eights(buffer: Buffer, read: (at: number) => unknown): unknown[] {
  return Array.from({ length: Math.floor(buffer.length / 8) }, (_, i) => read(i * 8));
}

function varints(bytes: Uint8Array): string[] {
  const values: string[] = [];
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    value |= BigInt(byte & 127) << shift;
    shift += 7n;
    if (byte > 127) continue;
    values.push(value.toString());
    value = 0n;
    shift = 0n;
  }
  return values;
}
