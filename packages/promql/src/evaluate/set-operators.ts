// `and`, `or`, `unless`: what counts is whether the other side has a sample of the same signature at the same time.
//
//   and      left samples that have a partner
//   unless   left samples that have none
//   or       left samples, and right ones without a partner on the left

import type { VectorMatching } from "../ast/nodes.ts";
import { Matrix, NOTHING } from "./matrix.ts";
import { signaturesOf } from "./signatures.ts";

/** `left and right`, in place of the left matrix. */
export function vectorAnd(left: Matrix, right: Matrix, matching: VectorMatching): Matrix {
  const signatures = signaturesOf(left, right, matching);
  const present = presence(right, signatures.right, signatures.count);
  keep(left, signatures.left, present, true);
  return left;
}

/** `left unless right`, in place of the left matrix. */
export function vectorUnless(left: Matrix, right: Matrix, matching: VectorMatching): Matrix {
  const signatures = signaturesOf(left, right, matching);
  const present = presence(right, signatures.right, signatures.count);
  keep(left, signatures.left, present, false);
  return left;
}

/**
 * `left or right`, in a new matrix: rows of the left side, then of the right.
 *
 * @throws {FlxError} `FLX_PROMQL_EXECUTION` when two rows come out with the same labels at the same time
 */
export function vectorOr(left: Matrix, right: Matrix, matching: VectorMatching): Matrix {
  const signatures = signaturesOf(left, right, matching);
  const present = presence(left, signatures.left, signatures.count);
  keep(right, signatures.right, present, false);
  const union = new Matrix(left.steps, left.rows + right.rows);
  for (let row = 0; row < left.rows; row++) union.copyRow(left, row);
  for (let row = 0; row < right.rows; row++) union.copyRow(right, row);
  if (left.rows > 0 && right.rows > 0) union.mergeSameLabels();
  return union;
}

/** Per signature and time, whether some row has a sample. */
function presence(matrix: Matrix, signatures: Int32Array, count: number): Uint8Array {
  const { steps, kinds } = matrix;
  const present = new Uint8Array(count * steps);
  for (let row = 0; row < matrix.rows; row++) {
    const to = signatures[row]! * steps;
    const from = row * steps;
    for (let step = 0; step < steps; step++) {
      if (kinds[from + step] !== NOTHING) present[to + step] = 1;
    }
  }
  return present;
}

/** Takes away samples whose partner is there (or is not). */
function keep(
  matrix: Matrix,
  signatures: Int32Array,
  present: Uint8Array,
  withPartner: boolean,
): void {
  const { steps, kinds } = matrix;
  const unwanted = withPartner ? 0 : 1;
  for (let row = 0; row < matrix.rows; row++) {
    const at = row * steps;
    const partner = signatures[row]! * steps;
    for (let step = 0; step < steps; step++) {
      if (present[partner + step] === unwanted) kinds[at + step] = NOTHING;
    }
  }
  matrix.dropEmptyRows();
}
