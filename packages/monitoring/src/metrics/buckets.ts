// Lists of bucket bounds.

import { FlxError } from "@flx/model/write";

/**
 * Bounds at equal distances.
 *
 * @throws {FlxError} `FLX_METRIC_BUCKETS` when there is none, or they do not grow
 * @example linearBuckets(1, 2, 3) // [1, 3, 5]
 */
export function linearBuckets(start: number, width: number, count: number): number[] {
  if (!(count >= 1) || !(width > 0)) {
    throw new FlxError(
      "FLX_METRIC_BUCKETS",
      `linear buckets need count >= 1 and width > 0, got ${count} and ${width}`,
    );
  }
  return Array.from({ length: count }, (_, i) => start + i * width);
}

/**
 * Bounds that grow by a factor.
 *
 * @throws {FlxError} `FLX_METRIC_BUCKETS` when there is none, or they do not grow
 * @example exponentialBuckets(1, 2, 4) // [1, 2, 4, 8]
 */
export function exponentialBuckets(start: number, factor: number, count: number): number[] {
  if (!(count >= 1) || !(start > 0) || !(factor > 1)) {
    throw new FlxError(
      "FLX_METRIC_BUCKETS",
      `exponential buckets need count >= 1, start > 0 and factor > 1, got ${count}, ${start} and ${factor}`,
    );
  }
  return Array.from({ length: count }, (_, i) => start * factor ** i);
}
