// A value that is written as the XOR with the one before, as Prometheus' chunks do.
//
//   equal          0
//   bits that differ inside those that differed last    10 + those
//   others         11 + leading zeros (5) + length (6) + bits
//
// Source: Pelkonen et al., "Gorilla", 2015; https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/chunks.md

import type { BitWriter } from "./bit-writer.ts";

const NONE = 255;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
const [LOW, HIGH] = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? [0, 1] : [1, 0];

/** The value before, and which of its bits differed. */
export class XorValue {
  #low = 0;
  #high = 0;
  #leading = NONE;
  #trailing = 0;

  /** The first value: all its bits. */
  first(out: BitWriter, low: number, high: number): void {
    this.#leading = NONE;
    this.#low = low;
    this.#high = high;
    out.writeLong(high, low, 64);
  }

  firstDouble(out: BitWriter, value: number): void {
    double[0] = value;
    this.first(out, words[LOW]!, words[HIGH]!);
  }

  nextDouble(out: BitWriter, value: number): void {
    double[0] = value;
    this.next(out, words[LOW]!, words[HIGH]!);
  }

  /** Another value, in two words. */
  next(out: BitWriter, low: number, high: number): void {
    const changedLow = (low ^ this.#low) >>> 0;
    const changedHigh = (high ^ this.#high) >>> 0;
    this.#low = low;
    this.#high = high;
    if (changedLow === 0 && changedHigh === 0) {
      out.write(0, 1);
      return;
    }
    const leading = Math.min(
      31,
      changedHigh === 0 ? 32 + Math.clz32(changedLow) : Math.clz32(changedHigh),
    );
    const trailing = changedLow === 0 ? 32 + trailingZeros(changedHigh) : trailingZeros(changedLow);
    if (this.#leading !== NONE && leading >= this.#leading && trailing >= this.#trailing) {
      out.write(2, 2);
    } else {
      this.#leading = leading;
      this.#trailing = trailing;
      out.write(3, 2);
      out.write(leading, 5);
      // 64 does not fit six bits, and no length is 0.
      out.write((64 - leading - trailing) & 63, 6);
    }
    writeMiddle(out, changedLow, changedHigh, this.#trailing, 64 - this.#leading - this.#trailing);
  }
}

/** `length` bits of two words, without the `trail` last ones. */
function writeMiddle(
  out: BitWriter,
  low: number,
  high: number,
  trail: number,
  length: number,
): void {
  const shiftedHigh = trail >= 32 ? 0 : high >>> trail;
  const shiftedLow =
    trail >= 32
      ? high >>> (trail - 32)
      : trail === 0
        ? low
        : ((low >>> trail) | (high << (32 - trail))) >>> 0;
  out.writeLong(shiftedHigh, shiftedLow, length);
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}
