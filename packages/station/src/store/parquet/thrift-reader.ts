// Reads Thrift's compact protocol: what the footer and the page headers of a Parquet file are written in.
//
//   struct   field field ... 0         field: one byte, id since the last one and type, then the value
//
// Fields are given by their numbers, as they stand in parquet.thrift; whoever asks knows what they are. Bytes that are no
// struct throw, they never hang: nothing is longer than the bytes are.
//
// Source: Thrift's compact protocol specification. Used by footer.ts, column-chunk.ts and bloom-filter.ts.

/** A value; whole numbers are exact up to 2^53. */
export type ThriftValue = number | boolean | Uint8Array | readonly ThriftValue[] | ThriftStruct;

/** Fields by their numbers. */
export interface ThriftStruct extends ReadonlyMap<number, ThriftValue> {}

const MAX_DEPTH = 16;

/** Reads structs one behind the other. */
export class ThriftReader {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** @throws {RangeError} when there is none */
  struct(depth = 0): ThriftStruct {
    if (depth > MAX_DEPTH) throw new RangeError("structs nest too deep");
    const fields = new Map<number, ThriftValue>();
    let id = 0;
    for (;;) {
      const head = this.#byte();
      if (head === 0) return fields;
      id = head >= 16 ? id + (head >> 4) : this.#signed();
      const type = head & 15;
      // The type of a boolean field is its value.
      fields.set(id, type <= 2 ? type === 1 : this.#value(type, depth));
    }
  }

  #value(type: number, depth: number): ThriftValue {
    switch (type) {
      case 1:
      case 2:
        return this.#byte() === 1;
      case 3:
        return this.#byte();
      case 4:
      case 5:
      case 6:
        return this.#signed();
      case 7:
        return this.#skip(8);
      case 8:
        return this.#skip(this.#unsigned());
      case 9:
      case 10:
        return this.#list(depth);
      case 12:
        return this.struct(depth + 1);
      default:
        throw new RangeError(`type ${type} is not one of Parquet's`);
    }
  }

  #list(depth: number): ThriftValue[] {
    const head = this.#byte();
    const count = head >> 4 === 15 ? this.#unsigned() : head >> 4;
    if (count > this.#bytes.length - this.at)
      throw new RangeError("a list is longer than its bytes");
    const values: ThriftValue[] = [];
    for (let i = 0; i < count; i++) values.push(this.#value(head & 15, depth + 1));
    return values;
  }

  #skip(length: number): Uint8Array {
    const from = this.at;
    if (length > this.#bytes.length - from) throw new RangeError("the bytes end inside of a value");
    this.at = from + length;
    return this.#bytes.subarray(from, this.at);
  }

  #signed(): number {
    const value = this.#unsigned();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #unsigned(): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
    throw new RangeError("a number has more than ten bytes");
  }

  #byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw new RangeError("the bytes end inside of a struct");
    return byte;
  }
}
