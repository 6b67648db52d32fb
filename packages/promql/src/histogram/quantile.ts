// Quantiles and fractions of a native histogram.
//
//   quantile(0.9)            the value below which 90 % of the observations lie
//   fraction(lower, upper)   the share of observations between two values; the inverse of the quantile
//
// Inside a bucket the observations are taken as spread evenly on a logarithmic scale; in the zero bucket and with
// custom bounds linearly. A histogram with positive buckets only has no observation below zero.
//
// NaN observations count in `count` and in no bucket. A quantile that lies among them is NaN; one below is skewed up,
// since they are counted as the largest. Both are said as a note.
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile and
// #histogram_fraction; https://prometheus.io/docs/specs/native_histograms/ .

import { bucketsOf, type BucketView } from "./buckets.ts";
import { type FloatHistogram, hasCustomBounds } from "./float-histogram.ts";

/** What a user should know about a result. */
export type NanNote = "nan-result" | "nan-skew" | "nan-excluded";

/** A value, and what there is to say about it. */
export interface Estimate {
  readonly value: number;
  readonly note: NanNote | undefined;
}

/** The value below which a share `q` of the observations lies. */
export function histogramQuantile(q: number, histogram: FloatHistogram): Estimate {
  if (q < 0) return plain(-Infinity);
  if (q > 1) return plain(Infinity);
  if (histogram.count === 0 || Number.isNaN(q)) return plain(Number.NaN);
  const hasNan = Number.isNaN(histogram.sum);
  // From the nearer end, so that rounding stays small; from the front when NaNs stand behind the last bucket.
  const forward = hasNan || q < 0.5;
  const buckets = bucketsOf(histogram);
  if (!forward) buckets.reverse();
  const wanted = (forward ? q : 1 - q) * histogram.count;
  const found = findRank(buckets, wanted);
  const bucket = effectiveBucket(histogram, found.bucket);
  if (hasCustomBounds(histogram)) {
    if (found.bucket.lower === -Infinity && found.bucket.upper <= 0) return plain(bucket.upper);
    if (found.bucket.lower !== -Infinity && bucket.upper === Infinity) return plain(bucket.lower);
  }
  const count = Math.min(found.count, histogram.count);
  if (count < wanted) {
    return hasNan ? { value: Number.NaN, note: "nan-result" } : plain(bucket.upper);
  }
  let note: NanNote | undefined;
  if (hasNan) {
    let all = count;
    for (let i = found.next; i < buckets.length; i++) all += buckets[i]!.count;
    if (all < histogram.count) note = "nan-skew";
  }
  // With NaN observations the bucket that counts is the last one looked at.
  const last = hasNan && found.next < buckets.length ? buckets.at(-1)! : bucket;
  const rank = forward ? wanted - (count - bucket.count) : count - wanted;
  return { value: interpolate(histogram, last, rank / last.count), note };
}

/** The share of observations above `lower` and up to `upper`. */
export function histogramFraction(
  lower: number,
  upper: number,
  histogram: FloatHistogram,
): Estimate {
  if (histogram.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return plain(Number.NaN);
  if (lower >= upper) return plain(0);
  const buckets = bucketsOf(histogram);
  const lowerRank = rankOf(histogram, buckets, lower);
  const upperRank = rankOf(histogram, buckets, upper);
  let { count } = histogram;
  let note: NanNote | undefined;
  if (Number.isNaN(histogram.sum)) {
    count = 0;
    for (const bucket of buckets) count += bucket.count;
    if (count < histogram.count) note = "nan-excluded";
  }
  const from = lowerRank === undefined || lowerRank > count ? count : lowerRank;
  const to = upperRank === undefined || upperRank > count ? count : upperRank;
  return { value: (to - from) / histogram.count, note };
}

/** The share of a bucket's width below a value inside it. */
export function fractionBelow(bucket: BucketView, value: number, linear: boolean): number {
  const { lower, upper } = bucket;
  if (linear) return (value - lower) / (upper - lower);
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  const logValue = Math.log2(Math.abs(value));
  if (value > 0) return (logValue - logLower) / (logUpper - logLower);
  return 1 - (logValue - logUpper) / (logLower - logUpper);
}

function plain(value: number): Estimate {
  return { value, note: undefined };
}

const noBucket: BucketView = {
  lower: 0,
  upper: 0,
  lowerInclusive: false,
  upperInclusive: false,
  count: 0,
};

/** The bucket in which the running count reaches a rank; the last populated one when none does. */
function findRank(
  buckets: readonly BucketView[],
  rank: number,
): { bucket: BucketView; count: number; next: number } {
  let bucket = noBucket;
  let count = 0;
  let next = 0;
  while (next < buckets.length) {
    bucket = buckets[next++]!;
    if (bucket.count === 0) continue;
    count += bucket.count;
    if (count >= rank) break;
  }
  return { bucket, count, next };
}

/** The bucket as far as observations can lie in it. */
function effectiveBucket(histogram: FloatHistogram, bucket: BucketView): BucketView {
  if (hasCustomBounds(histogram)) {
    return bucket.lower === -Infinity && bucket.upper > 0 ? { ...bucket, lower: 0 } : bucket;
  }
  return bucket.lower < 0 && bucket.upper > 0 ? oneSided(histogram, bucket) : bucket;
}

/** The zero bucket of a histogram that has buckets on one side only ends at zero. */
function oneSided(histogram: FloatHistogram, bucket: BucketView): BucketView {
  const below = histogram.negative.indexes.length;
  const above = histogram.positive.indexes.length;
  if (below === 0 && above > 0) return { ...bucket, lower: 0 };
  if (above === 0 && below > 0) return { ...bucket, upper: 0 };
  return bucket;
}

function interpolate(histogram: FloatHistogram, bucket: BucketView, share: number): number {
  const { lower, upper } = bucket;
  if (hasCustomBounds(histogram) || (lower <= 0 && upper >= 0)) {
    return lower + (upper - lower) * share;
  }
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  if (lower > 0) return 2 ** (logLower + (logUpper - logLower) * share);
  return -(2 ** (logUpper + (logLower - logUpper) * (1 - share)));
}

/** How many observations lie below a value; `undefined` when it lies above all buckets. */
function rankOf(
  histogram: FloatHistogram,
  buckets: readonly BucketView[],
  value: number,
): number | undefined {
  let rank = 0;
  for (const each of buckets) {
    const isZero = each.lower <= 0 && each.upper >= 0;
    const bucket = isZero ? oneSided(histogram, each) : each;
    if (bucket.lower >= value) return rank;
    if (bucket.upper > value) {
      const linear = hasCustomBounds(histogram) || isZero;
      if (linear && bucket.lower === -Infinity) return bucket.count;
      return rank + bucket.count * fractionBelow(bucket, value, linear);
    }
    rank += bucket.count;
  }
  return undefined;
}
