// Numbers for label sets, where nothing else is kept of a series: the engine elsewhere has it.
//
//   ref(labels) ──► number        labels of a number, for every request it is in
//
// Bounded: when there are too many, the table begins anew and the one before stays until the next time, for batches that
// are under way with its numbers. `generation` tells that numbers are given anew. No number is given twice.

import type { Labels } from "@flx/model";
import { SentSeries } from "./sent-series.ts";

/** The table. */
export class SeriesNames {
  generation = 1;
  readonly #max: number;
  #next = 1;
  #byKey = new Map<string, number>();
  #named = new Map<number, SentSeries>();
  #before = new Map<number, SentSeries>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#named.size;
  }

  ref(labels: Labels): number {
    const known = this.#byKey.get(labels.key);
    if (known !== undefined) return known;
    if (this.#named.size >= this.#max) this.#beginAnew();
    const ref = this.#next++;
    this.#byKey.set(labels.key, ref);
    this.#named.set(ref, new SentSeries(labels));
    return ref;
  }

  #beginAnew(): void {
    this.#before = this.#named;
    this.#named = new Map();
    this.#byKey = new Map();
    this.generation++;
  }

  /** The series of a number; undefined when it was forgotten. */
  get(ref: number): SentSeries | undefined {
    return this.#named.get(ref) ?? this.#before.get(ref);
  }
}
