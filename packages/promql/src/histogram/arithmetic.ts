// Native histograms added, subtracted and scaled, as PromQL's operators and aggregations do it.
//
//   a + b      coarser schema, wider zero bucket, shared custom bounds of the two (layout.ts), then bucket by bucket
//   a + b + …  with compensation (Kahan): `Compensated` carries the sum and what did not fit into it
//
// Exponential and custom bounds do not mix: `undefined` then, and the caller says so in its own words.
//
// The hint of a sum: gauge if one is a gauge, unknown if they differ; "reset" with "none" is a collision, which
// callers report as a warning.

import type { BucketColumns, CounterResetHint } from "@flx/model";
import { upperBound } from "@flx/model";
import { KahanSum } from "../functions/kahan.ts";
import {
  equalArrays,
  type FloatHistogram,
  fieldsOf,
  hasCustomBounds,
  noBuckets,
} from "./float-histogram.ts";
import {
  bucketsAt,
  coarserColumns,
  columnsFrom,
  reconcileZeroBuckets,
  sharedBounds,
  targetBuckets,
} from "./layout.ts";

/** A sum or difference, and what a user should know about it. */
export interface Combined {
  readonly histogram: FloatHistogram;
  /** One says the counter began again, the other that it did not. */
  readonly collision: boolean;
  /** Their custom bounds differ: only the shared ones were kept. */
  readonly reconciled: boolean;
}

/** A sum with its compensation. */
export interface Compensated extends Combined {
  readonly compensation: FloatHistogram;
}

/** `a + b`, or `undefined` when one has custom bounds and the other has not. */
export function addHistograms(a: FloatHistogram, b: FloatHistogram): Combined | undefined {
  return combine(a, b, 1);
}

/** `a - b`, or `undefined` when one has custom bounds and the other has not. The hint is that of a sum. */
export function subtractHistograms(a: FloatHistogram, b: FloatHistogram): Combined | undefined {
  return combine(a, b, -1);
}

/** Every count and the sum times a factor; a negative factor makes a gauge. */
export function scaleHistogram(histogram: FloatHistogram, factor: number): FloatHistogram {
  return mapCounts(histogram, (count) => count * factor, factor < 0);
}

/** Every count and the sum divided; dividing by zero leaves no buckets, a negative divisor makes a gauge. */
export function divideHistogram(histogram: FloatHistogram, divisor: number): FloatHistogram {
  const divided = mapCounts(histogram, (count) => count / divisor, divisor < 0);
  if (divisor !== 0) return divided;
  return { ...divided, positive: noBuckets, negative: noBuckets };
}

/** Whether a count, the sum or a bucket became infinite. */
export function hasOverflow(histogram: FloatHistogram): boolean {
  const infinite = (n: number): boolean => n === Infinity || n === -Infinity;
  const { zeroCount, count, sum, positive, negative } = histogram;
  return (
    infinite(zeroCount) ||
    infinite(count) ||
    infinite(sum) ||
    positive.counts.some(infinite) ||
    negative.counts.some(infinite)
  );
}

/** `a + b` where `compensation` is what earlier additions to `a` left over. */
export function kahanAdd(
  a: FloatHistogram,
  b: FloatHistogram,
  compensation: FloatHistogram | undefined,
): Compensated | undefined {
  if (hasCustomBounds(a) !== hasCustomBounds(b)) return undefined;
  const carried = compensation ?? emptyLike(a);
  return hasCustomBounds(a) ? kahanAddCustom(a, b, carried) : kahanAddExponential(a, b, carried);
}

/** What is known of resets when two histograms go together. */
export function combineHints(
  a: CounterResetHint,
  b: CounterResetHint,
): { readonly hint: CounterResetHint; readonly collision: boolean } {
  if (a === b) return { hint: a, collision: false };
  if (a === "gauge" || b === "gauge") return { hint: "gauge", collision: false };
  return { hint: "unknown", collision: a !== "unknown" && b !== "unknown" };
}

