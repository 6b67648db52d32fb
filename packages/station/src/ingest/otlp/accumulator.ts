// Delta to cumulative: what a series has counted since we saw it first.
//
//   delta   +3   +2   (+2 again)   (too old)   +4
//   total    3    5        5            -       9
//
// A point that does not come after the last one is refused: it cannot be told from one that was sent twice. The last one
// itself, sent again, is the same total again: senders repeat what they got no answer for, or a 429.
//
// A sum that is not kept must not count: each step says what was there before, and is undone when the store takes nothing
// or refuses the sample. A series that has gone on meanwhile keeps it: its later totals are in the store with it.
//
// Vectors, so that a histogram is one entry. Exponential histograms are added as histograms, at the coarser resolution.
// The number of entries is bounded; the one not used for longest goes, and its series then starts again at zero, which
// rate() sees as a reset.

import type { NativeHistogram } from "@flx/model";

interface Entry {
  readonly timeMs: number;
  readonly startMs: number;
  readonly counts: Float64Array;
  readonly histogram: NativeHistogram | undefined;
  /** Of the last delta: is a point at the same time the same? */
  readonly print: number;
  readonly last: NativeHistogram | undefined;
}

/** One delta added: what was there before and is since. */
export interface DeltaStep {
  readonly series: number;
  /** Whatever the caller knows it by. */
  readonly point: number;
  readonly before: Entry | undefined;
  readonly after: Entry;
}

/** Sums by series. */
export class DeltaAccumulator {
  readonly #entries = new Map<number, Entry>();
  readonly #maxSeries: number;
  #steps: DeltaStep[] = [];

  constructor(maxSeries = 1_000_000) {
    this.#maxSeries = maxSeries;
  }

  /** Forgets everything: the references belong to another generation. */
  clear(): void {
    this.#entries.clear();
  }

  /** What was added since the last call. */
  takeSteps(): readonly DeltaStep[] {
    const steps = this.#steps;
    this.#steps = [];
    return steps;
  }

  /** As if these had never been added, where the series has not gone on since. */
  undo(steps: readonly DeltaStep[]): void {
    for (const { series, before, after } of steps.toReversed()) {
      if (this.#entries.get(series) !== after) continue;
      if (before === undefined) this.#entries.delete(series);
      else this.#entries.set(series, before);
    }
  }

  /**
   * Adds numbers to those of a series; they then hold the totals, and are kept.
   *
   * @param point told again in the step
   * @returns since when it counts, or `undefined` when the point is not after the last one
   */
  addNumbers(
    series: number,
    point: number,
    { startMs, timeMs }: { readonly startMs: number; readonly timeMs: number },
    numbers: Float64Array,
  ): number | undefined {
    const before = this.#entries.get(series);
    const print = printOf(numbers);
    if (before !== undefined && timeMs <= before.timeMs) {
      const isRepeated = timeMs === before.timeMs && print === before.print;
      if (!isRepeated || numbers.length !== before.counts.length) return undefined;
      numbers.set(before.counts);
      return before.startMs;
    }
    // With other buckets it counts anew.
    if (before?.counts.length === numbers.length) {
      for (let i = 0; i < numbers.length; i++) numbers[i]! += before.counts[i]!;
    }
    const after = {
      timeMs,
      startMs: before?.startMs ?? startMs,
      counts: numbers,
      histogram: undefined,
      print,
      last: undefined,
    };
    this.#step({ series, point, before, after });
    return after.startMs;
  }

  /** Adds a histogram; the total, or `undefined` when it is not after the last one. */
  addHistogram(
    series: number,
    point: number,
    { startMs, timeMs }: { readonly startMs: number; readonly timeMs: number },
    histogram: NativeHistogram,
  ): { readonly histogram: NativeHistogram; readonly startMs: number } | undefined {
    const before = this.#entries.get(series);
    if (before !== undefined && timeMs <= before.timeMs) {
      const isRepeated = timeMs === before.timeMs && before.last?.equals(histogram) === true;
      return isRepeated ? { histogram: before.histogram!, startMs: before.startMs } : undefined;
    }
    const after = {
      timeMs,
      startMs: before?.startMs ?? startMs,
      counts: none,
      histogram: before?.histogram?.add(histogram) ?? histogram,
      print: 0,
      last: histogram,
    };
    this.#step({ series, point, before, after });
    return after;
  }

  #step(step: DeltaStep): void {
    const { series, before, after } = step;
    // Deleted first: the one used last is at the end.
    if (before !== undefined) this.#entries.delete(series);
    else if (this.#entries.size >= this.#maxSeries) {
      this.#entries.delete(this.#entries.keys().next().value!);
    }
    this.#entries.set(series, after);
    this.#steps.push(step);
  }
}

const none = new Float64Array(0);

/** 32 bits that other numbers hardly have (FNV-1a by words). */
function printOf(numbers: Float64Array): number {
  const words = new Uint32Array(numbers.buffer, numbers.byteOffset, 2 * numbers.length);
  let print = 0x811c9dc5;
  for (const word of words) print = Math.imul(print ^ word, 0x01000193);
  return print >>> 0;
}
