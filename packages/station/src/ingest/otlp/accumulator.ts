// Delta to cumulative: what a series has counted since we saw it first.
//
//   delta   +3   +2   (too old)   +4        a point that does not come after the last one is refused: it cannot be
//   total    3    5                 9       told from one that was sent twice
//
// Vectors, so that a histogram is one entry. Exponential histograms are added as histograms, at the coarser resolution.
// The number of entries is bounded; the one not used for longest goes, and its series then starts again at zero, which
// rate() sees as a reset.

import type { NativeHistogram } from "@flx/model";

interface Entry {
  timeMs: number;
  readonly startMs: number;
  counts: Float64Array;
  histogram: NativeHistogram | undefined;
}

/** Sums by series. */
export class DeltaAccumulator {
  readonly #entries = new Map<number, Entry>();
  readonly #maxSeries: number;

  constructor(maxSeries = 1_000_000) {
    this.#maxSeries = maxSeries;
  }

  /** Forgets everything: the references belong to another generation. */
  clear(): void {
    this.#entries.clear();
  }

  /**
   * Adds numbers to those of a series, which then hold the totals.
   *
   * @returns since when it counts, or `undefined` when the point is not after the last one
   */
  addNumbers(
    series: number,
    startMs: number,
    timeMs: number,
    numbers: Float64Array,
  ): number | undefined {
    const entry = this.#enter(series, startMs, timeMs);
    if (entry === undefined) return undefined;
    if (entry.counts.length !== numbers.length) entry.counts = new Float64Array(numbers.length);
    for (let i = 0; i < numbers.length; i++) {
      entry.counts[i]! += numbers[i]!;
      numbers[i] = entry.counts[i]!;
    }
    return entry.startMs;
  }

  /** Adds a histogram; the total, or `undefined` when it is not after the last one. */
  addHistogram(
    series: number,
    startMs: number,
    timeMs: number,
    histogram: NativeHistogram,
  ): { histogram: NativeHistogram; startMs: number } | undefined {
    const entry = this.#enter(series, startMs, timeMs);
    if (entry === undefined) return undefined;
    entry.histogram = entry.histogram === undefined ? histogram : entry.histogram.add(histogram);
    return { histogram: entry.histogram, startMs: entry.startMs };
  }

  #enter(series: number, startMs: number, timeMs: number): Entry | undefined {
    const known = this.#entries.get(series);
    if (known !== undefined) {
      if (timeMs <= known.timeMs) return undefined;
      known.timeMs = timeMs;
      this.#entries.delete(series);
      this.#entries.set(series, known);
      return known;
    }
    if (this.#entries.size >= this.#maxSeries) {
      this.#entries.delete(this.#entries.keys().next().value!);
    }
    const entry: Entry = { timeMs, startMs, counts: new Float64Array(0), histogram: undefined };
    this.#entries.set(series, entry);
    return entry;
  }
}
