// The text of attributes (attribute-text.ts), made from the bytes of an OTLP request without making texts of them.
//
//   KeyValue { "http.route", AnyValue { "/orders/:id" } }  ─►  ␁http.route␂/orders/:id␂s␁
//
// Plain attributes (a key, then one text, whole number, double or bool) are copied byte by byte; everything else, and what
// holds a byte that must be escaped, goes the way of objects.

import { isUtf8 } from "node:buffer";
import { decodeAttributes, FlxError, type WireReader } from "@flx/model";
import { attributeText, escaped } from "./attribute-text.ts";

const ESCAPED_UP_TO = 4;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A text that grows, as bytes. */
export class AttributeBytes {
  #bytes = new Uint8Array(4096);
  #length = 0;

  /** Begins a new text. */
  clear(): void {
    this.#length = 0;
  }

  /** The text; good until the next one begins. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Adds the KeyValue after whose tag the cursor is; it goes behind it. */
  add(reader: WireReader, outer: number): void {
    const from = reader.at;
    const end = reader.length(outer);
    const before = this.#length;
    if (this.#plain(reader, end)) {
      reader.at = end;
      return;
    }
    this.#length = before;
    reader.at = end;
    this.#write(attributeText(decodeAttributes(reader.bytes, [from, end])));
  }

  #plain(reader: WireReader, end: number): boolean {
    this.#room(2 * (end - reader.at) + 64);
    const bytes = this.#bytes;
    if (this.#length === 0) bytes[this.#length++] = 1;
    if (reader.at >= end || reader.tag(end) !== 0x0a || !this.#copy(reader, end)) return false;
    bytes[this.#length++] = 2;
    if (reader.at >= end || reader.tag(end) !== 0x12) return false;
    if (reader.length(end) !== end || reader.at >= end) return false;
    const type = this.#value(reader, end);
    if (type === 0 || reader.at !== end) return false;
    bytes[this.#length++] = 2;
    bytes[this.#length++] = type;
    bytes[this.#length++] = 1;
    return true;
  }

  /** Writes the one value; its type's letter, 0 when it is not plain. */
  #value(reader: WireReader, end: number): number {
    switch (reader.tag(end)) {
      case 0x0a:
        return this.#copy(reader, end) ? 0x73 : 0;
      case 0x10:
        this.#ascii(reader.bool(end) ? "true" : "false");
        return 0x62;
      case 0x18: {
        const value = reader.int(end);
        if (!Number.isSafeInteger(value)) return 0;
        if (value >= 0 && value < 1e9) this.#digits(value);
        else this.#ascii(String(value));
        return 0x6e;
      }
      case 0x21:
        this.#ascii(String(reader.double(end)));
        return 0x6e;
      default:
        return 0;
    }
  }

  /** Copies a text; false when a byte of it must be escaped. */
  #copy(reader: WireReader, outer: number): boolean {
    const end = reader.length(outer);
    const from = reader.bytes;
    const to = this.#bytes;
    let at = this.#length;
    let any = 0;
    for (let i = reader.at; i < end; i++) {
      const byte = from[i]!;
      if (byte <= ESCAPED_UP_TO) return false;
      any |= byte;
      to[at++] = byte;
    }
    if (any > 127) checkUtf8(from, reader.at, end);
    this.#length = at;
    reader.at = end;
    return true;
  }

  /** A whole number from 0 to below 10^9. */
  #digits(value: number): void {
    let count = 1;
    for (let power = 10; power <= value; power *= 10) count++;
    let rest = value | 0;
    for (let at = this.#length + count - 1; at >= this.#length; at--) {
      const tens = (rest / 10) | 0;
      this.#bytes[at] = 48 + rest - 10 * tens;
      rest = tens;
    }
    this.#length += count;
  }

  #ascii(text: string): void {
    for (let i = 0; i < text.length; i++) this.#bytes[this.#length++] = text.charCodeAt(i);
  }

  #write(text: string): void {
    // Its first border is there already, unless it is the first attribute.
    const rest = this.#length === 0 ? text : text.slice(1);
    this.#room(rest.length * 3);
    const { written } = new TextEncoder().encodeInto(rest, this.#bytes.subarray(this.#length));
    this.#length += written;
  }

  #room(needed: number): void {
    if (this.#length + needed <= this.#bytes.length) return;
    const grown = new Uint8Array(2 * (this.#length + needed));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

/**
 * A text of a request as the store writes it: as it is, unless a byte must be escaped.
 *
 * @throws {FlxError} `FLX_WIRE_MALFORMED` when it is no UTF-8, which the database would take for no text at all
 */
export function storedUtf8(bytes: Uint8Array, start: number, end: number): Uint8Array | string {
  let any = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte <= ESCAPED_UP_TO) {
      checkUtf8(bytes, start, end);
      return escaped(decoder.decode(bytes.subarray(start, end)));
    }
    any |= byte;
  }
  if (any > 127) checkUtf8(bytes, start, end);
  return bytes.subarray(start, end);
}

function checkUtf8(bytes: Uint8Array, start: number, end: number): void {
  if (isUtf8(bytes.subarray(start, end))) return;
  throw new FlxError("FLX_WIRE_MALFORMED", "a text that is not UTF-8");
}
