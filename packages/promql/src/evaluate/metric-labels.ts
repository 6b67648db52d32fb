// The labels that say what a series measures, and how they go.
//
//   rate(http_requests_total{job="a"}[5m])   gives   {job="a"}
//
// A result that is no longer the metric loses its name, and with it `__type__` and `__unit__`, which describe it.

import { Labels, METRIC_NAME } from "@flx/model";
import type { Matrix } from "./matrix.ts";

const TYPE = "__type__";
const UNIT = "__unit__";

/** The labels without the metric name, type and unit. */
export function withoutMetadata(labels: Labels): Labels {
  const { pairs } = labels;
  // By far the usual case: the name comes first and no other reserved label follows.
  if (pairs[0] === METRIC_NAME && !(pairs[2]?.startsWith("__") ?? false)) {
    return pairs.length === 2 ? Labels.empty : Labels.fromSortedPairs(pairs.slice(2));
  }
  for (let i = 0; i < pairs.length; i += 2) {
    if (isMetadata(pairs[i]!)) return labels.without(METRIC_NAME, TYPE, UNIT);
  }
  return labels;
}

/** Drops the metric names of all rows now, or marks the rows when that is delayed to the end of the query. */
export function dropNames(matrix: Matrix, delayed: boolean): void {
  const { rows } = matrix;
  if (delayed) {
    matrix.dropName.fill(true, 0, rows);
    return;
  }
  const stayDistinct = haveOneName(matrix);
  for (let row = 0; row < rows; row++) matrix.labels[row] = withoutMetadata(matrix.labels[row]!);
  if (!stayDistinct) matrix.mergeSameLabels();
}

/** Whether all rows have the same name and nothing else would be dropped: then they differ without it, too. */
export function haveOneName({ rows, labels }: Matrix): boolean {
  const name = labels[0]?.pairs[1];
  for (let row = 0; row < rows; row++) {
    const { pairs } = labels[row]!;
    if (pairs[0] !== METRIC_NAME || pairs[1] !== name || (pairs[2]?.startsWith("__") ?? false)) {
      return false;
    }
  }
  return true;
}

function isMetadata(name: string): boolean {
  return name === METRIC_NAME || name === TYPE || name === UNIT;
}
