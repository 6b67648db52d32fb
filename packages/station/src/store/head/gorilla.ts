// Samples of one series in few bits: the differences of their times' differences, and what changes in their values.
//
//   time    first: 53 bits              then the difference of differences d, ms
//           d = 0          0                     |d| < 2^6      10    + 7 bits
//           |d| < 2^11     110   + 12 bits       |d| < 2^19     1110  + 20 bits      else 1111 + 53 bits: the time itself
//   value   first: 64 bits              then the XOR with the one before
//           equal          0
//           inside the bits that differed last   10 + those bits
//           else           11 + leading zeros (6 bits) + length - 1 (6 bits) + the bits
//
// Values go through as bits, so the payload of a NaN (the staleness marker) survives. About 2.5 bytes a sample on counters
// and gauges scraped with jitter.
//
// Source: Pelkonen et al., "Gorilla: A Fast, Scalable, In-Memory Time Series Database", VLDB 2015; the classes of the
// time are ours, for milliseconds.

/** The most bits a sample can take. */
const MAX_SAMPLE_BITS = 57 + 78;

const TWO_32 = 4_294_967_296;

/** Writes chunks, one after the other, into memory of its own. */
export class ChunkEncoder {
  #bytes = new Uint8Array(1_024);
  #bit = 0;

  /**
   * The bytes of samples: a view, good until the next call.
   *
   * @param times  whole milliseconds, ascending
   * @param words  two for each value, low first
   */
  encode(
    times: Float64Array,
    words: Uint32Array,
    timesFrom: number,
    wordsFrom: number,
    count: number,
  ): Uint8Array {
    const most = Math.ceil((count * MAX_SAMPLE_BITS) / 8) + 16;
    if (this.#bytes.length < most) this.#bytes = new Uint8Array(most);
    else this.#bytes.fill(0, 0, most);
    this.#bit = 0;
    let time = times[timesFrom]!;
    let delta = 0;
    let low = words[wordsFrom]!;
    let high = words[wordsFrom + 1]!;
    this.#time(time);
    this.#write(high, 32);
    this.#write(low, 32);
    let leading = -1;
    let significant = 0;
    for (let i = 1; i < count; i++) {
      const next = times[timesFrom + i]!;
      const nextDelta = next - time;
      this.#difference(nextDelta - delta, next);
      time = next;
      delta = nextDelta;
      const xorLow = (words[wordsFrom + 2 * i]! ^ low) >>> 0;
      const xorHigh = (words[wordsFrom + 2 * i + 1]! ^ high) >>> 0;
      low = words[wordsFrom + 2 * i]!;
      high = words[wordsFrom + 2 * i + 1]!;
      if (xorLow === 0 && xorHigh === 0) {
        this.#write(0, 1);
        continue;
      }
      const lead = xorHigh === 0 ? 32 + Math.clz32(xorLow) : Math.clz32(xorHigh);
      const trail = xorLow === 0 ? 32 + trailingZeros(xorHigh) : trailingZeros(xorLow);
      // Reusing the window is worth it unless it is much wider than what differs.
      const fits = leading >= 0 && lead >= leading && 64 - leading - significant <= trail;
      if (fits && significant - (64 - lead - trail) < 12) {
        this.#write(2, 2);
      } else {
        leading = lead;
        significant = 64 - lead - trail;
        this.#write(3, 2);
        this.#write(leading, 6);
        this.#write(significant - 1, 6);
      }
      this.#wide(xorHigh, xorLow, 64 - leading - significant, significant);
    }
    return this.#bytes.subarray(0, (this.#bit + 7) >>> 3);
  }

  #difference(dod: number, time: number): void {
    if (dod === 0) this.#write(0, 1);
    else if (dod >= -64 && dod < 64) this.#write((2 << 7) | (dod + 64), 9);
    else if (dod >= -2_048 && dod < 2_048) this.#write((6 << 12) | (dod + 2_048), 15);
    else if (dod >= -524_288 && dod < 524_288) this.#write((14 << 20) | (dod + 524_288), 24);
    else {
      this.#write(15, 4);
      this.#time(time);
    }
  }

