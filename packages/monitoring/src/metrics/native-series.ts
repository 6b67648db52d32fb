// The native (exponential) histogram of one series while it is being recorded.
//
//   positive   offset -3   [ 2 | 0 | 5 | 1 | 0 | 4 ]     one count a bucket, from index -3 on: an addition to an array
//   negative   the same, for the absolute values
//   zero       values no further from zero than the threshold
//
// A window of buckets instead of a map of them: latencies and sizes fill a window densely, and finding the bucket is then the
// cost of its index alone. The window grows to where values come. When more than `maxBuckets` buckets are populated, or the
// window would be longer than four times that, the resolution is halved (one schema coarser, pairs of buckets added up)
// until it fits, as Prometheus' own libraries do; it does not become finer again.
//
// Source: https://prometheus.io/docs/specs/native_histograms/ ; index and bounds: @flx/model, exponential-buckets.ts.

import { bucketIndex, coarserIndex, MIN_SCHEMA, NativeHistogram } from "@flx/model/write";
import { type CellMemory, ownMemory } from "./cells.ts";

/** How native histograms are recorded. */
export interface NativeOptions {
  /** The finest resolution, -4 to 8: 3 has 8 buckets per power of two, 9 % wide each. Default 3. */
  readonly schema?: number;
  /** Populated buckets before the resolution is halved. Default 160. */
  readonly maxBuckets?: number;
  /** Values no further from zero are counted in the zero bucket. Default 2^-128. */
  readonly zeroThreshold?: number;
}

/** The options with their defaults. */
export type NativeSettings = Required<NativeOptions>;

export const DEFAULT_NATIVE: NativeSettings = {
  schema: 3,
  maxBuckets: 160,
  zeroThreshold: 2 ** -128,
};

/** A window may be so many times longer than the buckets that may be populated in it. */
const MAX_SPARSENESS = 4;

/** Buckets a window grows by at each end at least. */
const GROWTH = 8;

/** Where the counts of one side stand: the index of the first bucket, and the counts from there on. */
export interface NativeWindow {
  readonly offset: number;
  readonly counts: Float64Array;
}

/** One series' exponential buckets. */
export class NativeSeries {
  readonly #settings: NativeSettings;
  #schema: number;
  /** One number, in an array because other threads may read it. */
  #zero: Float64Array = new Float64Array(1);
  readonly #sides = { positive: new Window(), negative: new Window() };
  #memory: CellMemory = ownMemory;
  /** Told when an array is new or has moved, before anything is counted in it. */
  #onMove: (() => void) | undefined;

  constructor(settings: NativeSettings) {
    this.#settings = settings;
    this.#schema = settings.schema;
  }

  /** The resolution now. */
  get schema(): number {
    return this.#schema;
  }

  /** Where the counts stand now; other threads read them there. */
  get places(): { zero: Float64Array; positive: NativeWindow; negative: NativeWindow } {
    return { zero: this.#zero, ...this.#sides };
  }

  /** Keeps the counts in other memory from now on; `onMove` is told of it, and of every move after it. */
  moveTo(memory: CellMemory, onMove: () => void): void {
    this.#onMove = onMove;
    const before = this.#memory;
    this.#memory = memory;
    this.#replace(before, () => {
      const zero = memory.take(1);
      zero.set(this.#zero);
      this.#zero = zero;
      this.#sides.positive.moveTo(memory);
      this.#sides.negative.moveTo(memory);
    });
  }

  /** Gives all memory back; the series is not used after this. */
  release(): void {
    for (const array of this.#arrays()) this.#memory.release(array);
  }

  #arrays(): Float64Array[] {
    return [this.#zero, this.#sides.positive.counts, this.#sides.negative.counts];
  }

  /** Runs what replaces arrays, says where the counts stand now, and only then releases those that were replaced. */
  #replace(released: CellMemory, work: () => void): void {
    const before = this.#arrays();
    work();
    this.#onMove?.();
    const now = this.#arrays();
    for (const array of before) if (!now.includes(array)) released.release(array);
  }

  /** Counts one observation; not NaN. */
  observe(value: number): void {
    const { zeroThreshold } = this.#settings;
    if (value > zeroThreshold) this.#count(this.#sides.positive, value);
    else if (value < -zeroThreshold) this.#count(this.#sides.negative, -value);
    else this.#zero[0]! += 1;
  }

