// OTLP attributes and values, from whatever a caller gives.
//
//   string, boolean, number, bigint      as themselves; whole numbers are int64, others doubles
//   Uint8Array                           bytes
//   array, typed array, Set              array of values
//   Map, plain object                    list of keys and values
//   Date, URL, RegExp, Error             their text
//   null, undefined, function, symbol    an empty value inside lists; no attribute at the top
//
// The caller's objects are hostile as far as we know: getters may throw, proxies may lie, cycles may be there, strings may
// have megabytes. So depth, number of items and length of texts are bounded, an object that throws becomes the text
// "[unreadable]", and what was cut is cut without a word inside a value (limits of whole attributes are counted by spans).
//
// Source: opentelemetry/proto/common/v1/common.proto

import type { MessageWriter } from "./message-writer.ts";

/** How much of a value is taken. */
export interface ValueLimits {
  /** Characters of a text. */
  readonly valueLength: number;
  /** Arrays and objects inside each other. */
  readonly depth: number;
  /** Items of one array or object. */
  readonly items: number;
}

/** Bounds that no sensible attribute meets. */
export const DEFAULT_VALUE_LIMITS: ValueLimits = { valueLength: 65_536, depth: 8, items: 1024 };

// KeyValue { key = 1; value = 2 }
const KEY = 0x0a;
const VALUE = 0x12;
// AnyValue
const STRING_VALUE = 0x0a;
const BOOL_VALUE = 0x10;
const INT_VALUE = 0x18;
const DOUBLE_VALUE = 0x21;
const ARRAY_VALUE = 0x2a;
const KVLIST_VALUE = 0x32;
const BYTES_VALUE = 0x3a;
// ArrayValue, KeyValueList { values = 1 }
const VALUES = 0x0a;

const MAX_INT64 = 2n ** 63n;

/**
 * Writes one attribute; false when the value is none (null, undefined, a function) and nothing was written.
 *
 * @param tag the field of the KeyValue in its message
 */
export function writeAttribute(
  out: MessageWriter,
  tag: number,
  key: string,
  value: unknown,
  limits: ValueLimits = DEFAULT_VALUE_LIMITS,
): boolean {
  const kind = typeof value;
  if (value === null || kind === "undefined" || kind === "function" || kind === "symbol") {
    return false;
  }
  const attribute = out.begin(tag);
  out.text(KEY, key);
  const start = out.begin(VALUE);
  writeValue(out, value, limits, 0);
  out.end(start);
  out.end(attribute);
  return true;
}

/** Writes the fields of an AnyValue (the message around it is the caller's). */
export function writeAnyValue(
  out: MessageWriter,
  value: unknown,
  limits: ValueLimits = DEFAULT_VALUE_LIMITS,
): void {
  writeValue(out, value, limits, 0);
}

function writeValue(out: MessageWriter, value: unknown, limits: ValueLimits, depth: number): void {
  switch (typeof value) {
    case "string":
      out.text(STRING_VALUE, cut(value, limits.valueLength));
      return;
    case "boolean":
      out.uint(BOOL_VALUE, value ? 1 : 0);
      return;
    case "number":
      if (Number.isSafeInteger(value) && !Object.is(value, -0)) out.int(INT_VALUE, value);
      else out.double(DOUBLE_VALUE, value);
      return;
    case "bigint":
      // Beyond 64 bits the digits say more than a wrapped number.
      if (value < MAX_INT64 && value >= -MAX_INT64) out.bigint(INT_VALUE, value);
      else out.text(STRING_VALUE, cut(value.toString(), limits.valueLength));
      return;
    case "object":
      if (value !== null) writeObject(out, value, limits, depth);
      return;
    case "undefined":
    case "function":
    case "symbol":
      return;
  }
}

function writeObject(out: MessageWriter, value: object, limits: ValueLimits, depth: number): void {
  const start = out.at;
  try {
    if (value instanceof Uint8Array) {
      out.field(BYTES_VALUE, value.subarray(0, limits.valueLength));
    } else if (value instanceof Date || value instanceof URL || value instanceof RegExp) {
      out.text(STRING_VALUE, cut(dateText(value), limits.valueLength));
    } else if (value instanceof Error) {
      out.text(STRING_VALUE, cut(String(value), limits.valueLength));
    } else if (depth >= limits.depth) {
      out.text(STRING_VALUE, "[too deep]");
    } else if (Array.isArray(value) || value instanceof Set || ArrayBuffer.isView(value)) {
      writeArray(out, value as Iterable<unknown>, limits, depth);
    } else {
      writeEntries(out, value, limits, depth);
    }
  } catch {
    out.at = start;
    out.text(STRING_VALUE, "[unreadable]");
  }
}

function writeArray(
  out: MessageWriter,
  values: Iterable<unknown>,
  limits: ValueLimits,
  depth: number,
): void {
  const list = out.begin(ARRAY_VALUE);
  let count = 0;
  for (const value of values) {
    if (count++ >= limits.items) break;
    const item = out.begin(VALUES);
    writeValue(out, value, limits, depth + 1);
    out.end(item);
  }
  out.end(list);
}

function writeEntries(out: MessageWriter, value: object, limits: ValueLimits, depth: number): void {
  const list = out.begin(KVLIST_VALUE);
  let count = 0;
  const entry = (key: string, item: unknown): boolean => {
    if (count++ >= limits.items) return false;
    const pair = out.begin(VALUES);
    out.text(KEY, cut(key, limits.valueLength));
    const start = out.begin(VALUE);
    writeValue(out, item, limits, depth + 1);
    out.end(start);
    out.end(pair);
    return true;
  };
  if (value instanceof Map) {
    for (const [key, item] of value) if (!entry(String(key), item)) break;
  } else {
    for (const key of Object.keys(value)) {
      if (!entry(key, (value as Record<string, unknown>)[key])) break;
    }
  }
  out.end(list);
}

function dateText(value: Date | URL | RegExp): string {
  if (!(value instanceof Date)) return String(value);
  return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
}

/** At most so many characters, never half of a pair. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? length - 1 : length);
}
