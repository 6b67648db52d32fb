// What an expression gives for all evaluation times at once: a row per series, a column per time.
//
//            t0    t1    t2    t3            values       one Float64Array, row after row
//   {a="1"}   5     6     .     8            kinds        0 nothing, 1 a float, 2 a histogram
//   {a="2"}   .     .    {h}    1            histograms   side array, only when there is one
//
// One slab for all rows instead of an array per series: ten thousand series cost three allocations, and loops run over
// memory in order. A row with nothing in it is no row. No two rows have the same labels, except with delayed removal
// of names, where `dropName` says that a row's name is still to go.
//
// Rows are mutable: an operator may compute in place in the matrix of its operand, since each has one reader only.

import { FlxError, type Labels } from "@flx/model";
import type { FloatHistogram } from "../histogram/float-histogram.ts";
import { sampleSize } from "../histogram/float-histogram.ts";

export const NOTHING = 0;
export const FLOAT = 1;
export const HISTOGRAM = 2;

/** Rows of samples on one grid. */
export class Matrix {
  readonly steps: number;
  rows = 0;
  readonly labels: Labels[] = [];
  /** Only read with delayed removal of names. */
  readonly dropName: boolean[] = [];
  values: Float64Array;
  kinds: Uint8Array;
  histograms: (FloatHistogram | undefined)[] | undefined;

  /** @param capacity for how many rows memory is taken at first */
  constructor(steps: number, capacity: number) {
    this.steps = steps;
    this.values = new Float64Array(capacity * steps);
    this.kinds = new Uint8Array(capacity * steps);
  }

  /** Position of the next row, with memory for it; nothing is in it yet. Call `endRow` when it is filled. */
  beginRow(): number {
    const at = this.rows * this.steps;
    if (at + this.steps > this.values.length) this.#grow();
    return at;
  }

  /** Keeps the row that was begun. */
  endRow(labels: Labels, dropName: boolean): void {
    this.labels[this.rows] = labels;
    this.dropName[this.rows] = dropName;
    this.rows++;
  }

  /** Puts a histogram at a position. */
  putHistogram(at: number, histogram: FloatHistogram): void {
    this.kinds[at] = HISTOGRAM;
    this.histograms ??= [];
    this.histograms[at] = histogram;
  }

  putFloat(at: number, value: number): void {
    this.kinds[at] = FLOAT;
    this.values[at] = value;
  }

  /** The histogram at a position, where `kinds` says there is one. */
  histogramAt(at: number): FloatHistogram {
    return this.histograms![at]!;
  }

  /** Copies one sample of another matrix. */
  copySample(at: number, from: Matrix, position: number): void {
    const kind = from.kinds[position]!;
    this.kinds[at] = kind;
    this.values[at] = from.values[position]!;
    if (kind === HISTOGRAM) this.putHistogram(at, from.histogramAt(position));
  }

  /** Copies a whole row of another matrix of as many steps. */
  copyRow(from: Matrix, row: number): void {
    const at = this.beginRow();
    const position = row * this.steps;
    this.values.set(from.values.subarray(position, position + this.steps), at);
    this.kinds.set(from.kinds.subarray(position, position + this.steps), at);
    if (from.histograms !== undefined) {
      for (let i = 0; i < this.steps; i++) {
        if (from.kinds[position + i] === HISTOGRAM) {
          this.putHistogram(at + i, from.histogramAt(position + i));
        }
      }
    }
    this.endRow(from.labels[row]!, from.dropName[row]!);
  }

  isEmptyRow(row: number): boolean {
    const { kinds, steps } = this;
    for (let at = row * steps; at < (row + 1) * steps; at++)
      if (kinds[at] !== NOTHING) return false;
    return true;
  }

  /** Takes away rows with nothing in them. */
  dropEmptyRows(): void {
    let kept = 0;
    for (let row = 0; row < this.rows; row++) {
      if (this.isEmptyRow(row)) continue;
      if (kept !== row) this.#moveRow(row, kept);
      kept++;
    }
    this.#truncate(kept);
  }

  /** Takes away a set of rows. */
  dropRows(dropped: ReadonlySet<number>): void {
    if (dropped.size === 0) return;
    let kept = 0;
    for (let row = 0; row < this.rows; row++) {
      if (dropped.has(row)) continue;
      if (kept !== row) this.#moveRow(row, kept);
      kept++;
    }
    this.#truncate(kept);
  }

  /**
   * Makes rows with the same labels one. (After a name was dropped or a label replaced.)
   *
   * @throws {FlxError} `FLX_PROMQL_EXECUTION` when two of them have a sample at the same time
   */
  mergeSameLabels(): void {
    if (this.rows < 2) return;
    const first = new Map<string, number>();
    const merged = new Set<number>();
    for (let row = 0; row < this.rows; row++) {
      const { key } = this.labels[row]!;
      const target = first.get(key);
      if (target === undefined) first.set(key, row);
      else {
        this.#mergeRow(row, target);
        merged.add(row);
      }
    }
    this.dropRows(merged);
  }

  /**
   * @throws {FlxError} `FLX_PROMQL_EXECUTION` when two rows have the same labels
   */
  refuseSameLabels(): void {
    const seen = new Set<string>();
    for (let row = 0; row < this.rows; row++) {
      const { key } = this.labels[row]!;
      if (seen.has(key)) throw sameLabels();
      seen.add(key);
    }
  }

  /** How many samples are in it; a histogram counts by its size. */
  sampleCount(): number {
    const { kinds } = this;
    const end = this.rows * this.steps;
    let count = 0;
    for (let at = 0; at < end; at++) {
      if (kinds[at] === FLOAT) count++;
      else if (kinds[at] === HISTOGRAM) count += sampleSize(this.histogramAt(at));
    }
    return count;
  }

  /** Bytes of its columns. */
  get byteLength(): number {
    return this.values.byteLength + this.kinds.byteLength + 8 * (this.histograms?.length ?? 0);
  }

  #mergeRow(row: number, target: number): void {
    const { steps } = this;
    for (let i = 0; i < steps; i++) {
      const from = row * steps + i;
      const to = target * steps + i;
      if (this.kinds[from] === NOTHING) continue;
      if (this.kinds[to] !== NOTHING) throw sameLabels();
      this.copySample(to, this, from);
    }
  }

  #moveRow(from: number, to: number): void {
    const { steps, histograms } = this;
    this.labels[to] = this.labels[from]!;
    this.dropName[to] = this.dropName[from]!;
    this.values.copyWithin(to * steps, from * steps, (from + 1) * steps);
    this.kinds.copyWithin(to * steps, from * steps, (from + 1) * steps);
    if (histograms === undefined) return;
    for (let i = 0; i < steps; i++) histograms[to * steps + i] = histograms[from * steps + i];
  }

  #truncate(rows: number): void {
    this.kinds.fill(NOTHING, rows * this.steps, this.rows * this.steps);
    this.rows = rows;
    this.labels.length = rows;
    this.dropName.length = rows;
  }

  #grow(): void {
    const length = Math.max(this.values.length * 2, this.steps * 4);
    const values = new Float64Array(length);
    values.set(this.values);
    this.values = values;
    const kinds = new Uint8Array(length);
    kinds.set(this.kinds);
    this.kinds = kinds;
  }
}

/** The error for two series that could not be told apart. */
export function sameLabels(): FlxError {
  return new FlxError(
    "FLX_PROMQL_EXECUTION",
    "vector cannot contain metrics with the same labelset",
  );
}
