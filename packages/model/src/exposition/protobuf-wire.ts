// The protobuf wire format, as much of it as metric families need.
//
//   message  =  field field field ...           in any order; unknown ones are skipped
//   field    =  tag value                       tag = varint(number << 3 | kind)
//
//   kind 0   varint    seven bits a byte, low ones first, the high bit says "goes on"; at most ten bytes
//   kind 1   fixed64   eight bytes, little endian: doubles
//   kind 2   length    varint(length), then so many bytes: texts, messages, packed numbers
//   kind 5   fixed32   four bytes; never used here, but skipped
//
// Lengths stand before what they measure. A message is therefore written after one byte kept free for its length, and
// moved when it turns out to need more: most (labels, numbers) have less than 128 bytes and never move.
//
// Integers are JavaScript numbers: what a reader finds above 2^53 is rounded to the nearest double.
//
// Source: https://protobuf.dev/programming-guides/encoding/

import { FlxError } from "../errors.ts";

/** The kinds of values on the wire. */
export const WIRE_VARINT = 0;
export const WIRE_FIXED64 = 1;
export const WIRE_LENGTH = 2;
export const WIRE_FIXED32 = 5;

/** Texts up to this length are faster written by a loop than by TextEncoder. */
const MAX_LOOP = 64;

const TWO_32 = 4_294_967_296;
const encoder = new TextEncoder();
// A byte order mark is a character like any other here.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Writes messages into a growing array. */
export class ProtobufWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #at = 0;

  constructor(size = 1024) {
    this.#bytes = new Uint8Array(size);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written since the start or the last `take`. */
  get length(): number {
    return this.#at;
  }

  /** What was written, copied; the writer is empty afterwards. */
  take(): Uint8Array {
    const bytes = this.#bytes.slice(0, this.#at);
    this.#at = 0;
    return bytes;
  }

  /** A whole number from 0 to 2^53. */
  varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    // Bit operations see 32 bits only, so what is above them is divided away.
    while (rest >= 0x80000000) {
      this.#bytes[this.#at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      this.#bytes[this.#at++] = (rest & 127) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#at++] = rest;
  }

  /** A whole number from -2^52 to 2^52, small ones of either sign short. */
  zigzag(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** A field of type uint32, uint64 or enum. */
  uint(field: number, value: number): void {
    this.#tag(field, WIRE_VARINT);
    this.varint(value);
  }

  /** A field of type int64: negative numbers have ten bytes. */
  int(field: number, value: number): void {
    this.#tag(field, WIRE_VARINT);
    if (value >= 0) {
      this.varint(value);
      return;
    }
    // Two's complement of 64 bits, seven at a time; BigInt is slow, and times before 1970 are rare.
    let rest = BigInt.asUintN(64, BigInt(value));
    this.#reserve(10);
    for (let i = 0; i < 9; i++) {
      this.#bytes[this.#at++] = Number(rest & 127n) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#at++] = Number(rest);
  }

  /** A field of type sint32 or sint64. */
  sint(field: number, value: number): void {
    this.#tag(field, WIRE_VARINT);
    this.zigzag(value);
  }

  /** A field of type double. */
  double(field: number, value: number): void {
    this.#tag(field, WIRE_FIXED64);
    this.rawDouble(value);
  }

  /** The eight bytes of a double, as in packed fields. */
  rawDouble(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  /** A field of type string. */
  text(field: number, text: string): void {
    const start = this.begin(field);
    this.#reserve(text.length * 3);
    if (text.length > MAX_LOOP || !this.#ascii(text)) {
      this.#at = start + encoder.encodeInto(text, this.#bytes.subarray(start)).written;
    }
    this.end(start);
  }

  /** Writes a text that is ASCII; false when it is not. */
  #ascii(text: string): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) return false;
      bytes[at++] = code;
    }
    this.#at = at;
    return true;
  }

  /** Begins a field of a message or of packed numbers; give the answer to `end`. */
  begin(field: number): number {
    this.#tag(field, WIRE_LENGTH);
    return this.beginDelimited();
  }

  /** Begins a message that has a length and no tag. */
  beginDelimited(): number {
    this.#reserve(1);
    return ++this.#at;
  }

  /** Ends what was begun at `start`. */
  end(start: number): void {
    const length = this.#at - start;
    const size = varintSize(length);
    if (size > 1) {
      this.#reserve(size);
      this.#bytes.copyWithin(start + size - 1, start, this.#at);
    }
    this.#at = start - 1;
    this.varint(length);
    this.#at += length;
  }

  #tag(field: number, kind: number): void {
    this.varint(field * 8 + kind);
  }

  #reserve(size: number): void {
    if (this.#at + size <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + size));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** How many bytes `varint` takes for a number. */
export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) size++;
  return size;
}

