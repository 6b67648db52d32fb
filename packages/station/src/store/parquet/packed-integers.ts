// Parquet's packed whole numbers: runs (indices into a dictionary) and deltas.
//
//   runs      varint n: even   n/2 times the same value        odd   (n-1)/2 x 8 values, `width` bits each
//   deltas    block size, miniblocks of a block, count, first value     varints, the last one zigzag
//             block: smallest delta (zigzag), the width of each miniblock (a byte each), miniblocks
//             miniblock: deltas above the smallest one, `width` bits each
//
// A value of deltas is the sum of all before it, so those before the rows that are wanted are only added up, a miniblock at
// a time, in doubles: 256 times 32 bits are far from 2^53. Mutable typed arrays: a row group has 61,440 values a column, and
// a trace by id passes over most of them.
//
// Source: parquet-format, Encodings.md.

/** Rows `from` up to, not including, `to`. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** Reads varints. */
class Varints {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** Up to 2^53. */
  next(): number {
    const only = this.#bytes[this.at]!;
    if (only < 128) {
      this.at++;
      return only;
    }
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined || factor > 2 ** 49) throw new RangeError("no varint");
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  }

  /** Of 64 bits, zigzag; modulo 2^64. */
  long(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) throw new RangeError("no varint");
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, (value >> 1n) ^ -(value & 1n));
    }
    throw new RangeError("no varint");
  }
}

/** One run: how many values, and where their bytes are. */
interface Run {
  readonly isPacked: boolean;
  readonly count: number;
  readonly at: number;
}

/** Goes from run to run. */
class Runs {
  readonly width: number;
  readonly #bytes: Uint8Array;
  readonly #varints: Varints;

  constructor(bytes: Uint8Array, start: number, width: number) {
    if (width > 32) throw new RangeError(`runs of ${width} bits`);
    this.width = width;
    this.#bytes = bytes;
    this.#varints = new Varints(bytes, start);
  }

