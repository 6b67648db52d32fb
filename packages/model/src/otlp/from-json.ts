// OTLP/JSON as OTLP/protobuf, so that one reader serves both.
//
//   body ─ depth ─ JSON.parse ─ value ─ walk with json-schema.ts ─ protobuf bytes ─ readMetricsRequest ...
//
// The rules of protobuf's JSON form with OTLP's changes: ids are hexadecimal, enums are numbers, names are
// lowerCamelCase only, unknown names are passed over, null is "not there". 64-bit numbers are texts or numbers; doubles
// may be "NaN", "Infinity" and "-Infinity".
//
// Depth is bounded before anything is made of the text, and again where messages recurse.
//
// Why not a second reader: JSON costs its parser far more than this step, and two readers would have to be kept equal.

import { FlxError } from "../errors.ts";
import { isJsonDeeper } from "./json-depth.ts";
import type { JsonField, JsonKind, JsonMessage } from "./json-schema.ts";
import { logsRequest, metricsRequest, tracesRequest } from "./json-schema.ts";
import { MessageWriter } from "./message-writer.ts";

/** The signals of OTLP. */
export type OtlpSignal = "metrics" | "traces" | "logs";

const MAX_JSON_DEPTH = 100;
/** Of the text: each message is an object, mostly in a list. */
const MAX_TEXT_DEPTH = 2 * MAX_JSON_DEPTH + 50;
const schemas: Readonly<Record<OtlpSignal, JsonMessage>> = {
  metrics: metricsRequest,
  traces: tracesRequest,
  logs: logsRequest,
};
const decoder = new TextDecoder("utf-8", { fatal: true });

function refuse(reason: string, cause?: unknown): never {
  throw new FlxError("FLX_OTLP_JSON", reason, cause === undefined ? undefined : { cause });
}

/**
 * The protobuf form of a request in JSON.
 *
 * @throws {FlxError} `FLX_OTLP_JSON` when it is no JSON, or a value is not what its field holds; with the path
 */
export function otlpFromJson(signal: OtlpSignal, body: Uint8Array): Uint8Array {
  if (isJsonDeeper(body, MAX_TEXT_DEPTH)) {
    refuse(`lists and objects nested more than ${MAX_TEXT_DEPTH} deep`);
  }
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(body));
  } catch (cause) {
    refuse("the body is not JSON", cause);
  }
  const out = new MessageWriter(Math.max(1024, body.length >>> 1));
  writeMessage(out, schemas[signal], value, "", 0);
  return out.take();
}

function writeMessage(
  out: MessageWriter,
  schema: JsonMessage,
  value: unknown,
  path: string,
  depth: number,
): void {
  if (depth > MAX_JSON_DEPTH) refuse(`messages nested more than ${MAX_JSON_DEPTH} deep`);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    refuse(`${path === "" ? "the request" : path} must be an object`);
  }
  for (const name of Object.keys(value)) {
    const field = schema.get(name);
    const item = (value as Record<string, unknown>)[name];
    if (field === undefined || item === null || item === undefined) continue;
    const at = path === "" ? name : `${path}.${name}`;
    if (!field.list) writeField(out, field, item, at, depth);
    else if (Array.isArray(item)) {
      for (const [i, part] of item.entries()) writeField(out, field, part, `${at}[${i}]`, depth);
    } else refuse(`${at} must be a list`);
  }
}

function writeField(
  out: MessageWriter,
  { number, kind }: JsonField,
  value: unknown,
  path: string,
  depth: number,
): void {
  if (typeof kind !== "function") {
    writeScalar(out, number, kind, value, path);
    return;
  }
  const start = out.begin(number * 8 + 2);
  writeMessage(out, kind(), value, path, depth + 1);
  out.end(start);
}

function writeScalar(
  out: MessageWriter,
  number: number,
  kind: JsonKind,
  value: unknown,
  path: string,
): void {
  switch (kind) {
    case "text":
      out.text(number * 8 + 2, textOf(value, path).toWellFormed());
      return;
    case "base64":
      out.field(number * 8 + 2, base64(textOf(value, path), path));
      return;
    case "hex":
      out.field(number * 8 + 2, hex(textOf(value, path), path));
      return;
    case "bool":
      if (typeof value !== "boolean") refuse(`${path} must be true or false`);
      out.uint(number * 8, value ? 1 : 0);
      return;
    case "double":
      out.double(number * 8 + 1, double(value, path));
      return;
    case "fixed32":
      fixed32(out, number, integer(value, path, 0n, 4_294_967_295n));
      return;
    case "fixed64":
      fixed64(out, number, integer(value, path, 0n, MAX_UINT64));
      return;
    case "sfixed64":
      fixed64(out, number, integer(value, path, MIN_INT64, MAX_INT64));
      return;
    case "uint32":
      out.uint(number * 8, Number(integer(value, path, 0n, 4_294_967_295n)));
      return;
    case "uint64":
      out.bigint(number * 8, integer(value, path, 0n, MAX_UINT64));
      return;
    case "int64":
      out.bigint(number * 8, integer(value, path, MIN_INT64, MAX_INT64));
      return;
    case "enum":
      out.int(number * 8, Number(integer(value, path, -2_147_483_648n, 2_147_483_647n)));
      return;
    case "sint32": {
      const signed = Number(integer(value, path, -2_147_483_648n, 2_147_483_647n));
      out.uint(number * 8, signed < 0 ? -2 * signed - 1 : 2 * signed);
      return;
    }
  }
}

const MAX_UINT64 = 2n ** 64n - 1n;
const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);
const eight = new Uint8Array(9);
const eightView = new DataView(eight.buffer);

function fixed64(out: MessageWriter, number: number, value: bigint): void {
  eight[0] = number * 8 + 1;
  eightView.setBigUint64(1, BigInt.asUintN(64, value), true);
  out.raw(eight);
}

function fixed32(out: MessageWriter, number: number, value: bigint): void {
  const five = new Uint8Array(number > 15 ? 6 : 5);
  const tag = number * 8 + 5;
  if (number > 15) five.set([(tag & 127) | 128, tag >>> 7]);
  else five[0] = tag;
  new DataView(five.buffer).setUint32(five.length - 4, Number(value), true);
  out.raw(five);
}

function textOf(value: unknown, path: string): string {
  return typeof value === "string" ? value : refuse(`${path} must be a text`);
}

function double(value: unknown, path: string): number {
  if (typeof value === "number") return value;
  if (value === "NaN") return NaN;
  if (value === "Infinity") return Infinity;
  if (value === "-Infinity") return -Infinity;
  if (typeof value === "string" && /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(value)) {
    return Number(value);
  }
  return refuse(`${path} must be a number`);
}

function integer(value: unknown, path: string, least: bigint, most: bigint): bigint {
  let whole: bigint;
  if (typeof value === "number" && Number.isInteger(value)) whole = BigInt(value);
  else if (typeof value === "string" && /^-?\d{1,20}$/.test(value)) whole = BigInt(value);
  else return refuse(`${path} must be a whole number`);
  if (whole < least || whole > most) refuse(`${path} must be from ${least} to ${most}`);
  return whole;
}

function hex(text: string, path: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) {
    refuse(`${path} must be hexadecimal digits`);
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  }
  return bytes;
}

function base64(text: string, path: string): Uint8Array {
  try {
    // JSON's protobuf form takes the alphabet of URLs, too.
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch (cause) {
    return refuse(`${path} must be base64`, cause);
  }
}
