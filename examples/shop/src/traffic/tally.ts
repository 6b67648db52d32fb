// What came back, counted between two summary lines.

import type { LogFields } from "../log.ts";

/** Counts answers by class and keeps their times. */
export class Tally {
  readonly #classes = new Map<string, number>();
  #durationsMs: number[] = [];

  answer(status: number, durationMs: number): void {
    this.count(`${Math.floor(status / 100)}xx`);
    this.#durationsMs.push(durationMs);
  }

  /** Counts something that is not an answer: "lost" or "held back". */
  count(what: string): void {
    this.#classes.set(what, (this.#classes.get(what) ?? 0) + 1);
  }

  /** The fields of a summary line; counting starts again from zero. */
  take(seconds: number): LogFields {
    const sorted = this.#durationsMs.toSorted((a, b) => a - b);
    const p95 = sorted[Math.floor(sorted.length * 0.95)];
    const classes = Object.fromEntries([...this.#classes].toSorted(([a], [b]) => (a < b ? -1 : 1)));
    this.#classes.clear();
    this.#durationsMs = [];
    return {
      perSecond: (sorted.length / seconds).toFixed(1),
      ...classes,
      p95ms: p95 === undefined ? undefined : Math.round(p95),
    };
  }
}
