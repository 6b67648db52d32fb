// Native histograms of one series in few bits, as Prometheus keeps and streams them: HISTOGRAM and FLOAT_HISTOGRAM.
//
//   count u16 │ flags u8 │ layout: zero threshold, schema, spans of both sides, custom bounds │ samples
//
//              time          count, zero count    sum        buckets, the positive ones first
//   whole      1st as it is  as they are          64 bits    differences between neighbours, as they are
//              2nd, 3rd ...  the difference of differences (varbit.ts); the sum as XOR with the one before
//   floats     1st as it is  64 bits each
//              2nd, 3rd ...  the difference of differences; everything else as XOR with the one before
//
// A chunk has one layout, that of all buckets its samples have. A reader takes every sample but the first for one without a
// reset since the one before, so a counter that has started again begins a chunk; what is known of its first sample is in
// the flags. Whole counts are written as such while they add up (write-histogram.ts) and stay exact as numbers.
//
// Source: https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/chunks.md

import { anyFell, type BucketColumns, equalColumns } from "../bucket-columns.ts";
import { CUSTOM_BOUNDS_SCHEMA } from "../exponential-buckets.ts";
import { type Span, spansOf } from "../exposition/protobuf-spans.ts";
import { hasWholeCounts, type HistogramFields } from "../remote-write/write-histogram.ts";
import { BitWriter } from "./bit-writer.ts";
import { writeVarbitInt, writeVarbitUint } from "./varbit.ts";
import { XOR_CHUNK_SAMPLES } from "./xor-chunk.ts";
import { XorValue } from "./xor-value.ts";

const HEAD_BYTES = 3;
const FLAGS = { reset: 0b1000_0000, none: 0b0100_0000, gauge: 0b1100_0000, unknown: 0 } as const;
/** Differences of differences of neighbours are exact up to here. */
const MAX_WHOLE = 2 ** 49;

interface Sample {
  readonly timeMs: number;
  readonly histogram: HistogramFields;
}

/** Writes chunks, one after the other. */
export class HistogramChunkWriter {
  readonly #samples: Sample[] = [];
  #isWhole = false;

  /** Samples in the chunk. */
  get count(): number {
    return this.#samples.length;
  }

  /** What the chunk is. */
  get encoding(): "histogram" | "float-histogram" {
    return this.#isWhole ? "histogram" : "float-histogram";
  }

  /** Whether a histogram may be appended; otherwise the chunk is to be taken first. */
  fits(histogram: HistogramFields): boolean {
    const last = this.#samples.at(-1)?.histogram;
    if (last === undefined) return true;
    const isGauge = histogram.counterResetHint === "gauge";
    return (
      this.#samples.length < XOR_CHUNK_SAMPLES &&
      isWhole(histogram) === this.#isWhole &&
      isGauge === (last.counterResetHint === "gauge") &&
      histogram.schema === last.schema &&
      histogram.zeroThreshold === last.zeroThreshold &&
      equalColumns(histogram.customBounds, last.customBounds) &&
      (isGauge || !hasBegunAgain(histogram, last))
    );
  }

