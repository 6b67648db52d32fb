// The histogram_* functions: of native histograms, and where it says so of classic ones too.
//
//   histogram_count, _sum, _avg, _stddev, _stdvar      native
//   histogram_quantile, _quantiles, _fraction           native, and classic ones put together from their `le` series
//
// When a classic and a native histogram with the same labels are there at the same time, neither is used.

import type { Labels } from "@flx/model";
import { METRIC_NAME } from "@flx/model";
import type { Span } from "../ast/nodes.ts";
import type { Execution } from "../evaluate/execution.ts";
import type { Grid } from "../evaluate/grid.ts";
import { FLOAT, HISTOGRAM, Matrix, NOTHING } from "../evaluate/matrix.ts";
import { openMetricsNumber } from "../evaluate/go-number.ts";
import { withoutMetadata } from "../evaluate/metric-labels.ts";
import { ResultRows } from "../evaluate/result-rows.ts";
import { bucketsOf } from "../histogram/buckets.ts";
import { type FloatHistogram, hasCustomBounds } from "../histogram/float-histogram.ts";
import { type Estimate, histogramFraction, histogramQuantile } from "../histogram/quantile.ts";
import { type ClassicBucket, classicFraction, classicQuantile } from "./classic-histogram.ts";
import { KahanSum } from "./kahan.ts";

/** The functions that give one float per native histogram. */
export const histogramNumbers: ReadonlyMap<string, (histogram: FloatHistogram) => number> = new Map(
  [
    ["histogram_avg", ({ sum, count }: FloatHistogram) => sum / count],
    ["histogram_count", ({ count }: FloatHistogram) => count],
    ["histogram_stddev", (histogram: FloatHistogram) => Math.sqrt(variance(histogram))],
    ["histogram_stdvar", variance],
    ["histogram_sum", ({ sum }: FloatHistogram) => sum],
  ],
);

/** Applies one of `histogramNumbers`, in place; floats are left out. */
export function mapHistograms(
  matrix: Matrix,
  numberOf: (histogram: FloatHistogram) => number,
  { features }: Execution,
): Matrix {
  const end = matrix.rows * matrix.steps;
  for (let at = 0; at < end; at++) {
    if (matrix.kinds[at] === HISTOGRAM) matrix.putFloat(at, numberOf(matrix.histogramAt(at)));
    else matrix.kinds[at] = NOTHING;
  }
  matrix.dropEmptyRows();
  if (features.delayedNameRemoval) matrix.dropName.fill(true, 0, matrix.rows);
  else {
    for (let row = 0; row < matrix.rows; row++) {
      matrix.labels[row] = matrix.labels[row]!.without(METRIC_NAME);
    }
    matrix.mergeSameLabels();
  }
  return matrix;
}

/** `histogram_quantile(q, matrix)`. */
export function quantileFunction(
  matrix: Matrix,
  q: Float64Array,
  spans: { readonly quantile: Span; readonly vector: Span },
  grid: Grid,
  execution: Execution,
): Matrix {
  const histograms = new HistogramRows(matrix, spans.vector, grid, execution);
  const result = new HistogramResult(matrix, histograms);
  for (let step = 0; step < matrix.steps; step++) {
    checkQuantile(q[step]!, spans.quantile, execution);
    const found = histograms.at(step);
    result.addNative(found, step, (each) => histograms.quantile(q[step]!, each));
    result.addClassic(found, step, (each) => histograms.classicQuantile(q[step]!, each, step));
  }
  return result.matrix;
}

/** `histogram_quantiles(matrix, label, q...)`: a series per quantile, told apart by a label. */
export function quantilesFunction(
  matrix: Matrix,
  label: string,
  quantiles: readonly { readonly column: Float64Array; readonly span: Span }[],
  span: Span,
  grid: Grid,
  execution: Execution,
): Matrix {
  const histograms = new HistogramRows(matrix, span, grid, execution);
  const result = new HistogramResult(matrix, histograms);
  for (let step = 0; step < matrix.steps; step++) {
    for (const each of quantiles) checkQuantile(each.column[step]!, each.span, execution);
    const found = histograms.at(step);
    for (const { column } of quantiles) {
      const q = column[step]!;
      const extra = [label, openMetricsNumber(q)] as const;
      result.addNative(found, step, (each) => histograms.quantile(q, each), extra);
      result.addClassic(found, step, (each) => histograms.classicQuantile(q, each, step), extra);
    }
  }
  return result.matrix;
}

