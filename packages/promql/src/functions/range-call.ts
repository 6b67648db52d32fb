// Functions of a range vector: a window (window.ts) slides over each series, one result per evaluation time.
//
//   series 0 .. n   load its samples once
//     time 0 .. m   move the window's two ends, call the function, put its result into the row of the series
//
// A subquery's result is taken as series whose samples lie on the subquery's grid.

import { absentLabels } from "./absent.ts";
import type { NodeEvaluator } from "../evaluate/node-evaluator.ts";
import { type Execution, evaluationError } from "../evaluate/execution.ts";
import type { Span } from "../ast/nodes.ts";
import type { Grid } from "../evaluate/grid.ts";
import { FLOAT, HISTOGRAM, Matrix, NOTHING } from "../evaluate/matrix.ts";
import { haveOneName, withoutMetadata } from "../evaluate/metric-labels.ts";
import type { CallNode, RangeNode, SubqueryNode } from "../evaluate/plan-nodes.ts";
import type { FloatHistogram } from "../histogram/float-histogram.ts";
import type { SeriesData } from "../series/queryable.ts";
import { changes, resets } from "./resets-changes.ts";
import { idelta, irate } from "./instant-rate.ts";
import * as overTime from "./over-time.ts";
import { delta, increase, rate } from "./rate.ts";
import { deriv, doubleExponentialSmoothing, predictLinear } from "./regression.ts";
import { type RangeFunction, Window } from "./window.ts";

/** Every function of a range vector. */
export const rangeFunctions: ReadonlyMap<string, RangeFunction> = new Map([
  ["absent_over_time", overTime.presentOverTime],
  ["avg_over_time", overTime.avgOverTime],
  ["changes", changes],
  ["count_over_time", overTime.countOverTime],
  ["delta", delta],
  ["deriv", deriv],
  ["double_exponential_smoothing", doubleExponentialSmoothing],
  ["first_over_time", overTime.firstOverTime],
  ["idelta", idelta],
  ["increase", increase],
  ["irate", irate],
  ["last_over_time", overTime.lastOverTime],
  ["mad_over_time", overTime.madOverTime],
  ["max_over_time", overTime.maxOverTime],
  ["min_over_time", overTime.minOverTime],
  ["predict_linear", predictLinear],
  ["present_over_time", overTime.presentOverTime],
  ["quantile_over_time", overTime.quantileOverTime],
  ["rate", rate],
  ["resets", resets],
  ["stddev_over_time", overTime.stddevOverTime],
  ["stdvar_over_time", overTime.stdvarOverTime],
  ["sum_over_time", overTime.sumOverTime],
  ["ts_of_first_over_time", overTime.tsOfFirstOverTime],
  ["ts_of_last_over_time", overTime.tsOfLastOverTime],
  ["ts_of_max_over_time", overTime.tsOfMaxOverTime],
  ["ts_of_min_over_time", overTime.tsOfMinOverTime],
]);

const keepsName = new Set(["first_over_time", "last_over_time"]);
const anchoredSafe = new Set(["changes", "delta", "increase", "rate", "resets"]);
const smoothedSafe = new Set(["delta", "increase", "rate"]);
const usesStarts = new Set(["increase", "irate", "rate", "resets"]);

/** How many series are worked on between two looks at the clock, at one evaluation time. */
const PIECE = 1024;
/** How many samples of windows are worked on between two: windows of one series may hold billions, all together. */
const MAX_WORK = 2_000_000;

/** A range function over all series and times. */
export async function evaluateRangeCall(
  node: CallNode,
  range: RangeNode | SubqueryNode,
  grid: Grid,
  evaluator: NodeEvaluator,
): Promise<Matrix> {
  const { execution } = evaluator;
  const source = await sourceOf(range, grid, evaluator);
  const params: Float64Array[] = [];
  for (const arg of node.args) if (arg !== range) params.push(await evaluator.scalar(arg, grid));
  const slide = new Slide(node, range, source, params, grid, execution);
  const { series } = source;
  execution.reserve(grid.steps, series.length);
  const piece = Math.max(1, Math.ceil(PIECE / grid.steps));
  for (let from = 0; from < series.length; from += piece) {
    await execution.checkpoint();
    const to = Math.min(series.length, from + piece);
    for (let i = from; i < to; i++) {
      slide.begin(series[i]!, source.dropNames?.[i] ?? false);
      while (!slide.advance()) await execution.checkpoint();
    }
    slide.countRead();
  }
  if (source.matrix !== undefined) execution.release(source.matrix);
  if (node.name === "absent_over_time") return absentOverTime(range, slide.matrix, grid);
  return withoutNames(slide.matrix, node.name, execution);
}

/** Where a window's samples come from. */
interface Source {
  readonly series: readonly SeriesData[];
  /** Of a subquery: to be released when its samples are read. */
  readonly matrix: Matrix | undefined;
  readonly dropNames: readonly boolean[] | undefined;
}