  /** Appends one that fits; times are whole milliseconds, ascending. */
  append(timeMs: number, histogram: HistogramFields): void {
    if (this.#samples.length === 0) this.#isWhole = isWhole(histogram);
    this.#samples.push({ timeMs, histogram });
  }

  /** The chunk; the writer begins the next one. */
  take(): Uint8Array {
    const samples = this.#samples;
    const { schema, zeroThreshold, customBounds, counterResetHint } = samples[0]!.histogram;
    const out = new BitWriter(1_024);
    out.start(HEAD_BYTES);
    out.setByte(0, samples.length >>> 8);
    out.setByte(1, samples.length & 255);
    out.setByte(2, FLAGS[counterResetHint]);
    const positive = layoutOf(samples.map(({ histogram }) => histogram.positive));
    const negative = layoutOf(samples.map(({ histogram }) => histogram.negative));
    writeZeroThreshold(out, zeroThreshold);
    writeVarbitInt(out, schema);
    writeSpans(out, positive.spans);
    writeSpans(out, negative.spans);
    if (schema === CUSTOM_BOUNDS_SCHEMA) writeBounds(out, customBounds);
    const buckets = positive.indexes.length + negative.indexes.length;
    const form = this.#isWhole ? new WholeForm(out, buckets) : new FloatForm(out, buckets);
    const counts = new Float64Array(buckets);
    for (const sample of samples) {
      fill(counts, 0, positive.indexes, sample.histogram.positive);
      fill(counts, positive.indexes.length, negative.indexes, sample.histogram.negative);
      form.write(sample, counts, positive.indexes.length);
    }
    samples.length = 0;
    return out.take();
  }
}

function isWhole(histogram: HistogramFields): boolean {
  return histogram.count <= MAX_WHOLE && hasWholeCounts(histogram);
}

/** Whether something is less than before, or is said to be. */
function hasBegunAgain(now: HistogramFields, before: HistogramFields): boolean {
  return (
    now.counterResetHint === "reset" ||
    now.count < before.count ||
    now.zeroCount < before.zeroCount ||
    anyFell(now.positive, before.positive) ||
    anyFell(now.negative, before.negative)
  );
}

/** Every bucket that one of the sides has, and those that are written between them. */
function layoutOf(sides: readonly BucketColumns[]): { indexes: number[]; spans: readonly Span[] } {
  const all = new Set<number>();
  for (const { indexes } of sides) for (const index of indexes) all.add(index);
  const sorted = Int32Array.from(all).toSorted();
  const { spans } = spansOf({ indexes: sorted, counts: new Float64Array(sorted.length) });
  const indexes: number[] = [];
  let next = 0;
  for (const { offset, length } of spans) {
    next += offset;
    for (let i = 0; i < length; i++) indexes.push(next++);
  }
  return { indexes, spans };
}

/** The counts of a side in the places of a layout, from a place on. */
function fill(
  into: Float64Array,
  from: number,
  layout: readonly number[],
  { indexes, counts }: BucketColumns,
): void {
  let at = 0;
  for (let i = 0; i < layout.length; i++) {
    const isThere = indexes[at] === layout[i];
    into[from + i] = isThere ? counts[at]! : 0;
    if (isThere) at++;
  }
}

/** Powers of two from 2^-243 to 2^10, and 0, are one byte. */
function writeZeroThreshold(out: BitWriter, threshold: number): void {
  if (threshold === 0) {
    out.write(0, 8);
    return;
  }
  const exponent = Math.round(Math.log2(threshold));
  if (2 ** exponent === threshold && exponent >= -243 && exponent <= 10) {
    out.write(exponent + 244, 8);
    return;
  }
  out.write(255, 8);
  out.writeDouble(threshold);
}

function writeSpans(out: BitWriter, spans: readonly Span[]): void {
  writeVarbitUint(out, spans.length);
  for (const { offset, length } of spans) {
    writeVarbitUint(out, length);
    writeVarbitInt(out, offset);
  }
}

/** Bounds of at most three decimal places are thousandths, plus one; others a 0 bit and the double. */
function writeBounds(out: BitWriter, bounds: Float64Array): void {
  writeVarbitUint(out, bounds.length);
  for (const bound of bounds) {
    const thousandths = Math.round(bound * 1_000);
    const isShort = bound >= 0 && bound * 1_000 <= 33_554_430 && thousandths / 1_000 === bound;
    if (isShort) writeVarbitUint(out, thousandths + 1);
    else {
      out.write(0, 1);
      out.writeDouble(bound);
    }
  }
}

/** A number of which the difference of differences is written. */
class Steady {
  #value = 0;
  #delta = 0;

  first(value: number): number {
    this.#value = value;
    return value;
  }

  next(value: number): number {
    const delta = value - this.#value;
    const change = delta - this.#delta;
    this.#value = value;
    this.#delta = delta;
    return change;
  }
}

class WholeForm {
  readonly #out: BitWriter;
  readonly #time = new Steady();
  readonly #count = new Steady();
  readonly #zeroCount = new Steady();
  readonly #sum = new XorValue();
  readonly #buckets: readonly Steady[];
  #isFirst = true;

  constructor(out: BitWriter, buckets: number) {
    this.#out = out;
    this.#buckets = Array.from({ length: buckets }, () => new Steady());
  }

  /** @param positive how many of the buckets are above zero */
  write({ timeMs, histogram }: Sample, counts: Float64Array, positive: number): void {
    const out = this.#out;
    const { count, zeroCount, sum } = histogram;
    if (this.#isFirst) {
      writeVarbitInt(out, this.#time.first(timeMs));
      writeVarbitUint(out, this.#count.first(count));
      writeVarbitUint(out, this.#zeroCount.first(zeroCount));
      this.#sum.firstDouble(out, sum);
    } else {
      writeVarbitInt(out, this.#time.next(timeMs));
      writeVarbitInt(out, this.#count.next(count));
      writeVarbitInt(out, this.#zeroCount.next(zeroCount));
      this.#sum.nextDouble(out, sum);
    }
    let before = 0;
    for (let i = 0; i < counts.length; i++) {
      if (i === positive) before = 0;
      const bucket = this.#buckets[i]!;
      const difference = counts[i]! - before;
      before = counts[i]!;
      writeVarbitInt(out, this.#isFirst ? bucket.first(difference) : bucket.next(difference));
    }
    this.#isFirst = false;
  }
}

class FloatForm {
  readonly #out: BitWriter;
  readonly #time = new Steady();
  readonly #count = new XorValue();
  readonly #zeroCount = new XorValue();
  readonly #sum = new XorValue();
  readonly #buckets: readonly XorValue[];
  #isFirst = true;

  constructor(out: BitWriter, buckets: number) {
    this.#out = out;
    this.#buckets = Array.from({ length: buckets }, () => new XorValue());
  }

  write({ timeMs, histogram }: Sample, counts: Float64Array): void {
    const out = this.#out;
    writeVarbitInt(out, this.#isFirst ? this.#time.first(timeMs) : this.#time.next(timeMs));
    this.#value(this.#count, histogram.count);
    this.#value(this.#zeroCount, histogram.zeroCount);
    this.#value(this.#sum, histogram.sum);
    for (const [i, bucket] of this.#buckets.entries()) this.#value(bucket, counts[i]!);
    this.#isFirst = false;
  }

  #value(before: XorValue, value: number): void {
    if (this.#isFirst) before.firstDouble(this.#out, value);
    else before.nextDouble(this.#out, value);
  }
}