/** `histogram_fraction(lower, upper, matrix)`. */
export function fractionFunction(
  matrix: Matrix,
  lower: Float64Array,
  upper: Float64Array,
  span: Span,
  grid: Grid,
  execution: Execution,
): Matrix {
  const histograms = new HistogramRows(matrix, span, grid, execution);
  const result = new HistogramResult(matrix, histograms);
  for (let step = 0; step < matrix.steps; step++) {
    const from = lower[step]!;
    const to = upper[step]!;
    const found = histograms.at(step);
    result.addNative(found, step, (each) => histograms.fraction(from, to, each));
    result.addClassic(found, step, ({ buckets }) => classicFraction(from, to, buckets));
  }
  return result.matrix;
}

function checkQuantile(q: number, span: Span, { annotations }: Execution): void {
  if (Number.isNaN(q) || q < 0 || q > 1) annotations.invalidQuantile(q, span);
}

/** A native histogram at one time. */
interface Native {
  readonly labels: Labels;
  readonly histogram: FloatHistogram;
}

/** A classic histogram at one time. */
interface Classic {
  readonly labels: Labels;
  readonly buckets: readonly ClassicBucket[];
}

interface Found {
  readonly natives: readonly Native[];
  readonly classics: readonly Classic[];
}

/** A row that holds buckets of a classic histogram. */
interface BucketRow {
  readonly group: number;
  readonly upperBound: number;
  /** The `le` value that cannot be read, when it cannot. */
  readonly badLabel: string | undefined;
}

/** The histograms in a matrix, time by time. */
class HistogramRows {
  readonly #matrix: Matrix;
  readonly #span: Span;
  readonly #grid: Grid;
  readonly #execution: Execution;
  readonly #rows: readonly BucketRow[];
  readonly #groupLabels: Labels[] = [];
  readonly #groupNumbers = new Map<string, number>();

  constructor(matrix: Matrix, span: Span, grid: Grid, execution: Execution) {
    this.#matrix = matrix;
    this.#span = span;
    this.#grid = grid;
    this.#execution = execution;
    this.#rows = matrix.labels.slice(0, matrix.rows).map((labels) => this.#bucketRow(labels));
  }

  /** Labels as they are in the result. */
  resultLabels(labels: Labels): Labels {
    return this.#execution.features.delayedNameRemoval ? labels : withoutMetadata(labels);
  }

  at(step: number): Found {
    const matrix = this.#matrix;
    const { annotations } = this.#execution;
    const natives: Native[] = [];
    const buckets = new Map<number, ClassicBucket[]>();
    for (const [row, bucketRow] of this.#rows.entries()) {
      const at = row * matrix.steps + step;
      const labels = matrix.labels[row]!;
      if (matrix.kinds[at] === HISTOGRAM)
        natives.push({ labels, histogram: matrix.histogramAt(at) });
      if (matrix.kinds[at] !== FLOAT) continue;
      if (bucketRow.badLabel !== undefined) {
        annotations.badBucketLabel(this.#nameOf(labels), bucketRow.badLabel, this.#span);
        continue;
      }
      const bucket = { upperBound: bucketRow.upperBound, count: matrix.values[at]! };
      const known = buckets.get(bucketRow.group);
      if (known === undefined) buckets.set(bucketRow.group, [bucket]);
      else known.push(bucket);
    }
    return this.#withoutConflicts(natives, buckets);
  }

  quantile(q: number, { histogram, labels }: Native): number {
    return this.#say(histogramQuantile(q, histogram), labels);
  }

  fraction(lower: number, upper: number, { histogram, labels }: Native): number {
    return this.#say(histogramFraction(lower, upper, histogram), labels);
  }

  classicQuantile(q: number, { buckets, labels }: Classic, step: number): number {
    const { value, forced } = classicQuantile(q, buckets);
    if (forced !== undefined) {
      const timeMs = this.#grid.startMs + step * this.#grid.stepMs;
      this.#execution.annotations.forcedMonotonicity(
        this.#nameOf(labels),
        this.#span,
        timeMs,
        forced,
      );
    }
    return value;
  }

