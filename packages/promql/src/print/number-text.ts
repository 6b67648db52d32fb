// Numbers and lengths of time as text that reads back as the same.

import { type DurationMs, formatDuration } from "@flx/model";
import type { NumberLiteral } from "../ast/nodes.ts";

/**
 * A number without exponent, in as few digits as identify it.
 *
 * @example plainNumber(1.5e21) // "1500000000000000000000"
 */
export function plainNumber(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  if (Object.is(value, -0)) return "-0";
  const text = String(value);
  const e = text.indexOf("e");
  return e < 0 ? text : withoutExponent(text.slice(0, e), Number(text.slice(e + 1)));
}

/** A number as it was written: as a duration when it was one, and milliseconds can say it. */
export function literalText({ value, isDuration }: NumberLiteral): string {
  return isDuration ? secondsText(value) : plainNumber(value);
}

/** Seconds as a duration (`1m30s`), or as a number when they are no whole milliseconds. */
export function secondsText(seconds: number): string {
  const milliseconds = Math.round(seconds * 1e9) / 1e6;
  if (!Number.isSafeInteger(milliseconds) || milliseconds / 1000 !== seconds) {
    return plainNumber(seconds);
  }
  return formatDuration(milliseconds as DurationMs);
}

function withoutExponent(mantissa: string, exponent: number): string {
  const sign = mantissa.startsWith("-") ? "-" : "";
  const [whole = "", fraction = ""] = mantissa.slice(sign.length).split(".");
  const digits = whole + fraction;
  const point = whole.length + exponent;
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits + "0".repeat(point - digits.length);
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
