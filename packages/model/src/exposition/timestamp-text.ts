// Timestamps on the wire and in milliseconds.
//
//   0.0.4          1395066363000        whole milliseconds, a sign allowed
//   OpenMetrics    1395066363.25        seconds, any decimal number; not NaN, not infinite
//
// Seconds become milliseconds by moving the decimal point in the text, not by multiplying: 1520879607.789 is no
// double, its milliseconds are. Nanoseconds of our days round to about a quarter of a microsecond.

import type { UnixMs } from "../units.ts";
import { parseDecimal } from "./number-text.ts";

/**
 * Whole milliseconds between two offsets; `undefined` when they are not that, or so many (beyond 2^53) that a
 * double would change them.
 */
export function parseMilliseconds(text: string, start: number, end: number): UnixMs | undefined {
  const sign = text.charCodeAt(start);
  let at = sign === 0x2b || sign === 0x2d ? start + 1 : start;
  if (at >= end) return undefined;
  let value = 0;
  for (; at < end; at++) {
    const code = text.charCodeAt(at);
    if (!(code >= 0x30 && code <= 0x39)) return undefined;
    value = value * 10 + (code - 0x30);
    if (value > Number.MAX_SAFE_INTEGER) return undefined;
  }
  return (sign === 0x2d ? 0 - value : value) as UnixMs;
}

/** Seconds between two offsets, as milliseconds; `undefined` when they are no decimal number. */
export function parseSeconds(text: string, start: number, end: number): UnixMs | undefined {
  return parseDecimal(text, start, end, 3) as UnixMs | undefined;
}

/**
 * Milliseconds as seconds, exactly: reading it back gives the same double.
 *
 * @example formatSeconds(1_520_879_607_789 as UnixMs) // "1520879607.789"
 */
export function formatSeconds(timeMs: UnixMs): string {
  if (timeMs === 0) return "0";
  const [mantissa = "0", exponentText = "0"] = Math.abs(timeMs).toExponential().split("e");
  const digits = mantissa.replace(".", "");
  const exponent = Number(exponentText) - 3; // of the first digit, in seconds
  const sign = timeMs < 0 ? "-" : "";
  if (exponent < -7 || exponent > 20) {
    return `${sign}${mantissa}e${exponent}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const fraction = digits.slice(exponent + 1);
  return fraction === "" ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
}
