// What is to be done when: a binary heap, the earliest at the top.
//
//              3                     entries know their place, so one can be moved or taken out
//          ┌───┴───┐                 without a search: log n steps for each
//          7       5
//        ┌─┴─┐   ┌─┘
//        9   8   6

/** Something that is to be done at a time. */
export interface DueEntry {
  atMs: number;
  /** Its place in the heap; -1 when it is in none. Only the queue sets it. */
  place: number;
  readonly run: (nowMs: number) => void;
}

/** An entry that is in no queue yet. */
export function dueEntry(run: (nowMs: number) => void): DueEntry {
  return { atMs: 0, place: -1, run };
}

/** Entries by time. */
export class DueQueue {
  readonly #heap: DueEntry[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** The entry that is due first. */
  first(): DueEntry | undefined {
    return this.#heap[0];
  }

  /** Puts an entry in, or moves it to another time. */
  put(entry: DueEntry, atMs: number): void {
    if (entry.place < 0) {
      entry.place = this.#heap.length;
      this.#heap.push(entry);
    }
    entry.atMs = atMs;
    this.#up(entry);
    this.#down(entry);
  }

  /** Takes an entry out, if it is in. */
  remove(entry: DueEntry): void {
    const { place } = entry;
    if (place < 0) return;
    entry.place = -1;
    const last = this.#heap.pop()!;
    if (last === entry) return;
    last.place = place;
    this.#heap[place] = last;
    this.#up(last);
    this.#down(last);
  }

  /** Takes everything out. */
  clear(): void {
    for (const entry of this.#heap) entry.place = -1;
    this.#heap.length = 0;
  }

  #up(entry: DueEntry): void {
    const heap = this.#heap;
    while (entry.place > 0) {
      const parent = heap[(entry.place - 1) >> 1]!;
      if (parent.atMs <= entry.atMs) return;
      this.#swap(parent, entry);
    }
  }

  #down(entry: DueEntry): void {
    const heap = this.#heap;
    for (;;) {
      const left = heap[2 * entry.place + 1];
      if (left === undefined) return;
      const right = heap[2 * entry.place + 2];
      const child = right !== undefined && right.atMs < left.atMs ? right : left;
      if (entry.atMs <= child.atMs) return;
      this.#swap(entry, child);
    }
  }

  /** Exchanges an entry and one of its children. */
  #swap(above: DueEntry, below: DueEntry): void {
    const { place } = above;
    above.place = below.place;
    below.place = place;
    this.#heap[above.place] = above;
    this.#heap[place] = below;
  }
}