  /** Everything counted so far. */
  histogram(sum: number): NativeHistogram {
    return NativeHistogram.from({
      schema: this.#schema,
      zeroThreshold: this.#settings.zeroThreshold,
      zeroCount: this.#zero[0]!,
      sum,
      positive: this.#sides.positive.columns(),
      negative: this.#sides.negative.columns(),
    });
  }

  /** Makes no closure and no object: nearly every observation ends at `add()`. */
  #count(window: Window, value: number): void {
    let index = bucketIndex(this.#schema, value);
    if (!window.holds(index)) index = this.#makeRoom(window, value);
    if (window.add(index)) return;
    // A bucket was populated for the first time: are there too many now?
    while (
      this.#sides.positive.populated + this.#sides.negative.populated > this.#settings.maxBuckets &&
      this.#schema > MIN_SCHEMA
    ) {
      this.#halve();
    }
  }

  /** The index of a value, once the window holds it. */
  #makeRoom(window: Window, value: number): number {
    for (;;) {
      const index = bucketIndex(this.#schema, value);
      if (window.holds(index)) return index;
      if (
        window.lengthWith(index) <= this.#settings.maxBuckets * MAX_SPARSENESS ||
        this.#schema === MIN_SCHEMA
      ) {
        this.#replace(this.#memory, () => window.growTo(index, this.#memory));
      } else {
        this.#halve();
      }
    }
  }

  #halve(): void {
    this.#replace(this.#memory, () => {
      this.#schema--;
      this.#sides.positive.halve(this.#memory);
      this.#sides.negative.halve(this.#memory);
    });
  }
}

/** The counts of one side. */
class Window {
  /** How many buckets are not empty. */
  populated = 0;
  #offset = 0;
  #counts: Float64Array = new Float64Array(0);

  get offset(): number {
    return this.#offset;
  }

  get counts(): Float64Array {
    return this.#counts;
  }

  moveTo(memory: CellMemory): void {
    if (this.#counts.length === 0) return;
    const moved = memory.take(this.#counts.length);
    moved.set(this.#counts);
    this.#counts = moved;
  }

  holds(index: number): boolean {
    const at = index - this.#offset;
    return at >= 0 && at < this.#counts.length;
  }

  /** Counts into a bucket the window holds; false when it was empty. */
  add(index: number): boolean {
    const at = index - this.#offset;
    const before = this.#counts[at]!;
    this.#counts[at] = before + 1;
    if (before !== 0) return true;
    this.populated++;
    return false;
  }

  /** How long the window would be if it held an index, too. */
  lengthWith(index: number): number {
    if (this.#counts.length === 0) return 1;
    const first = Math.min(this.#offset, index);
    return Math.max(this.#offset + this.#counts.length - 1, index) - first + 1;
  }

  /** Makes the window hold an index. */
  growTo(index: number, memory: CellMemory): void {
    const { length } = this.#counts;
    const isEmpty = length === 0;
    const growth = Math.max(GROWTH, length >> 1);
    const first = isEmpty
      ? index - (GROWTH >> 1)
      : index < this.#offset
        ? Math.min(index, this.#offset - growth)
        : this.#offset;
    const last = isEmpty
      ? index + (GROWTH >> 1)
      : Math.max(
          this.#offset + length - 1,
          index >= this.#offset + length ? Math.max(index, this.#offset + length - 1 + growth) : 0,
        );
    const grown = memory.take(last - first + 1);
    if (!isEmpty) grown.set(this.#counts, this.#offset - first);
    this.#counts = grown;
    this.#offset = first;
  }

  /** Adds pairs of buckets up: half the resolution. */
  halve(memory: CellMemory): void {
    if (this.#counts.length === 0) return;
    const offset = coarserIndex(this.#offset, 1);
    const last = coarserIndex(this.#offset + this.#counts.length - 1, 1);
    const counts = memory.take(last - offset + 1);
    for (const [i, count] of this.#counts.entries()) {
      counts[coarserIndex(this.#offset + i, 1) - offset]! += count;
    }
    this.#offset = offset;
    this.#counts = counts;
    this.populated = counts.reduce((n, count) => (count === 0 ? n : n + 1), 0);
  }

  columns(): { indexes: Int32Array; counts: Float64Array } {
    const indexes = Int32Array.from(this.#counts, (_, i) => this.#offset + i);
    return { indexes, counts: this.#counts };
  }
}
