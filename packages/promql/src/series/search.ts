// Finding samples by time.

import type { SeriesData } from "./queryable.ts";
import { isStaleAt } from "./stale.ts";

/** Position of the first timestamp after a time. */
export function firstAfter(timestamps: Float64Array, timeMs: number): number {
  let low = 0;
  let high = timestamps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timestamps[middle]! <= timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The newest sample at or before a time, within the lookback and not stale: its position, or -1.
 *
 * @param hint a position at or before the one looked for, to start from
 */
export function newestSample(
  series: SeriesData,
  timeMs: number,
  lookbackMs: number,
  hint: number,
): number {
  const { timestamps } = series;
  let at = hint;
  while (at < timestamps.length && timestamps[at]! <= timeMs) at++;
  at--;
  if (at < 0 || timestamps[at]! <= timeMs - lookbackMs) return -1;
  return isStaleAt(series.values, at) ? -1 : at;
}
