// sort, sort_desc, sort_by_label, sort_by_label_desc. Of use in instant queries only: the result of a range query is
// always ordered by labels, which a warning says.
//
// Sorting by value leaves histograms out. NaN comes last in both directions. Labels are compared naturally: runs of
// digits as numbers, so that "a2" comes before "a10".

import type { Labels } from "@flx/model";
import { compareUtf8 } from "@flx/model";
import { HISTOGRAM, Matrix, NOTHING } from "../evaluate/matrix.ts";

/** The rows by value. (At one evaluation time; otherwise their order stays.) */
export function sortByValue(matrix: Matrix, descending: boolean): Matrix {
  const end = matrix.rows * matrix.steps;
  for (let at = 0; at < end; at++) {
    if (matrix.kinds[at] === HISTOGRAM) matrix.kinds[at] = NOTHING;
  }
  matrix.dropEmptyRows();
  if (matrix.steps !== 1) return matrix;
  const { values } = matrix;
  return inOrder(matrix, (a, b) => {
    const x = values[a]!;
    const y = values[b]!;
    if (x !== x || y !== y) return Number(x !== x) - Number(y !== y);
    if (x === y) return 0;
    return x < y === descending ? 1 : -1;
  });
}

/** The rows by the values of some labels, then by all labels. */
export function sortByLabel(matrix: Matrix, names: readonly string[], descending: boolean): Matrix {
  if (matrix.steps !== 1) return matrix;
  const sign = descending ? -1 : 1;
  return inOrder(matrix, (a, b) => sign * compareBy(matrix.labels[a]!, matrix.labels[b]!, names));
}

function inOrder(matrix: Matrix, compare: (a: number, b: number) => number): Matrix {
  const rows = Array.from({ length: matrix.rows }, (_, row) => row).toSorted(compare);
  const sorted = new Matrix(matrix.steps, matrix.rows);
  for (const row of rows) sorted.copyRow(matrix, row);
  return sorted;
}

function compareBy(a: Labels, b: Labels, names: readonly string[]): number {
  for (const name of names) {
    const x = a.get(name) ?? "";
    const y = b.get(name) ?? "";
    if (x !== y) return compareNaturally(x, y);
  }
  return a.compare(b);
}

/**
 * The natural order of two texts.
 *
 * @example compareNaturally("a2", "a10") // -1
 */
export function compareNaturally(a: string, b: string): number {
  const x = a.match(/[0-9]+|[^0-9]+/gu) ?? [];
  const y = b.match(/[0-9]+|[^0-9]+/gu) ?? [];
  for (const [i, part] of x.entries()) {
    const other = y[i];
    if (other === undefined) return 1;
    if (part === other) continue;
    if (isNumber(part) && isNumber(other)) {
      const difference = Number(part) - Number(other);
      if (difference !== 0) return Math.sign(difference);
      continue;
    }
    return Math.sign(compareUtf8(part, other));
  }
  return x.length === y.length ? Math.sign(compareUtf8(a, b)) : -1;
}

function isNumber(text: string): boolean {
  return /^[0-9]{1,18}$/u.test(text);
}
