// Aggregations: many series to one per group, for all evaluation times at once.
//
//   sum, avg, count, min, max, group, stddev, stdvar     fold.ts        a cell per group and time, rows added to it
//   quantile                                             here           values of a group gathered time by time
//   topk, bottomk, limitk, limit_ratio                   selection.ts   rows are chosen, not combined
//   count_values                                         here           a group per value

import { FlxError, type Labels } from "@flx/model";
import { histogramText } from "../histogram/text.ts";
import { quantileOf } from "../functions/quantile.ts";
import type { NodeEvaluator } from "./node-evaluator.ts";
import type { Execution } from "./execution.ts";
import { extremes } from "./extremes.ts";
import { foldGroups, isFold } from "./fold.ts";
import { goF } from "./go-number.ts";
import type { Grid } from "./grid.ts";
import { groupDropNames, groupKeyFunction, groupLabels, groupsOf } from "./groups.ts";
import { FLOAT, HISTOGRAM, Matrix, NOTHING } from "./matrix.ts";
import type { AggregateNode } from "./plan-nodes.ts";
import { ResultRows } from "./result-rows.ts";
import { selectRows } from "./selection.ts";

/**
 * The result of an aggregation.
 *
 * @throws {FlxError} `FLX_PROMQL_EXECUTION` when a parameter is out of range
 */
export async function evaluateAggregation(
  node: AggregateNode,
  grid: Grid,
  evaluator: NodeEvaluator,
): Promise<Matrix> {
  const { execution } = evaluator;
  if (node.op === "count_values") {
    const label = valueLabel(node);
    const matrix = await evaluator.vector(node.expr, grid);
    const counts = countValues(node, label, matrix);
    execution.release(matrix);
    return counts;
  }
  const param =
    node.param === undefined
      ? new Float64Array(grid.steps)
      : await evaluator.scalar(node.param, grid);
  const matrix = await evaluator.vector(node.expr, grid);
  const result = aggregate(node, matrix, param, grid, execution);
  if (result !== matrix) execution.release(matrix);
  return result;
}

function aggregate(
  node: AggregateNode,
  matrix: Matrix,
  param: Float64Array,
  grid: Grid,
  execution: Execution,
): Matrix {
  const groups = groupsOf(matrix, node);
  execution.reserve(grid.steps, groups.labels.length);
  if (isFold(node.op)) return foldGroups(node, node.op, matrix, groups, execution);
  if (node.op === "quantile") return quantiles(node, matrix, groups, param, execution);
  return selectRows(node, matrix, groups.ofRow, groups.labels.length, param, execution);
}

function quantiles(
  node: AggregateNode,
  matrix: Matrix,
  groups: { readonly ofRow: Int32Array; readonly labels: readonly Labels[] },
  param: Float64Array,
  { annotations }: Execution,
): Matrix {
  const where = node.param ?? node;
  const { min, max, hasNan } = extremes(param);
  if (hasNan) annotations.invalidQuantile(Number.NaN, where);
  if (max > 1) annotations.invalidQuantile(max, where);
  if (min < 0) annotations.invalidQuantile(min, where);
  const { steps, kinds, values } = matrix;
  const result = new Matrix(steps, groups.labels.length);
  const dropNames = groupDropNames(matrix, groups.ofRow, groups.labels.length);
  for (const [group, labels] of groups.labels.entries()) {
    result.beginRow();
    result.endRow(labels, dropNames[group]!);
  }
  const gathered: number[][] = groups.labels.map(() => []);
  for (let step = 0; step < steps; step++) {
    for (let row = 0; row < matrix.rows; row++) {
      const at = row * steps + step;
      if (kinds[at] === FLOAT) gathered[groups.ofRow[row]!]!.push(values[at]!);
      else if (kinds[at] === HISTOGRAM) {
        annotations.histogramIgnoredInAggregation("quantile", node.expr);
      }
    }
    for (const [group, found] of gathered.entries()) {
      if (found.length === 0) continue;
      result.putFloat(group * steps + step, quantileOf(param[step]!, Float64Array.from(found)));
      found.length = 0;
    }
  }
  result.dropEmptyRows();
  return result;
}

function valueLabel(node: AggregateNode): string {
  const name = node.param?.kind === "string" ? node.param.value : "";
  if (name === "" || !name.isWellFormed()) {
    throw new FlxError("FLX_PROMQL_EXECUTION", `invalid label name ${JSON.stringify(name)}`);
  }
  return name;
}

function countValues(node: AggregateNode, label: string, matrix: Matrix): Matrix {
  const { steps } = matrix;
  const how = node.without
    ? node
    : { grouping: [...node.grouping, label].toSorted(), without: false };
  const keyOf = groupKeyFunction(how);
  const result = new Matrix(steps, matrix.rows);
  const rows = new ResultRows(result);
  for (let step = 0; step < steps; step++) {
    const counts = new Map<string, { readonly labels: Labels; count: number }>();
    for (let row = 0; row < matrix.rows; row++) {
      const at = row * steps + step;
      const kind = matrix.kinds[at];
      if (kind === NOTHING) continue;
      const text = kind === FLOAT ? goF(matrix.values[at]!) : histogramText(matrix.histogramAt(at));
      const labels = matrix.labels[row]!.with(label, text);
      const key = keyOf(labels);
      const found = counts.get(key);
      if (found === undefined) counts.set(key, { labels: groupLabels(labels, how), count: 1 });
      else found.count++;
    }
    for (const { labels, count } of counts.values()) {
      rows.put(labels, step, { value: count, histogram: undefined }, false);
    }
  }
  return result;
}
