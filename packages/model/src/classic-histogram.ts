// A classic histogram: counts of observations at or below each of a fixed list of upper bounds.
//
//   upper bounds        0.1    0.5     1     +Inf (implied)
//   cumulative counts     3      7     9      10      <- as on the wire; the last one is the count
//
// Counts are kept cumulative. So parse and write are exact even when counts are not whole numbers, and two
// histograms with different bounds merge exactly: at a bound both have, the counts at or below it add up.

import { equalColumns } from "./bucket-columns.ts";
import { FlxError } from "./errors.ts";

/** What a classic histogram is made from. */
export interface ClassicHistogramInit {
  /** Finite upper bounds, strictly ascending. */
  readonly upperBounds: ArrayLike<number>;
  /** Counts at or below each bound, then the count at or below +Inf: one more than bounds, never falling. */
  readonly cumulativeCounts: ArrayLike<number>;
  /** Sum of all observations; leave it out when the source does not say. */
  readonly sum?: number | undefined;
}

/** A classic histogram: immutable, bounds strictly ascending and finite, +Inf implied. */
export class ClassicHistogram {
  /** Finite upper bounds, strictly ascending. */
  readonly upperBounds: Float64Array;
  /** Observations at or below each bound, and at the end those at or below +Inf: one more than bounds. */
  readonly cumulativeCounts: Float64Array;
  /** Sum of all observations; `undefined` when the source does not say. */
  readonly sum: number | undefined;

  private constructor(
    upperBounds: Float64Array,
    cumulativeCounts: Float64Array,
    sum: number | undefined,
  ) {
    this.upperBounds = upperBounds;
    this.cumulativeCounts = cumulativeCounts;
    this.sum = sum;
  }

  /**
   * A checked histogram; the arrays are copied.
   *
   * @throws {FlxError} `FLX_HISTOGRAM_BOUNDS` when bounds are not finite and strictly ascending,
   *   `FLX_HISTOGRAM_COUNTS` when counts are not one more than bounds, are NaN or negative, or fall
   */
  static from(init: ClassicHistogramInit): ClassicHistogram {
    const bounds = Float64Array.from(init.upperBounds);
    const counts = Float64Array.from(init.cumulativeCounts);
    checkBounds(bounds);
    if (counts.length !== bounds.length + 1) {
      throw new FlxError(
        "FLX_HISTOGRAM_COUNTS",
        `${bounds.length} bounds need ${bounds.length + 1} counts (the last is +Inf), got ${counts.length}`,
      );
    }
    checkCounts(counts);
    return new ClassicHistogram(bounds, counts, init.sum);
  }

  /**
   * All of them together, as by repeated `add`.
   *
   * @returns `undefined` when there are none
   */
  static merge(histograms: Iterable<ClassicHistogram>): ClassicHistogram | undefined {
    let merged: ClassicHistogram | undefined;
    for (const histogram of histograms) merged = merged?.add(histogram) ?? histogram;
    return merged;
  }

  /** All observations. */
  get count(): number {
    return this.cumulativeCounts[this.cumulativeCounts.length - 1]!;
  }

  /**
   * Both together. Where the bounds differ, only those that both have are kept: the counts at them are exact, and
   * anything finer would be a guess.
   */
  add(other: ClassicHistogram): ClassicHistogram {
    return this.#combine(other, 1);
  }

  /**
   * What came to `earlier` since: the same histogram read later, minus its earlier reading.
   *
   * @throws {FlxError} `FLX_HISTOGRAM_COUNTS` when the result would have negative or falling counts, which means
   *   that the counter started again in between
   */
  subtract(earlier: ClassicHistogram): ClassicHistogram {
    const difference = this.#combine(earlier, -1);
    checkCounts(difference.cumulativeCounts);
    return difference;
  }

  /**
   * Only the given bounds, which must be some of this histogram's: fewer buckets, exact counts.
   *
   * @throws {FlxError} `FLX_HISTOGRAM_BOUNDS` when a bound is not one of this histogram's or they do not ascend
   */
  downscale(upperBounds: ArrayLike<number>): ClassicHistogram {
    const bounds = Float64Array.from(upperBounds);
    checkBounds(bounds);
    const counts = new Float64Array(bounds.length + 1);
    for (const [i, bound] of bounds.entries()) {
      const at = this.upperBounds.indexOf(bound);
      if (at < 0) {
        throw new FlxError("FLX_HISTOGRAM_BOUNDS", `the histogram has no bound ${bound}`);
      }
      counts[i] = this.cumulativeCounts[at]!;
    }
    counts[bounds.length] = this.count;
    return new ClassicHistogram(bounds, counts, this.sum);
  }

  /**
   * The value below which a share `q` of the observations lies, as Prometheus' `histogram_quantile` estimates it:
   * linear inside a bucket, the first bucket starting at zero when its bound is positive, the highest finite bound
   * when the quantile lies above it.
   *
   * @param q 0 to 1; below gives -Infinity, above +Infinity
   * @returns NaN without observations, without finite bounds, or for `q` NaN
   */
  quantile(q: number): number {
    if (Number.isNaN(q) || this.count === 0 || this.upperBounds.length === 0) return Number.NaN;
    if (q < 0) return -Infinity;
    if (q > 1) return Infinity;
    const { upperBounds, cumulativeCounts } = this;
    const rank = q * this.count;
    let bucket = cumulativeCounts.findIndex((count) => count >= rank);
    if (bucket < 0) bucket = upperBounds.length;
    if (bucket === upperBounds.length) return upperBounds[bucket - 1]!;
    const upper = upperBounds[bucket]!;
    if (bucket === 0 && upper <= 0) return upper;
    const lower = bucket === 0 ? 0 : upperBounds[bucket - 1]!;
    const below = bucket === 0 ? 0 : cumulativeCounts[bucket - 1]!;
    return lower + (upper - lower) * ((rank - below) / (cumulativeCounts[bucket]! - below));
  }

  /** Same bounds, counts and sum (NaN equals NaN). */
  equals(other: ClassicHistogram): boolean {
    return (
      Object.is(this.sum, other.sum) &&
      equalColumns(this.upperBounds, other.upperBounds) &&
      equalColumns(this.cumulativeCounts, other.cumulativeCounts)
    );
  }

  #combine(other: ClassicHistogram, sign: 1 | -1): ClassicHistogram {
    const shared = this.upperBounds.filter((bound) => other.upperBounds.includes(bound));
    const a = this.downscale(shared);
    const b = other.downscale(shared);
    const counts = a.cumulativeCounts.map((count, i) => count + sign * b.cumulativeCounts[i]!);
    const sum = a.sum === undefined || b.sum === undefined ? undefined : a.sum + sign * b.sum;
    return new ClassicHistogram(shared, counts, sum);
  }
}

function checkBounds(bounds: Float64Array): void {
  for (const [i, bound] of bounds.entries()) {
    if (!Number.isFinite(bound) || (i > 0 && bound <= bounds[i - 1]!)) {
      throw new FlxError(
        "FLX_HISTOGRAM_BOUNDS",
        `upper bounds must be finite and strictly ascending, got [${bounds.join(", ")}]`,
      );
    }
  }
}

function checkCounts(counts: Float64Array): void {
  for (const [i, count] of counts.entries()) {
    if (!(count >= 0) || (i > 0 && count < counts[i - 1]!)) {
      throw new FlxError(
        "FLX_HISTOGRAM_COUNTS",
        `cumulative counts must be >= 0 and never fall, got [${counts.join(", ")}]`,
      );
    }
  }
}
