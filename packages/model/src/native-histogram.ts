// A native histogram: exponential buckets that exist only where something was observed.
//
//   negative side        zero bucket         positive side
//   [-2,-1) [-1,-1/2)   [-zt ... +zt]    (1/2,1] (1,2] (2,4]      schema 0
//     i=1      i=0        zeroCount        i=0    i=1   i=2
//
// Each side is two columns: indexes (ascending) and counts (floats, since rates and averages of histograms are
// histograms too). Empty buckets are never kept, so equal histograms look equal. Wire formats write runs of
// buckets as spans with deltas; that is their business, not this one's.
//
// Histograms of different resolution go together at the coarser one, and of different zero thresholds at the
// larger one, widened until it no longer cuts through a populated bucket: counts then move whole, and nothing is
// ever split by a guess. With custom bounds (schema -53) the bounds both have are kept, for the same reason.
//
// Source: https://prometheus.io/docs/specs/native_histograms/ . The quantile follows Prometheus 3: exponential
// interpolation inside a bucket, linear in the zero bucket and with custom bounds.

import { FlxError } from "./errors.ts";
import {
  anyFell,
  type BucketColumns,
  checkedColumns,
  combineColumns,
  compact,
  equalColumns,
  mergeIndexes,
  splitAtZero,
  total,
} from "./bucket-columns.ts";
import { CUSTOM_BOUNDS_SCHEMA, MAX_SCHEMA, MIN_SCHEMA, upperBound } from "./exponential-buckets.ts";

/** What is known about a counter starting again at this sample; `gauge` for histograms that go up and down. */
export type CounterResetHint = "unknown" | "reset" | "none" | "gauge";

/** What a native histogram is made from. */
export interface NativeHistogramInit {
  /** -4 to 8, or -53 for custom bounds. */
  readonly schema: number;
  /** Width of the zero bucket, >= 0: it holds values from -zeroThreshold to zeroThreshold. Default 0. */
  readonly zeroThreshold?: number;
  readonly zeroCount?: number;
  /** All observations; default: the sum of all buckets. Larger only when NaN was observed. */
  readonly count?: number;
  readonly sum: number;
  readonly positive?: { readonly indexes: ArrayLike<number>; readonly counts: ArrayLike<number> };
  readonly negative?: { readonly indexes: ArrayLike<number>; readonly counts: ArrayLike<number> };
  /** Upper bounds for schema -53: finite, strictly ascending; bucket i ends at bound i, the last at +Inf. */
  readonly customBounds?: ArrayLike<number>;
  /** Default "unknown". */
  readonly counterResetHint?: CounterResetHint;
}

/** One bucket with its bounds, as `NativeHistogram.buckets` gives them. */
export interface Bucket {
  readonly lower: number;
  readonly upper: number;
  readonly lowerInclusive: boolean;
  readonly upperInclusive: boolean;
  readonly count: number;
}

interface Fields {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  readonly positive: BucketColumns;
  readonly negative: BucketColumns;
  readonly customBounds: Float64Array;
  readonly counterResetHint: CounterResetHint;
}

/** A native histogram: immutable, counts are floats, empty buckets are not kept. */
export class NativeHistogram {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  readonly positive: BucketColumns;
  readonly negative: BucketColumns;
  /** Empty unless the schema is -53. */
  readonly customBounds: Float64Array;
  readonly counterResetHint: CounterResetHint;

  private constructor(fields: Fields) {
    this.schema = fields.schema;
    this.zeroThreshold = fields.zeroThreshold;
    this.zeroCount = fields.zeroCount;
    this.count = fields.count;
    this.sum = fields.sum;
    this.positive = fields.positive;
    this.negative = fields.negative;
    this.customBounds = fields.customBounds;
    this.counterResetHint = fields.counterResetHint;
  }