function combine(a: FloatHistogram, b: FloatHistogram, sign: 1 | -1): Combined | undefined {
  if (hasCustomBounds(a) !== hasCustomBounds(b)) return undefined;
  const { hint, collision } = combineHints(a.counterResetHint, b.counterResetHint);
  const totals = {
    count: a.count + sign * b.count,
    sum: a.sum + sign * b.sum,
    counterResetHint: hint,
  };
  if (hasCustomBounds(a)) {
    if (equalArrays(a.customBounds, b.customBounds)) {
      const positive = merge(a.positive, b.positive, sign);
      return { histogram: { ...fieldsOf(a), ...totals, positive }, collision, reconciled: false };
    }
    const customBounds = sharedBounds(a.customBounds, b.customBounds);
    const { counts } = rebucket(a, b, customBounds, sign);
    return {
      histogram: { ...fieldsOf(a), ...totals, customBounds, positive: columnsFrom(counts) },
      collision,
      reconciled: true,
    };
  }
  const { histogram, otherZeroCount } = reconcileZeroBuckets(a, b);
  const schema = Math.min(a.schema, b.schema);
  const side = (mine: BucketColumns, other: BucketColumns): BucketColumns =>
    merge(
      coarserColumns(mine, a.schema, schema),
      aboveThreshold(coarserColumns(other, b.schema, schema), schema, histogram.zeroThreshold),
      sign,
    );
  return {
    histogram: {
      ...histogram,
      ...totals,
      schema,
      zeroCount: histogram.zeroCount + sign * otherZeroCount,
      positive: side(histogram.positive, b.positive),
      negative: side(histogram.negative, b.negative),
    },
    collision,
    reconciled: false,
  };
}

function mapCounts(
  histogram: FloatHistogram,
  map: (count: number) => number,
  toGauge: boolean,
): FloatHistogram {
  const side = (columns: BucketColumns): BucketColumns =>
    columns.counts.length === 0
      ? columns
      : { indexes: columns.indexes, counts: columns.counts.map(map) };
  return {
    ...fieldsOf(histogram),
    zeroCount: map(histogram.zeroCount),
    count: map(histogram.count),
    sum: map(histogram.sum),
    positive: side(histogram.positive),
    negative: side(histogram.negative),
    counterResetHint: toGauge ? "gauge" : histogram.counterResetHint,
  };
}

/** The buckets whose upper bound lies above the zero threshold. */
function aboveThreshold(columns: BucketColumns, schema: number, threshold: number): BucketColumns {
  let from = 0;
  while (from < columns.indexes.length && upperBound(schema, columns.indexes[from]!) <= threshold) {
    from++;
  }
  if (from === 0) return columns;
  return { indexes: columns.indexes.slice(from), counts: columns.counts.slice(from) };
}

/** Two sides by index; empty buckets stay. */
function merge(a: BucketColumns, b: BucketColumns, sign: 1 | -1): BucketColumns {
  if (b.indexes.length === 0) return a;
  const indexes = unionIndexes(a.indexes, b.indexes);
  const mine = bucketsAt(a, indexes).counts;
  const other = bucketsAt(b, indexes).counts;
  for (let i = 0; i < mine.length; i++) mine[i]! += sign * other[i]!;
  return { indexes, counts: mine };
}

function unionIndexes(a: Int32Array, b: Int32Array): Int32Array {
  if (equalArrays(a, b)) return a;
  const union = new Int32Array(a.length + b.length);
  let n = 0;
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const x = a[i] ?? Infinity;
    const y = b[j] ?? Infinity;
    union[n++] = Math.min(x, y);
    if (x <= y) i++;
    if (y <= x) j++;
  }
  return union.slice(0, n);
}

