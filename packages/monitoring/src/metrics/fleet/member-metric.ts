// One metric of one member (a thread, or a process) as the gatherer sees it: which rows are in use, and where each of them is
// added to in the merged metric.
//
//   member's row   0   1   2   3   4
//   map            7   0  -1   9  -1        row of the merged metric (merged-metric.ts)
//   pending                2: ["PUT"]       labels of rows that have no place there yet
//   leaving        [3]                      places that were given up, and are released when the merge is done
//
// Labels are kept only until the row has its place: the merged metric has them then.

import type { Exemplar, NativeHistogram } from "@flx/model/write";
import { RowSet } from "../row-set.ts";
import type { MetricSpec } from "./metric-spec.ts";

/** A row that has no place. */
export const NO_PLACE = -1;

/** A series that was opened. */
export interface OpenedSeries {
  readonly values: readonly string[];
  /** When it began to count; NaN when that is not known. */
  readonly createdMs: number;
}

/** One metric of one member. */
export abstract class MemberMetric {
  readonly spec: MetricSpec;
  /** Rows given out, closed ones included. */
  rows = 0;
  map: Int32Array = new Int32Array(8).fill(NO_PLACE);
  readonly pending: Map<number, OpenedSeries> = new Map();
  leaving: number[] = [];
  /** How many rows were closed so far. */
  closures = 0;
  /** Exemplars that have come since the last merge, by position (exemplar-store.ts). */
  readonly exemplars: Map<number, Exemplar> = new Map();
  readonly #open = new RowSet();

  constructor(spec: MetricSpec) {
    this.spec = spec;
  }

  isOpen(row: number): boolean {
    return this.#open.has(row);
  }

  /** Says that a row stands for a series now. */
  open(row: number, series: OpenedSeries): void {
    if (this.isOpen(row)) this.close(row);
    this.#open.add(row);
    this.pending.set(row, series);
    this.rows = Math.max(this.rows, row + 1);
    if (row < this.map.length) return;
    const grown = new Int32Array(Math.max(row + 1, this.map.length * 2)).fill(NO_PLACE);
    grown.set(this.map);
    this.map = grown;
  }

  /** Says that a row stands for no series any more. */
  close(row: number): void {
    if (!this.isOpen(row)) return;
    this.#open.delete(row);
    this.pending.delete(row);
    this.closures++;
    const place = this.map[row]!;
    if (place !== NO_PLACE) this.leaving.push(place);
    this.map[row] = NO_PLACE;
  }

  /** Says that no row stands for a series any more. */
  closeAll(): void {
    for (let row = 0; row < this.rows; row++) this.close(row);
    this.rows = 0;
  }

  /** Chunks of numbers there are. */
  abstract get chunks(): number;

  /** The numbers of a chunk, which the rows of now have; valid until the next call for any metric. */
  abstract readChunk(index: number): Float64Array;

  /**
   * The numbers and exponential buckets of a row, which belong together: as many observations in one as in the other.
   *
   * @param cells takes the numbers
   */
  abstract readNative(row: number, cells: Float64Array): NativeHistogram | undefined;
}
