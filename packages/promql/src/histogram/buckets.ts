// The buckets of a native histogram with their bounds, from the lowest to the highest or the other way.
//
//   [-2,-1) [-1,-0.5)  [-0.1,0.1]  (0.5,1] (1,2]       schema 0, zero threshold 0.1
//
// A bucket that reaches into the zero bucket ends there. The zero bucket is given only when it holds something; other
// empty buckets are given when the histogram has them.

import { upperBound } from "@flx/model";
import { type FloatHistogram, hasCustomBounds } from "./float-histogram.ts";

/** A bucket: `count` observations from `lower` to `upper`. */
export interface BucketView {
  readonly lower: number;
  readonly upper: number;
  readonly lowerInclusive: boolean;
  readonly upperInclusive: boolean;
  readonly count: number;
}

/** All buckets in ascending order. */
export function bucketsOf(histogram: FloatHistogram): BucketView[] {
  const { zeroThreshold } = histogram;
  const buckets = negativeBuckets(histogram).toReversed();
  for (const [i, bucket] of buckets.entries()) {
    if (bucket.upper < 0 && bucket.upper > -zeroThreshold) {
      buckets[i] = { ...bucket, upper: -zeroThreshold };
    }
  }
  if (histogram.zeroCount > 0) buckets.push(zeroBucketOf(histogram));
  for (const bucket of positiveBuckets(histogram)) {
    buckets.push(
      bucket.lower > 0 && bucket.lower < zeroThreshold
        ? { ...bucket, lower: zeroThreshold }
        : bucket,
    );
  }
  return buckets;
}

/** The zero bucket. */
export function zeroBucketOf({ zeroThreshold, zeroCount }: FloatHistogram): BucketView {
  return {
    lower: -zeroThreshold,
    upper: zeroThreshold,
    lowerInclusive: true,
    upperInclusive: true,
    count: zeroCount,
  };
}

/** The buckets above zero, ascending, with their full width. */
export function positiveBuckets(histogram: FloatHistogram): BucketView[] {
  const { positive } = histogram;
  return Array.from(positive.indexes, (index, i) => {
    const lower = boundOf(histogram, index - 1);
    const upper = boundOf(histogram, index);
    return {
      lower,
      upper,
      lowerInclusive: hasCustomBounds(histogram) ? index === 0 : lower < 0,
      upperInclusive: true,
      count: positive.counts[i]!,
    };
  });
}

/** The buckets below zero, from zero downwards, with their full width. */
export function negativeBuckets(histogram: FloatHistogram): BucketView[] {
  const { negative } = histogram;
  return Array.from(negative.indexes, (index, i) => ({
    lower: -boundOf(histogram, index),
    upper: -boundOf(histogram, index - 1),
    lowerInclusive: true,
    upperInclusive: false,
    count: negative.counts[i]!,
  }));
}

function boundOf(histogram: FloatHistogram, index: number): number {
  if (!hasCustomBounds(histogram)) return upperBound(histogram.schema, index);
  if (index < 0) return -Infinity;
  return histogram.customBounds[index] ?? Infinity;
}