/** A histogram of zeros in the layout of another: the start of a compensation. */
function emptyLike(histogram: FloatHistogram): FloatHistogram {
  const side = ({ indexes }: BucketColumns): BucketColumns => ({
    indexes,
    counts: new Float64Array(indexes.length),
  });
  return {
    ...fieldsOf(histogram),
    zeroCount: 0,
    count: 0,
    sum: 0,
    positive: side(histogram.positive),
    negative: side(histogram.negative),
  };
}

interface Totals {
  readonly sum: Pick<FloatHistogram, "count" | "sum" | "counterResetHint">;
  readonly compensation: Pick<FloatHistogram, "count" | "sum">;
  readonly collision: boolean;
}

function kahanTotals(a: FloatHistogram, b: FloatHistogram, c: FloatHistogram): Totals {
  const { hint, collision } = combineHints(a.counterResetHint, b.counterResetHint);
  const count = new KahanSum(a.count, c.count);
  count.add(b.count);
  const sum = new KahanSum(a.sum, c.sum);
  sum.add(b.sum);
  return {
    sum: { count: count.sum, sum: sum.sum, counterResetHint: hint },
    compensation: { count: count.compensation, sum: sum.compensation },
    collision,
  };
}

function kahanAddExponential(a: FloatHistogram, b: FloatHistogram, c: FloatHistogram): Compensated {
  const totals = kahanTotals(a, b, c);
  const zero = reconcileZeroBuckets(a, b, c);
  const mine = zero.histogram;
  const carried = zero.companion ?? c;
  const zeroSum = new KahanSum(mine.zeroCount, carried.zeroCount);
  zeroSum.add(zero.otherZeroCount);
  const schema = Math.min(a.schema, b.schema);
  const side = (x: BucketColumns, xc: BucketColumns, y: BucketColumns): KahanColumns => {
    const ours = kahanCoarser({ sums: x, compensations: xc }, a.schema, schema);
    const empty = { indexes: y.indexes, counts: new Float64Array(y.indexes.length) };
    const theirs = kahanCoarser({ sums: y, compensations: empty }, b.schema, schema);
    const sums = aboveThreshold(theirs.sums, schema, mine.zeroThreshold);
    const compensations = bucketsAt(theirs.compensations, sums.indexes);
    return kahanMerge(ours, { sums, compensations });
  };
  const positive = side(mine.positive, carried.positive, b.positive);
  const negative = side(mine.negative, carried.negative, b.negative);
  const layout = { schema, zeroThreshold: mine.zeroThreshold };
  return {
    histogram: {
      ...mine,
      ...totals.sum,
      ...layout,
      zeroCount: zeroSum.sum,
      positive: positive.sums,
      negative: negative.sums,
    },
    compensation: {
      ...carried,
      ...totals.compensation,
      ...layout,
      zeroCount: zeroSum.compensation,
      positive: positive.compensations,
      negative: negative.compensations,
    },
    collision: totals.collision,
    reconciled: false,
  };
}

function kahanAddCustom(a: FloatHistogram, b: FloatHistogram, c: FloatHistogram): Compensated {
  const totals = kahanTotals(a, b, c);
  const { collision } = totals;
  if (equalArrays(a.customBounds, b.customBounds)) {
    const none = {
      indexes: b.positive.indexes,
      counts: new Float64Array(b.positive.counts.length),
    };
    const merged = kahanMerge(
      { sums: a.positive, compensations: c.positive },
      { sums: b.positive, compensations: none },
    );
    return {
      histogram: { ...fieldsOf(a), ...totals.sum, positive: merged.sums },
      compensation: { ...c, ...totals.compensation, positive: merged.compensations },
      collision,
      reconciled: false,
    };
  }
  const customBounds = sharedBounds(a.customBounds, b.customBounds);
  const { counts, compensations } = rebucket(a, b, customBounds, 1, c);
  const indexes: number[] = [];
  for (let i = 0; i < counts.length; i++) {
    if (counts[i] !== 0 || compensations[i] !== 0) indexes.push(i);
  }
  const kept = Int32Array.from(indexes);
  const pick = (from: Float64Array): BucketColumns => ({
    indexes: kept,
    counts: Float64Array.from(indexes, (i) => from[i]!),
  });
  return {
    histogram: { ...fieldsOf(a), ...totals.sum, customBounds, positive: pick(counts) },
    compensation: { ...c, ...totals.compensation, customBounds, positive: pick(compensations) },
    collision,
    reconciled: true,
  };
}

