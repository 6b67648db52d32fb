// Quantiles of the last minutes: a sketch for each slice of time, of which the oldest is emptied to become the newest.
//
//   maxAge 600 s, 5 slices     slice  40      41      42      43      44
//                                   |480 s  |492 ... 1 slice = 120 s    | now
//                                                              ▲ observations go here; a scrape adds all five
//   120 s later                slice  45      41      42      43      44      what was in 40 is forgotten
//
// So a quantile covers between 480 and 600 seconds. Slices have numbers, time / length of a slice, that all series of a
// metric share: nothing runs on a timer, a series moves on when it is next used.

import { LogSketch, readQuantiles } from "./log-sketch.ts";

/** The recent observations of one series. */
export class SlidingQuantiles {
  /** By slice number modulo their count; made when first needed. */
  #sketches: (LogSketch | undefined)[];
  #slice: number;

  /**
   * @param slices how many slices of time there are
   * @param slice  the number of the present one
   */
  constructor(slices: number, slice: number) {
    this.#sketches = Array.from({ length: slices });
    this.#slice = slice;
  }

  /** Counts a finite number in a slice of time. */
  observe(value: number, slice: number): void {
    if (slice !== this.#slice) this.#moveTo(slice);
    const at = slice % this.#sketches.length;
    (this.#sketches[at] ??= new LogSketch()).add(value);
  }

  /** The quantiles (ascending, 0 to 1) of what the slices up to the present one hold; NaN when that is nothing. */
  read(quantiles: readonly number[], slice: number): number[] {
    if (slice !== this.#slice) this.#moveTo(slice);
    return readQuantiles(
      this.#sketches.filter((sketch) => sketch !== undefined),
      quantiles,
    );
  }

  #moveTo(slice: number): void {
    const { length } = this.#sketches;
    // A series that was idle for the whole time gives its memory back.
    if (slice - this.#slice >= length) this.#sketches = Array.from({ length });
    for (let next = Math.max(this.#slice, slice - length) + 1; next <= slice; next++) {
      this.#sketches[next % length]?.clear();
    }
    this.#slice = slice;
  }
}