async function sourceOf(
  range: RangeNode | SubqueryNode,
  grid: Grid,
  evaluator: NodeEvaluator,
): Promise<Source> {
  if (range.kind === "range") {
    const series = evaluator.execution.series.get(range.selector.id) ?? [];
    return { series, matrix: undefined, dropNames: undefined };
  }
  const { matrix, grid: inner } = await evaluator.subquery(range, grid);
  return { series: seriesOfMatrix(matrix, inner), matrix, dropNames: matrix.dropName };
}

/** The rows of a matrix as series. */
export function seriesOfMatrix(matrix: Matrix, grid: Grid): SeriesData[] {
  const { steps, kinds } = matrix;
  const times = Float64Array.from({ length: steps }, (_, i) => grid.startMs + i * grid.stepMs);
  return Array.from({ length: matrix.rows }, (_, row): SeriesData => {
    const begin = row * steps;
    const end = begin + steps;
    const labels = matrix.labels[row]!;
    const isFull = kinds.subarray(begin, end).every((kind) => kind === FLOAT);
    if (isFull) return { labels, timestamps: times, values: matrix.values.subarray(begin, end) };
    const positions: number[] = [];
    for (let at = begin; at < end; at++) if (kinds[at] !== NOTHING) positions.push(at);
    const histograms = positions.some((at) => kinds[at] === HISTOGRAM)
      ? positions.map((at): FloatHistogram | undefined =>
          kinds[at] === HISTOGRAM ? matrix.histogramAt(at) : undefined,
        )
      : undefined;
    return {
      labels,
      timestamps: Float64Array.from(positions, (at) => times[at - begin]!),
      values: Float64Array.from(positions, (at) => matrix.values[at]!),
      histograms,
    };
  });
}

/** A window that goes over series and times, and the rows that come of it. */
class Slide {
  readonly matrix: Matrix;
  readonly #node: CallNode;
  readonly #call: RangeFunction;
  readonly #grid: Grid;
  readonly #execution: Execution;
  readonly #params: readonly Float64Array[];
  readonly #window: Window;
  readonly #offsetMs: number;
  readonly #atMs: number | undefined;
  readonly #selectorId: number;
  /** What notes are about. */
  readonly #span: Span;
  /** How far the window reaches beyond its edges. */
  readonly #reachBackMs: number;
  readonly #reachAheadMs: number;
  readonly #checksCounter: boolean;
  #lastName: string | undefined;
  #read = 0;
  // The series that was begun, and how far it is done.
  #series!: SeriesData;
  #dropName = false;
  #begin = 0;
  #step = 0;
  #endMs = 0;
  #found = false;
  #hasFloat = false;

