// Numbers of payment cards in texts: 13 to 19 digits, in groups or not, whose last digit checks out.
//
// No card begins with 0, 1, 7 or 9 (1 and 9 are airlines' and national numbers): so a time in milliseconds, microseconds or
// nanoseconds is none, which one in ten would be by its last digit.
//
// Source: ISO/IEC 7812-1, annex B (the Luhn formula).

import { REDACTED } from "./secret-shapes.ts";

const DIGITS = /(?<![\w.-])[2-68](?:[ -]?\d){12,18}(?![\w-])/g;

/** The text without numbers of cards. */
export function redactCards(text: string): string {
  return text.replace(DIGITS, (found) => (isCard(found) ? REDACTED : found));
}

function isCard(text: string): boolean {
  let sum = 0;
  let isSecond = false;
  for (let at = text.length - 1; at >= 0; at--) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) continue;
    const weighed = isSecond ? digit * 2 : digit;
    sum += weighed > 9 ? weighed - 9 : weighed;
    isSecond = !isSecond;
  }
  return sum > 0 && sum % 10 === 0;
}
