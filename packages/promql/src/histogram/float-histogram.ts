// A native histogram as PromQL computes with it: any finite or infinite counts, also negative ones.
//
//   NativeHistogram (@flx/model)   what was observed: checked, counts >= 0, no empty buckets
//        │ is a
//        ▼
//   FloatHistogram                 what comes out of a - b, a * -1, a / 0: not checked, empty buckets allowed
//
// Why not one class: a difference of histograms is not an observation, and a histogram written as
// `buckets:[1 0 2]` keeps its empty bucket until something compacts it, which Prometheus' results depend on (the
// lower bound of the zero bucket, for one). So the engine reads the fields only, and a store may hand over
// `NativeHistogram` objects as they are.
//
// Everything in this folder treats histograms as immutable: operations give new ones and share columns.

import { CUSTOM_BOUNDS_SCHEMA, type BucketColumns, type CounterResetHint } from "@flx/model";

/** A native histogram with float counts; every `NativeHistogram` is one. Do not change it. */
export interface FloatHistogram {
  /** -4 to 8, or -53 for custom bounds. */
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  /** Buckets above zero; for schema -53 bucket i ends at `customBounds[i]`, the last one at +Inf. */
  readonly positive: BucketColumns;
  readonly negative: BucketColumns;
  /** Empty unless the schema is -53. */
  readonly customBounds: Float64Array;
  readonly counterResetHint: CounterResetHint;
}

/** What a float histogram is made from; everything not given is zero or empty. */
export interface FloatHistogramInit {
  readonly schema?: number;
  readonly zeroThreshold?: number;
  readonly zeroCount?: number;
  readonly count?: number;
  readonly sum?: number;
  readonly positive?: BucketsInit;
  readonly negative?: BucketsInit;
  readonly customBounds?: ArrayLike<number>;
  readonly counterResetHint?: CounterResetHint;
}

/** Buckets by their indexes, or consecutive ones from `offset` (default 0). */
export type BucketsInit =
  | { readonly indexes: ArrayLike<number>; readonly counts: ArrayLike<number> }
  | { readonly offset?: number; readonly counts: ArrayLike<number> };

export const noBuckets: BucketColumns = {
  indexes: new Int32Array(0),
  counts: new Float64Array(0),
};
export const noBounds: Float64Array = new Float64Array(0);

/**
 * A float histogram, not checked: for literals of test scripts and results of arithmetic.
 *
 * @example floatHistogram({ count: 3, sum: 5, positive: { offset: 1, counts: [1, 2] } }).positive.indexes.length // 2
 */
export function floatHistogram(init: FloatHistogramInit): FloatHistogram {
  return {
    schema: init.schema ?? 0,
    zeroThreshold: init.zeroThreshold ?? 0,
    zeroCount: init.zeroCount ?? 0,
    count: init.count ?? 0,
    sum: init.sum ?? 0,
    positive: columnsOf(init.positive),
    negative: columnsOf(init.negative),
    customBounds: init.customBounds === undefined ? noBounds : Float64Array.from(init.customBounds),
    counterResetHint: init.counterResetHint ?? "unknown",
  };
}

/** Whether the buckets have custom bounds instead of exponential ones. */
export function hasCustomBounds(histogram: FloatHistogram): boolean {
  return histogram.schema === CUSTOM_BOUNDS_SCHEMA;
}

/** The same histogram with another hint. */
export function withHint(histogram: FloatHistogram, hint: CounterResetHint): FloatHistogram {
  if (histogram.counterResetHint === hint) return histogram;
  return { ...fieldsOf(histogram), counterResetHint: hint };
}

/** The fields alone, also of a class instance: to spread from. */
export function fieldsOf(histogram: FloatHistogram): FloatHistogram {
  return {
    schema: histogram.schema,
    zeroThreshold: histogram.zeroThreshold,
    zeroCount: histogram.zeroCount,
    count: histogram.count,
    sum: histogram.sum,
    positive: histogram.positive,
    negative: histogram.negative,
    customBounds: histogram.customBounds,
    counterResetHint: histogram.counterResetHint,
  };
}

/** The histogram without empty buckets. */
export function compacted(histogram: FloatHistogram): FloatHistogram {
  const positive = compactedColumns(histogram.positive);
  const negative = compactedColumns(histogram.negative);
  if (positive === histogram.positive && negative === histogram.negative) return histogram;
  return { ...fieldsOf(histogram), positive, negative };
}

/** The columns without empty buckets. */
export function compactedColumns(columns: BucketColumns): BucketColumns {
  const { indexes, counts } = columns;
  let kept = 0;
  for (const count of counts) if (count !== 0) kept++;
  if (kept === counts.length) return columns;
  if (kept === 0) return noBuckets;
  const keptIndexes = new Int32Array(kept);
  const keptCounts = new Float64Array(kept);
  let at = 0;
  for (let i = 0; i < counts.length; i++) {
    if (counts[i] === 0) continue;
    keptIndexes[at] = indexes[i]!;
    keptCounts[at++] = counts[i]!;
  }
  return { indexes: keptIndexes, counts: keptCounts };
}

/**
 * Same layout, counts and sum: what `==` asks. NaN equals NaN; a bucket that is there and empty is not the same as
 * one that is not there. Hints are not compared.
 */
export function equalHistograms(a: FloatHistogram, b: FloatHistogram): boolean {
  return (
    a.schema === b.schema &&
    Object.is(a.count, b.count) &&
    Object.is(a.sum, b.sum) &&
    a.zeroThreshold === b.zeroThreshold &&
    Object.is(a.zeroCount, b.zeroCount) &&
    equalArrays(a.customBounds, b.customBounds) &&
    equalBuckets(a.negative, b.negative) &&
    equalBuckets(a.positive, b.positive)
  );
}

/** How many samples a histogram counts for in limits and statistics: its size in units of 16 bytes. */
export function sampleSize(histogram: FloatHistogram): number {
  const { positive, negative, customBounds } = histogram;
  const spans = spanCount(positive.indexes) + spanCount(negative.indexes);
  const numbers = positive.counts.length + negative.counts.length + customBounds.length;
  return Math.floor((168 + 8 * (spans + numbers) + 8) / 16);
}

export function equalArrays(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}

function equalBuckets(a: BucketColumns, b: BucketColumns): boolean {
  return a === b || (equalArrays(a.indexes, b.indexes) && equalArrays(a.counts, b.counts));
}

function spanCount(indexes: Int32Array): number {
  let spans = 0;
  for (let i = 0; i < indexes.length; i++) {
    if (i === 0 || indexes[i] !== indexes[i - 1]! + 1) spans++;
  }
  return spans;
}

function columnsOf(init: BucketsInit | undefined): BucketColumns {
  if (init === undefined || init.counts.length === 0) return noBuckets;
  const counts = Float64Array.from(init.counts);
  if ("indexes" in init) return { indexes: Int32Array.from(init.indexes), counts };
  const offset = init.offset ?? 0;
  return { indexes: Int32Array.from(counts, (_, i) => offset + i), counts };
}
