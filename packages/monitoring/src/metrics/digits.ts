// Numbers as the bytes of an exposition, without making a string for whole numbers (which most counts are).
//
// The text is `formatNumber` of @flx/model: the shortest that reads back as the same double, NaN, +Inf, -Inf.

import { formatNumber } from "@flx/model/write";

/** No number has a longer text: 17 digits, sign, point, exponent. */
export const MAX_DIGITS = 32;

/** Below it, whole numbers are written digit by digit; `String()` would give the same text. */
const MAX_WHOLE = 1e15;

/**
 * Writes a number at `start` and returns the offset after it. There must be room for MAX_DIGITS bytes.
 */
export function writeNumber(target: Uint8Array, start: number, value: number): number {
  if (value >= 0 && value < MAX_WHOLE) {
    const small = value | 0;
    // -0 is written as text; 0 is the most frequent number of all.
    if (small === value && (value !== 0 || !Object.is(value, -0)))
      return writeSmall(target, start, small);
    if (value > 0 && Math.floor(value) === value) return writeWhole(target, start, value);
  }
  const text = formatNumber(value);
  for (let i = 0; i < text.length; i++) target[start + i] = text.charCodeAt(i);
  return start + text.length;
}

/** A whole number below 2^31, with integer arithmetic. */
function writeSmall(target: Uint8Array, start: number, value: number): number {
  const end = start + digitsOf(value);
  let rest = value;
  for (let at = end - 1; at >= start; at--) {
    const tenth = (rest / 10) | 0;
    target[at] = 48 + (rest - tenth * 10);
    rest = tenth;
  }
  return end;
}

function writeWhole(target: Uint8Array, start: number, value: number): number {
  const high = Math.floor(value / 1e9);
  let at = start;
  let low = value - high * 1e9;
  if (high >= 1e6) at = writeWhole(target, at, high);
  else if (high > 0) at = writeSmall(target, at, high);
  else return writeSmall(target, at, low);
  for (let i = at + 8; i >= at; i--) {
    const tenth = Math.floor(low / 10);
    target[i] = 48 + (low - tenth * 10);
    low = tenth;
  }
  return at + 9;
}

function digitsOf(value: number): number {
  if (value < 10) return 1;
  if (value < 100) return 2;
  if (value < 1_000) return 3;
  if (value < 10_000) return 4;
  if (value < 100_000) return 5;
  if (value < 1_000_000) return 6;
  if (value < 10_000_000) return 7;
  if (value < 100_000_000) return 8;
  return value < 1_000_000_000 ? 9 : 10;
}
