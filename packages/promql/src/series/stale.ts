// Staleness markers in a column of values, asked for one at a time.
//
// The model's `isStale` needs a view of the bits as 64-bit integers; that would be a view per series of a query and a
// BigInt per question. Here the two halves of the number are looked at, and only when it is a NaN at all. They are read
// from memory, not from a variable: a NaN that passes through a variable may lose its bits.

import { markStale } from "@flx/model";

const marker = new Uint32Array(2);
markStale(new BigUint64Array(marker.buffer), 0);
const [first, second] = [marker[0]!, marker[1]!];

let viewed: Float64Array | undefined;
let words: Uint32Array = marker;

/** Whether the staleness marker stands at a position. */
export function isStaleAt(values: Float64Array, at: number): boolean {
  const value = values[at]!;
  if (value === value) return false;
  // The view of the last array is kept, since questions come in runs.
  if (viewed !== values) {
    viewed = values;
    words = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
  }
  return words[2 * at] === first && words[2 * at + 1] === second;
}
