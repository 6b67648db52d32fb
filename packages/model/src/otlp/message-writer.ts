// Writes OTLP messages into one growing array: what a span costs to hand over.
//
//   [tag][length][ ... message ... ]      one byte is kept for a length; a message of 128 bytes or more is moved
//                ▲ begin()        ▲ end()
//
// Field numbers here are ready-made tags (number << 3 | wire type), all below 128 or two bytes: a constant is cheaper
// than a shift for each field of each span. Texts are copied character by character while they are short and ASCII,
// which nearly all names and keys are; a call into the engine's encoder costs more than forty characters do.
//
// Hot path, mutable on purpose: `bytes` and `at` are public, callers reserve once for several small fields.
//
// Source: https://protobuf.dev/programming-guides/encoding/

const encoder = new TextEncoder();

/** Texts longer than this go to the engine's encoder. */
const SHORT_TEXT = 64;

const MAX_VARINT = 10;

/** 1e9 = 15258 * 2^16 + 51712: the seconds of a time are multiplied in two halves that stay below 2^53. */
const BILLION_HIGH = 15_258;
const BILLION_LOW = 51_712;
const TWO_16 = 65_536;
const TWO_32 = 4_294_967_296;

/** A growing array of bytes with what protobuf messages are made of. */
export class MessageWriter {
  bytes: Uint8Array<ArrayBuffer>;
  /** The same bytes, four at a time, for those who copy them. */
  words: Int32Array<ArrayBuffer>;
  /** Bytes written. */
  at = 0;
  #view: DataView;
  /** The second of the last time that was written, and its nanoseconds as two words: times come in clusters. */
  #second = 0;
  #secondLow = 0;
  #secondHigh = 0;

  constructor(size = 4096) {
    this.bytes = new Uint8Array((size + 3) & ~3);
    this.words = new Int32Array(this.bytes.buffer);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** Makes room for so many bytes. */
  reserve(size: number): void {
    if (this.at + size <= this.bytes.length) return;
    const grown = new Uint8Array((Math.max(this.bytes.length * 2, this.at + size) + 3) & ~3);
    grown.set(this.bytes.subarray(0, this.at));
    this.bytes = grown;
    this.words = new Int32Array(grown.buffer);
    this.#view = new DataView(grown.buffer);
  }

  /** A copy of what was written; the writer is empty afterwards. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.bytes.slice(0, this.at);
    this.at = 0;
    return bytes;
  }

  /** A whole number from 0 to 2^53. */
  varint(value: number): void {
    this.reserve(MAX_VARINT);
    this.#varint(value);
  }

  /** A field that is a whole number from 0 to 2^53. `tag` below 128. */
  uint(tag: number, value: number): void {
    this.reserve(1 + MAX_VARINT);
    this.bytes[this.at++] = tag;
    this.#varint(value);
  }

  /** A field of type int64. */
  int(tag: number, value: number): void {
    if (value >= 0) {
      this.uint(tag, value);
      return;
    }
    this.bigint(tag, BigInt(value));
  }

  /** A field of type int64; what does not fit wraps. */
  bigint(tag: number, value: bigint): void {
    this.reserve(1 + MAX_VARINT);
    this.bytes[this.at++] = tag;
    let rest = BigInt.asUintN(64, value);
    while (rest > 127n) {
      this.bytes[this.at++] = Number(rest & 127n) | 0x80;
      rest >>= 7n;
    }
    this.bytes[this.at++] = Number(rest);
  }

  /** A field of type double. */
  double(tag: number, value: number): void {
    this.reserve(9);
    this.bytes[this.at++] = tag;
    this.#view.setFloat64(this.at, value, true);
    this.at += 8;
  }

  /** A field of type double as its two words, so that a NaN keeps its bits. */
  doubleWords(tag: number, low: number, high: number): void {
    this.reserve(9);
    this.bytes[this.at++] = tag;
    this.#word(low);
    this.#word(high);
  }

  /** A field of type fixed32. */
  fixed32(tag: number, value: number): void {
    this.reserve(5);
    this.bytes[this.at++] = tag;
    this.#word(value);
  }

  /** A field of type fixed64 that is a time: whole seconds since 1970, and nanoseconds of the second. */
  time(tag: number, seconds: number, nanos: number): void {
    this.reserve(9);
    if (seconds !== this.#second) this.#keepSecond(seconds);
    // Below 2^33: one carry at most.
    const low = this.#secondLow + nanos;
    const carry = low >= TWO_32 ? 1 : 0;
    this.bytes[this.at++] = tag;
    this.#word(low | 0);
    this.#word(this.#secondHigh + carry);
  }

  /** A field of type fixed64 from a whole number from 0 to 2^53. */
  fixed64(tag: number, value: number): void {
    this.reserve(9);
    this.bytes[this.at++] = tag;
    this.#word(value % TWO_32);
    this.#word(Math.floor(value / TWO_32));
  }

  /** Eight bytes that are two 32-bit words, most significant byte first: a span id. */
  twoWords(tag: number, a: number, b: number): void {
    this.reserve(10);
    this.bytes[this.at++] = tag;
    this.bytes[this.at++] = 8;
    this.#bigEndianWord(a);
    this.#bigEndianWord(b);
  }

  /** Sixteen bytes that are four 32-bit words: a trace id. */
  fourWords(tag: number, a: number, b: number, c: number, d: number): void {
    this.reserve(18);
    this.bytes[this.at++] = tag;
    this.bytes[this.at++] = 16;
    this.#bigEndianWord(a);
    this.#bigEndianWord(b);
    this.#bigEndianWord(c);
    this.#bigEndianWord(d);
  }

  /** A field of type string. Lone surrogates become U+FFFD, as the engine's encoder does. */
  text(tag: number, text: string): void {
    const { length } = text;
    if (length > SHORT_TEXT) {
      this.#longText(tag, text);
      return;
    }
    this.reserve(2 + length);
    const start = this.at;
    const { bytes } = this;
    let at = start + 2;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) {
        this.#longText(tag, text);
        return;
      }
      bytes[at++] = code;
    }
    bytes[start] = tag;
    bytes[start + 1] = length;
    this.at = at;
  }

