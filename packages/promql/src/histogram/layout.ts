// Bringing two native histograms into one layout: same resolution, same zero bucket, same custom bounds.
//
//   schema 1   |  1 |  2 |  3 |  4 |          coarser schema: neighbours merge
//   schema 0   |    3    |    7    |
//
//   zero bucket 0.1, other 0.3: buckets below 0.3 move into the zero bucket; a populated bucket that 0.3 would cut
//   moves in whole and the threshold becomes its end, until both histograms agree
//
//   bounds {1, 2, 5} and {1, 5, 9}: the bounds both have, {1, 5}; counts between them merge
//
// Each function can carry a compensation histogram (see kahan.ts of functions/) through the same moves: `companion`,
// whose columns stand beside those of the histogram, bucket by bucket.
//
// Source: https://prometheus.io/docs/specs/native_histograms/ .

import { type BucketColumns, coarserIndex, upperBound } from "@flx/model";
import { KahanSum } from "../functions/kahan.ts";
import { compactedColumns, type FloatHistogram, fieldsOf, noBuckets } from "./float-histogram.ts";

/** The buckets at a coarser schema. Empty buckets stay. */
export function coarserColumns(columns: BucketColumns, from: number, to: number): BucketColumns {
  if (from === to || columns.indexes.length === 0) return columns;
  const indexes = new Int32Array(columns.indexes.length);
  const counts = new Float64Array(columns.indexes.length);
  let n = -1;
  for (let i = 0; i < columns.indexes.length; i++) {
    const index = coarserIndex(columns.indexes[i]!, from - to);
    if (n < 0 || indexes[n] !== index) indexes[++n] = index;
    counts[n]! += columns.counts[i]!;
  }
  return { indexes: indexes.slice(0, n + 1), counts: counts.slice(0, n + 1) };
}

/** The histogram at a coarser schema; with another schema the hint is forgotten. */
export function atSchema(histogram: FloatHistogram, schema: number): FloatHistogram {
  if (schema === histogram.schema) return histogram;
  return {
    ...fieldsOf(histogram),
    schema,
    positive: coarserColumns(histogram.positive, histogram.schema, schema),
    negative: coarserColumns(histogram.negative, histogram.schema, schema),
    counterResetHint: "unknown",
  };
}

/** What a zero bucket of a given width would hold. */
export interface ZeroBucket {
  readonly threshold: number;
  readonly count: number;
  readonly compensation: number;
}

/**
 * The zero bucket if it were at least as wide as `threshold`, which must not be below the histogram's. Wider when it
 * would cut a populated bucket.
 */
export function widerZeroBucket(
  histogram: FloatHistogram,
  threshold: number,
  companion?: FloatHistogram,
): ZeroBucket {
  const { schema, positive, negative } = histogram;
  let widened = threshold;
  for (;;) {
    const sum = new KahanSum(histogram.zeroCount, companion?.zeroCount ?? 0);
    if (widened === histogram.zeroThreshold) return zeroBucket(widened, sum);
    widened = takeIn(positive, companion?.positive, schema, widened, sum);
    const after = takeIn(negative, companion?.negative, schema, widened, sum);
    if (after === widened) return zeroBucket(widened, sum);
    widened = after; // the positive side was cut at the old threshold: once more
  }
}

function zeroBucket(threshold: number, sum: KahanSum): ZeroBucket {
  return { threshold, count: sum.sum, compensation: sum.compensation };
}

/** Adds the buckets of one side below the threshold; gives the threshold that cuts no populated bucket there. */
function takeIn(
  columns: BucketColumns,
  companion: BucketColumns | undefined,
  schema: number,
  threshold: number,
  sum: KahanSum,
): number {
  for (let i = 0; i < columns.indexes.length; i++) {
    const index = columns.indexes[i]!;
    if (upperBound(schema, index - 1) >= threshold) break;
    const count = columns.counts[i]!;
    sum.add(count);
    if (companion !== undefined) sum.add(companion.counts[i]!);
    const upper = upperBound(schema, index);
    if (upper > threshold) return count === 0 ? threshold : upper;
  }
  return threshold;
}

/** A histogram, its compensation when it has one, and what the other's zero bucket comes to. */
export interface ReconciledZero {
  readonly histogram: FloatHistogram;
  readonly companion: FloatHistogram | undefined;
  readonly otherZeroCount: number;
}

