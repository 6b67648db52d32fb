// The operators `</` and `>/`: the observations of a native histogram below or above a value.
//
//   buckets   (1,2]:4  (2,4]:6          h </ 3 keeps (1,2]:4 and the part of (2,4] below 3
//
// A bucket that the value cuts is divided as for quantiles: logarithmically, or linearly in the zero bucket and with
// custom bounds. An infinitely wide bucket cannot be divided and goes or stays as a whole. When something was cut
// away, the sum is estimated anew from the middle of what is left of each bucket.
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/operators/#histogram-trim-operators .

import type { BucketColumns } from "@flx/model";
import { type BucketView, negativeBuckets, positiveBuckets, zeroBucketOf } from "./buckets.ts";
import { compacted, type FloatHistogram, fieldsOf, hasCustomBounds } from "./float-histogram.ts";
import { fractionBelow } from "./quantile.ts";

/** What is left of a bucket: how many observations, and the value they stand for. */
interface Kept {
  readonly count: number;
  readonly middle: number;
}

/** The observations below `value` (`keep` is "below") or above it, in a compacted histogram. */
export function trimHistogram(
  histogram: FloatHistogram,
  value: number,
  keep: "below" | "above",
): FloatHistogram {
  const trim = new Trim(histogram, value, keep);
  const positive = trim.side(histogram.positive, positiveBuckets(histogram), true);
  const negative = trim.side(histogram.negative, negativeBuckets(histogram), false);
  const zeroCount = trim.zero();
  if (!trim.changed) return histogram;
  const { count, sum } = trim;
  return compacted({ ...fieldsOf(histogram), count, sum, zeroCount, positive, negative });
}

class Trim {
  readonly #histogram: FloatHistogram;
  readonly #value: number;
  readonly #below: boolean;
  readonly #custom: boolean;
  #hasPositive = false;
  #hasNegative = false;
  count = 0;
  sum = 0;
  changed = false;

  constructor(histogram: FloatHistogram, value: number, keep: "below" | "above") {
    this.#histogram = histogram;
    this.#value = value;
    this.#below = keep === "below";
    this.#custom = hasCustomBounds(histogram);
  }

  side(columns: BucketColumns, buckets: readonly BucketView[], positive: boolean): BucketColumns {
    const counts = Float64Array.from(columns.counts);
    for (const [i, bucket] of buckets.entries()) {
      if (bucket.count === 0) continue;
      if (positive) this.#hasPositive = true;
      else this.#hasNegative = true;
      const kept = this.#keep(bucket, positive);
      if (kept === undefined) {
        counts[i] = 0;
        this.changed = true;
        continue;
      }
      this.#take(kept);
      if (kept.count !== bucket.count) {
        counts[i] = kept.count;
        this.changed = true;
      }
    }
    return { indexes: columns.indexes, counts };
  }

  zero(): number {
    const { zeroCount } = this.#histogram;
    if (!(zeroCount > 0)) return zeroCount;
    const kept = this.#keepOfZero();
    if (kept.count !== zeroCount) this.changed = true;
    this.#take(kept);
    return kept.count;
  }

  #take({ count, middle }: Kept): void {
    this.count += count;
    this.sum += middle * count;
  }

  /** `undefined` when the bucket lies on the other side of the value. */
  #keep(bucket: BucketView, positive: boolean): Kept | undefined {
    const value = this.#value;
    const inside = this.#below ? bucket.upper <= value : bucket.lower >= value;
    if (inside) {
      const middle = middleOf(bucket.lower, bucket.upper, positive, this.#custom);
      return { count: bucket.count, middle };
    }
    const outside = this.#below ? !(bucket.lower < value) : !(bucket.upper > value);
    if (outside) return undefined;
    if (bucket.lower === -Infinity || bucket.upper === Infinity)
      return this.#keepOfInfinite(bucket);
    const below = bucket.count * this.#shareBelow(bucket);
    if (this.#below) {
      return { count: below, middle: middleOf(bucket.lower, value, positive, this.#custom) };
    }
    const middle = middleOf(value, bucket.upper, positive, this.#custom);
    return { count: bucket.count - below, middle };
  }

  #shareBelow(bucket: BucketView): number {
    if (this.#value <= bucket.lower) return 0;
    if (this.#value >= bucket.upper) return 1;
    return fractionBelow(bucket, this.#value, this.#custom);
  }

  #keepOfInfinite({ lower, upper, count }: BucketView): Kept {
    const value = this.#value;
    if (lower !== -Infinity) {
      if (!this.#below && value >= lower) return { count, middle: value };
      return { count: 0, middle: finiteOr0(lower) };
    }
    if (this.#below) {
      if (value >= upper) return { count, middle: 0 };
      // A first bucket with a positive end is taken as starting at zero.
      if (value > 0 && upper > 0 && upper !== Infinity) {
        return { count: (count * value) / upper, middle: value / 2 };
      }
      if (upper <= 0) return { count, middle: value };
      return { count: 0, middle: finiteOr0(upper) };
    }
    if (value <= lower) return { count, middle: 0 };
    if (value >= 0 && upper > value && upper !== Infinity) {
      return { count: count * (1 - value / upper), middle: (value + upper) / 2 };
    }
    return { count: 0, middle: finiteOr0(upper) };
  }

  #keepOfZero(): Kept {
    const { count, ...zero } = zeroBucketOf(this.#histogram);
    const lower = this.#hasPositive && !this.#hasNegative ? 0 : zero.lower;
    const upper = this.#hasNegative && !this.#hasPositive ? 0 : zero.upper;
    const value = this.#value;
    const nothing = this.#below ? value <= lower : value >= upper;
    if (nothing) return { count: 0, middle: 0 };
    const everything = this.#below ? value >= upper : value <= lower;
    if (everything) return { count, middle: (lower + upper) / 2 };
    if (this.#below) {
      return { count: count * ((value - lower) / (upper - lower)), middle: (lower + value) / 2 };
    }
    return { count: count * ((upper - value) / (upper - lower)), middle: (value + upper) / 2 };
  }
}

function finiteOr0(value: number): number {
  return Math.abs(value) === Infinity ? 0 : value;
}

/** The value that stands for all observations between two bounds. */
function middleOf(lower: number, upper: number, positive: boolean, linear: boolean): number {
  if (Math.abs(lower) === Infinity) {
    if (Math.abs(upper) === Infinity) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (Math.abs(upper) === Infinity) return lower;
  if (linear) return (lower + upper) / 2;
  const middle = Math.sqrt(Math.abs(lower * upper));
  return positive ? middle : -middle;
}
