// When a result is as expected: numbers to one in a million, histograms field by field.

import { compactedColumns, type FloatHistogram } from "../histogram/float-histogram.ts";
import type { HistogramLiteral } from "./histogram-literal.ts";

const EPSILON = 0.000001;
/** The smallest number with all its digits. */
const MIN_NORMAL = 2 ** -1022;

/**
 * Whether two numbers differ by less than a millionth of their sum. NaN equals NaN.
 *
 * @example almostEqual(1, 1.0000001) // true
 */
export function almostEqual(a: number, b: number): boolean {
  if (Object.is(a, b) || a === b) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < MIN_NORMAL) return difference < EPSILON * MIN_NORMAL;
  return difference / Math.min(sum, Number.MAX_VALUE) < EPSILON;
}

/** Whether a histogram is the expected one; empty buckets do not count, the hint only when it was written. */
export function almostEqualHistogram(
  { histogram: want, hintGiven }: HistogramLiteral,
  got: FloatHistogram,
): boolean {
  return (
    want.schema === got.schema &&
    almostEqual(want.count, got.count) &&
    almostEqual(want.sum, got.sum) &&
    equalBounds(want.customBounds, got.customBounds) &&
    want.zeroThreshold === got.zeroThreshold &&
    almostEqual(want.zeroCount, got.zeroCount) &&
    equalColumns(want.positive, got.positive) &&
    equalColumns(want.negative, got.negative) &&
    (!hintGiven || want.counterResetHint === got.counterResetHint)
  );
}

function equalBounds(a: Float64Array, b: Float64Array): boolean {
  return a.length === b.length && a.every((bound, i) => bound === b[i]);
}

function equalColumns(a: FloatHistogram["positive"], b: FloatHistogram["positive"]): boolean {
  const want = compactedColumns(a);
  const got = compactedColumns(b);
  return (
    want.indexes.length === got.indexes.length &&
    want.indexes.every((index, i) => index === got.indexes[i]) &&
    want.counts.every((count, i) => almostEqual(count, got.counts[i]!))
  );
}