/**
 * Reads messages, one field after the other:
 *
 *     while (reader.next(end)) { if (reader.field === 1) name = reader.text(); else reader.skip(); }
 *
 * Every method throws `FLX_EXPOSITION_SYNTAX` (`FLX_EXPOSITION_UTF8` for texts) when the bytes are not what it reads;
 * none reads beyond the end given to `next`.
 */
export class ProtobufReader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  /** Where the next byte is read. */
  at = 0;
  /** The number of the field that `next` found. */
  field = 0;
  #kind = WIRE_VARINT;
  #end = 0;
  #low = 0;
  #high = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = bytes.length;
  }

  /** Goes to the next field of the message that ends at `end`; false at its end. */
  next(end: number): boolean {
    if (this.at >= end) return false;
    this.#end = end;
    this.#varint();
    if (this.#high !== 0 || this.#low < 8) this.#fail("a tag without a field number");
    this.field = this.#low >>> 3;
    this.#kind = this.#low & 7;
    return true;
  }

  /** A length before a message that has no tag; the answer is where that message ends. */
  delimited(end: number): number {
    this.#end = end;
    return this.#length();
  }

  /** A uint32, uint64 or enum. */
  uint(): number {
    this.#expect(WIRE_VARINT);
    this.#varint();
    return this.#high * TWO_32 + this.#low;
  }

  /** An int64. */
  int(): number {
    this.#expect(WIRE_VARINT);
    this.#varint();
    return (this.#high | 0) * TWO_32 + this.#low;
  }

  /** A sint32 or sint64. */
  sint(): number {
    this.#expect(WIRE_VARINT);
    return this.#zigzag();
  }

  /** A double. */
  double(): number {
    this.#expect(WIRE_FIXED64);
    return this.#double();
  }

  /** A text. */
  text(): string {
    const end = this.message();
    const start = this.at;
    this.at = end;
    try {
      return decoder.decode(this.bytes.subarray(start, end));
    } catch (cause) {
      throw new FlxError("FLX_EXPOSITION_UTF8", "a text that is not UTF-8", { cause });
    }
  }

  /** A message, from here to the answer. */
  message(): number {
    this.#expect(WIRE_LENGTH);
    return this.#length();
  }

  /** One or more sint64 of a repeated field, packed or not. */
  sints(into: number[]): void {
    this.#repeated(WIRE_VARINT, () => into.push(this.#zigzag()));
  }

  /** One or more doubles of a repeated field, packed or not. */
  doubles(into: number[]): void {
    this.#repeated(WIRE_FIXED64, () => into.push(this.#double()));
  }

  /** Passes over the field. */
  skip(): void {
    switch (this.#kind) {
      case WIRE_VARINT:
        this.#varint();
        return;
      case WIRE_FIXED64:
        this.#pass(8);
        return;
      case WIRE_LENGTH:
        this.at = this.#length();
        return;
      case WIRE_FIXED32:
        this.#pass(4);
        return;
      default:
        this.#fail(`field ${this.field} has the unknown kind ${this.#kind}`);
    }
  }

  #repeated(kind: number, read: () => void): void {
    if (this.#kind !== WIRE_LENGTH) {
      this.#expect(kind);
      read();
      return;
    }
    const outer = this.#end;
    const end = this.#length();
    this.#end = end;
    while (this.at < end) read();
    this.#end = outer;
  }

  #zigzag(): number {
    this.#varint();
    const half = (this.#high * TWO_32 + this.#low - (this.#low & 1)) / 2;
    return (this.#low & 1) === 0 ? half : -half - 1;
  }

  #double(): number {
    const at = this.at;
    this.#pass(8);
    return this.#view.getFloat64(at, true);
  }

  #length(): number {
    this.#varint();
    const end = this.at + this.#high * TWO_32 + this.#low;
    if (end > this.#end) this.#fail("a length that goes beyond the message");
    return end;
  }

  #pass(size: number): void {
    if (this.at + size > this.#end) this.#fail("the message ends inside a number");
    this.at += size;
  }

  /** Leaves 64 bits in `#low` and `#high`. */
  #varint(): void {
    let low = 0;
    let high = 0;
    for (let i = 0; i < 10; i++) {
      if (this.at >= this.#end) this.#fail("the message ends inside a number");
      const byte = this.bytes[this.at++]!;
      const bits = byte & 127;
      if (i < 4) low |= bits << (7 * i);
      else if (i === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (i < 9) high |= bits << (7 * i - 32);
      else if (byte > 1) this.#fail("a number of more than 64 bits");
      else high |= bits << 31;
      if (byte < 128) {
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return;
      }
    }
    this.#fail("a number of more than 64 bits");
  }

  #expect(kind: number): void {
    if (this.#kind !== kind) {
      this.#fail(`field ${this.field} is of kind ${this.#kind}, expected ${kind}`);
    }
  }

  #fail(reason: string): never {
    throw new FlxError("FLX_EXPOSITION_SYNTAX", reason);
  }
}
