// The place of one series' numbers, kept by a bound handle: an addition to an array, and nothing else, on the hot path.
//
// When the store's layout changes (a row removed, the first chunk grown), the place is looked up again by the labels the
// handle was made with; a series that was removed comes back. Labels that were refused lead to a place nobody reads. Where
// labels come from the running work (context-labels.ts), it is looked up each time.

import type { SeriesStore } from "./series-store.ts";

/** Where a bound handle reads and writes. */
export class BoundSeries<Store extends SeriesStore> {
  readonly store: Store;
  /** The row, or NO_ROW when the labels were refused. */
  row = -1;
  /** The array with the row's numbers. */
  chunk: Float64Array;
  /** The first of them. */
  start = 0;
  /** The layout for which this holds. */
  layout = -1;
  readonly #args: readonly unknown[];

  constructor(store: Store, args: readonly unknown[]) {
    this.store = store;
    this.chunk = new Float64Array(0);
    this.#args = args.map((arg) => (typeof arg === "object" && arg !== null ? { ...arg } : arg));
    this.find();
  }

  /** Looks the place up. */
  find(): void {
    const { store } = this;
    this.row = store.rowOfArguments(this.#args);
    // Where labels come from the running work, no place holds for the next call.
    this.layout = store.hasContext ? -1 : store.layout;
    if (this.row >= 0) {
      const place = store.cells.at(this.row);
      this.chunk = place.chunk;
      this.start = place.start;
    } else {
      this.chunk = new Float64Array(store.cells.stride);
      this.start = 0;
    }
  }
}
