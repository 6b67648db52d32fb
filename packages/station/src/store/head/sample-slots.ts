// Room for samples that are still raw: slots of one size in large pages, so that a series costs no arrays of its own.
//
//   page     ┌ slot 0 ────────────┬ slot 1 ────────────┬ ...
//            │ times    │ values  │ times    │ values  │          one buffer: doubles, and the same memory as words
//            └──────────┴─────────┴──────────┴─────────┘
//
// A slot that is given back is the next to be given out.

const PAGE_BYTES = 128 * 1024;

/** Slots of one size. */
export class SampleSlots {
  /** Samples in a slot. */
  readonly size: number;
  readonly #perPage: number;
  readonly #doubles: Float64Array[] = [];
  readonly #words: Uint32Array[] = [];
  readonly #free: number[] = [];
  #next = 0;

  constructor(size: number) {
    this.size = size;
    this.#perPage = PAGE_BYTES / (16 * size);
  }

  /** Memory of all pages. */
  get bytes(): number {
    return this.#doubles.length * PAGE_BYTES;
  }

  take(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#next === this.#doubles.length * this.#perPage) {
      const buffer = new ArrayBuffer(PAGE_BYTES);
      this.#doubles.push(new Float64Array(buffer));
      this.#words.push(new Uint32Array(buffer));
    }
    return this.#next++;
  }

  giveBack(slot: number): void {
    this.#free.push(slot);
  }

  /** The page of a slot, as doubles: its times begin at `offset(slot)`, its values `size` later. */
  doubles(slot: number): Float64Array {
    return this.#doubles[Math.floor(slot / this.#perPage)]!;
  }

  /** The same memory as words: two for each double. */
  words(slot: number): Uint32Array {
    return this.#words[Math.floor(slot / this.#perPage)]!;
  }

  offset(slot: number): number {
    return (slot % this.#perPage) * 2 * this.size;
  }
}