  /** A whole number of 53 bits and a sign. */
  #time(time: number): void {
    const size = Math.abs(time);
    this.#write(time < 0 ? 1 : 0, 1);
    this.#write(Math.floor(size / TWO_32), 21);
    this.#write((size % TWO_32) >>> 0, 32);
  }

  /** `length` bits of a 64-bit word, without its `trail` last ones. */
  #wide(high: number, low: number, trail: number, length: number): void {
    const shiftedLow =
      trail >= 32
        ? high >>> (trail - 32)
        : trail === 0
          ? low
          : (low >>> trail) | (high << (32 - trail));
    const shiftedHigh = trail >= 32 ? 0 : high >>> trail;
    if (length > 32) {
      this.#write(shiftedHigh, length - 32);
      this.#write(shiftedLow, 32);
    } else this.#write(shiftedLow, length);
  }

  #write(value: number, bits: number): void {
    const bytes = this.#bytes;
    let bit = this.#bit;
    let left = bits;
    while (left > 0) {
      const room = 8 - (bit & 7);
      const take = left < room ? left : room;
      const part = (value >>> (left - take)) & ((1 << take) - 1);
      bytes[bit >>> 3]! |= part << (room - take);
      bit += take;
      left -= take;
    }
    this.#bit = bit;
  }
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** Reads chunks. One instance may be used for any number of them, one after the other. */
export class ChunkDecoder {
  #bytes: Uint8Array = new Uint8Array(0);
  #bit = 0;

  /**
   * Reads a chunk into columns.
   *
   * @param words two for each value, low first; has room for 2 * (to + count)
   * @param to    where the first sample goes
   */
  decode(
    bytes: Uint8Array,
    from: number,
    count: number,
    times: Float64Array,
    words: Uint32Array,
    to: number,
  ): void {
    this.#bytes = bytes;
    this.#bit = from * 8;
    let time = this.#time();
    let delta = 0;
    let high = this.#read(32);
    let low = this.#read(32);
    times[to] = time;
    words[2 * to] = low;
    words[2 * to + 1] = high;
    let trail = 0;
    let significant = 0;
    for (let i = 1; i < count; i++) {
      if (this.#read(1) !== 0) {
        const dod = this.#difference();
        if (Number.isNaN(dod)) delta = this.#time() - time;
        else delta += dod;
      }
      time += delta;
      if (this.#read(1) !== 0) {
        if (this.#read(1) !== 0) {
          const leading = this.#read(6);
          significant = this.#read(6) + 1;
          trail = 64 - leading - significant;
        }
        let partHigh = significant > 32 ? this.#read(significant - 32) : 0;
        let partLow = this.#read(significant > 32 ? 32 : significant);
        if (trail >= 32) {
          partHigh = partLow << (trail - 32);
          partLow = 0;
        } else if (trail > 0) {
          partHigh = (partHigh << trail) | (partLow >>> (32 - trail));
          partLow <<= trail;
        }
        high = (high ^ partHigh) >>> 0;
        low = (low ^ partLow) >>> 0;
      }
      times[to + i] = time;
      words[2 * (to + i)] = low;
      words[2 * (to + i) + 1] = high;
    }
  }

  /** After the first bit of a time; NaN when the time itself follows. */
  #difference(): number {
    if (this.#read(1) === 0) return this.#read(7) - 64;
    if (this.#read(1) === 0) return this.#read(12) - 2_048;
    return this.#read(1) === 0 ? this.#read(20) - 524_288 : Number.NaN;
  }

  #time(): number {
    const isNegative = this.#read(1) !== 0;
    const size = this.#read(21) * TWO_32 + this.#read(32);
    return isNegative ? -size : size;
  }

  #read(bits: number): number {
    const bytes = this.#bytes;
    let bit = this.#bit;
    let left = bits;
    let value = 0;
    while (left > 0) {
      const room = 8 - (bit & 7);
      const take = left < room ? left : room;
      const part = (bytes[bit >>> 3]! >>> (room - take)) & ((1 << take) - 1);
      value = (value << take) | part;
      bit += take;
      left -= take;
    }
    this.#bit = bit;
    return value >>> 0;
  }
}