/** Widens the zero bucket of `histogram` until it and `other` agree; `other` itself stays, its new count is given. */
export function reconcileZeroBuckets(
  histogram: FloatHistogram,
  other: FloatHistogram,
  companion?: FloatHistogram,
): ReconciledZero {
  let mine = histogram;
  let mineCompanion = companion;
  let otherCount = other.zeroCount;
  let otherThreshold = other.zeroThreshold;
  while (otherThreshold !== mine.zeroThreshold) {
    if (mine.zeroThreshold > otherThreshold) {
      const widened = widerZeroBucket(other, mine.zeroThreshold);
      otherCount = widened.count;
      otherThreshold = widened.threshold;
    }
    if (otherThreshold > mine.zeroThreshold) {
      const widened = widerZeroBucket(mine, otherThreshold, mineCompanion);
      [mine, mineCompanion] = withZeroBucket(mine, widened, mineCompanion);
    }
  }
  return { histogram: mine, companion: mineCompanion, otherZeroCount: otherCount };
}

function withZeroBucket(
  histogram: FloatHistogram,
  zero: ZeroBucket,
  companion: FloatHistogram | undefined,
): [FloatHistogram, FloatHistogram | undefined] {
  const { schema } = histogram;
  const positive = bucketsOutside(histogram.positive, schema, zero.threshold);
  const negative = bucketsOutside(histogram.negative, schema, zero.threshold);
  const widened = {
    ...fieldsOf(histogram),
    zeroThreshold: zero.threshold,
    zeroCount: zero.count,
    positive: compactedColumns(positive),
    negative: compactedColumns(negative),
  };
  if (companion === undefined) return [widened, undefined];
  return [
    widened,
    {
      ...fieldsOf(companion),
      zeroThreshold: zero.threshold,
      zeroCount: zero.compensation,
      positive: bucketsAt(companion.positive, widened.positive.indexes),
      negative: bucketsAt(companion.negative, widened.negative.indexes),
    },
  ];
}

/** The buckets that do not begin below the threshold. */
function bucketsOutside(columns: BucketColumns, schema: number, threshold: number): BucketColumns {
  let from = 0;
  while (
    from < columns.indexes.length &&
    upperBound(schema, columns.indexes[from]! - 1) < threshold
  ) {
    from++;
  }
  if (from === 0) return columns;
  return { indexes: columns.indexes.slice(from), counts: columns.counts.slice(from) };
}

/** The counts of some buckets; 0 for one that is not there. */
export function bucketsAt(columns: BucketColumns, indexes: Int32Array): BucketColumns {
  const counts = new Float64Array(indexes.length);
  let at = 0;
  for (let i = 0; i < indexes.length; i++) {
    while (at < columns.indexes.length && columns.indexes[at]! < indexes[i]!) at++;
    if (columns.indexes[at] === indexes[i]) counts[i] = columns.counts[at]!;
  }
  return { indexes, counts };
}

/** The custom bounds that both have. */
export function sharedBounds(a: Float64Array, b: Float64Array): Float64Array {
  const shared: number[] = [];
  let j = 0;
  for (const bound of a) {
    while (j < b.length && b[j]! < bound) j++;
    if (b[j] === bound) shared.push(bound);
  }
  return Float64Array.from(shared);
}

/** For each bucket in `columns` (of custom `bounds`) the bucket of `target` bounds it falls into. */
export function targetBuckets(
  columns: BucketColumns,
  bounds: Float64Array,
  target: Float64Array,
): Int32Array {
  const targets = new Int32Array(columns.indexes.length);
  let at = 0;
  for (let i = 0; i < targets.length; i++) {
    const index = columns.indexes[i]!;
    if (index >= bounds.length) targets[i] = target.length;
    else {
      while (at < target.length && target[at]! < bounds[index]!) at++;
      targets[i] = at;
    }
  }
  return targets;
}

/** The populated ones among all buckets of a layout. */
export function columnsFrom(counts: Float64Array): BucketColumns {
  if (counts.length === 0) return noBuckets;
  return compactedColumns({ indexes: Int32Array.from(counts, (_, i) => i), counts });
}