  /**
   * A checked histogram; columns are copied, empty buckets dropped.
   *
   * @throws {FlxError} `FLX_HISTOGRAM_SCHEMA`, `FLX_HISTOGRAM_BOUNDS` or `FLX_HISTOGRAM_COUNTS` with the value that
   *   does not fit
   */
  static from(init: NativeHistogramInit): NativeHistogram {
    const custom = init.schema === CUSTOM_BOUNDS_SCHEMA;
    checkSchema(init.schema);
    const customBounds = Float64Array.from(init.customBounds ?? []);
    checkCustomBounds(customBounds, custom);
    const zeroThreshold = init.zeroThreshold ?? 0;
    const zeroCount = init.zeroCount ?? 0;
    const positive = checkedColumns("positive", init.positive);
    const negative = checkedColumns("negative", init.negative);
    if (!(zeroThreshold >= 0 && zeroThreshold < Infinity)) {
      throw new FlxError(
        "FLX_HISTOGRAM_BOUNDS",
        `zeroThreshold must be >= 0, got ${zeroThreshold}`,
      );
    }
    if (custom) checkCustomBuckets(positive, negative, customBounds, zeroCount, zeroThreshold);
    const inBuckets = zeroCount + total(positive) + total(negative);
    const count = init.count ?? inBuckets;
    for (const [what, n] of [
      ["zeroCount", zeroCount],
      ["count", count],
    ] as const) {
      if (!(n >= 0 && n < Infinity)) {
        throw new FlxError("FLX_HISTOGRAM_COUNTS", `${what} must be a number >= 0, got ${n}`);
      }
    }
    return new NativeHistogram({
      schema: init.schema,
      zeroThreshold,
      zeroCount,
      count,
      sum: init.sum,
      positive,
      negative,
      customBounds,
      counterResetHint: init.counterResetHint ?? "unknown",
    });
  }

  /**
   * All of them together, as by repeated `add`.
   *
   * @returns `undefined` when there are none
   * @throws {FlxError} `FLX_HISTOGRAM_MIXED` as in `add`
   */
  static merge(histograms: Iterable<NativeHistogram>): NativeHistogram | undefined {
    let merged: NativeHistogram | undefined;
    for (const histogram of histograms) merged = merged?.add(histogram) ?? histogram;
    return merged;
  }

  /** Whether the buckets have custom bounds instead of exponential ones. */
  get hasCustomBounds(): boolean {
    return this.schema === CUSTOM_BOUNDS_SCHEMA;
  }

  /**
   * Both together, at the coarser schema and the larger zero bucket of the two.
   *
   * @throws {FlxError} `FLX_HISTOGRAM_MIXED` when one has custom bounds and the other exponential ones
   */
  add(other: NativeHistogram): NativeHistogram {
    return this.#combine(other, 1);
  }

  /**
   * This one minus the other, bucket by bucket; counts may become negative (check with `detectReset` first when
   * both are readings of one counter).
   *
   * @throws {FlxError} `FLX_HISTOGRAM_MIXED` as in `add`
   */
  subtract(other: NativeHistogram): NativeHistogram {
    return this.#combine(other, -1);
  }

  /** Every count and the sum multiplied by a factor; the result of a negative factor is a gauge. */
  scale(factor: number): NativeHistogram {
    return new NativeHistogram({
      ...this.#fields(),
      zeroCount: this.zeroCount * factor,
      count: this.count * factor,
      sum: this.sum * factor,
      positive: compact(
        this.positive.indexes,
        this.positive.counts.map((n) => n * factor),
      ),
      negative: compact(
        this.negative.indexes,
        this.negative.counts.map((n) => n * factor),
      ),
      counterResetHint: factor < 0 ? "gauge" : this.counterResetHint,
    });
  }

  /**
   * The same observations in fewer, wider buckets.
   *
   * @param schema the coarser schema, MIN_SCHEMA to this histogram's
   * @throws {FlxError} `FLX_HISTOGRAM_SCHEMA` when it is finer, or bounds are custom
   */
  downscale(schema: number): NativeHistogram {
    if (schema === this.schema) return this;
    if (this.hasCustomBounds || schema > this.schema || schema < MIN_SCHEMA) {
      throw new FlxError(
        "FLX_HISTOGRAM_SCHEMA",
        `a histogram of schema ${this.schema} cannot be brought to schema ${schema}`,
      );
    }
    const steps = this.schema - schema;
    return new NativeHistogram({
      ...this.#fields(),
      schema,
      positive: mergeIndexes(this.positive, steps),
      negative: mergeIndexes(this.negative, steps),
    });
  }