  #say({ value, note }: Estimate, labels: Labels): number {
    const { annotations } = this.#execution;
    if (note === "nan-result") annotations.quantileNanResult(this.#nameOf(labels), this.#span);
    if (note === "nan-skew") annotations.quantileNanSkew(this.#nameOf(labels), this.#span);
    if (note === "nan-excluded") annotations.fractionNans(this.#nameOf(labels), this.#span);
    return value;
  }

  /** The metric's name, as long as the series still has it. */
  #nameOf(labels: Labels): string {
    return this.#execution.features.delayedNameRemoval ? (labels.metricName ?? "") : "";
  }

  #bucketRow(labels: Labels): BucketRow {
    const le = labels.get("le");
    const upperBound = le === undefined ? undefined : parseBound(le);
    if (upperBound === undefined) return { group: -1, upperBound: 0, badLabel: le ?? "" };
    const rest = labels.without("le");
    let group = this.#groupNumbers.get(rest.key);
    if (group === undefined) {
      group = this.#groupLabels.length;
      this.#groupNumbers.set(rest.key, group);
      this.#groupLabels.push(rest);
    }
    return { group, upperBound, badLabel: undefined };
  }

  #withoutConflicts(natives: Native[], buckets: Map<number, ClassicBucket[]>): Found {
    const { annotations } = this.#execution;
    const kept = natives.filter(({ labels }) => {
      const group = this.#groupNumbers.get(labels.key);
      if (group === undefined || !buckets.has(group)) return true;
      annotations.mixedClassicNative(this.#nameOf(labels), this.#span);
      buckets.delete(group);
      return false;
    });
    const classics = Array.from(buckets, ([group, found]) => ({
      labels: this.#groupLabels[group]!,
      buckets: found,
    }));
    return { natives: kept, classics };
  }
}

/** The rows of a result of one of the functions. */
class HistogramResult {
  readonly matrix: Matrix;
  readonly #rows: ResultRows;
  readonly #histograms: HistogramRows;
  readonly #labels = new Map<Labels, Labels>();

  constructor(matrix: Matrix, histograms: HistogramRows) {
    this.matrix = new Matrix(matrix.steps, matrix.rows);
    this.#rows = new ResultRows(this.matrix);
    this.#histograms = histograms;
  }

  addNative(
    { natives }: Found,
    step: number,
    valueOf: (native: Native) => number,
    extra?: readonly [string, string],
  ): void {
    for (const each of natives) this.#put(each.labels, step, valueOf(each), extra);
  }

  addClassic(
    { classics }: Found,
    step: number,
    valueOf: (classic: Classic) => number,
    extra?: readonly [string, string],
  ): void {
    for (const each of classics) this.#put(each.labels, step, valueOf(each), extra);
  }

  #put(
    source: Labels,
    step: number,
    value: number,
    extra: readonly [string, string] | undefined,
  ): void {
    let labels = this.#labels.get(source);
    if (labels === undefined) {
      labels = this.#histograms.resultLabels(source);
      this.#labels.set(source, labels);
    }
    if (extra !== undefined) labels = labels.with(...extra);
    this.#rows.put(labels, step, { value, histogram: undefined }, true);
  }
}

/** A bound as Go reads it; `undefined` when it is no number. */
function parseBound(text: string): number | undefined {
  const infinity = /^([+-]?)inf(?:inity)?$/iu.exec(text);
  if (infinity !== null) return infinity[1] === "-" ? -Infinity : Infinity;
  if (/^[+-]?nan$/iu.test(text)) return Number.NaN;
  if (/^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?$/iu.test(text)) return Number(text);
  return undefined;
}

function variance(histogram: FloatHistogram): number {
  const mean = histogram.sum / histogram.count;
  const custom = hasCustomBounds(histogram);
  const squares = new KahanSum();
  for (const { lower, upper, count } of bucketsOf(histogram)) {
    if (count === 0) continue;
    let value: number;
    if (custom) value = (upper + lower) / 2;
    else if (lower <= 0 && upper >= 0) value = 0;
    else value = upper < 0 ? -Math.sqrt(upper * lower) : Math.sqrt(upper * lower);
    const delta = value - mean;
    squares.add(count * delta * delta);
  }
  return squares.total / histogram.count;
}
