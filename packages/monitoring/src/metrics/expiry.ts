// Expiry: series that nobody has updated for a while are taken away, for labels that come and go (users, pods, jobs).
//
//   sweep, before an exposition      a=7 b=3       a=7 b=4       a=7 b=4       a=7 b=5
//   at                               0 s           60 s          120 s         180 s     expireAfterMs 150 s
//   changed at                       0    0        0    60       0    60       180 - 0 >= 150: a goes
//
// The calls that count and set pay nothing for it: no time is taken and no mark is made. Instead each sweep compares
// every number with what it was at the sweep before. Two things follow. "Idle" means "the numbers are the same", so
// a gauge that is set to the same value again and again goes as well (and comes back with its next change, as every
// series does). And nothing expires while nobody scrapes; `maxSeries` bounds memory in that time.
//
// 100,000 series are compared in about half a millisecond. The copies cost eight bytes a number and a series, and only
// metrics that ask for expiry have them. A handle from `labels(...)` finds its series again (the store's `epoch`).

import { FlxError, type DurationMs } from "@flx/model/write";
import { CHUNK_BITS, CHUNK_MASK, Cells } from "./cells.ts";

/** What a sweep needs to know of a metric's series. */
export interface ExpiringSeries {
  readonly cells: Cells;
  /** Rows given out, free ones included. */
  readonly rows: number;
  isUsed(row: number): boolean;
  removeRow(row: number): void;
}

/** Finds the series of one metric that stand still. */
export class Expiry {
  readonly #series: ExpiringSeries;
  readonly #afterMs: number;
  readonly #clock: () => number;
  /** The numbers at the last sweep. */
  readonly #before: Cells;
  /** When a sweep last saw them change; NaN for a row that no sweep has seen. */
  readonly #changedAt = new Cells();

  /**
   * @param afterMs how long a series may stand still
   * @param clock   milliseconds that never go back
   * @throws {FlxError} `FLX_METRIC_EXPIRY` when the time is not above zero
   */
  constructor(series: ExpiringSeries, afterMs: DurationMs, clock: () => number) {
    if (!(afterMs > 0)) {
      throw new FlxError("FLX_METRIC_EXPIRY", `expireAfterMs must be above 0, got ${afterMs}`);
    }
    this.#series = series;
    this.#afterMs = afterMs;
    this.#clock = clock;
    this.#before = new Cells(series.cells.stride);
  }

  /** Says that a row now stands for a new series. */
  opened(row: number): void {
    this.#before.reserve(row);
    this.#changedAt.reserve(row);
    this.#changedAt.set(row, Number.NaN);
  }

  /** Takes the series away that have stood still for too long. */
  sweep(): void {
    const now = this.#clock();
    const { rows } = this.#series;
    for (let row = 0; row < rows; row++) {
      if (!this.#series.isUsed(row)) continue;
      const changedAt = this.#changedAt.get(row);
      if (this.#keep(row) || changedAt !== changedAt) this.#changedAt.set(row, now);
      else if (now - changedAt >= this.#afterMs) this.#series.removeRow(row);
    }
  }

  /** Copies the numbers of a row; whether one of them was another at the last sweep. */
  #keep(row: number): boolean {
    const { cells } = this.#series;
    const { stride } = cells;
    const chunk = cells.chunks[row >> CHUNK_BITS]!;
    const before = this.#before.chunks[row >> CHUNK_BITS]!;
    const start = (row & CHUNK_MASK) * stride;
    let changed = false;
    for (let at = start; at < start + stride; at++) {
      const value = chunk[at]!;
      const old = before[at]!;
      if (value === old || (value !== value && old !== old)) continue;
      before[at] = value;
      changed = true;
    }
    return changed;
  }
}
