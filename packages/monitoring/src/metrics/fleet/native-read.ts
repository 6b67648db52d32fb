// The exponential buckets of a row that another thread is counting in, read so that they fit the row's other numbers.
//
//   the thread     bucket of the classic histogram, sum, exponential bucket     one observation after the other
//   the reader     before = buckets;  cells;  after = buckets
//
// An exposition must have as many observations in the exponential buckets as in the classic ones, or it is refused. What
// `cells` has more than `before` has come between the two, so it is in `after`: as many of the new ones are taken from there.
// Every bucket then is at least what it was at the last reading and at most what it will be at the next, so none goes
// back. One observation of a thread that was stopped between its two halves is left over: it is put into the largest bucket.

import { NativeHistogram } from "@flx/model/write";

/** One side as it was copied. */
export interface SideCopy {
  /** Index of the first bucket. */
  readonly offset: number;
  readonly counts: Float64Array;
}

/** The exponential buckets of a row as they were copied. */
export interface NativeCopy {
  readonly schema: number;
  readonly zero: number;
  readonly positive: SideCopy;
  readonly negative: SideCopy;
}

/** How many observations there are in all buckets. */
export function nativeCount({ zero, positive, negative }: NativeCopy): number {
  return zero + total(positive) + total(negative);
}

/**
 * A histogram with `count` observations: those of `before`, and of those that came until `after` as many as are missing.
 *
 * @param after of the same schema
 */
export function fitNative(
  before: NativeCopy,
  after: NativeCopy,
  count: number,
  sum: number,
  zeroThreshold: number,
): NativeHistogram {
  const missing = { count: count - nativeCount(before) };
  const positive = fill(before.positive, after.positive, missing);
  const negative = fill(before.negative, after.negative, missing);
  let zeroCount = before.zero + take(after.zero - before.zero, missing);
  // Also when there are too many: a histogram that was put back to zero while it was read.
  if (missing.count !== 0 && !addToLargest([positive, negative], missing)) {
    zeroCount = Math.max(0, zeroCount + missing.count);
  }
  const { schema } = after;
  return NativeHistogram.from({
    schema,
    zeroThreshold,
    zeroCount,
    sum,
    positive: columns(positive),
    negative: columns(negative),
  });
}

function fill(before: SideCopy, after: SideCopy, missing: { count: number }): SideCopy {
  const counts = Float64Array.from(after.counts, (now, i) => {
    const was = before.counts[after.offset + i - before.offset] ?? 0;
    return was + take(now - was, missing);
  });
  return { offset: after.offset, counts };
}

function take(available: number, missing: { count: number }): number {
  const taken = Math.max(0, Math.min(available, missing.count));
  missing.count -= taken;
  return taken;
}

function addToLargest(sides: readonly SideCopy[], missing: { count: number }): boolean {
  for (const { counts } of sides) {
    let largest = -1;
    for (let i = 0; i < counts.length; i++) {
      if (counts[i]! > 0 && (largest < 0 || counts[i]! > counts[largest]!)) largest = i;
    }
    if (largest < 0 || counts[largest]! + missing.count < 0) continue;
    counts[largest]! += missing.count;
    return true;
  }
  return false;
}

function columns({ offset, counts }: SideCopy): { indexes: Int32Array; counts: Float64Array } {
  return { indexes: Int32Array.from(counts, (_, i) => offset + i), counts };
}

function total({ counts }: SideCopy): number {
  let count = 0;
  for (const one of counts) count += one;
  return count;
}
