// Base64 VLQ: how the mappings of a source map write numbers.
//
//   digit   6 bits of base64:  c vvvvv     c: another digit follows; the first digit's last bit is the sign
//   "gB"    100000 000001   ->  0000 | 1 -> 10000 = 16
//
// Values are 32 bits with sign; "B" (minus zero) is -2^31.
//
// Source: ECMA-426, "Base64 VLQ" and the abstract operation DecodeBase64VLQ.

/** What is no digit. */
export const NO_DIGIT = 255;

/** The value of each base64 digit by its character code, below 256. */
export const DIGITS: Uint8Array = new Uint8Array(256).fill(NO_DIGIT);
for (const [value, character] of Array.from(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
).entries()) {
  DIGITS[character.charCodeAt(0)] = value;
}

/** From here on a digit says that another one follows. */
export const CONTINUES = 32;
const MIN = -(2 ** 31);

/** What is no number of one digit. */
export const NO_NUMBER = 127;

/** The number that a single digit is, by its character code: without sign and bit of continuing 0 to 15, with sign -1 to -15. */
export const NUMBERS: Int8Array = new Int8Array(256).fill(NO_NUMBER);
for (const [code, digit] of DIGITS.entries()) {
  // Minus zero is a number of its own.
  if (digit < CONTINUES && digit !== 1) {
    NUMBERS[code] = (digit & 1) === 0 ? digit >> 1 : -(digit >> 1);
  }
}

/** Reads numbers of a text one after the other; `at` is the place of the next character. */
export class VlqReader {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Reads one number; undefined when there is none here, it does not end, or it has more than 32 bits. */
  read(): number | undefined {
    const { text } = this;
    let value = 0;
    let factor = 1;
    for (;;) {
      const digit = digitAt(text, this.at);
      if (digit === NO_DIGIT) return undefined;
      this.at++;
      value += (digit & 31) * factor;
      if (value >= 2 ** 32) return undefined;
      if ((digit & CONTINUES) === 0) return signed(value);
      factor *= 32;
      if (factor > 2 ** 35) return undefined;
    }
  }
}

/** The digit at a place of a text, with its bit of continuing. */
function digitAt(text: string, at: number): number {
  if (at >= text.length) return NO_DIGIT;
  return DIGITS[text.charCodeAt(at)] ?? NO_DIGIT;
}

/** The last bit is the sign. */
function signed(value: number): number | undefined {
  const size = Math.floor(value / 2);
  if (value % 2 === 0) return size < 2 ** 31 ? size : undefined;
  return size === 0 ? MIN : -size;
}
