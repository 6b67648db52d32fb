// Samples of one series in few bits, as Prometheus keeps and streams them (the encoding XOR).
//
//   count u16, big endian
//   time    first: zigzag varint    second: varint of the difference    then the difference of differences d
//           d = 0  0       14 bits  10 + d      17 bits  110 + d      20 bits  1110 + d      else 1111 + 64 bits
//   value   first: 64 bits          then the XOR with the one before
//           equal  0       inside the bits that differed last  10 + those      else 11 + leading zeros (5) + length (6) + bits
//
// Bits go from the most significant of each byte on. Values are two words, so a staleness marker keeps its bits.
//
// Not the head's own encoding (station, store/head/gorilla.ts): that one has other classes of times and needs no count.
//
// Source: https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/chunks.md ; Pelkonen et al., "Gorilla", 2015.

const TWO_32 = 4_294_967_296;
/** Count, the first sample, and the most that any other one takes. */
const FIRST_BYTES = 2 + 10 + 8 + 1;
const MAX_SAMPLE_BYTES = 19;

/** The most samples of a chunk: what Prometheus cuts at. */
export const XOR_CHUNK_SAMPLES = 120;

/** Writes chunks, one after the other. */
export class XorChunkWriter {
  readonly #bytes = new Uint8Array(FIRST_BYTES + XOR_CHUNK_SAMPLES * MAX_SAMPLE_BYTES);
  #bit = 0;
  #count = 0;
  #time = 0;
  #delta = 0;
  #low = 0;
  #high = 0;
  #leading = 255;
  #trailing = 0;
  /** Prometheus begins a byte as soon as whole ones end, needed or not; so the chunks are the same. */
  #hasSpare = false;

  /** Samples in the chunk. */
  get count(): number {
    return this.#count;
  }

  /** Appends a sample; times are whole milliseconds, ascending. At most `XOR_CHUNK_SAMPLES`. */
  append(timeMs: number, low: number, high: number): void {
    if (this.#count === 0) {
      this.#bytes.fill(0);
      this.#bit = 16;
      this.#leading = 255;
      this.#varint(timeMs < 0 ? -2 * timeMs - 1 : 2 * timeMs);
      this.#write(high, 32);
      this.#write(low, 32);
    } else {
      const delta = timeMs - this.#time;
      if (this.#count === 1) this.#varint(delta);
      else this.#difference(delta - this.#delta);
      this.#delta = delta;
      this.#value((low ^ this.#low) >>> 0, (high ^ this.#high) >>> 0);
    }
    this.#time = timeMs;
    this.#low = low;
    this.#high = high;
    this.#count++;
  }

  /** The chunk; the writer begins the next one. */
  take(): Uint8Array {
    this.#bytes[0] = this.#count >>> 8;
    this.#bytes[1] = this.#count & 255;
    this.#count = 0;
    return this.#bytes.slice(0, ((this.#bit + 7) >>> 3) + (this.#hasSpare ? 1 : 0));
  }

  #difference(d: number): void {
    if (d === 0) this.#write(0, 1);
    else if (d >= -8_191 && d <= 8_192) this.#prefixed(2, 2, d, 14);
    else if (d >= -65_535 && d <= 65_536) this.#prefixed(6, 3, d, 17);
    else if (d >= -524_287 && d <= 524_288) this.#prefixed(14, 4, d, 20);
    else {
      this.#write(15, 4);
      const high = Math.floor(d / TWO_32);
      this.#write(high >>> 0, 32);
      this.#write((d - high * TWO_32) >>> 0, 32);
    }
  }

  #prefixed(prefix: number, prefixBits: number, d: number, bits: number): void {
    this.#write(prefix, prefixBits);
    this.#write((d & (2 ** bits - 1)) >>> 0, bits);
  }

  /** @param low  the XOR of a value with the one before, in two words */
  #value(low: number, high: number): void {
    if (low === 0 && high === 0) {
      this.#write(0, 1);
      return;
    }
    const leading = Math.min(31, high === 0 ? 32 + Math.clz32(low) : Math.clz32(high));
    const trailing = low === 0 ? 32 + trailingZeros(high) : trailingZeros(low);
    if (this.#leading !== 255 && leading >= this.#leading && trailing >= this.#trailing) {
      this.#write(2, 2);
    } else {
      this.#leading = leading;
      this.#trailing = trailing;
      this.#write(3, 2);
      this.#write(leading, 5);
      // 64 does not fit six bits, and no length is 0.
      this.#write((64 - leading - trailing) & 63, 6);
    }
    this.#middle(low, high, this.#trailing, 64 - this.#leading - this.#trailing);
  }

  /** `length` bits of two words, without the `trail` last ones. */
  #middle(low: number, high: number, trail: number, length: number): void {
    const shiftedHigh = trail >= 32 ? 0 : high >>> trail;
    const shiftedLow =
      trail >= 32
        ? high >>> (trail - 32)
        : trail === 0
          ? low
          : ((low >>> trail) | (high << (32 - trail))) >>> 0;
    if (length > 32) this.#write(shiftedHigh, length - 32);
    this.#write(shiftedLow, Math.min(length, 32));
    this.#hasSpare &&= length % 8 === 0;
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#write((rest % 128) | 128, 8);
    this.#write(rest, 8);
  }

  /** The last `bits` of a word. */
  #write(word: number, bits: number): void {
    const bytes = this.#bytes;
    for (let left = bits; left > 0;) {
      const free = 8 - (this.#bit & 7);
      const taken = Math.min(free, left);
      const part = (word >>> (left - taken)) & (2 ** taken - 1);
      bytes[this.#bit >>> 3]! |= part << (free - taken);
      this.#bit += taken;
      left -= taken;
    }
    this.#hasSpare = bits % 8 === 0 && this.#bit % 8 === 0;
  }
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}
