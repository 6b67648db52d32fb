// A result that is put together time by time, its rows found by their labels.

import type { Labels } from "@flx/model";
import type { FloatHistogram } from "../histogram/float-histogram.ts";
import { type Matrix, NOTHING, sameLabels } from "./matrix.ts";

/** The value of one sample: a histogram, else a float. */
export interface Outcome {
  readonly value: number;
  readonly histogram: FloatHistogram | undefined;
}

/** Puts a value at a position. */
export function putOutcome(matrix: Matrix, at: number, { value, histogram }: Outcome): void {
  if (histogram === undefined) matrix.putFloat(at, value);
  else matrix.putHistogram(at, histogram);
}

/** Rows of a result that are found by their labels, time by time. */
export class ResultRows {
  readonly #matrix: Matrix;
  readonly #rows = new Map<string, number>();

  constructor(matrix: Matrix) {
    this.#matrix = matrix;
  }

  /** @throws {FlxError} `FLX_PROMQL_EXECUTION` when the labels have a sample at that time already */
  put(labels: Labels, step: number, outcome: Outcome, dropName: boolean): void {
    const matrix = this.#matrix;
    let row = this.#rows.get(labels.key);
    if (row === undefined) {
      row = matrix.rows;
      this.#rows.set(labels.key, row);
      matrix.beginRow();
      matrix.endRow(labels, dropName);
    }
    const at = row * matrix.steps + step;
    if (matrix.kinds[at] !== NOTHING) {
      throw sameLabels();
    }
    putOutcome(matrix, at, outcome);
  }
}
