// Aggregations that fold the rows of a group into one: sum, avg, count, min, max, group, stddev, stdvar.
//
//   values        row 0  row 1  row 2  ...      each row is read once, in order, and added to the cells of its group:
//   cells [g,t]   sum, compensation, count       so every cell sees its values in the same order as Prometheus adds them
//
// Sums and means are compensated (Kahan); a mean turns into an incremental one where the sum would overflow. Sums and
// means of native histograms keep a small state object per cell; other aggregations ignore histograms and say so.

import {
  addHistograms,
  divideHistogram,
  hasOverflow,
  kahanAdd,
  scaleHistogram,
} from "../histogram/arithmetic.ts";
import { compacted, type FloatHistogram } from "../histogram/float-histogram.ts";
import type { AggregationOp } from "../ast/nodes.ts";
import type { Execution } from "./execution.ts";
import { groupDropNames, type Groups } from "./groups.ts";
import { FLOAT, HISTOGRAM, Matrix, NOTHING } from "./matrix.ts";
import type { AggregateNode } from "./plan-nodes.ts";

/** The aggregations of this file. */
export type FoldOp = "sum" | "avg" | "count" | "min" | "max" | "group" | "stddev" | "stdvar";

export function isFold(op: AggregationOp): op is FoldOp {
  return folds.has(op);
}

const folds = new Set<AggregationOp>([
  "sum",
  "avg",
  "count",
  "min",
  "max",
  "group",
  "stddev",
  "stdvar",
]);

/** One row per group. */
export function foldGroups(
  node: AggregateNode,
  op: FoldOp,
  matrix: Matrix,
  groups: Groups,
  execution: Execution,
): Matrix {
  const result = new Matrix(matrix.steps, groups.labels.length);
  const dropNames = groupDropNames(matrix, groups.ofRow, groups.labels.length);
  for (const [group, labels] of groups.labels.entries()) {
    result.beginRow();
    result.endRow(labels, dropNames[group]!);
  }
  switch (op) {
    case "sum":
      foldSums(node, matrix, groups, result, execution);
      break;
    case "avg":
      foldMeans(node, matrix, groups, result, execution);
      break;
    case "count":
    case "group":
      foldCounts(op, matrix, groups, result);
      break;
    case "min":
    case "max":
      foldExtremes(node, op, matrix, groups, result, execution);
      break;
    case "stddev":
    case "stdvar":
      foldVariances(node, op, matrix, groups, result, execution);
      break;
  }
  result.dropEmptyRows();
  return result;
}

function foldCounts(op: "count" | "group", matrix: Matrix, groups: Groups, result: Matrix): void {
  const { steps, kinds } = matrix;
  const counts = result.values;
  for (let row = 0; row < matrix.rows; row++) {
    const from = row * steps;
    const to = groups.ofRow[row]! * steps;
    for (let step = 0; step < steps; step++) {
      if (kinds[from + step] === NOTHING) continue;
      result.kinds[to + step] = FLOAT;
      if (op === "count") counts[to + step]!++;
      else counts[to + step] = 1;
    }
  }
}

function foldExtremes(
  node: AggregateNode,
  op: "min" | "max",
  matrix: Matrix,
  groups: Groups,
  result: Matrix,
  { annotations }: Execution,
): void {
  const { steps, kinds, values } = matrix;
  const best = result.values;
  const isMax = op === "max";
  for (let row = 0; row < matrix.rows; row++) {
    const from = row * steps;
    const to = groups.ofRow[row]! * steps;
    for (let step = 0; step < steps; step++) {
      const kind = kinds[from + step];
      if (kind === HISTOGRAM) annotations.histogramIgnoredInAggregation(op, node.expr);
      if (kind !== FLOAT) continue;
      const value = values[from + step]!;
      const at = to + step;
      const known = best[at]!;
      const better = isMax ? known < value : known > value;
      if (result.kinds[at] === NOTHING || better || known !== known) {
        best[at] = value;
        result.kinds[at] = FLOAT;
      }
    }
  }
}

function foldVariances(
  node: AggregateNode,
  op: "stddev" | "stdvar",
  matrix: Matrix,
  groups: Groups,
  result: Matrix,
  { annotations }: Execution,
): void {
  const { steps, kinds, values } = matrix;
  const cells = groups.labels.length * steps;
  const counts = new Float64Array(cells);
  const means = new Float64Array(cells);
  const squares = result.values;
  for (let row = 0; row < matrix.rows; row++) {
    const from = row * steps;
    const to = groups.ofRow[row]! * steps;
    for (let step = 0; step < steps; step++) {
      const kind = kinds[from + step];
      if (kind === HISTOGRAM) annotations.histogramIgnoredInAggregation(op, node.expr);
      if (kind !== FLOAT) continue;
      const value = values[from + step]!;
      const at = to + step;
      const count = ++counts[at]!;
      if (count === 1) {
        means[at] = value;
        squares[at] = Number.isFinite(value) ? 0 : Number.NaN;
        result.kinds[at] = FLOAT;
        continue;
      }
      const delta = value - means[at]!;
      means[at]! += delta / count;
      squares[at]! += delta * (value - means[at]!);
    }
  }
  for (let at = 0; at < cells; at++) {
    if (counts[at] === 0) continue;
    const variance = squares[at]! / counts[at]!;
    squares[at] = op === "stddev" ? Math.sqrt(variance) : variance;
  }
}