/** Both histograms' buckets in the layout of shared bounds, with what did not fit. */
function rebucket(
  a: FloatHistogram,
  b: FloatHistogram,
  bounds: Float64Array,
  sign: 1 | -1,
  companion?: FloatHistogram,
): { readonly counts: Float64Array; readonly compensations: Float64Array } {
  const counts = new Float64Array(bounds.length + 1);
  const compensations = new Float64Array(bounds.length + 1);
  const cell = new KahanSum();
  const put = (target: number, value: number): void => {
    cell.sum = counts[target]!;
    cell.compensation = compensations[target]!;
    cell.add(value);
    counts[target] = cell.sum;
    compensations[target] = cell.compensation;
  };
  const toA = targetBuckets(a.positive, a.customBounds, bounds);
  for (let i = 0; i < toA.length; i++) {
    put(toA[i]!, a.positive.counts[i]!);
    if (companion !== undefined) put(toA[i]!, companion.positive.counts[i]!);
  }
  const toB = targetBuckets(b.positive, b.customBounds, bounds);
  for (let i = 0; i < toB.length; i++) put(toB[i]!, sign * b.positive.counts[i]!);
  return { counts, compensations };
}

/** Sums and compensations of one side; their indexes are the same. */
interface KahanColumns {
  readonly sums: BucketColumns;
  readonly compensations: BucketColumns;
}

function kahanCoarser(columns: KahanColumns, from: number, to: number): KahanColumns {
  if (from === to) return columns;
  const { sums, compensations } = columns;
  const { indexes } = coarserColumns(sums, from, to);
  const counts = new Float64Array(indexes.length);
  const carried = new Float64Array(indexes.length);
  const cell = new KahanSum();
  let at = -1;
  for (let i = 0; i < sums.indexes.length; i++) {
    const index = ((sums.indexes[i]! - 1) >> (from - to)) + 1;
    if (at >= 0 && indexes[at] === index) {
      cell.add(sums.counts[i]!);
      cell.add(compensations.counts[i]!);
    } else {
      at++;
      cell.sum = sums.counts[i]!;
      cell.compensation = compensations.counts[i]!;
    }
    counts[at] = cell.sum;
    carried[at] = cell.compensation;
  }
  return { sums: { indexes, counts }, compensations: { indexes, counts: carried } };
}

function kahanMerge(a: KahanColumns, b: KahanColumns): KahanColumns {
  if (b.sums.indexes.length === 0) return a;
  const indexes = unionIndexes(a.sums.indexes, b.sums.indexes);
  const counts = bucketsAt(a.sums, indexes).counts;
  const carried = bucketsAt(a.compensations, indexes).counts;
  const cell = new KahanSum();
  let at = 0;
  let mine = 0;
  for (let i = 0; i < b.sums.indexes.length; i++) {
    const index = b.sums.indexes[i]!;
    while (indexes[at]! < index) at++;
    while (mine < a.sums.indexes.length && a.sums.indexes[mine]! < index) mine++;
    const leftOver = b.compensations.counts[i]!;
    if (a.sums.indexes[mine] === index) {
      cell.sum = counts[at]!;
      cell.compensation = carried[at]!;
      cell.add(b.sums.counts[i]!);
      if (leftOver !== 0) cell.add(leftOver);
      counts[at] = cell.sum;
      carried[at] = cell.compensation;
    } else {
      counts[at] = b.sums.counts[i]!;
      carried[at] = leftOver;
    }
  }
  return { sums: { indexes, counts }, compensations: { indexes, counts: carried } };
}
