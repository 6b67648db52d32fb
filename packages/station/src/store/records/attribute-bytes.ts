// The text of attributes (attribute-text.ts), made from the bytes of an OTLP request without making texts of them.
//
//   KeyValue { "http.route", AnyValue { "/orders/:id" } }  ─►  ␁http.route␂/orders/:id␂s␁
//
// Plain attributes (a key, then one text, whole number, double or bool) are copied; everything else, and what holds a byte
// that must be escaped, goes the way of objects.

import { decodeAttributes, type WireReader } from "@flx/model";
import { attributeText, escaped } from "./attribute-text.ts";
import { copyWords, type TextColumn } from "./row-columns.ts";

const BORDER = 0x01;
const MIDDLE = 0x02;
const TEXT = 0x73;
const NUMBER = 0x6e;
const BOOL = 0x62;
const TRUE = [0x74, 0x72, 0x75, 0x65];
const FALSE = [0x66, 0x61, 0x6c, 0x73, 0x65];
/** Digits of a double and what stands around a value. */
const AROUND = 64;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Adds the KeyValue after whose tag the cursor is, to the text that was begun in a column; the cursor goes behind it. */
export function addAttribute(column: TextColumn, reader: WireReader, outer: number): void {
  const from = reader.at;
  const end = reader.length(outer);
  const before = column.length;
  column.room(end - reader.at + AROUND);
  if (!addPlain(column, reader, end)) {
    column.length = before;
    const text = attributeText(decodeAttributes(reader.bytes, [from, end]));
    // Its first border is there already, unless it is the first attribute.
    column.write(column.isEmpty ? text : text.slice(1));
  }
  reader.at = end;
}

/**
 * Adds attributes that stand one behind the other, as long as they are what nearly all are: short key, short text or small
 * whole number, every length one byte, ASCII, nothing else.
 *
 *     tag length 0x0a keyLength key 0x12 valueLength ┬ 0x0a textLength text
 *     at                        value                └ 0x18 number
 *
 * @param from where the first one's tag stands
 * @returns where the first other field begins
 */
export function addShortAttributes(
  column: TextColumn,
  reader: WireReader,
  from: number,
  outer: number,
): number {
  const { bytes, view } = reader;
  // Words that are copied may reach three bytes beyond a text.
  const end = Math.min(outer, bytes.length - 4);
  const tag = bytes[from]!;
  column.room(2 * (outer - from) + AROUND);
  if (column.isEmpty) put(column, BORDER);
  const to = column.view;
  let { length } = column;
  let at = from;
  while (at + 8 <= end) {
    const head = view.getInt32(at, true);
    if ((head & 0x80ff80ff) !== (tag | 0x0a0000)) break;
    const stop = at + 2 + ((head >> 8) & 127);
    const key = at + 4;
    const value = key + (head >>> 24);
    if (stop > end || value + 4 > stop) break;
    const size = stop - value - 4;
    const inner = view.getInt32(value, true);
    let odd = copyWords(view, key, value, to, length - key);
    let next = length + value - key;
    to.setUint8(next++, MIDDLE);
    let type = TEXT;
    if (inner === (0x0a0012 | ((size + 2) << 8) | (size << 24))) {
      odd |= copyWords(view, value + 4, stop, to, next - value - 4);
      next += size;
    } else {
      const number = shortNumber(bytes, value, stop);
      if (number < 0) break;
      type = NUMBER;
      next = putDigits(column.bytes, next, number);
    }
    if (odd !== 0) break;
    to.setInt32(next, MIDDLE | (type << 8) | (BORDER << 16), true);
    length = next + 3;
    at = stop;
  }
  column.length = length;
  return at;
}

/** The value at `at`, when it is a whole number of at most 28 bits; -1 for another. */
function shortNumber(bytes: Uint8Array, at: number, end: number): number {
  let value = bytes[end - 1]!;
  const isShort = bytes[at] === 0x12 && bytes[at + 1] === end - at - 2 && bytes[at + 2] === 0x18;
  if (!isShort || end - at > 7 || value > 127) return -1;
  for (let i = end - 2; i > at + 2; i--) {
    if (bytes[i]! < 128) return -1;
    value = (value << 7) | (bytes[i]! & 127);
  }
  return value;
}

function addPlain(column: TextColumn, reader: WireReader, end: number): boolean {
  if (column.isEmpty) put(column, BORDER);
  if (reader.at >= end || reader.tag(end) !== 0x0a || !addText(column, reader, end)) return false;
  put(column, MIDDLE);
  if (reader.at >= end || reader.tag(end) !== 0x12) return false;
  if (reader.length(end) !== end || reader.at >= end) return false;
  const type = addValue(column, reader, end);
  if (type === 0 || reader.at !== end) return false;
  putEnd(column, type);
  return true;
}

/** Adds the one value; its type's letter, 0 when it is not plain. */
function addValue(column: TextColumn, reader: WireReader, end: number): number {
  switch (reader.tag(end)) {
    case 0x0a:
      return addText(column, reader, end) ? TEXT : 0;
    case 0x10:
      for (const byte of reader.bool(end) ? TRUE : FALSE) put(column, byte);
      return BOOL;
    case 0x18: {
      const value = reader.int(end);
      if (!Number.isSafeInteger(value)) return 0;
      if (value >= 0 && value < 1e9) column.length = putDigits(column.bytes, column.length, value);
      else addAscii(column, String(value));
      return NUMBER;
    }
    case 0x21:
      addAscii(column, String(reader.double(end)));
      return NUMBER;
    default:
      return 0;
  }
}

function addText(column: TextColumn, reader: WireReader, outer: number): boolean {
  const end = reader.length(outer);
  if (!column.copy(reader, reader.at, end)) return false;
  reader.at = end;
  return true;
}

/** Writes a whole number from 0 to below 10^9; where it ends. */
function putDigits(bytes: Uint8Array, from: number, value: number): number {
  let count = 1;
  for (let power = 10; power <= value; power *= 10) count++;
  let rest = value | 0;
  for (let at = from + count - 1; at >= from; at--) {
    const tens = (rest / 10) | 0;
    bytes[at] = 48 + rest - 10 * tens;
    rest = tens;
  }
  return from + count;
}

function addAscii(column: TextColumn, text: string): void {
  for (let i = 0; i < text.length; i++) put(column, text.charCodeAt(i));
}

function put(column: TextColumn, byte: number): void {
  column.bytes[column.length++] = byte;
}

function putEnd(column: TextColumn, type: number): void {
  column.view.setUint32(column.length, MIDDLE | (type << 8) | (BORDER << 16), true);
  column.length += 3;
}

/** A text of a request as that of a row: as it is, unless a byte must be escaped. */
export function storeText(
  column: TextColumn,
  row: number,
  source: WireReader,
  start: number,
  end: number,
): void {
  column.begin();
  column.room(end - start);
  if (!column.copy(source, start, end)) {
    column.write(escaped(decoder.decode(source.bytes.subarray(start, end))));
  }
  column.end(row);
}

/** The text whose length is at the cursor, as that of a row; the cursor goes behind it. */
export function readText(column: TextColumn, row: number, reader: WireReader, outer: number): void {
  const end = reader.length(outer);
  storeText(column, row, reader, reader.at, end);
  reader.at = end;
}