function foldSums(
  node: AggregateNode,
  matrix: Matrix,
  groups: Groups,
  result: Matrix,
  execution: Execution,
): void {
  const { steps, kinds, values } = matrix;
  const sums = result.values;
  const compensations = new Float64Array(sums.length);
  const histograms = new HistogramCells(node, execution, false);
  for (let row = 0; row < matrix.rows; row++) {
    const from = row * steps;
    const to = groups.ofRow[row]! * steps;
    for (let step = 0; step < steps; step++) {
      const kind = kinds[from + step];
      if (kind === NOTHING) continue;
      const at = to + step;
      if (kind === HISTOGRAM) {
        if (result.kinds[at] === FLOAT) histograms.addToFloats(at);
        else histograms.add(at, matrix.histogramAt(from + step), matrix, row);
        continue;
      }
      if (histograms.isSpoiled(at)) continue;
      const value = values[from + step]!;
      if (result.kinds[at] === NOTHING) {
        result.kinds[at] = FLOAT;
        sums[at] = value;
        continue;
      }
      // Kahan's addition (functions/kahan.ts), inlined.
      const sum = sums[at]!;
      const total = sum + value;
      if (total === Infinity || total === -Infinity) compensations[at] = 0;
      else if (Math.abs(sum) >= Math.abs(value)) compensations[at]! += sum - total + value;
      else compensations[at]! += value - total + sum;
      sums[at] = total;
    }
  }
  for (let at = 0; at < sums.length; at++) {
    if (result.kinds[at] === FLOAT) sums[at]! += compensations[at]!;
  }
  histograms.finish(result);
}

function foldMeans(
  node: AggregateNode,
  matrix: Matrix,
  groups: Groups,
  result: Matrix,
  execution: Execution,
): void {
  const { steps, kinds, values } = matrix;
  const sums = result.values;
  const compensations = new Float64Array(sums.length);
  const counts = new Float64Array(sums.length);
  /** Where the sum would overflow, `sums` holds the mean so far. */
  const incremental = new Uint8Array(sums.length);
  const histograms = new HistogramCells(node, execution, true);
  for (let row = 0; row < matrix.rows; row++) {
    const from = row * steps;
    const to = groups.ofRow[row]! * steps;
    for (let step = 0; step < steps; step++) {
      const kind = kinds[from + step];
      if (kind === NOTHING) continue;
      const at = to + step;
      if (kind === HISTOGRAM) {
        if (result.kinds[at] === FLOAT) histograms.addToFloats(at);
        else histograms.add(at, matrix.histogramAt(from + step), matrix, row);
        continue;
      }
      if (histograms.isSpoiled(at)) continue;
      let value = values[from + step]!;
      const count = ++counts[at]!;
      if (count === 1) {
        result.kinds[at] = FLOAT;
        sums[at] = value;
        continue;
      }
      let sum = sums[at]!;
      let compensation = compensations[at]!;
      if (incremental[at] === 0) {
        const total = sum + value;
        if (total !== Infinity && total !== -Infinity) {
          compensation +=
            Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum;
          sums[at] = total;
          compensations[at] = compensation;
          continue;
        }
        incremental[at] = 1;
        sum /= count - 1;
        compensation /= count - 1;
      }
      const share = (count - 1) / count;
      value /= count;
      sum *= share;
      compensation *= share;
      const total = sum + value;
      if (total === Infinity || total === -Infinity) compensation = 0;
      else {
        compensation +=
          Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum;
      }
      sums[at] = total;
      compensations[at] = compensation;
    }
  }
  for (let at = 0; at < sums.length; at++) {
    if (result.kinds[at] !== FLOAT) continue;
    const divisor = incremental[at] === 1 ? 1 : counts[at]!;
    sums[at] = sums[at]! / divisor + compensations[at]! / divisor;
  }
  histograms.finish(result);
}

/** The histograms of one group at one time. */
interface HistogramCell {
  value: FloatHistogram;
  compensation: FloatHistogram | undefined;
  count: number;
  /** `value` is the mean so far, since the sum would overflow. */
  incremental: boolean;
  incompatible: boolean;
  resetSeen: boolean;
  noResetSeen: boolean;
}

