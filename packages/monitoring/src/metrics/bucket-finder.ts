// Which bucket of a classic histogram a value falls into, in a few nanoseconds.
//
//   value 0.37 ──► sign, exponent and 3 bits of the fraction ──► table ──► first bucket it can be in
//                  (one of 8 steps per power of two)                      then at most a step or two to the right one
//
// A linear search over 12 bounds costs twice as much, a binary search mispredicts. The table is exact: an entry holds the
// first bucket whose bound is not below its step's lower edge, and the walk from there compares the value itself.

/** Bits of a double's upper half that are dropped: 20 fraction bits less the 3 kept. */
const SHIFT = 17;

/** No table is larger; bounds over more powers of two share its ends. */
const MAX_STEPS = 1024;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
double[0] = 1;
/** Which half holds sign and exponent. */
const high = words[1] === 0x3ff00000 ? 1 : 0;

/** Finds buckets among upper bounds, which are finite and ascending; +Inf comes after them. */
export class BucketFinder {
  readonly #bounds: Float64Array;
  readonly #table: Uint16Array;
  readonly #firstStep: number;

  constructor(upperBounds: ArrayLike<number>) {
    // With +Inf as the last bound the walk always ends.
    this.#bounds = Float64Array.from([...Array.from(upperBounds), Infinity]);
    const positive = Array.from(upperBounds).filter((bound) => bound > 0);
    const first = positive.length === 0 ? 0 : stepOf(positive[0]!);
    const last = positive.length === 0 ? 0 : stepOf(positive.at(-1)!);
    const steps = Math.min(MAX_STEPS, last - first + 2);
    this.#firstStep = first;
    this.#table = new Uint16Array(steps);
    for (let i = 0; i < steps; i++) {
      const edge = i === 0 ? 0 : lowerEdge(first + i);
      this.#table[i] = this.#bounds.findIndex((bound) => bound >= edge);
    }
  }

  /** The position of the first bound >= value; the last position is +Inf. Not for NaN. */
  find(value: number): number {
    const bounds = this.#bounds;
    let bucket = 0;
    if (value > 0) {
      double[0] = value;
      let step = (words[high]! >>> SHIFT) - this.#firstStep;
      const table = this.#table;
      if (step < 0) step = 0;
      else if (step >= table.length) step = table.length - 1;
      bucket = table[step]!;
    }
    while (value > bounds[bucket]!) bucket++;
    return bucket;
  }
}

function stepOf(value: number): number {
  double[0] = value;
  return words[high]! >>> SHIFT;
}

function lowerEdge(step: number): number {
  words[high] = step << SHIFT;
  words[1 - high] = 0;
  return double[0]!;
}
