// One side of a native histogram: two columns, the indexes of its populated buckets and their counts.
//
//   indexes   -3   0   1   7        strictly ascending
//   counts     2   5   1   4        never zero: an empty bucket is no bucket
//
// Every function here gives new columns and keeps both properties.

import { FlxError } from "./errors.ts";
import { coarserIndex, upperBound } from "./exponential-buckets.ts";

/** The populated buckets of one side: `counts[i]` observations in the bucket `indexes[i]`. */
export interface BucketColumns {
  /** Strictly ascending. */
  readonly indexes: Int32Array;
  readonly counts: Float64Array;
}

const noBuckets: BucketColumns = { indexes: new Int32Array(0), counts: new Float64Array(0) };

/** Two sides merged by index; a bucket that comes out empty is dropped. */
export function combineColumns(a: BucketColumns, b: BucketColumns, sign: 1 | -1): BucketColumns {
  const indexes = new Int32Array(a.indexes.length + b.indexes.length);
  const counts = new Float64Array(indexes.length);
  let n = 0;
  let i = 0;
  let j = 0;
  while (i < a.indexes.length || j < b.indexes.length) {
    const ai = a.indexes[i] ?? Infinity;
    const bi = b.indexes[j] ?? Infinity;
    indexes[n] = Math.min(ai, bi);
    counts[n++] = (ai <= bi ? a.counts[i++]! : 0) + (bi <= ai ? sign * b.counts[j++]! : 0);
  }
  return compact(indexes.subarray(0, n), counts.subarray(0, n));
}

/** The columns without empty buckets; the given arrays are copied, so that no caller's array is shared. */
export function compact(indexes: Int32Array, counts: Float64Array): BucketColumns {
  let n = 0;
  const keptIndexes = new Int32Array(indexes.length);
  const keptCounts = new Float64Array(indexes.length);
  for (let i = 0; i < indexes.length; i++) {
    if (counts[i] === 0) continue;
    keptIndexes[n] = indexes[i]!;
    keptCounts[n++] = counts[i]!;
  }
  if (n === 0) return noBuckets;
  if (n === indexes.length) return { indexes: keptIndexes, counts: keptCounts };
  return { indexes: keptIndexes.slice(0, n), counts: keptCounts.slice(0, n) };
}

/** The same observations at a schema that is `steps` coarser. */
export function mergeIndexes({ indexes, counts }: BucketColumns, steps: number): BucketColumns {
  const mergedIndexes = new Int32Array(indexes.length);
  const mergedCounts = new Float64Array(indexes.length);
  let n = -1;
  for (let i = 0; i < indexes.length; i++) {
    const index = coarserIndex(indexes[i]!, steps);
    if (n < 0 || mergedIndexes[n] !== index) mergedIndexes[++n] = index;
    mergedCounts[n]! += counts[i]!;
  }
  return compact(mergedIndexes.subarray(0, n + 1), mergedCounts.subarray(0, n + 1));
}

/** What of a side lies inside a zero bucket of the given width, and the rest. */
export function splitAtZero(
  { indexes, counts }: BucketColumns,
  schema: number,
  threshold: number,
): { inside: number; outside: BucketColumns } {
  let at = 0;
  let inside = 0;
  while (at < indexes.length && upperBound(schema, indexes[at]!) <= threshold) {
    inside += counts[at++]!;
  }
  return { inside, outside: compact(indexes.subarray(at), counts.subarray(at)) };
}

/** Whether some bucket of `before` has a smaller count (or none) in `now`. */
export function anyFell(now: BucketColumns, before: BucketColumns): boolean {
  let at = 0;
  for (const [i, index] of before.indexes.entries()) {
    while (at < now.indexes.length && now.indexes[at]! < index) at++;
    const count = now.indexes[at] === index ? now.counts[at]! : 0;
    if (count < before.counts[i]!) return true;
  }
  return false;
}

/** All observations of a side. */
export function total({ counts }: BucketColumns): number {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
}

/**
 * Columns of a side as a source gave them, checked, copied and without empty buckets.
 *
 * @throws {FlxError} `FLX_HISTOGRAM_BOUNDS` for indexes, `FLX_HISTOGRAM_COUNTS` for counts that do not fit
 */
export function checkedColumns(
  side: string,
  columns: { readonly indexes: ArrayLike<number>; readonly counts: ArrayLike<number> } | undefined,
): BucketColumns {
  if (columns === undefined) return noBuckets;
  const indexes = Int32Array.from(columns.indexes);
  const counts = Float64Array.from(columns.counts);
  if (indexes.length !== counts.length) {
    throw new FlxError(
      "FLX_HISTOGRAM_COUNTS",
      `the ${side} side has ${indexes.length} indexes and ${counts.length} counts`,
    );
  }
  for (let i = 0; i < indexes.length; i++) {
    if (indexes[i] !== columns.indexes[i] || (i > 0 && indexes[i]! <= indexes[i - 1]!)) {
      throw new FlxError(
        "FLX_HISTOGRAM_BOUNDS",
        `${side} indexes must be whole numbers in ascending order, got ${columns.indexes[i]} at ${i}`,
      );
    }
    if (!(counts[i]! >= 0 && counts[i]! < Infinity)) {
      throw new FlxError(
        "FLX_HISTOGRAM_COUNTS",
        `${side} counts must be numbers >= 0, got ${counts[i]} at ${i}`,
      );
    }
  }
  return compact(indexes, counts);
}

/** Same length and same values (NaN equals NaN). */
export function equalColumns(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (!Object.is(a[i], b[i])) return false;
  }
  return true;
}
