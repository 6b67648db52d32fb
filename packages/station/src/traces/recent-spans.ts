// Which spans were seen lately: one that comes again, because its sender did not hear that it was taken, is told.
//
//   young  [ hash | hash | . | hash ]     what is new goes here; full, it becomes the old one
//   old    [ hash | . | hash | hash ]     and the old one is forgotten
//
// A table is a power of two of slots, two words each, half full at most; it begins small and grows to MAX_SLOTS. So a quarter
// of a million spans are remembered at least, in 8 MB at most, and a station with little traffic pays for little.
//
// A span is told by 64 bits of hash: two that are different are taken for one about once in 10^14.

const FIRST_SLOTS = 1_024;
const MAX_SLOTS = 524_288;

/** Remembers spans by their fingerprints. */
export class RecentSpans {
  #young = new Table(FIRST_SLOTS);
  #old: Table | undefined;

  /** Notes a span; false when it was there already. */
  add(high: number, low: number): boolean {
    if (this.#old?.has(high, low) === true) return false;
    if (!this.#young.add(high, low)) return false;
    if (this.#young.isFull) this.#makeRoom();
    return true;
  }

  #makeRoom(): void {
    if (this.#young.slots < MAX_SLOTS) {
      this.#young = this.#young.doubled();
      return;
    }
    this.#old = this.#young;
    this.#young = new Table(MAX_SLOTS);
  }
}

/** A set of pairs of words. Both zero means an empty slot; that pair itself is written as 0, 1. */
class Table {
  readonly slots: number;
  readonly #words: Uint32Array;
  #count = 0;

  constructor(slots: number) {
    this.slots = slots;
    this.#words = new Uint32Array(2 * slots);
  }

  get isFull(): boolean {
    return 2 * this.#count >= this.slots;
  }

  has(high: number, low: number): boolean {
    const at = this.#find(high, low);
    return this.#words[at] !== 0 || this.#words[at + 1] !== 0;
  }

  /** False when it is there. */
  add(high: number, low: number): boolean {
    const at = this.#find(high, low);
    if (this.#words[at] !== 0 || this.#words[at + 1] !== 0) return false;
    this.#words[at] = high;
    this.#words[at + 1] = high === 0 && low === 0 ? 1 : low;
    this.#count++;
    return true;
  }

  /** Where the pair is, or would be. */
  #find(high: number, low: number): number {
    const words = this.#words;
    const last = high === 0 && low === 0 ? 1 : low;
    for (let slot = high & (this.slots - 1); ; slot = (slot + 1) & (this.slots - 1)) {
      const at = 2 * slot;
      if (words[at] === 0 && words[at + 1] === 0) return at;
      if (words[at] === high && words[at + 1] === last) return at;
    }
  }

  doubled(): Table {
    const larger = new Table(2 * this.slots);
    const words = this.#words;
    for (let at = 0; at < words.length; at += 2) {
      if (words[at] !== 0 || words[at + 1] !== 0) larger.add(words[at]!, words[at + 1]!);
    }
    return larger;
  }
}
