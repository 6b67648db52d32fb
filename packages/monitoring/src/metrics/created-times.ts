// When each series of a metric began to count: the created time of OpenMetrics and protobuf.
//
//   100,000 series opened at the start   runs    [row 0, 12:00:00.000] [row 3,071, 12:00:00.001] ...   one a millisecond
//   row 17 given to another label set    again   17 -> 12:05:01.234                                    sparse
//
// Rows are given out in order, so a time is kept where it changes, not for each row: 100,000 series opened in a burst cost
// about a kilobyte together, one that is opened alone 16 bytes, one in a row that was used before a Map's entry.
//
// A time is what the wall clock says when the row is opened, in the same call as the first increment and before it; and what
// had the row, or these labels, before was taken away in an earlier call. So no created time lies after the first increment, or
// before the end of the series that had the same labels.

import type { UnixMs } from "@flx/model/write";

/** The times of one metric's rows. */
export class CreatedTimes {
  readonly #wallClock: () => number;
  /** The first row of each run, ascending, and the time of all its rows. */
  #firstRows: number[] = [];
  #timesMs: number[] = [];
  /** The run that was asked for last. */
  #lastRun = 0;
  /** Rows up to here were given out before. */
  #nextRow = 0;
  /** Times of rows that were given out again. */
  readonly #again = new Map<number, number>();

  /** @param wallClock milliseconds since 1970 */
  constructor(wallClock: () => number) {
    this.#wallClock = wallClock;
  }

  /** Says that a series begins now in a row. */
  opened(row: number): void {
    const nowMs = this.#wallClock();
    if (row < this.#nextRow) {
      this.#again.set(row, nowMs);
      return;
    }
    this.#nextRow = row + 1;
    if (this.#timesMs.at(-1) === nowMs) return;
    this.#firstRows.push(row);
    this.#timesMs.push(nowMs);
  }

  /** Says that a row has no series any more. */
  closed(row: number): void {
    this.#again.delete(row);
  }

  /** Forgets all rows. */
  clear(): void {
    this.#firstRows = [];
    this.#timesMs = [];
    this.#nextRow = 0;
    this.#lastRun = 0;
    this.#again.clear();
  }

  /** When the series of a row, which must have been opened, began. */
  of(row: number): UnixMs {
    const again = this.#again.size === 0 ? undefined : this.#again.get(row);
    return (again ?? this.#timesMs[this.#runOf(row)]!) as UnixMs;
  }

  /** The last run that begins at the row or before it. */
  #runOf(row: number): number {
    const firstRows = this.#firstRows;
    // Expositions ask for one row after the other.
    if (firstRows[this.#lastRun]! <= row && !(firstRows[this.#lastRun + 1]! <= row)) {
      return this.#lastRun;
    }
    let low = 0;
    let high = firstRows.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (firstRows[middle]! <= row) low = middle;
      else high = middle - 1;
    }
    this.#lastRun = low;
    return low;
  }
}