  constructor(
    node: CallNode,
    range: RangeNode | SubqueryNode,
    source: Source,
    params: readonly Float64Array[],
    grid: Grid,
    execution: Execution,
  ) {
    this.#node = node;
    this.#call = rangeFunctions.get(node.name)!;
    this.#grid = grid;
    this.#execution = execution;
    this.#params = params;
    this.matrix = new Matrix(grid.steps, source.series.length);
    const selector = range.kind === "range" ? range.selector : range;
    const extended = range.kind === "range" ? range.selector.extended : undefined;
    refuseExtended(extended, node.name);
    // As in Prometheus, which forgets where a subquery stood: its notes are about the beginning of the query.
    this.#span = range.kind === "subquery" ? { start: 0, end: range.end } : range;
    this.#offsetMs = selector.offsetMs;
    this.#atMs = selector.atMs;
    this.#selectorId = selector.id;
    this.#reachBackMs = extended === undefined ? 0 : execution.lookbackMs;
    this.#reachAheadMs = extended === "smoothed" ? execution.lookbackMs : 0;
    this.#checksCounter = node.name === "rate" || node.name === "increase";
    this.#window = new Window({
      rangeMs: range.rangeMs,
      extended,
      annotations: execution.annotations,
      span: this.#span,
      argsSpan: node.args[0] === range ? this.#span : node.args[0]!,
      params: params.length,
      startTimestamps: execution.features.startTimestamps && usesStarts.has(node.name),
      statsOnly: range.kind === "range" && range.selector.statsOnly,
    });
  }

  /** Begins with a series. */
  begin(series: SeriesData, dropName: boolean): void {
    const grid = this.#grid;
    const window = this.#window;
    this.#series = series;
    this.#dropName = dropName;
    this.#step = 0;
    this.#found = false;
    this.#hasFloat = false;
    this.#begin = this.matrix.beginRow();
    this.#endMs = (this.#atMs ?? grid.startMs) - this.#offsetMs;
    const lastMs =
      this.#atMs === undefined ? this.#endMs + (grid.steps - 1) * grid.stepMs : this.#endMs;
    const back = window.rangeMs + this.#reachBackMs;
    window.load(series, this.#endMs - back, lastMs + this.#reachAheadMs);
    const loaded = window.times.length + window.histograms.length;
    this.#read += loaded;
    if (loaded === 0) this.#step = grid.steps;
  }

  /** Goes on with the series that was begun; false: there is more to do, after a look at the clock. */
  advance(): boolean {
    const grid = this.#grid;
    const { steps, stepMs } = grid;
    const window = this.#window;
    const { matrix } = this;
    const begin = this.#begin;
    const { kinds, values } = matrix;
    const back = window.rangeMs + this.#reachBackMs;
    const call = this.#call;
    const hasParams = this.#params.length > 0;
    let endMs = this.#endMs;
    let work = 0;
    let step = this.#step;
    for (; step < steps && work < MAX_WORK; step++) {
      window.move(endMs - back, endMs + this.#reachAheadMs);
      const size = window.to - window.from + (window.histogramTo - window.histogramFrom);
      if (size > 0) {
        work += size;
        window.evaluationMs = grid.startMs + step * stepMs;
        window.endMs = endMs;
        window.startMs = endMs - window.rangeMs;
        if (hasParams) this.#setParams(step);
        const kind = call(window);
        if (kind === FLOAT) {
          kinds[begin + step] = FLOAT;
          values[begin + step] = window.value;
          this.#hasFloat = true;
          this.#found = true;
        } else if (kind === HISTOGRAM) {
          matrix.putHistogram(begin + step, window.histogram!);
          this.#found = true;
        }
      }
      if (this.#atMs === undefined) endMs += stepMs;
    }
    this.#step = step;
    this.#endMs = endMs;
    if (step < steps) return false;
    this.#finish();
    return true;
  }

  #finish(): void {
    if (!this.#found) return;
    const drop = this.#dropName || !keepsName.has(this.#node.name);
    this.matrix.endRow(this.#series.labels, drop);
    if (this.#hasFloat && this.#checksCounter) this.#checkCounter(this.#series);
  }

  /** Counts what was read since the last time. */
  countRead(): void {
    const { samplesRead } = this.#execution;
    this.#execution.samplesRead = samplesRead + this.#read;
    this.#execution.counterOf(this.#selectorId).samplesRead += this.#read;
    this.#read = 0;
  }

  #setParams(step: number): void {
    for (let i = 0; i < this.#params.length; i++) {
      this.#window.params[i] = this.#params[i]![step]!;
    }
  }

  /** Says so when what is taken for a counter has not the name (or type) of one. */
  #checkCounter({ labels }: SeriesData): void {
    const name = labels.metricName;
    if (name === undefined) return;
    const { annotations, features } = this.#execution;
    if (features.typeAndUnitLabels) {
      const type = labels.get("__type__") ?? "";
      if (type !== "counter" && type !== "histogram") {
        annotations.possibleNonCounterLabel(name, type, this.#span);
      }
      return;
    }
    if (name === this.#lastName) return;
    this.#lastName = name;
    if (!/_(?:total|sum|count|bucket)$/u.test(name)) {
      annotations.possibleNonCounter(name, this.#span);
    }
  }
}

function refuseExtended(extended: "anchored" | "smoothed" | undefined, name: string): void {
  if (extended === undefined) return;
  const safe = extended === "anchored" ? anchoredSafe : smoothedSafe;
  if (safe.has(name)) return;
  throw evaluationError(
    `${extended} modifier can only be used with: ${[...safe].join(", ")} - not with ${name}`,
  );
}

/** Names go, unless the function keeps them or they go at the end of the query. */
function withoutNames(matrix: Matrix, name: string, { features }: Execution): Matrix {
  if (features.delayedNameRemoval) return matrix;
  const stayDistinct = haveOneName(matrix) || keepsName.has(name);
  for (let row = 0; row < matrix.rows; row++) {
    if (matrix.dropName[row]!) matrix.labels[row] = withoutMetadata(matrix.labels[row]!);
  }
  if (!stayDistinct) matrix.refuseSameLabels();
  return matrix;
}

/** One row: 1 wherever no series has anything in its window. */
function absentOverTime(range: RangeNode | SubqueryNode, found: Matrix, grid: Grid): Matrix {
  const absent = new Matrix(grid.steps, 1);
  const begin = absent.beginRow();
  let missing = 0;
  for (let step = 0; step < grid.steps; step++) {
    let isPresent = false;
    for (let row = 0; row < found.rows && !isPresent; row++) {
      isPresent = found.kinds[row * grid.steps + step] !== NOTHING;
    }
    if (isPresent) continue;
    absent.putFloat(begin + step, 1);
    missing++;
  }
  if (missing > 0) absent.endRow(absentLabels(range), true);
  return absent;
}
