// Quantiles and fractions of classic histograms: cumulative counts by upper bound, each a series of its own.
//
//   le        0.1   0.5    1   +Inf
//   count       3     7    9     10        the 0.9 quantile is the 9th of 10: in (0.5, 1], at its end
//
// Counts should not fall from bound to bound. Differences that rounding explains are ignored; real ones (scraped at
// different moments, say) are flattened, and the user is told.
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile .

/** One bucket: how many observations at or below a bound. */
export interface ClassicBucket {
  readonly upperBound: number;
  readonly count: number;
}

/** A quantile, and what had to be flattened for it. */
export interface ClassicQuantile {
  readonly value: number;
  readonly forced: ForcedMonotonicity | undefined;
}

/** Where counts fell, and by how much at most. */
export interface ForcedMonotonicity {
  readonly minBucket: number;
  readonly maxBucket: number;
  readonly maxDiff: number;
}

interface MutableBucket {
  readonly upperBound: number;
  count: number;
}

/** Differences smaller than this, relative to the counts, are rounding. */
const TOLERANCE = 1e-12;
const MIN_NORMAL = 2 ** -1022;

/** The value below which a share `q` of the observations lies. `buckets` is not empty. */
export function classicQuantile(q: number, buckets: readonly ClassicBucket[]): ClassicQuantile {
  if (Number.isNaN(q)) return plain(Number.NaN);
  if (q < 0) return plain(-Infinity);
  if (q > 1) return plain(Infinity);
  const sorted = merged(buckets);
  if (sorted.at(-1)!.upperBound !== Infinity) return plain(Number.NaN);
  const forced = flatten(sorted);
  return { value: quantileOfSorted(q, sorted), forced };
}

/** The share of observations above `lower` and up to `upper`. `buckets` is not empty. */
export function classicFraction(
  lower: number,
  upper: number,
  buckets: readonly ClassicBucket[],
): number {
  const sorted = merged(buckets);
  if (sorted.at(-1)!.upperBound !== Infinity) return Number.NaN;
  const { count } = sorted.at(-1)!;
  if (count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  if (lower >= upper) return 0;
  const from = rankOf(sorted, lower);
  const to = rankOf(sorted, upper);
  const capped = (rank: number | undefined): number =>
    rank === undefined || rank > count ? count : rank;
  return (capped(to) - capped(from)) / count;
}

function plain(value: number): ClassicQuantile {
  return { value, forced: undefined };
}

/** Sorted by bound; buckets with the same bound together. */
function merged(buckets: readonly ClassicBucket[]): MutableBucket[] {
  const sorted: MutableBucket[] = [];
  for (const { upperBound, count } of buckets.toSorted(byBound)) {
    const last = sorted.at(-1);
    if (last?.upperBound === upperBound) last.count += count;
    else sorted.push({ upperBound, count });
  }
  return sorted;
}

function byBound(a: ClassicBucket, b: ClassicBucket): number {
  if (a.upperBound < b.upperBound) return -1;
  return a.upperBound > b.upperBound ? 1 : 0;
}

function flatten(buckets: MutableBucket[]): ForcedMonotonicity | undefined {
  let minBucket = Infinity;
  let maxBucket = -Infinity;
  let maxDiff = 0;
  let forced = false;
  let before = buckets[0]!.count;
  for (const bucket of buckets.slice(1)) {
    const { count, upperBound } = bucket;
    if (count === before) continue;
    if (almostEqual(before, count)) {
      bucket.count = before;
      continue;
    }
    if (count < before) {
      bucket.count = before;
      forced = true;
      minBucket = Math.min(minBucket, upperBound);
      maxBucket = Math.max(maxBucket, upperBound);
      maxDiff = Math.max(maxDiff, before - count);
      continue;
    }
    before = count;
  }
  return forced ? { minBucket, maxBucket, maxDiff } : undefined;
}

function almostEqual(a: number, b: number): boolean {
  if ((Number.isNaN(a) && Number.isNaN(b)) || a === b) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < MIN_NORMAL) return difference < TOLERANCE * MIN_NORMAL;
  return difference / Math.min(sum, Number.MAX_VALUE) < TOLERANCE;
}

function quantileOfSorted(q: number, buckets: readonly MutableBucket[]): number {
  const last = buckets.length - 1;
  if (last < 1) return Number.NaN;
  const observations = buckets[last]!.count;
  if (observations === 0) return Number.NaN;
  const rank = q * observations;
  const at = firstReaching(buckets, rank);
  if (at === last) return buckets[last - 1]!.upperBound;
  const { upperBound, count } = buckets[at]!;
  if (at === 0) return upperBound <= 0 ? upperBound : upperBound * (rank / count);
  const before = buckets[at - 1]!;
  const share = (rank - before.count) / (count - before.count);
  return before.upperBound + (upperBound - before.upperBound) * share;
}

/** The first bucket but the last whose count reaches a rank, by bisection; else the last. */
function firstReaching(buckets: readonly MutableBucket[], rank: number): number {
  let low = 0;
  let high = buckets.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (buckets[middle]!.count >= rank) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** How many observations lie below a value; `undefined` when it lies above all bounds. */
function rankOf(buckets: readonly MutableBucket[], value: number): number | undefined {
  let rank = 0;
  let lower = buckets[0]!.upperBound <= 0 ? -Infinity : 0;
  for (const { upperBound, count } of buckets) {
    if (lower >= value) return rank;
    if (upperBound > value) {
      if (lower === -Infinity) return count;
      return rank + ((count - rank) * (value - lower)) / (upperBound - lower);
    }
    rank = count;
    lower = upperBound;
  }
  return undefined;
}
