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
  #view = new DataView(this.#bytes.buffer);
  /** Bits that are not in the bytes yet, from the left; how many there is still room for, 1 to 32. */
  #word = 0;
  #room = 32;
  #at = 0;
  #bits = 0;

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
    if (this.#bytes.length < most) {
      this.#bytes = new Uint8Array(most);
      this.#view = new DataView(this.#bytes.buffer);
    }
    this.#word = 0;
    this.#room = 32;
    this.#at = 0;
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
      // What is written of the time goes out together with the first bits of the value.
      const code = this.#difference(nextDelta - delta, next);
      const bits = this.#bits;
      time = next;
      delta = nextDelta;
      const xorLow = words[wordsFrom + 2 * i]! ^ low;
      const xorHigh = words[wordsFrom + 2 * i + 1]! ^ high;
      if ((xorLow | xorHigh) === 0) {
        this.#write(code << 1, bits + 1);
        continue;
      }
      low ^= xorLow;
      high ^= xorHigh;
      const lead = xorHigh === 0 ? 32 + Math.clz32(xorLow) : Math.clz32(xorHigh);
      const trail = xorLow === 0 ? 32 + trailingZeros(xorHigh) : trailingZeros(xorLow);
      // Reusing the window is worth it unless it is much wider than what differs.
      const fits = leading >= 0 && lead >= leading && 64 - leading - significant <= trail;
      if (fits && significant - (64 - lead - trail) < 12) {
        this.#write((code << 2) | 2, bits + 2);
      } else {
        leading = lead;
        significant = 64 - lead - trail;
        this.#write((code << 2) | 3, bits + 2);
        this.#write((leading << 6) | (significant - 1), 12);
      }
      this.#wide(xorHigh, xorLow, 64 - leading - significant, significant);
    }
    this.#view.setUint32(this.#at, this.#word);
    return this.#bytes.subarray(0, this.#at + ((39 - this.#room) >>> 3));
  }

  /** The code of a difference; its length is in `#bits`. A time that is written out is written, and has none. */
  #difference(dod: number, time: number): number {
    if (dod === 0) {
      this.#bits = 1;
      return 0;
    }
    if (dod >= -64 && dod < 64) {
      this.#bits = 9;
      return (2 << 7) | (dod + 64);
    }
    if (dod >= -2_048 && dod < 2_048) {
      this.#bits = 15;
      return (6 << 12) | (dod + 2_048);
    }
    if (dod >= -524_288 && dod < 524_288) {
      this.#bits = 24;
      return (14 << 20) | (dod + 524_288);
    }
    this.#write(15, 4);
    this.#time(time);
    this.#bits = 0;
    return 0;
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

  /** The last `bits` of a word, 1 to 32; those before them are 0. */
  #write(value: number, bits: number): void {
    const room = this.#room;
    if (bits < room) {
      this.#word |= value << (room - bits);
      this.#room = room - bits;
      return;
    }
    const over = bits - room;
    this.#view.setUint32(this.#at, this.#word | (value >>> over));
    this.#at += 4;
    this.#word = over === 0 ? 0 : value << (32 - over);
    this.#room = 32 - over;
  }
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** Reads chunks. */
export class ChunkDecoder {
  /** Where `#time` goes on. */
  #bit = 0;

  /**
   * Reads a chunk into columns.
   *
   * @param words   two for each value, low first
   * @param to      where the first time goes
   * @param wordsTo where the first value goes, in words
   */
  decode(
    bytes: Uint8Array,
    from: number,
    count: number,
    times: Float64Array,
    words: Uint32Array,
    to: number,
    wordsTo: number = 2 * to,
  ): void {
    let time = this.#time(bytes, from * 8);
    let delta = 0;
    let high = bitsAt(bytes, this.#bit);
    let low = bitsAt(bytes, this.#bit + 32);
    let bit = this.#bit + 64;
    times[to] = time;
    words[wordsTo] = low;
    words[wordsTo + 1] = high;
    let trail = 0;
    let significant = 0;
    for (let i = 1; i < count; i++) {
      // The first bit of 32 is their sign.
      const next = bitsAt(bytes, bit);
      if (next >= 0) bit++;
      else if ((next & 0x4000_0000) === 0) {
        delta += ((next >>> 23) & 0x7f) - 64;
        bit += 9;
      } else if ((next & 0x2000_0000) === 0) {
        delta += ((next >>> 17) & 0xfff) - 2_048;
        bit += 15;
      } else if ((next & 0x1000_0000) === 0) {
        delta += ((next >>> 8) & 0xf_ffff) - 524_288;
        bit += 24;
      } else {
        delta = this.#time(bytes, bit + 4) - time;
        bit = this.#bit;
      }
      time += delta;
      const value = bitsAt(bytes, bit);
      if (value >= 0) bit++;
      else {
        bit += 2;
        if ((value & 0x4000_0000) !== 0) {
          significant = ((value >>> 18) & 63) + 1;
          trail = 64 - ((value >>> 24) & 63) - significant;
          bit += 12;
        }
        let partHigh = 0;
        if (significant > 32) {
          partHigh = bitsAt(bytes, bit) >>> (64 - significant);
          bit += significant - 32;
        }
        const length = significant > 32 ? 32 : significant;
        let partLow = bitsAt(bytes, bit) >>> (32 - length);
        bit += length;
        if (trail >= 32) {
          partHigh = partLow << (trail - 32);
          partLow = 0;
        } else if (trail > 0) {
          partHigh = (partHigh << trail) | (partLow >>> (32 - trail));
          partLow <<= trail;
        }
        high ^= partHigh;
        low ^= partLow;
      }
      times[to + i] = time;
      words[wordsTo + 2 * i] = low;
      words[wordsTo + 2 * i + 1] = high;
    }
  }

  /** A time that is written out; `#bit` is behind it afterwards. */
  #time(bytes: Uint8Array, bit: number): number {
    const high = bitsAt(bytes, bit);
    const size = ((high >>> 10) & 0x1f_ffff) * TWO_32 + (bitsAt(bytes, bit + 22) >>> 0);
    this.#bit = bit + 54;
    return high < 0 ? -size : size;
  }
}

/** 32 bits from a place on; what is behind the end counts as 0. */
function bitsAt(bytes: Uint8Array, bit: number): number {
  const at = bit >>> 3;
  const past = bit & 7;
  if (at + 4 >= bytes.length) return lastBits(bytes, at, past);
  const word = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  return past === 0 ? word : (word << past) | (bytes[at + 4]! >>> (8 - past));
}

/** The same near the end: what is read of it may be less. */
function lastBits(bytes: Uint8Array, at: number, past: number): number {
  let word = 0;
  for (let i = 0; i < 4; i++) word = (word << 8) | (bytes[at + i] ?? 0);
  return past === 0 ? word : (word << past) | ((bytes[at + 4] ?? 0) >>> (8 - past));
}
