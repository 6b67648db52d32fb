// The groups of an aggregation: which rows go together, and what labels the result has.
//
//   sum by (job) (x)        group key: the value of job          labels {job="..."}
//   sum without (pod) (x)   group key: all labels but pod        labels without pod and the name

import { Labels, METRIC_NAME } from "@flx/model";
import type { Matrix } from "./matrix.ts";
import { signatureFunction } from "./signatures.ts";

/** The group of each row, and the labels of each group, in the order they first occur. */
export interface Groups {
  readonly ofRow: Int32Array;
  readonly labels: readonly Labels[];
}

/** How an aggregation groups. */
export interface Grouping {
  readonly grouping: readonly string[];
  readonly without: boolean;
}

/** Finds the groups of a matrix. */
export function groupsOf(matrix: Matrix, how: Grouping): Groups {
  const ofRow = new Int32Array(matrix.rows);
  if (!how.without && how.grouping.length === 0) {
    return { ofRow, labels: matrix.rows === 0 ? [] : [Labels.empty] };
  }
  const keyOf = groupKeyFunction(how);
  const numbers = new Map<string, number>();
  const labels: Labels[] = [];
  for (let row = 0; row < matrix.rows; row++) {
    const key = keyOf(matrix.labels[row]!);
    let number = numbers.get(key);
    if (number === undefined) {
      number = labels.length;
      numbers.set(key, number);
      labels.push(groupLabels(matrix.labels[row]!, how));
    }
    ofRow[row] = number;
  }
  return { ofRow, labels };
}

/** A text per label set that is the same within a group. */
export function groupKeyFunction({ grouping, without }: Grouping): (labels: Labels) => string {
  return signatureFunction({ on: !without, labels: grouping });
}

/** The labels of the group that a label set belongs to. */
export function groupLabels(labels: Labels, { grouping, without }: Grouping): Labels {
  return without ? labels.without(METRIC_NAME, ...grouping) : labels.only(...grouping);
}

/** Whether some row of each group still has its name to lose. */
export function groupDropNames(matrix: Matrix, ofRow: Int32Array, count: number): boolean[] {
  const found = Array.from({ length: count }, () => false);
  for (let row = 0; row < matrix.rows; row++) {
    if (matrix.dropName[row]!) found[ofRow[row]!] = true;
  }
  return found;
}