  /**
   * The same observations with a zero bucket at least as wide as asked. A populated bucket that the threshold would
   * cut is taken in whole, so the result may be wider.
   *
   * @param threshold not below this histogram's
   */
  widenZeroBucket(threshold: number): NativeHistogram {
    if (threshold <= this.zeroThreshold || this.hasCustomBounds) return this;
    const widened = this.#uncutThreshold(threshold);
    const positive = splitAtZero(this.positive, this.schema, widened);
    const negative = splitAtZero(this.negative, this.schema, widened);
    return new NativeHistogram({
      ...this.#fields(),
      zeroThreshold: widened,
      zeroCount: this.zeroCount + positive.inside + negative.inside,
      positive: positive.outside,
      negative: negative.outside,
    });
  }

  /** All populated buckets from the lowest to the highest; those that overlap the zero bucket end at it. */
  *buckets(): IterableIterator<Bucket> {
    if (this.hasCustomBounds) {
      yield* this.#customBuckets();
      return;
    }
    const { schema, zeroThreshold, positive, negative } = this;
    for (let i = negative.indexes.length - 1; i >= 0; i--) {
      const index = negative.indexes[i]!;
      yield {
        lower: -upperBound(schema, index),
        upper: Math.min(-upperBound(schema, index - 1), -zeroThreshold),
        lowerInclusive: true,
        upperInclusive: false,
        count: negative.counts[i]!,
      };
    }
    if (this.zeroCount !== 0) {
      yield {
        lower: -zeroThreshold,
        upper: zeroThreshold,
        lowerInclusive: true,
        upperInclusive: true,
        count: this.zeroCount,
      };
    }
    for (let i = 0; i < positive.indexes.length; i++) {
      const index = positive.indexes[i]!;
      yield {
        lower: Math.max(upperBound(schema, index - 1), zeroThreshold),
        upper: upperBound(schema, index),
        lowerInclusive: false,
        upperInclusive: true,
        count: positive.counts[i]!,
      };
    }
  }

  /**
   * The value below which a share `q` of the observations lies, as Prometheus' `histogram_quantile` estimates it.
   *
   * @param q 0 to 1; below gives -Infinity, above +Infinity
   * @returns NaN without observations, for `q` NaN, or when the rank lies among observed NaNs
   */
  quantile(q: number): number {
    if (Number.isNaN(q) || this.count === 0) return Number.NaN;
    if (q < 0) return -Infinity;
    if (q > 1) return Infinity;
    // Count from the nearer end, so that rounding stays small; from the front when NaNs hide behind the end.
    const fromFront = Number.isNaN(this.sum) || q < 0.5;
    const rank = (fromFront ? q : 1 - q) * this.count;
    const buckets = [...this.buckets()];
    if (!fromFront) buckets.reverse();
    let seen = 0;
    let bucket: Bucket | undefined;
    for (const next of buckets) {
      bucket = next;
      seen += next.count;
      if (seen >= rank) break;
    }
    if (bucket === undefined) return Number.NaN;
    seen = Math.min(seen, this.count);
    if (seen < rank) return Number.isNaN(this.sum) ? Number.NaN : bucket.upper;
    const inBucket = fromFront ? rank - (seen - bucket.count) : seen - rank;
    return this.#interpolate(bucket, inBucket / bucket.count);
  }

  /**
   * Whether the counter this is a reading of started again after `previous` was read: some count fell, or the
   * resolution became finer, or the zero bucket smaller, which a running counter never does.
   */
  detectReset(previous: NativeHistogram): boolean {
    if (this.counterResetHint === "reset") return true;
    if (this.counterResetHint === "none") return false;
    if (this.count < previous.count || this.hasCustomBounds !== previous.hasCustomBounds)
      return true;
    if (this.hasCustomBounds) {
      if (!equalColumns(this.customBounds, previous.customBounds)) return true;
      return anyFell(this.positive, previous.positive);
    }
    if (this.schema > previous.schema || this.zeroThreshold < previous.zeroThreshold) return true;
    const before = previous.downscale(this.schema).widenZeroBucket(this.zeroThreshold);
    return (
      before.zeroThreshold !== this.zeroThreshold ||
      this.zeroCount < before.zeroCount ||
      anyFell(this.positive, before.positive) ||
      anyFell(this.negative, before.negative)
    );
  }

