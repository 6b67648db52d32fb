// OTLP attributes read: the AnyValue tree, checked or decoded.
//
//   KeyValue { key = 1  value = 2 }          AnyValue   string 1 | bool 2 | int 3 | double 4 | array 5 | kvlist 6 | bytes 7
//
// Checking allocates nothing and is done once for every attribute of a request; decoding makes texts and objects and is
// done for a series that is new. Both refuse the same bytes. Depth is counted as protobuf counts it: every message is a
// level, so values nest about forty deep.
//
// Source: opentelemetry/proto/common/v1/common.proto

import { checkDepth, MAX_DEPTH, type WireReader } from "../wire/wire-reader.ts";

/** A decoded value; whole numbers beyond 2^53 are bigints, an empty value is `undefined`. */
export type OtlpValue =
  | string
  | boolean
  | number
  | bigint
  | Uint8Array
  | readonly OtlpValue[]
  | ReadonlyMap<string, OtlpValue>
  | undefined;

/** Passes over one KeyValue after its tag, looking at every byte. `depth` is that of the KeyValue. */
export function checkKeyValue(reader: WireReader, end: number, depth: number): void {
  checkDepth(depth);
  if (depth < MAX_DEPTH && passShortText(reader, end)) return;
  const stop = reader.length(end);
  while (reader.at < stop) {
    const tag = reader.tag(stop);
    if (tag === 0x0a) reader.checkText(stop);
    else if (tag === 0x12) checkAnyValue(reader, stop, depth + 1);
    else reader.skip(tag, stop, depth);
  }
}

/** Passes over an attribute that is a short text in ASCII; false, and the cursor is where it was, for another one. */
export function passShortText(reader: WireReader, end: number): boolean {
  const { at } = reader;
  const stop = shortTextEnd(reader, at, end);
  if (stop === 0 || !reader.isAscii(at, stop)) return false;
  reader.at = stop;
  return true;
}

/**
 * Where the attribute ends that nearly all are: a key, then a text, every length one byte, nothing else.
 *
 *     length 0x0a keyLength key 0x12 valueLength 0x0a textLength text
 *     at                        value
 *
 * @returns 0 for another one; whether key and text are UTF-8 is not looked at
 */
function shortTextEnd({ bytes, view }: WireReader, at: number, end: number): number {
  if (at + 7 > end) return 0;
  const length = bytes[at]!;
  const stop = at + 1 + length;
  const value = at + 3 + bytes[at + 2]!;
  if (length > 127 || stop > end || value + 4 > stop || bytes[at + 1] !== 0x0a) return 0;
  const size = stop - value - 4;
  const head = 0x0a0012 | ((size + 2) << 8) | (size << 24);
  return view.getInt32(value, true) === head ? stop : 0;
}

/** Passes over one AnyValue after its tag. */
export function checkAnyValue(reader: WireReader, end: number, depth: number): void {
  checkDepth(depth);
  const stop = reader.length(end);
  while (reader.at < stop) {
    const tag = reader.tag(stop);
    if (tag === 0x0a) reader.checkText(stop);
    else if (tag === 0x2a || tag === 0x32) checkList(reader, stop, depth + 1, tag === 0x2a);
    else reader.skip(tag, stop, depth);
  }
}

function checkList(reader: WireReader, end: number, depth: number, array: boolean): void {
  checkDepth(depth);
  const stop = reader.length(end);
  while (reader.at < stop) {
    const tag = reader.tag(stop);
    if (tag !== 0x0a) reader.skip(tag, stop, depth);
    else if (array) checkAnyValue(reader, stop, depth + 1);
    else checkKeyValue(reader, stop, depth + 1);
  }
}

/** Reads one KeyValue after its tag. */
export function readKeyValue(
  reader: WireReader,
  end: number,
  onPair: (key: string, value: OtlpValue) => void,
): void {
  const stop = reader.length(end);
  let key = "";
  let state: ValueState | undefined;
  while (reader.at < stop) {
    const tag = reader.tag(stop);
    if (tag === 0x0a) key = reader.text(stop);
    else if (tag === 0x12) state = readInto(reader, stop, state);
    else reader.skip(tag, stop, 0);
  }
  onPair(key, state?.value);
}

/** Reads one AnyValue after its tag. */
export function readAnyValue(reader: WireReader, end: number): OtlpValue {
  return readInto(reader, end, undefined).value;
}

/** A value whose message may come in several parts, which protobuf merges. */
interface ValueState {
  value: OtlpValue;
  list: OtlpValue[] | undefined;
  map: Map<string, OtlpValue> | undefined;
}

function readInto(reader: WireReader, end: number, earlier: ValueState | undefined): ValueState {
  const state = earlier ?? { value: undefined, list: undefined, map: undefined };
  const stop = reader.length(end);
  while (reader.at < stop) {
    const tag = reader.tag(stop);
    switch (tag) {
      case 0x0a:
        state.value = reader.text(stop);
        break;
      case 0x10:
        state.value = reader.bool(stop);
        break;
      case 0x18:
        state.value = integer(reader, stop);
        break;
      case 0x21:
        state.value = reader.double(stop);
        break;
      case 0x2a:
        state.value = readArray(reader, stop, (state.list ??= []));
        break;
      case 0x32:
        state.value = readMap(reader, stop, (state.map ??= new Map()));
        break;
      case 0x3a: {
        const last = reader.length(stop);
        state.value = reader.bytes.slice(reader.at, last);
        reader.at = last;
        break;
      }
      default:
        reader.skip(tag, stop, 0);
    }
  }
  return state;
}

function integer(reader: WireReader, end: number): number | bigint {
  const value = reader.int(end);
  if (Number.isSafeInteger(value)) return value;
  return BigInt.asIntN(64, (BigInt(reader.high) << 32n) | BigInt(reader.low));
}

function readArray(reader: WireReader, end: number, list: OtlpValue[]): OtlpValue[] {
  const stop = reader.length(end);
  while (reader.at < stop) {
    const tag = reader.tag(stop);
    if (tag === 0x0a) list.push(readAnyValue(reader, stop));
    else reader.skip(tag, stop, 0);
  }
  return list;
}

function readMap(
  reader: WireReader,
  end: number,
  map: Map<string, OtlpValue>,
): Map<string, OtlpValue> {
  const stop = reader.length(end);
  const set = (key: string, value: OtlpValue): void => void map.set(key, value);
  while (reader.at < stop) {
    const tag = reader.tag(stop);
    if (tag === 0x0a) readKeyValue(reader, stop, set);
    else reader.skip(tag, stop, 0);
  }
  return map;
}

/** A value as the text of a label: texts as they are, lists and maps as JSON, bytes as base64. */
export function valueText(value: OtlpValue): string {
  if (typeof value === "string") return value;
  if (value === undefined) return "";
  if (typeof value !== "object") return String(value);
  if (value instanceof Uint8Array) return base64(value);
  return JSON.stringify(plain(value));
}

function plain(value: OtlpValue): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value === undefined) return null;
  if (typeof value !== "object") return value;
  if (value instanceof Uint8Array) return base64(value);
  if (Array.isArray(value)) return value.map(plain);
  // A null prototype keeps "__proto__" a key like any other.
  const record = Object.create(null) as Record<string, unknown>;
  for (const [key, item] of value as ReadonlyMap<string, OtlpValue>) record[key] = plain(item);
  return record;
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
