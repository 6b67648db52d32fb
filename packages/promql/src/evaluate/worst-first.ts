// The best k of many, for topk and bottomk: a binary heap with the worst of the kept ones on top.
//
//         9            a new one that is better than 9 takes its place and sinks to where it belongs
//       /   \
//     12     10
//
// Of equal values any may be kept, and which one shows in the answer. So the moves are exactly those of Go's
// container/heap (and for a few rows of its sort, which is by insertion): the same series as in Prometheus are kept,
// in the same order.

/** Whether row `a` is worse than row `b`. Not an order where NaN is among them: NaN is worse than NaN. */
export type Worse = (a: number, b: number) => boolean;

/** Up to here Go sorts by insertion. */
const INSERTION_SORT_MAX = 12;

/** Rows of which the worst is on top. */
export class WorstFirst {
  readonly rows: number[] = [];
  readonly #worse: Worse;

  constructor(worse: Worse) {
    this.#worse = worse;
  }

  push(row: number): void {
    const { rows } = this;
    let at = rows.length;
    rows.push(row);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#worse(rows[at]!, rows[parent]!)) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** Puts a row in place of the worst one. */
  replaceWorst(row: number): void {
    const { rows } = this;
    rows[0] = row;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= rows.length) return;
      const right = left + 1;
      const child = right < rows.length && this.#worse(rows[right]!, rows[left]!) ? right : left;
      if (!this.#worse(rows[child]!, rows[at]!)) return;
      this.#swap(at, child);
      at = child;
    }
  }

  /** The rows, best first. The heap is used up. */
  inOrder(): number[] {
    const { rows } = this;
    const worse = this.#worse;
    if (rows.length > INSERTION_SORT_MAX) {
      return rows.toSorted((a, b) => Number(worse(a, b)) - Number(worse(b, a)));
    }
    for (let i = 1; i < rows.length; i++) {
      for (let j = i; j > 0 && worse(rows[j - 1]!, rows[j]!); j--) this.#swap(j, j - 1);
    }
    return rows;
  }

  #swap(a: number, b: number): void {
    const row = this.rows[a]!;
    this.rows[a] = this.rows[b]!;
    this.rows[b] = row;
  }
}