  /** Same layout, counts and sum (NaN equals NaN); hints are not compared. */
  equals(other: NativeHistogram): boolean {
    return (
      this.schema === other.schema &&
      this.zeroThreshold === other.zeroThreshold &&
      this.zeroCount === other.zeroCount &&
      this.count === other.count &&
      Object.is(this.sum, other.sum) &&
      equalColumns(this.positive.indexes, other.positive.indexes) &&
      equalColumns(this.positive.counts, other.positive.counts) &&
      equalColumns(this.negative.indexes, other.negative.indexes) &&
      equalColumns(this.negative.counts, other.negative.counts) &&
      equalColumns(this.customBounds, other.customBounds)
    );
  }

  /** As Prometheus prints it: `{count:3, sum:7, [-1,1]:1, (2,4]:2}`. */
  toString(): string {
    const parts = [`count:${this.count}`, `sum:${this.sum}`];
    for (const bucket of this.buckets()) {
      const open = bucket.lowerInclusive ? "[" : "(";
      const close = bucket.upperInclusive ? "]" : ")";
      parts.push(`${open}${bucket.lower},${bucket.upper}${close}:${bucket.count}`);
    }
    return `{${parts.join(", ")}}`;
  }

  /** The fields, for a histogram that differs from this one in a few of them. */
  #fields(): Fields {
    const { schema, zeroThreshold, zeroCount, count, sum, positive, negative } = this;
    const { customBounds, counterResetHint } = this;
    return {
      schema,
      zeroThreshold,
      zeroCount,
      count,
      sum,
      positive,
      negative,
      customBounds,
      counterResetHint,
    };
  }

  #combine(other: NativeHistogram, sign: 1 | -1): NativeHistogram {
    const [a, b] = reconcile(this, other);
    return new NativeHistogram({
      ...a.#fields(),
      zeroCount: a.zeroCount + sign * b.zeroCount,
      count: a.count + sign * b.count,
      sum: a.sum + sign * b.sum,
      positive: combineColumns(a.positive, b.positive, sign),
      negative: combineColumns(a.negative, b.negative, sign),
      counterResetHint: combineHints(this.counterResetHint, other.counterResetHint),
    });
  }

  /** The smallest threshold >= the one asked for that cuts no populated bucket on either side. */
  #uncutThreshold(threshold: number): number {
    let uncut = threshold;
    for (;;) {
      const before = uncut;
      for (const { indexes } of [this.positive, this.negative]) {
        for (const index of indexes) {
          const upper = upperBound(this.schema, index);
          if (upperBound(this.schema, index - 1) < uncut && upper > uncut) uncut = upper;
        }
      }
      if (uncut === before) return uncut;
    }
  }

  /** The same observations with only the given custom bounds, which must be some of this histogram's. */
  withCustomBounds(bounds: Float64Array): NativeHistogram {
    if (equalColumns(bounds, this.customBounds)) return this;
    const indexes: number[] = [];
    const counts: number[] = [];
    for (const [i, index] of this.positive.indexes.entries()) {
      const upper = this.customBounds[index] ?? Infinity;
      const target = firstAtOrAbove(bounds, upper);
      if (indexes.at(-1) === target) counts[counts.length - 1]! += this.positive.counts[i]!;
      else {
        indexes.push(target);
        counts.push(this.positive.counts[i]!);
      }
    }
    return new NativeHistogram({
      ...this.#fields(),
      customBounds: bounds,
      positive: compact(Int32Array.from(indexes), Float64Array.from(counts)),
    });
  }

  *#customBuckets(): IterableIterator<Bucket> {
    for (const [i, index] of this.positive.indexes.entries()) {
      const lower = index === 0 ? -Infinity : this.customBounds[index - 1]!;
      yield {
        lower,
        upper: this.customBounds[index] ?? Infinity,
        lowerInclusive: lower === -Infinity,
        upperInclusive: true,
        count: this.positive.counts[i]!,
      };
    }
  }

  #interpolate(bucket: Bucket, share: number): number {
    let { lower, upper } = bucket;
    if (this.hasCustomBounds) {
      if (lower === -Infinity) {
        if (upper <= 0) return upper;
        lower = 0;
      }
      if (upper === Infinity) return lower;
    } else if (lower < 0 && upper > 0) {
      // The zero bucket of a histogram with one side only: nothing was observed on the other side of zero.
      if (this.negative.indexes.length === 0 && this.positive.indexes.length > 0) lower = 0;
      else if (this.positive.indexes.length === 0 && this.negative.indexes.length > 0) upper = 0;
    }
    if (this.hasCustomBounds || (lower <= 0 && upper >= 0)) return lower + (upper - lower) * share;
    const logLower = Math.log2(Math.abs(lower));
    const logUpper = Math.log2(Math.abs(upper));
    if (lower > 0) return 2 ** (logLower + (logUpper - logLower) * share);
    return -(2 ** (logUpper + (logLower - logUpper) * (1 - share)));
  }
}

