// Aggregations that choose rows: topk, bottomk, limitk, limit_ratio. What is chosen keeps its labels and value.
//
// At one time the order of the result is part of it: topk gives the largest first, group by group. Over many times each
// row keeps its samples where it was chosen. Which of equal values is chosen follows from the heap (worst-first.ts),
// which is Prometheus' own, so that both choose the same series.
//
// limit_ratio takes a series or not by a hash of its labels, the same one Prometheus uses (xxh64.ts), so both sample the
// same series; a negative ratio takes exactly those that its complement leaves.

import type { AggregateNode } from "./plan-nodes.ts";
import type { Execution } from "./execution.ts";
import { evaluationError } from "./execution.ts";
import { extremes } from "./extremes.ts";
import { goG } from "./go-number.ts";
import { labelsRatio } from "./labels-ratio.ts";
import { HISTOGRAM, Matrix, NOTHING } from "./matrix.ts";
import { type Worse, WorstFirst } from "./worst-first.ts";

const MAX_INT64 = 2 ** 63;

/** The rows an aggregation chooses. `param` is k or the ratio, per time. */
export function selectRows(
  node: AggregateNode,
  matrix: Matrix,
  groupOfRow: Int32Array,
  groupCount: number,
  param: Float64Array,
  execution: Execution,
): Matrix {
  const range = extremes(param);
  const choose = chooser(node, matrix, execution);
  if (node.op === "limit_ratio") {
    if (range.max === 0 && range.min === 0) return new Matrix(matrix.steps, 0);
    if (range.hasNan) throw evaluationError("Ratio value is NaN");
    const where = node.param ?? node;
    if (range.max > 1) execution.annotations.invalidRatio(range.max, 1, where);
    if (range.min < -1) execution.annotations.invalidRatio(range.min, -1, where);
  } else {
    if (range.max < 1) return new Matrix(matrix.steps, 0);
    if (range.hasNan) throw evaluationError("Parameter value is NaN");
    if (range.min <= -MAX_INT64) {
      throw evaluationError(`Scalar value ${goG(range.min)} underflows int64`);
    }
    if (range.max >= MAX_INT64) {
      throw evaluationError(`Scalar value ${goG(range.max)} overflows int64`);
    }
  }
  const chosen: { step: number; rows: number[] }[] = [];
  for (let step = 0; step < matrix.steps; step++) {
    const groups: number[][] = Array.from({ length: groupCount }, () => []);
    for (let row = 0; row < matrix.rows; row++) {
      if (matrix.kinds[row * matrix.steps + step] !== NOTHING) groups[groupOfRow[row]!]!.push(row);
    }
    const rows = groups.flatMap((group) => choose(group, step, param[step]!));
    chosen.push({ step, rows });
  }
  return matrix.steps === 1 ? inOrder(matrix, chosen[0]?.rows ?? []) : onlyChosen(matrix, chosen);
}

/** The rows of a group to keep, in their order. */
type Chooser = (rows: readonly number[], step: number, param: number) => number[];

function chooser(node: AggregateNode, matrix: Matrix, { annotations }: Execution): Chooser {
  const { steps, values, kinds } = matrix;
  if (node.op === "limitk") return (rows, _, k) => (k < 1 ? [] : rows.slice(0, Math.trunc(k)));
  if (node.op === "limit_ratio") {
    return (rows, _, ratio) => rows.filter((row) => isSampled(matrix, row, ratio));
  }
  const { op } = node;
  return (rows, step, k) => {
    if (k < 1) return [];
    const floats = rows.filter((row) => {
      if (kinds[row * steps + step] !== HISTOGRAM) return true;
      annotations.histogramIgnoredInAggregation(op, node);
      return false;
    });
    const valueOf = (row: number): number => values[row * steps + step]!;
    return best(floats, valueOf, Math.min(Math.trunc(k), matrix.rows), op === "topk");
  };
}

function isSampled(matrix: Matrix, row: number, ratio: number): boolean {
  if (ratio === 0) return false;
  const position = labelsRatio(matrix.labels[row]!);
  return ratio > 0 ? position < Math.min(ratio, 1) : position >= 1 + Math.max(ratio, -1);
}

/** The k largest (or smallest) rows, best first; NaN is worse than any number. */
function best(
  rows: readonly number[],
  valueOf: (row: number) => number,
  k: number,
  largest: boolean,
): number[] {
  const worse: Worse = (a, b) => {
    const x = valueOf(a);
    const y = valueOf(b);
    return x !== x || (largest ? x < y : x > y);
  };
  const kept = new WorstFirst(worse);
  for (const row of rows) {
    if (kept.rows.length < k) {
      kept.push(row);
      continue;
    }
    const known = valueOf(kept.rows[0]!);
    const value = valueOf(row);
    const better = largest ? known < value : known > value;
    if (better || (known !== known && value === value)) kept.replaceWorst(row);
  }
  return kept.inOrder();
}

function inOrder(matrix: Matrix, rows: readonly number[]): Matrix {
  const result = new Matrix(matrix.steps, rows.length);
  for (const row of rows) result.copyRow(matrix, row);
  return result;
}

function onlyChosen(
  matrix: Matrix,
  chosen: readonly { readonly step: number; readonly rows: readonly number[] }[],
): Matrix {
  const { steps } = matrix;
  const kept = new Uint8Array(matrix.rows * steps);
  for (const { step, rows } of chosen) for (const row of rows) kept[row * steps + step] = 1;
  for (let at = 0; at < kept.length; at++) if (kept[at] === 0) matrix.kinds[at] = NOTHING;
  matrix.dropEmptyRows();
  return matrix;
}
