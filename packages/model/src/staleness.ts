// The staleness marker: a sample that says "this series ended".
//
//   7ff0 0000 0000 0002    a NaN that arithmetic never makes (a computed NaN is 7ff8 0000 0000 0000)
//
// JavaScript may change the bits of a NaN whenever it copies the number, and comparing cannot tell NaNs apart. So the
// marker is written to and recognised in typed arrays only, by its bits; as a plain number it would be lost sooner
// or later. A column of values is a Float64Array, and whoever needs to ask keeps the second view of it:
//
//   const values = new Float64Array(n);
//   const bits = bitsOf(values);              // same memory
//   markStale(bits, 3); isStale(bits, 3)      // true, and values[3] is NaN for everybody else
//
// Source: Prometheus, "Staleness" (https://prometheus.io/docs/prometheus/latest/querying/basics/#staleness) and the
// remote write specification, which fixes the bits.

/** The bits of the staleness marker, as remote write carries them. */
export const STALE_NAN_BITS = 0x7ff0_0000_0000_0002n;

/** A view of the bits of a column of values: same memory, no copy. */
export function bitsOf(values: Float64Array): BigUint64Array {
  return new BigUint64Array(values.buffer, values.byteOffset, values.length);
}

/** Puts the staleness marker at a position. */
export function markStale(bits: BigUint64Array, position: number): void {
  bits[position] = STALE_NAN_BITS;
}

/** Whether the staleness marker stands at a position. Any other NaN is a value like any other. */
export function isStale(bits: BigUint64Array, position: number): boolean {
  return bits[position] === STALE_NAN_BITS;
}
