// The first fault found in a line, kept in one reused object: reading a line neither throws nor allocates.

import type { ExpositionProblemCode } from "./problem.ts";

/** What the readers of a line report to; they return -1 after `fail`. */
export class LineFault {
  code: ExpositionProblemCode = "FLX_EXPOSITION_SYNTAX";
  /** Offset into the text being read. */
  at = 0;
  reason = "";

  fail(code: ExpositionProblemCode, at: number, reason: string): -1 {
    this.code = code;
    this.at = at;
    this.reason = reason;
    return -1;
  }
}

/** A character for a message: quoted, or named when there is none. */
export function describeCharacter(text: string, at: number, end: number): string {
  if (at >= end) return "the end of the line";
  return JSON.stringify(String.fromCodePoint(text.codePointAt(at)!));
}

/** A token for a message, quoted and cut. */
export function describeToken(text: string, start: number, end: number): string {
  const cut = end - start > 40;
  return JSON.stringify(`${text.slice(start, cut ? start + 40 : end)}${cut ? "…" : ""}`);
}