/** Both histograms in one layout: same schema, same zero threshold, same custom bounds. */
function reconcile(a: NativeHistogram, b: NativeHistogram): [NativeHistogram, NativeHistogram] {
  if (a.hasCustomBounds !== b.hasCustomBounds) {
    throw new FlxError(
      "FLX_HISTOGRAM_MIXED",
      "a histogram with custom bounds and one with exponential bounds cannot be combined",
    );
  }
  if (a.hasCustomBounds) {
    const shared = a.customBounds.filter((bound) => b.customBounds.includes(bound));
    return [a.withCustomBounds(shared), b.withCustomBounds(shared)];
  }
  const schema = Math.min(a.schema, b.schema);
  let first = a.downscale(schema);
  let second = b.downscale(schema);
  // Each widening may have to go beyond the other's threshold; it ends, since there are finitely many bounds.
  while (first.zeroThreshold !== second.zeroThreshold) {
    first = first.widenZeroBucket(second.zeroThreshold);
    second = second.widenZeroBucket(first.zeroThreshold);
  }
  return [first, second];
}

function combineHints(a: CounterResetHint, b: CounterResetHint): CounterResetHint {
  if (a === b) return a;
  return a === "gauge" || b === "gauge" ? "gauge" : "unknown";
}

function firstAtOrAbove(bounds: Float64Array, value: number): number {
  const at = bounds.findIndex((bound) => bound >= value);
  return at < 0 ? bounds.length : at;
}

function checkSchema(schema: number): void {
  const exponential = Number.isInteger(schema) && schema >= MIN_SCHEMA && schema <= MAX_SCHEMA;
  if (!exponential && schema !== CUSTOM_BOUNDS_SCHEMA) {
    throw new FlxError(
      "FLX_HISTOGRAM_SCHEMA",
      `schema must be a whole number from ${MIN_SCHEMA} to ${MAX_SCHEMA}, or ${CUSTOM_BOUNDS_SCHEMA}, got ${schema}`,
    );
  }
}

function checkCustomBounds(bounds: Float64Array, custom: boolean): void {
  if (!custom && bounds.length > 0) {
    throw new FlxError("FLX_HISTOGRAM_BOUNDS", "only schema -53 has custom bounds");
  }
  for (const [i, bound] of bounds.entries()) {
    if (!Number.isFinite(bound) || (i > 0 && bound <= bounds[i - 1]!)) {
      throw new FlxError(
        "FLX_HISTOGRAM_BOUNDS",
        `custom bounds must be finite and strictly ascending, got [${bounds.join(", ")}]`,
      );
    }
  }
}

function checkCustomBuckets(
  positive: BucketColumns,
  negative: BucketColumns,
  bounds: Float64Array,
  zeroCount: number,
  zeroThreshold: number,
): void {
  if (negative.indexes.length > 0 || zeroCount !== 0 || zeroThreshold !== 0) {
    throw new FlxError(
      "FLX_HISTOGRAM_BOUNDS",
      "custom bounds leave no negative side and no zero bucket",
    );
  }
  const first = positive.indexes[0] ?? 0;
  const last = positive.indexes.at(-1) ?? 0;
  if (first < 0 || last > bounds.length) {
    throw new FlxError(
      "FLX_HISTOGRAM_BOUNDS",
      `${bounds.length} custom bounds have buckets 0 to ${bounds.length}, got index ${first < 0 ? first : last}`,
    );
  }
}