/** Sums or means of native histograms, for the cells that have some. */
class HistogramCells {
  readonly #node: AggregateNode;
  readonly #execution: Execution;
  readonly #mean: boolean;
  readonly #cells = new Map<number, HistogramCell>();
  /** Where floats came first; such a cell has no result, whatever the histograms are. */
  readonly #amongFloats = new Set<number>();

  constructor(node: AggregateNode, execution: Execution, mean: boolean) {
    this.#node = node;
    this.#execution = execution;
    this.#mean = mean;
  }

  /** A histogram where there are floats already. */
  addToFloats(at: number): void {
    this.#amongFloats.add(at);
  }

  /** Whether histograms that do not go together have spoilt a cell: nothing more is looked at then. */
  isSpoiled(at: number): boolean {
    return this.#cells.size > 0 && this.#cells.get(at)?.incompatible === true;
  }

  add(at: number, histogram: FloatHistogram, matrix: Matrix, row: number): void {
    let cell = this.#cells.get(at);
    if (cell === undefined) {
      cell = {
        value: histogram,
        compensation: undefined,
        count: 1,
        incremental: false,
        incompatible: false,
        resetSeen: false,
        noResetSeen: false,
      };
      this.#cells.set(at, cell);
      see(cell, histogram);
      return;
    }
    if (cell.incompatible) return;
    cell.count++;
    see(cell, histogram);
    const added = this.#mean ? addToMean(cell, histogram) : addToSum(cell, histogram);
    const { annotations } = this.#execution;
    if (added === undefined) {
      annotations.mixedExponentialCustom(matrix.labels[row]!.metricName ?? "", this.#node.expr);
      cell.incompatible = true;
    } else if (added.reconciled) {
      annotations.mismatchedCustomBuckets("aggregation", this.#node.expr);
    }
  }

  finish(result: Matrix): void {
    const { annotations } = this.#execution;
    const refuseMix = (at: number): void => {
      annotations.mixedFloatsHistogramsInAggregation(this.#node.expr);
      result.kinds[at] = NOTHING;
    };
    for (const at of this.#amongFloats) refuseMix(at);
    for (const [at, cell] of this.#cells) {
      if (result.kinds[at] === FLOAT) {
        refuseMix(at);
        continue;
      }
      if (cell.incompatible) continue;
      result.putHistogram(at, compacted(this.#mean ? meanOf(cell) : sumOf(cell)));
      if (cell.resetSeen && cell.noResetSeen) {
        annotations.counterResetCollision("aggregation", this.#node.expr);
      }
    }
  }
}

function see(cell: HistogramCell, { counterResetHint }: FloatHistogram): void {
  if (counterResetHint === "reset") cell.resetSeen = true;
  if (counterResetHint === "none") cell.noResetSeen = true;
}

interface Added {
  readonly reconciled: boolean;
}

function addToSum(cell: HistogramCell, histogram: FloatHistogram): Added | undefined {
  const added = kahanAdd(cell.value, histogram, cell.compensation);
  if (added === undefined) return undefined;
  cell.value = added.histogram;
  cell.compensation = added.compensation;
  return added;
}

function addToMean(cell: HistogramCell, histogram: FloatHistogram): Added | undefined {
  const { count } = cell;
  if (!cell.incremental) {
    const added = kahanAdd(cell.value, histogram, cell.compensation);
    if (added === undefined) return undefined;
    if (!hasOverflow(added.histogram)) {
      cell.value = added.histogram;
      cell.compensation = added.compensation;
      return added;
    }
    cell.incremental = true;
    cell.value = divideHistogram(cell.value, count - 1);
    if (cell.compensation !== undefined) {
      cell.compensation = divideHistogram(cell.compensation, count - 1);
    }
  }
  const share = (count - 1) / count;
  if (cell.compensation !== undefined) cell.compensation = scaleHistogram(cell.compensation, share);
  const added = kahanAdd(
    scaleHistogram(cell.value, share),
    divideHistogram(histogram, count),
    cell.compensation,
  );
  if (added === undefined) return undefined;
  cell.value = added.histogram;
  cell.compensation = added.compensation;
  return added;
}

function sumOf({ value, compensation }: HistogramCell): FloatHistogram {
  return plus(value, compensation);
}

function meanOf({ value, compensation, count, incremental }: HistogramCell): FloatHistogram {
  if (incremental) return plus(value, compensation);
  const rest = compensation === undefined ? undefined : divideHistogram(compensation, count);
  return plus(divideHistogram(value, count), rest);
}

function plus(value: FloatHistogram, compensation: FloatHistogram | undefined): FloatHistogram {
  if (compensation === undefined) return value;
  return addHistograms(value, compensation)?.histogram ?? value;
}
