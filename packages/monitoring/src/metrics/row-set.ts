// A set of row numbers, one bit each.

/** Which rows are in use. */
export class RowSet {
  /** How many rows are in it. */
  size = 0;
  #bits = new Uint32Array(1);

  has(row: number): boolean {
    return ((this.#bits[row >>> 5] ?? 0) & (1 << (row & 31))) !== 0;
  }

  add(row: number): void {
    if (this.has(row)) return;
    this.size++;
    const word = row >>> 5;
    if (word >= this.#bits.length) {
      const grown = new Uint32Array(Math.max(word + 1, this.#bits.length * 2));
      grown.set(this.#bits);
      this.#bits = grown;
    }
    this.#bits[word]! |= 1 << (row & 31);
  }

  delete(row: number): void {
    if (!this.has(row)) return;
    this.size--;
    this.#bits[row >>> 5]! &= ~(1 << (row & 31));
  }
}
