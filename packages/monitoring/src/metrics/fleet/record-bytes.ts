// Numbers and texts as bytes: what logs of series and deltas between processes are made of.
//
//   whole number >= 0    7 bits a byte, the lowest first, the top bit set on all but the last        300 -> ac 02
//   any number           8 bytes, IEEE 754, little-endian
//   text                 2 * length + (1 when a unit is above 255), then a byte or two each unit      "é" -> 02 e9
//
// Texts are written by UTF-16 units, not as UTF-8: a label value may hold half a surrogate pair, and two values that differ
// must still differ on the other side. The reader believes nothing: what runs over the end, or is too large, throws.

import { FlxError } from "@flx/model/write";

const FIRST_SIZE = 1024;
const MAX_VARINT_BYTES = 8;

/** Bytes being written; grows as needed. */
export class RecordWriter {
  length = 0;
  #bytes: Buffer = Buffer.alloc(FIRST_SIZE);

  /** What was written; valid until the next write. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  /** Forgets everything, and gives a buffer back that has become large. */
  clear(): void {
    this.length = 0;
    if (this.#bytes.length > 1 << 20) this.#bytes = Buffer.alloc(FIRST_SIZE);
  }

  /** A whole number, 0 to 2^53 - 1. */
  whole(value: number): void {
    this.#reserve(MAX_VARINT_BYTES);
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.length++] = rest;
  }

  /** A whole number that may be below zero, at most 2^31 either way. */
  signed(value: number): void {
    this.whole(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** Any number. */
  number(value: number): void {
    this.#reserve(8);
    this.length = this.#bytes.writeDoubleLE(value, this.length);
  }

  /** Any text. */
  text(text: string): void {
    const wide = /[^\0-\u00ff]/.test(text);
    this.whole(text.length * 2 + (wide ? 1 : 0));
    this.#reserve(text.length * 2);
    this.length += this.#bytes.write(text, this.length, wide ? "utf16le" : "latin1");
  }

  #reserve(size: number): void {
    if (this.length + size <= this.#bytes.length) return;
    const grown = Buffer.alloc(Math.max(this.length + size, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
  }
}

/** Reads what `RecordWriter` wrote. */
export class RecordReader {
  at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes that are left. */
  get left(): number {
    return this.#bytes.length - this.at;
  }

  /** @throws {FlxError} `FLX_FLEET_BYTES` when there is none, or it is above 2^53 - 1 */
  whole(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 0x80;
    }
    throw broken("a whole number");
  }

  /** As `whole`, but may be below zero. */
  signed(): number {
    const value = this.whole();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** @throws {FlxError} `FLX_FLEET_BYTES` when fewer than eight bytes are left */
  number(): number {
    if (this.left < 8) throw broken("a number");
    this.at += 8;
    return this.#bytes.readDoubleLE(this.at - 8);
  }

  /** @throws {FlxError} `FLX_FLEET_BYTES` when it is longer than what is left */
  text(): string {
    const head = this.whole();
    const wide = head % 2 === 1;
    const size = wide ? head - 1 : head / 2;
    if (size > this.left) throw broken("a text");
    this.at += size;
    return this.#bytes.toString(wide ? "utf16le" : "latin1", this.at - size, this.at);
  }
}

function broken(what: string): FlxError {
  return new FlxError(
    "FLX_FLEET_BYTES",
    `the bytes of another thread or process end inside ${what}`,
  );
}
