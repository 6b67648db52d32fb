// Reads numbers and words from the small text files of the kernel, byte by byte.
//
//   cpu0 39739 19 13422\n            "a word, then numbers, then the next line" is all there is to most of them
//   ^at           ^end
//
// Why not text.split(" "): /proc/stat alone would make some hundred short-lived strings per reading. A scanner
// makes none, except for the words somebody asks for.
//
// Numbers of the kernel are unsigned, so -1 says "no number here". It never leaves this folder: parsers turn it
// into undefined. More than 20 digits (2^64 has 20) are no number either, so no result is Infinity or NaN.
//
// The bytes may be anything: nothing here throws, and every loop ends at `end`.

const NEWLINE = 10;
const SPACE = 32;
const TAB = 9;
const DOT = 46;
const ZERO = 48;
const MAX_DIGITS = 20;

/** "There is no number": what {@link ByteScanner.integer} and {@link ByteScanner.decimal} return then. */
export const NO_NUMBER = -1;

/** A position in bytes that moves forward. */
export class ByteScanner {
  readonly bytes: Uint8Array;
  /** Where the next byte is read. */
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.at = 0;
    this.end = bytes.length;
  }

  /** Whether everything has been read. */
  get done(): boolean {
    return this.at >= this.end;
  }

  /** Skips spaces and tabs, not line ends. */
  skipBlanks(): void {
    while (this.at < this.end) {
      const byte = this.bytes[this.at]!;
      if (byte !== SPACE && byte !== TAB) return;
      this.at += 1;
    }
  }

  /** Goes to the start of the next line. */
  nextLine(): void {
    const newline = this.bytes.indexOf(NEWLINE, this.at);
    this.at = newline === -1 ? this.end : newline + 1;
  }

  /** The unsigned whole number after blanks, or -1 when there is none. */
  integer(): number {
    this.skipBlanks();
    const start = this.at;
    let value = 0;
    while (this.at < this.end) {
      const digit = this.bytes[this.at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      this.at += 1;
    }
    const digits = this.at - start;
    return digits === 0 || digits > MAX_DIGITS ? NO_NUMBER : value;
  }

  /** The unsigned number after blanks, which may have a fraction ("0.03"), or -1 when there is none. */
  decimal(): number {
    const whole = this.integer();
    if (whole === NO_NUMBER || this.bytes[this.at] !== DOT || this.at >= this.end) return whole;
    this.at += 1;
    const start = this.at;
    let fraction = 0;
    let scale = 1;
    while (this.at < this.end) {
      const digit = this.bytes[this.at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      fraction = fraction * 10 + digit;
      scale *= 10;
      this.at += 1;
    }
    const digits = this.at - start;
    // One division of whole numbers, so that "1.66" is the 1.66 of JavaScript.
    return digits === 0 || digits > MAX_DIGITS ? NO_NUMBER : (whole * scale + fraction) / scale;
  }

  /** Whether the bytes from here on are `text` (ASCII); goes behind it if so. */
  take(text: string): boolean {
    if (this.at + text.length > this.end) return false;
    for (let i = 0; i < text.length; i++) {
      if (this.bytes[this.at + i] !== text.charCodeAt(i)) return false;
    }
    this.at += text.length;
    return true;
  }

  /** The bytes up to the next blank or line end, after blanks; empty at the end of a line. */
  word(): Uint8Array {
    this.skipBlanks();
    const start = this.at;
    while (this.at < this.end) {
      const byte = this.bytes[this.at]!;
      if (byte === SPACE || byte === TAB || byte === NEWLINE) break;
      this.at += 1;
    }
    return this.bytes.subarray(start, this.at);
  }

  /** Skips `count` words of this line. */
  skipWords(count: number): void {
    for (let i = 0; i < count; i++) {
      this.skipBlanks();
      while (this.at < this.end) {
        const byte = this.bytes[this.at]!;
        if (byte === SPACE || byte === TAB || byte === NEWLINE) break;
        this.at += 1;
      }
    }
  }
}

const decoder = new TextDecoder();

/** The bytes as text; what is not UTF-8 becomes U+FFFD. */
export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** `value`, or undefined when a scanner found no number. */
export function known(value: number): number | undefined {
  return value === NO_NUMBER ? undefined : value;
}
