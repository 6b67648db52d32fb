// Protobuf off the wire for OTLP and remote write: the fastest reading that refuses what protobuf refuses.
//
//   while (reader.at < end) {
//     const tag = reader.tag(end);              // number * 8 + kind
//     if (tag === 0x0a) name = reader.text(end); // known number *and* kind
//     else reader.skip(tag, end, depth);         // anything else, groups too
//   }
//
// Tags are compared whole, so a known field of another kind is an unknown field, as the specification says. Messages
// nest at most MAX_DEPTH deep. Numbers of 64 bits are left in `low` and `high`; callers say what they want of them.
//
// Why not exposition/protobuf-wire.ts: that one keeps kind and end as state and answers one message after the other;
// here a request has a hundred thousand of them, and the end is an argument so that nothing is saved and restored.
//
// Source: https://protobuf.dev/programming-guides/encoding/ . Checked against protobufjs by otlp/differential.test.ts.

import { FlxError } from "../errors.ts";

/** Messages inside each other, the outermost being 0. Deeper ones are refused. */
export const MAX_DEPTH = 100;

const TWO_32 = 4_294_967_296;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes that are not the message they should be. */
export function malformed(reason: string): never {
  throw new FlxError("FLX_WIRE_MALFORMED", reason);
}

/** A cursor over bytes. Every method throws `FLX_WIRE_MALFORMED` and reads nothing beyond `end`. */
export class WireReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at = 0;
  /** The halves of the last number of 64 bits. */
  low = 0;
  high = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The next field's number * 8 + kind. */
  tag(end: number): number {
    if (this.at < end) {
      const first = this.bytes[this.at]!;
      if (first < 128) {
        if (first < 8) malformed("a tag without a field number");
        this.at++;
        return first;
      }
    }
    const tag = this.#short(end, 15, "tag");
    if (tag < 8) malformed("a tag without a field number");
    return tag;
  }

  /** Where the message or text ends that begins after the length read here. */
  length(end: number): number {
    let size: number;
    if (this.at < end && this.bytes[this.at]! < 128) size = this.bytes[this.at++]!;
    else size = this.#short(end, 7, "length");
    const stop = this.at + size;
    if (stop > end) malformed("a length that goes beyond the message");
    return stop;
  }

  /** A varint of at most five bytes whose last one is at most `last`. */
  #short(end: number, last: number, what: string): number {
    const bytes = this.bytes;
    let value = 0;
    for (let i = 0; i < 4; i++) {
      if (this.at >= end) malformed(`the message ends inside a ${what}`);
      const byte = bytes[this.at++]!;
      value |= (byte & 127) << (7 * i);
      if (byte < 128) return value >>> 0;
    }
    if (this.at >= end) malformed(`the message ends inside a ${what}`);
    const byte = bytes[this.at++]!;
    if (byte > last) malformed(`a ${what} that is too large`);
    return (value | (byte << 28)) >>> 0;
  }

  /** A varint of 64 bits, into `low` and `high`. */
  varint(end: number): void {
    const bytes = this.bytes;
    let low = 0;
    let high = 0;
    for (let i = 0; i < 10; i++) {
      if (this.at >= end) malformed("the message ends inside a number");
      const byte = bytes[this.at++]!;
      const bits = byte & 127;
      if (i < 4) low |= bits << (7 * i);
      else if (i === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (i < 10) high |= bits << (7 * i - 32);
      if (byte < 128) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    malformed("a number of more than ten bytes");
  }

  /** A uint64 as a number, rounded above 2^53. */
  uint(end: number): number {
    if (this.at < end && this.bytes[this.at]! < 128) return this.bytes[this.at++]!;
    this.varint(end);
    return this.high * TWO_32 + this.low;
  }

  /** A uint32, as protobuf reads it: the low half of what is there. */
  uint32(end: number): number {
    if (this.at < end && this.bytes[this.at]! < 128) return this.bytes[this.at++]!;
    this.varint(end);
    return this.low;
  }

  /** An int64 as a number, rounded beyond 2^53. */
  int(end: number): number {
    const { bytes, at } = this;
    // Six bytes: the milliseconds of a time.
    if (at + 6 <= end && bytes[at + 5]! < 128) {
      const a = bytes[at]!;
      const b = bytes[at + 1]!;
      const c = bytes[at + 2]!;
      const d = bytes[at + 3]!;
      const e = bytes[at + 4]!;
      if ((a & b & c & d & e) > 127) {
        this.at = at + 6;
        const low = (a & 127) | ((b & 127) << 7) | ((c & 127) << 14) | ((d & 127) << 21);
        return ((e & 127) | (bytes[at + 5]! << 7)) * 268_435_456 + low;
      }
    }
    this.varint(end);
    return (this.high | 0) * TWO_32 + this.low;
  }

  /** A sint32. */
  sint32(end: number): number {
    const value = this.uint32(end);
    return ((value >>> 1) ^ -(value & 1)) | 0;
  }

  /** A sint64 as a number, rounded beyond 2^53. */
  sint(end: number): number {
    this.varint(end);
    const half = this.high * 2_147_483_648 + (this.low >>> 1);
    return (this.low & 1) === 0 ? half : -half - 1;
  }

  /** A bool: whether any bit is set. */
  bool(end: number): boolean {
    this.varint(end);
    return this.low !== 0 || this.high !== 0;
  }

  /** A double. */
  double(end: number): number {
    const at = this.at;
    if (at + 8 > end) malformed("the message ends inside a number");
    this.at = at + 8;
    return this.view.getFloat64(at, true);
  }

  /** A fixed32. */
  fixed32(end: number): number {
    const at = this.at;
    if (at + 4 > end) malformed("the message ends inside a number");
    this.at = at + 4;
    return this.view.getUint32(at, true);
  }

  /** A fixed64, into `low` and `high`. */
  fixed(end: number): void {
    const at = this.at;
    if (at + 8 > end) malformed("the message ends inside a number");
    this.at = at + 8;
    this.low = this.view.getUint32(at, true);
    this.high = this.view.getUint32(at + 4, true);
  }

  /** A fixed64 of nanoseconds as whole milliseconds: exact, where nanoseconds themselves are no JavaScript numbers. */
  milliseconds(end: number): number {
    this.fixed(end);
    return this.toMilliseconds();
  }

  /** What `low` and `high` hold as nanoseconds, in whole milliseconds. */
  toMilliseconds(): number {
    return wholeMilliseconds(this.low, this.high);
  }

  /** A fixed64 or uint64 left in `low` and `high`, as a number. */
  unsigned(): number {
    return this.high * TWO_32 + this.low;
  }

  /** The same as a signed number. */
  signed(): number {
    return (this.high | 0) * TWO_32 + this.low;
  }

  /** A text. */
  text(end: number): string {
    const stop = this.length(end);
    const start = this.at;
    this.at = stop;
    return textOf(this.bytes, start, stop);
  }

  /** Passes over a text after a look at its bytes. */
  checkText(end: number): void {
    const stop = this.length(end);
    if (!this.isAscii(this.at, stop)) textOf(this.bytes, this.at, stop);
    this.at = stop;
  }

  /** Whether bytes are ASCII, all of them: looked at a word at a time. */
  isAscii(start: number, end: number): boolean {
    const { bytes, view } = this;
    let any = 0;
    let at = start;
    for (const last = end - 4; at <= last; at += 4) any |= view.getInt32(at, true);
    for (; at < end; at++) any |= bytes[at]!;
    return (any & 0x80808080) === 0;
  }

  /** Calls back for each field with a length, at its first byte; passes over it and all others, to the end of the message. */
  blocks(end: number, onBlock: (tag: number, end: number) => void): void {
    while (this.at < end) {
      const tag = this.tag(end);
      if ((tag & 7) === 2) {
        const stop = this.length(end);
        onBlock(tag, stop);
        this.at = stop;
      } else this.skip(tag, end, 0);
    }
  }

  /** Passes over the value of a field. */
  skip(tag: number, end: number, depth: number): void {
    switch (tag & 7) {
      case 0:
        this.varint(end);
        return;
      case 1:
        this.#pass(8, end);
        return;
      case 2:
        this.at = this.length(end);
        return;
      case 3:
        this.#skipGroup(tag, end, depth + 1);
        return;
      case 5:
        this.#pass(4, end);
        return;
      default:
        malformed(`a field of the unknown kind ${tag & 7}`);
    }
  }

  #skipGroup(start: number, end: number, depth: number): void {
    for (;;) {
      const tag = this.tag(end);
      if ((tag & 7) === 4) {
        if (tag !== start + 1) malformed("a group that ends as another one");
        return;
      }
      checkDepth(depth);
      this.skip(tag, end, depth);
    }
  }

  #pass(size: number, end: number): void {
    if (this.at + size > end) malformed("the message ends inside a number");
    this.at += size;
  }
}

/** Nanoseconds in two words as whole milliseconds, exactly. 2^32 is 4294 * 10^6 + 967296. */
export function wholeMilliseconds(low: number, high: number): number {
  return high * 4294 + Math.floor((high * 967_296 + low) / 1e6);
}

/** The text of bytes that must be UTF-8. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length < 24) {
    let text = "";
    let i = start;
    for (; i < end; i++) {
      const byte = bytes[i]!;
      if (byte > 127) break;
      text += String.fromCharCode(byte);
    }
    if (i === end) return text;
  }
  try {
    return decoder.decode(bytes.subarray(start, end));
  } catch (cause) {
    throw new FlxError("FLX_WIRE_MALFORMED", "a text that is not UTF-8", { cause });
  }
}

/** Throws for a message that is nested too deep. */
export function checkDepth(depth: number): void {
  if (depth > MAX_DEPTH) malformed(`messages nested more than ${MAX_DEPTH} deep`);
}
