// Whole numbers in few bits, small ones in the fewest, as the chunks of histograms have them.
//
//   0   0        3 bits  10 +       6  110 +      9  1110 +      12  11110 +
//                18  111110 +      25  1111110 +     56  11111110 +      64  11111111 +
//
// Signed ones of n bits go from -(2^(n-1) - 1) to 2^(n-1): one more above than below.
//
// Source: https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/chunks.md , <varbit_int>, <varbit_uint>

import type { BitWriter } from "./bit-writer.ts";

const WIDTHS = [3, 6, 9, 12, 18, 25, 56] as const;

/** A whole number of either sign, up to 2^53. */
export function writeVarbitInt(out: BitWriter, value: number): void {
  write(out, value, (width) => {
    const half = 2 ** (width - 1);
    return value > -half && value <= half;
  });
}

/** A whole number from 0 to 2^53. */
export function writeVarbitUint(out: BitWriter, value: number): void {
  write(out, value, (width) => value < 2 ** width);
}

function write(out: BitWriter, value: number, fits: (width: number) => boolean): void {
  if (value === 0) {
    out.write(0, 1);
    return;
  }
  const at = WIDTHS.findIndex(fits);
  // So many ones, and a zero behind all but the last prefix.
  if (at < 0) out.write(255, 8);
  else out.write(2 ** (at + 2) - 2, at + 2);
  out.writeInt(value, WIDTHS[at] ?? 64);
}
