// Reads the fields of one message. Whatever the bytes say, it stays inside of them: a length that goes beyond the end
// is an error that names what was expected, not a short result.

import { CheckError } from "./check-error.ts";

/** A cursor over the bytes of one message. Every method throws `FLX_CHECK_PROTOCOL` at its end. */
export class ByteReader {
  readonly #bytes: Buffer;
  readonly #what: string;
  #at = 0;

  /** @param what what the bytes should be, for the error: "the server's greeting" */
  constructor(bytes: Buffer, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  /** How many bytes are left. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  u16be(): number {
    return this.#bytes.readUInt16BE(this.#take(2));
  }

  u16le(): number {
    return this.#bytes.readUInt16LE(this.#take(2));
  }

  i16be(): number {
    return this.#bytes.readInt16BE(this.#take(2));
  }

  i32be(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }

  i32le(): number {
    return this.#bytes.readInt32LE(this.#take(4));
  }

  u32be(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  u32le(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  f64le(): number {
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  /** The next `length` bytes. */
  bytes(length: number): Buffer {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  skip(length: number): void {
    this.#take(length);
  }

  /** Text of `length` bytes. */
  text(length: number): string {
    return this.bytes(length).toString("utf8");
  }

  /** Text up to the next zero byte, which is taken too. */
  zeroEnded(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0) throw this.#short();
    const text = this.text(end - this.#at);
    this.skip(1);
    return text;
  }

  /** All that is left. */
  rest(): Buffer {
    return this.bytes(this.left);
  }

  #take(length: number): number {
    if (!(length >= 0 && length <= this.left)) throw this.#short();
    const start = this.#at;
    this.#at += length;
    return start;
  }

  #short(): CheckError {
    return new CheckError("FLX_CHECK_PROTOCOL", `${this.#what} ends in the middle of a field`);
  }
}
