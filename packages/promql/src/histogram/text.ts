// A native histogram as Prometheus prints it: {count:3, sum:7, [-1,1]:1, (2,4]:2}.
//
// This text is part of what queries give: `count_values` makes label values of it.

import { goG } from "../evaluate/go-number.ts";
import { type BucketView, negativeBuckets, positiveBuckets, zeroBucketOf } from "./buckets.ts";
import { type FloatHistogram, hasCustomBounds } from "./float-histogram.ts";

/** The text of a histogram; empty buckets are left out. */
export function histogramText(histogram: FloatHistogram): string {
  const buckets = negativeBuckets(histogram).toReversed();
  if (!hasCustomBounds(histogram)) buckets.push(zeroBucketOf(histogram));
  buckets.push(...positiveBuckets(histogram));
  const texts = buckets.filter(({ count }) => count !== 0).map(bucketText);
  const { count, sum } = histogram;
  return `{${[`count:${goG(count)}`, `sum:${goG(sum)}`, ...texts].join(", ")}}`;
}

function bucketText({ lower, upper, lowerInclusive, upperInclusive, count }: BucketView): string {
  const open = lowerInclusive ? "[" : "(";
  const close = upperInclusive ? "]" : ")";
  return `${open}${goG(lower)},${goG(upper)}${close}:${goG(count)}`;
}
