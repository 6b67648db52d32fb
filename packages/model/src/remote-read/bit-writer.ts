// Bits one after the other, from the most significant of each byte on, as Prometheus' chunks are written.
//
// Prometheus begins a byte as soon as whole ones end, needed or not: a chunk that ends with one has a spare byte of zeros.
// Here it has it, too, so that chunks are the same byte by byte.
//
// Hot path, mutable on purpose.
//
// Source: https://github.com/prometheus/prometheus/blob/main/tsdb/docs/bstream.md

const TWO_32 = 4_294_967_296;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
const [LOW, HIGH] = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? [0, 1] : [1, 0];

/** Grows. */
export class BitWriter {
  #bytes: Uint8Array;
  #bit = 0;
  #hasSpare = false;

  constructor(size = 256) {
    this.#bytes = new Uint8Array(size);
  }

  /** Begins anew behind so many bytes, which are written with `setByte`. */
  start(headBytes: number): void {
    this.#bytes.fill(0);
    this.#bit = 8 * headBytes;
    this.#hasSpare = false;
  }

  setByte(at: number, byte: number): void {
    this.#bytes[at] = byte;
  }

  /** The last `bits` of a word, at most 32. */
  write(word: number, bits: number): void {
    this.#reserve();
    const bytes = this.#bytes;
    let bit = this.#bit;
    for (let left = bits; left > 0;) {
      const free = 8 - (bit & 7);
      const taken = free < left ? free : left;
      const part = (word >>> (left - taken)) & ((1 << taken) - 1);
      bytes[bit >>> 3]! |= part << (free - taken);
      bit += taken;
      left -= taken;
    }
    this.#bit = bit;
    this.#hasSpare = ((bits | bit) & 7) === 0;
  }

  /** The last `bits` of two words, at most 64. */
  writeLong(high: number, low: number, bits: number): void {
    if (bits > 32) this.write(high, bits - 32);
    this.write(low, Math.min(bits, 32));
    this.#hasSpare &&= bits % 8 === 0;
  }

  /** The last `bits` of a whole number up to 2^53 of either sign. */
  writeInt(value: number, bits: number): void {
    const high = Math.floor(value / TWO_32);
    this.writeLong(high >>> 0, (value - high * TWO_32) >>> 0, bits);
  }

  /** The 64 bits of a double. */
  writeDouble(value: number): void {
    double[0] = value;
    this.writeLong(words[HIGH]!, words[LOW]!, 64);
  }

  /** A copy of what was written. */
  take(): Uint8Array {
    return this.#bytes.slice(0, ((this.#bit + 7) >>> 3) + (this.#hasSpare ? 1 : 0));
  }

  #reserve(): void {
    // Four bytes, the one that is begun, and a spare one.
    if ((this.#bit >>> 3) + 6 <= this.#bytes.length) return;
    const grown = new Uint8Array(this.#bytes.length * 2);
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}
