// Reads Prometheus' chunks of histograms bit by bit as the format says: slow, plain, and nothing of it shared with the writer.
//
// Source: https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/chunks.md

/** A sample of a chunk; buckets by index, those with a count only. */
export interface ReadHistogram {
  readonly timeMs: number;
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly count: number;
  readonly zeroCount: number;
  readonly sum: number;
  readonly positive: Readonly<Record<number, number>>;
  readonly negative: Readonly<Record<number, number>>;
  readonly customBounds: readonly number[];
}

/** What a chunk says. */
export interface ReadChunk {
  /** The two bits about resets. */
  readonly flags: number;
  readonly samples: readonly ReadHistogram[];
}

interface Span {
  readonly offset: number;
  readonly length: number;
}

class Bits {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, from: number) {
    this.#bytes = bytes;
    this.#at = from * 8;
  }

  take(count: number): bigint {
    let value = 0n;
    for (let i = 0; i < count; i++) {
      const byte = this.#bytes[this.#at >> 3];
      if (byte === undefined) throw new Error("the chunk ends too early");
      value = value * 2n + BigInt((byte >> (7 - (this.#at & 7))) & 1);
      this.#at++;
    }
    return value;
  }

  #width(): number {
    let ones = 0;
    while (ones < 8 && this.take(1) === 1n) ones++;
    return [0, 3, 6, 9, 12, 18, 25, 56, 64][ones]!;
  }

  uint(): bigint {
    return this.take(this.#width());
  }

  int(): bigint {
    const width = this.#width();
    const bits = this.take(width);
    if (width === 64) return BigInt.asIntN(64, bits);
    // One more above zero than below.
    return width > 0 && bits > 1n << BigInt(width - 1) ? bits - (1n << BigInt(width)) : bits;
  }

  double(): number {
    return doubleOf(this.take(64));
  }

  get left(): number {
    return this.#bytes.length * 8 - this.#at;
  }
}

function doubleOf(bits: bigint): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

/** A value of which the XOR with the one before is read. */
class Xored {
  #bits = 0n;
  #leading = 0;
  #length = 0;

  read(from: Bits, isFirst: boolean): number {
    if (isFirst) this.#bits = from.take(64);
    else if (from.take(1) === 1n) {
      if (from.take(1) === 1n) {
        this.#leading = Number(from.take(5));
        this.#length = Number(from.take(6)) || 64;
      }
      const changed = from.take(this.#length);
      this.#bits ^= changed << BigInt(64 - this.#leading - this.#length);
    }
    return doubleOf(this.#bits);
  }
}

/** A whole number of which the difference of differences is read. */
class Doubled {
  #value = 0n;
  #delta = 0n;

  read(from: Bits, isFirst: boolean, isUnsigned = false): bigint {
    if (isFirst) this.#value = isUnsigned ? from.uint() : from.int();
    else {
      this.#delta += from.int();
      this.#value += this.#delta;
    }
    return this.#value;
  }
}

function readSpans(from: Bits): Span[] {
  return Array.from({ length: Number(from.uint()) }, () => {
    const length = Number(from.uint());
    return { length, offset: Number(from.int()) };
  });
}

function indexesOf(spans: readonly Span[]): number[] {
  const indexes: number[] = [];
  let next = 0;
  for (const { offset, length } of spans) {
    next += offset;
    for (let i = 0; i < length; i++) indexes.push(next++);
  }
  return indexes;
}

function readZeroThreshold(from: Bits): number {
  const byte = Number(from.take(8));
  if (byte === 0) return 0;
  return byte === 255 ? from.double() : 2 ** (byte - 244);
}

function readBound(from: Bits): number {
  const short = from.uint();
  return short === 0n ? from.double() : Number(short - 1n) / 1_000;
}

/** Reads a chunk: `histogram` has whole counts, `float-histogram` others. */
export function readHistogramChunk(
  encoding: "histogram" | "float-histogram",
  chunk: Uint8Array,
): ReadChunk {
  const from = new Bits(chunk, 3);
  const zeroThreshold = readZeroThreshold(from);
  const schema = Number(from.int());
  const positive = indexesOf(readSpans(from));
  const negative = indexesOf(readSpans(from));
  const customBounds =
    schema === -53 ? Array.from({ length: Number(from.uint()) }, () => readBound(from)) : [];
  const indexes = [...positive, ...negative];
  const isWhole = encoding === "histogram";
  const [time, count, zeroCount] = [new Doubled(), new Doubled(), new Doubled()];
  const [sum, countValue, zeroValue] = [new Xored(), new Xored(), new Xored()];
  const whole = indexes.map(() => new Doubled());
  const values = indexes.map(() => new Xored());
  const samples: ReadHistogram[] = [];
  for (let i = 0; i < chunk[0]! * 256 + chunk[1]!; i++) {
    const isFirst = i === 0;
    const timeMs = Number(time.read(from, isFirst));
    const all = isWhole ? Number(count.read(from, isFirst, true)) : countValue.read(from, isFirst);
    const zeros = isWhole
      ? Number(zeroCount.read(from, isFirst, true))
      : zeroValue.read(from, isFirst);
    const total = sum.read(from, isFirst);
    let before = 0n;
    const counts = indexes.map((_, at) => {
      if (!isWhole) return values[at]!.read(from, isFirst);
      if (at === positive.length) before = 0n;
      before += whole[at]!.read(from, isFirst);
      return Number(before);
    });
    const side = (first: number, own: readonly number[]): Record<number, number> =>
      Object.fromEntries(
        own.map((index, at) => [index, counts[first + at]!]).filter(([, n]) => n !== 0),
      ) as Record<number, number>;
    samples.push({
      timeMs,
      schema,
      zeroThreshold,
      count: all,
      zeroCount: zeros,
      sum: total,
      positive: side(0, positive),
      negative: side(positive.length, negative),
      customBounds,
    });
  }
  if (from.left > 15) throw new Error(`${from.left} bits are left`);
  return { flags: chunk[2]! >> 6, samples };
}
