// Bytes that grow: varints, doubles, texts; for the log's payloads and for snapshots. ByteReader reads them back, and
// refuses what ends too early.

import { FlxError } from "@flx/model";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Grows; `take` gives what was written. */
export class ByteWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(capacity = 1_024) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written: a view, good until the next write. */
  get written(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Begins anew in the same memory. */
  clear(): void {
    this.#length = 0;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** A whole number from 0 to 2^53. */
  uint(value: number): void {
    this.#reserve(8);
    const bytes = this.#bytes;
    let at = this.#length;
    let rest = value;
    while (rest >= 0x8000_0000) {
      bytes[at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 128) {
      bytes[at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.#length = at;
  }

  /** A whole number of either sign, up to 2^52: small ones are short. */
  int(value: number): void {
    this.uint(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  /** The two words of a double, which keep the bits of a NaN. */
  words(low: number, high: number): void {
    this.#reserve(8);
    this.#bytes.writeUInt32LE(low, this.#length);
    this.#length = this.#bytes.writeUInt32LE(high, this.#length + 4);
  }

  text(value: string): void {
    // Three bytes for each unit are enough in UTF-8; the length before it is written when it is known.
    this.#reserve(value.length * 3 + 5);
    const { written } = encoder.encodeInto(value, this.#bytes.subarray(this.#length + 5));
    const start = this.#length + 5;
    this.uint(written);
    this.#bytes.copyWithin(this.#length, start, start + written);
    this.#length += written;
  }

  /** Bytes with their length before them. */
  block(value: Uint8Array): void {
    this.uint(value.length);
    this.bytes(value);
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

/** Reads what a ByteWriter wrote. */
export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Bytes that are not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    return this.#bytes[this.#need(1)]!;
  }

  uint(): number {
    const bytes = this.#bytes;
    const first = bytes[this.#at];
    if (first !== undefined && first < 128) {
      this.#at++;
      return first;
    }
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 8; i++) {
      if (this.#at >= bytes.length) return cut();
      const byte = bytes[this.#at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
    return cut();
  }

  int(): number {
    const value = this.uint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** Numbers of which the differences were written, each as `int` reads it. */
  sums(into: Float64Array, count: number): void {
    const bytes = this.#bytes;
    const end = bytes.length - 3;
    let at = this.#at;
    let value = 0;
    for (let i = 0; i < count; i++) {
      // Differences of up to three bytes are nearly all there are.
      let zigzag = at < end ? bytes[at]! : 128;
      if (zigzag < 128) at++;
      else {
        const second = at < end ? bytes[at + 1]! : 128;
        const third = at < end ? bytes[at + 2]! : 128;
        if (second < 128) {
          zigzag += second * 128 - 128;
          at += 2;
        } else if (third < 128) {
          zigzag += second * 128 + third * 16_384 - 16_512;
          at += 3;
        } else {
          this.#at = at;
          value += this.int();
          at = this.#at;
          into[i] = value;
          continue;
        }
      }
      value += (zigzag >>> 1) ^ -(zigzag & 1);
      into[i] = value;
    }
    this.#at = at;
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#need(8));
  }

  text(): string {
    return decoder.decode(this.block());
  }

  /** A view. */
  block(): Buffer {
    return this.bytes(this.uint());
  }

  /** A view. */
  bytes(length: number): Buffer {
    const at = this.#need(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** Everything that is left: a view. */
  rest(): Buffer {
    return this.bytes(this.#bytes.length - this.#at);
  }

  #need(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) cut();
    this.#at = at + length;
    return at;
  }
}

function cut(): never {
  throw new FlxError("FLX_STORE_RECORD", "a record ends too early");
}
