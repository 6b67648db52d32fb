// Samples of one series in few bits, as Prometheus keeps and streams them (the encoding XOR).
//
//   count u16, big endian
//   time    first: zigzag varint    second: varint of the difference    then the difference of differences d
//           d = 0  0       14 bits  10 + d      17 bits  110 + d      20 bits  1110 + d      else 1111 + 64 bits
//   value   first: 64 bits          then the XOR with the one before (xor-value.ts)
//
// Values are two words, so a staleness marker keeps its bits.
//
// Not the head's own encoding (station, store/head/gorilla.ts): that one has other classes of times and needs no count.
//
// Source: https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/chunks.md ; Pelkonen et al., "Gorilla", 2015.

import { BitWriter } from "./bit-writer.ts";
import { XorValue } from "./xor-value.ts";

const HEAD_BYTES = 2;

/** The most samples of a chunk: what Prometheus cuts at. */
export const XOR_CHUNK_SAMPLES = 120;

/** Writes chunks, one after the other. */
export class XorChunkWriter {
  readonly #out = new BitWriter(2_048);
  readonly #value = new XorValue();
  #count = 0;
  #time = 0;
  #delta = 0;

  /** Samples in the chunk. */
  get count(): number {
    return this.#count;
  }

  /** Appends a sample; times are whole milliseconds, ascending. At most `XOR_CHUNK_SAMPLES`. */
  append(timeMs: number, low: number, high: number): void {
    if (this.#count === 0) {
      this.#out.start(HEAD_BYTES);
      this.#varint(timeMs < 0 ? -2 * timeMs - 1 : 2 * timeMs);
      this.#value.first(this.#out, low, high);
    } else {
      const delta = timeMs - this.#time;
      if (this.#count === 1) this.#varint(delta);
      else this.#difference(delta - this.#delta);
      this.#delta = delta;
      this.#value.next(this.#out, low, high);
    }
    this.#time = timeMs;
    this.#count++;
  }

  /** The chunk; the writer begins the next one. */
  take(): Uint8Array {
    this.#out.setByte(0, this.#count >>> 8);
    this.#out.setByte(1, this.#count & 255);
    this.#count = 0;
    return this.#out.take();
  }

  #difference(d: number): void {
    const out = this.#out;
    if (d === 0) out.write(0, 1);
    else if (d >= -8_191 && d <= 8_192) this.#prefixed(2, 2, d, 14);
    else if (d >= -65_535 && d <= 65_536) this.#prefixed(6, 3, d, 17);
    else if (d >= -524_287 && d <= 524_288) this.#prefixed(14, 4, d, 20);
    else {
      out.write(15, 4);
      out.writeInt(d, 64);
    }
  }

  #prefixed(prefix: number, prefixBits: number, d: number, bits: number): void {
    this.#out.write(prefix, prefixBits);
    this.#out.write((d & (2 ** bits - 1)) >>> 0, bits);
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#out.write((rest % 128) | 128, 8);
    this.#out.write(rest, 8);
  }
}