  /** A field of bytes, or of a message that is ready. */
  field(tag: number, value: Uint8Array): void {
    this.reserve(1 + MAX_VARINT + value.length);
    this.bytes[this.at++] = tag;
    this.#varint(value.length);
    this.bytes.set(value, this.at);
    this.at += value.length;
  }

  /** Bytes as they are, tag and length included. */
  raw(value: Uint8Array): void {
    this.reserve(value.length);
    this.bytes.set(value, this.at);
    this.at += value.length;
  }

  /** Begins a message; give the answer to `end`. */
  begin(tag: number): number {
    this.reserve(2);
    this.bytes[this.at++] = tag;
    return ++this.at;
  }

  /** Ends the message that was begun at `start`. */
  end(start: number): void {
    const length = this.at - start;
    if (length < 128) {
      this.bytes[start - 1] = length;
      return;
    }
    let size = 1;
    for (let rest = length; rest > 127; rest = Math.floor(rest / 128)) size++;
    this.reserve(size);
    this.bytes.copyWithin(start + size - 1, start, this.at);
    this.at = start - 1;
    this.#varint(length);
    this.at += length;
  }

  #longText(tag: number, text: string): void {
    // The length that is most likely right is kept free: the text itself need not be moved then.
    const sure = text.length * 3;
    this.reserve(1 + MAX_VARINT + sure);
    this.bytes[this.at++] = tag;
    const lengthAt = this.at;
    const guess = text.length < 128 ? 1 : text.length < 16_384 ? 2 : MAX_VARINT;
    const start = lengthAt + guess;
    const { written } = encoder.encodeInto(text, this.bytes.subarray(start));
    this.at = lengthAt;
    this.#varint(written);
    if (this.at !== start) this.bytes.copyWithin(this.at, start, start + written);
    // The varint may have been longer than the guess and have overwritten the text's first bytes.
    if (this.at > start) encoder.encodeInto(text, this.bytes.subarray(this.at));
    this.at += written;
  }

  #varint(value: number): void {
    const { bytes } = this;
    let rest = value;
    // Bit operations see 32 bits only, so what is above them is divided away.
    while (rest >= 0x80000000) {
      bytes[this.at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      bytes[this.at++] = (rest & 127) | 0x80;
      rest >>>= 7;
    }
    bytes[this.at++] = rest;
  }

  #keepSecond(seconds: number): void {
    const low = seconds * BILLION_LOW;
    const high = seconds * BILLION_HIGH + Math.floor(low / TWO_16);
    this.#second = seconds;
    this.#secondLow = (high % TWO_16) * TWO_16 + (low % TWO_16);
    this.#secondHigh = Math.floor(high / TWO_16);
  }

  #word(value: number): void {
    const { bytes } = this;
    bytes[this.at++] = value;
    bytes[this.at++] = value >>> 8;
    bytes[this.at++] = value >>> 16;
    bytes[this.at++] = value >>> 24;
  }

  #bigEndianWord(value: number): void {
    const { bytes } = this;
    bytes[this.at++] = value >>> 24;
    bytes[this.at++] = value >>> 16;
    bytes[this.at++] = value >>> 8;
    bytes[this.at++] = value;
  }
}
