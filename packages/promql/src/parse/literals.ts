// Numbers and durations as nodes.

import type { NumberLiteral } from "../ast/nodes.ts";
import { MAX_DURATION_SECONDS } from "../ast/duration.ts";
import { parseDurationSeconds, parseNumber } from "../lex/number.ts";
import { quoteText } from "../lex/quote.ts";
import type { Cursor } from "./cursor.ts";

/** Whether a number or a duration stands here. */
export function atNumber(cursor: Cursor): boolean {
  return cursor.kind === "number" || cursor.kind === "duration";
}

/** The number or duration that stands here (see `atNumber`), with the sign read before it at `signStart`. */
export function readNumber(cursor: Cursor, sign: 1 | -1 = 1, signStart?: number): NumberLiteral {
  const { kind, text, span } = cursor;
  const value = kind === "duration" ? durationValue(cursor, text) : numberValue(cursor, text);
  cursor.advance();
  cursor.made(0);
  return {
    kind: "number",
    value: sign * value,
    isDuration: kind === "duration",
    start: signStart ?? span.start,
    end: span.end,
  };
}

function numberValue(cursor: Cursor, text: string): number {
  const value = parseNumber(text);
  if (value !== undefined) return value;
  const reason = `error parsing number: strconv.ParseFloat: parsing ${quoteText(text)}: invalid syntax`;
  throw cursor.fault(cursor.span, reason, "numbers are written 42, 1.5e3, 1_000, 0x1F, Inf or NaN");
}

function durationValue(cursor: Cursor, text: string): number {
  const seconds = parseDurationSeconds(text);
  if (typeof seconds === "number") return seconds;
  throw cursor.fault(
    cursor.span,
    seconds.message,
    "units go from large to small, each once, with whole numbers: 1h30m, not 30m1h or 1.5h",
  );
}

/** Refuses what 64 bits of nanoseconds cannot hold. */
export function checkDurationRange(cursor: Cursor, literal: NumberLiteral): NumberLiteral {
  if (Math.abs(literal.value) > MAX_DURATION_SECONDS || Number.isNaN(literal.value)) {
    throw cursor.fault(literal, "duration out of range", "the longest duration is about 292 years");
  }
  return literal;
}
