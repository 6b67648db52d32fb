// timestamp and start_timestamp of a selector: when the selected samples were taken, or what they count began. Of any
// other expression, `timestamp` is the evaluation time.
//
// With `@`, an offset is not taken into account, as in Prometheus.

import type { Execution } from "../evaluate/execution.ts";
import type { Grid } from "../evaluate/grid.ts";
import { Matrix, NOTHING } from "../evaluate/matrix.ts";
import { dropNames } from "../evaluate/metric-labels.ts";
import type { SelectorNode } from "../evaluate/plan-nodes.ts";
import { firstAfter, newestSample } from "../series/search.ts";

/** The times of the samples of a selector, in seconds. */
export function selectorTimestamps(
  name: "timestamp" | "start_timestamp",
  node: SelectorNode,
  grid: Grid,
  execution: Execution,
): Matrix {
  const series = execution.series.get(node.id) ?? [];
  const matrix = new Matrix(grid.steps, series.length);
  const starts = name === "start_timestamp";
  if (starts && !execution.features.startTimestamps) return matrix;
  for (const each of series) {
    const begin = matrix.beginRow();
    let found = 0;
    let refMs = node.atMs ?? grid.startMs - node.offsetMs;
    let hint = Math.max(0, firstAfter(each.timestamps, refMs) - 1);
    for (let step = 0; step < grid.steps; step++) {
      const at = newestSample(each, refMs, execution.lookbackMs, hint);
      if (at >= 0) {
        const timeMs = starts ? (each.startTimestamps?.[at] ?? 0) : each.timestamps[at]!;
        matrix.putFloat(begin + step, timeMs / 1000);
        found++;
        hint = at;
      }
      if (node.atMs === undefined) refMs += grid.stepMs;
    }
    execution.read(node, found);
    if (found > 0) matrix.endRow(each.labels, true);
  }
  dropNames(matrix, execution.features.delayedNameRemoval);
  return matrix;
}

/** The evaluation time for every sample, in place. */
export function evaluationTimestamps(matrix: Matrix, grid: Grid, execution: Execution): Matrix {
  const end = matrix.rows * matrix.steps;
  for (let at = 0; at < end; at++) {
    if (matrix.kinds[at] === NOTHING) continue;
    matrix.putFloat(at, (grid.startMs + (at % matrix.steps) * grid.stepMs) / 1000);
  }
  dropNames(matrix, execution.features.delayedNameRemoval);
  return matrix;
}