  next(): Run {
    const head = this.#varints.next();
    const isPacked = (head & 1) === 1;
    const eights = Math.floor(head / 2);
    const { at } = this.#varints;
    const length = isPacked ? eights * this.width : (this.width + 7) >>> 3;
    if (eights === 0 || length > this.#bytes.length - at) throw new RangeError("a run is cut");
    this.#varints.at += length;
    return { isPacked, count: isPacked ? eights * 8 : eights, at };
  }

  /** The value of a run, or the one at a place in it. */
  value({ isPacked, at }: Run, place: number): number {
    return isPacked
      ? bitsAt(this.#bytes, at, place * this.width, this.width)
      : littleEndian(this.#bytes, at, (this.width + 7) >>> 3);
  }
}

/**
 * Reads some of the values of runs.
 *
 * @param width of a value, bits, up to 32
 */
export function readRuns(
  bytes: Uint8Array,
  start: number,
  width: number,
  { from, to }: RowRange,
): Uint32Array {
  const values = new Uint32Array(to - from);
  const runs = new Runs(bytes, start, width);
  for (let row = 0; row < to;) {
    const run = runs.next();
    const end = Math.min(row + run.count, to);
    for (let i = Math.max(row, from); i < end; i++) values[i - from] = runs.value(run, i - row);
    row += run.count;
  }
  return values;
}

/** From the first to the last of `count` values of runs that is the one looked for. */
export function findInRuns(
  bytes: Uint8Array,
  start: number,
  width: number,
  { count, value }: { readonly count: number; readonly value: number },
): RowRange | undefined {
  const runs = new Runs(bytes, start, width);
  let from = -1;
  let to = -1;
  for (let row = 0; row < count;) {
    const run = runs.next();
    const many = Math.min(run.count, count - row);
    for (let i = 0; i < many; i += run.isPacked ? 1 : many) {
      if (runs.value(run, i) !== value) continue;
      if (from < 0) from = row + i;
      to = row + (run.isPacked ? i + 1 : many);
    }
    row += run.count;
  }
  return from < 0 ? undefined : { from, to };
}

/** Whether `count` values of runs are all 1, of one bit each. */
export function areOnes(bytes: Uint8Array, count: number): boolean {
  const runs = new Runs(bytes, 0, 1);
  for (let row = 0; row < count;) {
    const run = runs.next();
    const many = run.isPacked ? Math.min(run.count, count - row) : 1;
    for (let i = 0; i < many; i++) if (runs.value(run, i) !== 1) return false;
    row += run.count;
  }
  return true;
}

function littleEndian(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = length - 1; i >= 0; i--) value = value * 256 + bytes[at + i]!;
  return value;
}

function bitsAt(bytes: Uint8Array, at: number, bit: number, width: number): number {
  const byte = at + (bit >>> 3);
  const shift = bit & 7;
  let low = bytes[byte]! | (bytes[byte + 1]! << 8) | (bytes[byte + 2]! << 16);
  if (width + shift <= 24) return (low >>> shift) & ((1 << width) - 1);
  low = (low | (bytes[byte + 3]! << 24)) >>> 0;
  return Math.floor((low + (bytes[byte + 4] ?? 0) * 2 ** 32) / 2 ** shift) % 2 ** width;
}

/** Values of deltas, and where their bytes end. */
export interface Deltas {
  /** Modulo 2^64. */
  readonly values: BigUint64Array;
  /** Only when they were read to the last one. */
  readonly end: number;
}

/** Reads some of the values of deltas. */
export function readDeltas(bytes: Uint8Array, start: number, rows: RowRange): Deltas {
  return new DeltaReader(bytes, start, rows).read();
}

class DeltaReader {
  readonly #bytes: Uint8Array;
  readonly #varints: Varints;
  readonly #perMiniblock: number;
  readonly #miniblocks: number;
  readonly #from: number;
  readonly #to: number;
  readonly #values: BigUint64Array;
  /** The same, low and high halves in turn. */
  readonly #words: Uint32Array;
  /** A miniblock's bytes, aligned. What is behind them is of another one, and masked off. */
  readonly #packed: Uint32Array;
  readonly #packedBytes: Uint8Array;
  /** The row that comes next; `#low` and `#high` are of the one before it. */
  #row = 1;
  #low: number;
  #high: number;

  constructor(bytes: Uint8Array, start: number, { from, to }: RowRange) {
    this.#bytes = bytes;
    this.#varints = new Varints(bytes, start);
    const blockSize = this.#varints.next();
    this.#miniblocks = this.#varints.next();
    const count = this.#varints.next();
    const first = this.#varints.long();
    this.#perMiniblock = blockSize / this.#miniblocks;
    if (blockSize > 65_536 || this.#perMiniblock % 32 !== 0 || this.#perMiniblock === 0) {
      throw new RangeError(`blocks of ${blockSize} in ${this.#miniblocks}`);
    }
    this.#from = from;
    this.#to = to;
    if (to > count) throw new RangeError(`${count} values, not ${to}`);
    this.#values = new BigUint64Array(to - from);
    this.#words = new Uint32Array(this.#values.buffer);
    this.#packed = new Uint32Array(2 * this.#perMiniblock + 3);
    this.#packedBytes = new Uint8Array(this.#packed.buffer);
    this.#low = Number(first & 0xffffffffn);
    this.#high = Number(first >> 32n);
    if (from === 0 && to > 0) this.#values[0] = first;
  }

  read(): Deltas {
    while (this.#row < this.#to) this.#block();
    return { values: this.#values, end: this.#varints.at };
  }

  #block(): void {
    const smallest = this.#varints.long();
    const widths = this.#varints.at;
    this.#varints.at += this.#miniblocks;
    for (let i = 0; i < this.#miniblocks && this.#row < this.#to; i++) {
      this.#miniblock(this.#bytes[widths + i]!, smallest);
    }
  }

  #miniblock(width: number, smallest: bigint): void {
    const { at } = this.#varints;
    const length = (this.#perMiniblock / 8) * width;
    if (!(width <= 64) || length > this.#bytes.length - at) throw new RangeError("deltas are cut");
    this.#varints.at += length;
    this.#packedBytes.set(this.#bytes.subarray(at, at + length));
    if (this.#row + this.#perMiniblock <= this.#from) this.#pass(width, smallest);
    else this.#give(width, smallest);
  }

  /** Adds up a miniblock whose rows are not wanted. */
  #pass(width: number, smallest: bigint): void {
    const count = this.#perMiniblock;
    const [low, high] =
      width === 64 ? wholeSums(this.#packed, count) : sums(this.#packed, count, width);
    const before = (BigInt(this.#high) << 32n) + BigInt(this.#low);
    const added = (BigInt(high) << 32n) + BigInt(low) + smallest * BigInt(count);
    const after = BigInt.asUintN(64, before + added);
    this.#low = Number(after & 0xffffffffn);
    this.#high = Number(after >> 32n);
    this.#row += count;
  }

  /** Adds up a miniblock value by value. */
  #give(width: number, smallest: bigint): void {
    const packed = this.#packed;
    const { lowMask, highMask } = masksOf(width);
    const smallestLow = Number(smallest & 0xffffffffn);
    const smallestHigh = Number(smallest >> 32n);
    const until = Math.min(this.#row + this.#perMiniblock, this.#to);
    const words = this.#words;
    const from = this.#from;
    let low = this.#low;
    let high = this.#high;
    for (let row = this.#row, bit = 0; row < until; row++, bit += width) {
      const word = bit >>> 5;
      const shift = bit & 31;
      const middle = packed[word + 1]!;
      const addLow = (packed[word]! >>> shift) | ((middle << 1) << (31 - shift));
      const addHigh = (middle >>> shift) | ((packed[word + 2]! << 1) << (31 - shift));
      const sum = low + ((addLow & lowMask) >>> 0) + smallestLow;
      low = sum >>> 0;
      high = (high + ((addHigh & highMask) >>> 0) + smallestHigh + Math.floor(sum / 2 ** 32)) >>> 0;
      if (row >= from) {
        words[2 * (row - from)] = low;
        words[2 * (row - from) + 1] = high;
      }
    }
    this.#low = low;
    this.#high = high;
    this.#row = until;
  }
}

/** The sums of the lower and of the upper halves of values of 64 bits. */
function wholeSums(packed: Uint32Array, count: number): readonly [low: number, high: number] {
  let low = 0;
  let high = 0;
  for (let i = 0; i < 2 * count; i += 2) {
    low += packed[i]!;
    high += packed[i + 1]!;
  }
  return [low, high];
}

/** The sums of the lower and of the upper halves of values of less than 64 bits. */
function sums(
  packed: Uint32Array,
  count: number,
  width: number,
): readonly [low: number, high: number] {
  const { lowMask, highMask } = masksOf(width);
  let low = 0;
  let high = 0;
  for (let i = 0, bit = 0; i < count; i++, bit += width) {
    const word = bit >>> 5;
    const shift = bit & 31;
    const middle = packed[word + 1]!;
    // Twice, because a shift by 32 is none.
    const lowBits = (packed[word]! >>> shift) | ((middle << 1) << (31 - shift));
    low += (lowBits & lowMask) >>> 0;
    if (highMask === 0) continue;
    const highBits = (middle >>> shift) | ((packed[word + 2]! << 1) << (31 - shift));
    high += (highBits & highMask) >>> 0;
  }
  return [low, high];
}

/** Which bits of the two halves belong to a value. */
function masksOf(width: number): { readonly lowMask: number; readonly highMask: number } {
  return {
    lowMask: width >= 32 ? -1 : (1 << width) - 1,
    highMask: width === 64 ? -1 : width <= 32 ? 0 : (1 << (width - 32)) - 1,
  };
}
