// What is wrong with a text: code, place, reason. Problems are values, not exceptions: a bad line among good ones
// is normal, and the good ones are kept.

import { FlxError } from "../errors.ts";
import { detached } from "./detached.ts";

/** The stable code of a problem. The list with meanings and remedies is in docs/formats/text.md. */
export type ExpositionProblemCode =
  | "FLX_EXPOSITION_UTF8"
  | "FLX_EXPOSITION_SYNTAX"
  | "FLX_EXPOSITION_NAME"
  | "FLX_EXPOSITION_LABEL"
  | "FLX_EXPOSITION_ESCAPE"
  | "FLX_EXPOSITION_VALUE"
  | "FLX_EXPOSITION_TIMESTAMP"
  | "FLX_EXPOSITION_EXEMPLAR"
  | "FLX_EXPOSITION_METADATA"
  | "FLX_EXPOSITION_UNIT"
  | "FLX_EXPOSITION_SAMPLE"
  | "FLX_EXPOSITION_GROUP"
  | "FLX_EXPOSITION_CLASH"
  | "FLX_EXPOSITION_DUPLICATE"
  | "FLX_EXPOSITION_HISTOGRAM"
  | "FLX_EXPOSITION_SUMMARY"
  | "FLX_EXPOSITION_STATESET"
  | "FLX_EXPOSITION_TRUNCATED"
  | "FLX_EXPOSITION_EOF"
  | "FLX_EXPOSITION_LIMIT_BYTES"
  | "FLX_EXPOSITION_LIMIT_LINE"
  | "FLX_EXPOSITION_LIMIT_SAMPLES"
  | "FLX_EXPOSITION_LIMIT_FAMILIES"
  | "FLX_EXPOSITION_LIMIT_LABELS"
  | "FLX_EXPOSITION_LIMIT_NAME"
  | "FLX_EXPOSITION_LIMIT_VALUE"
  | "FLX_EXPOSITION_LIMIT_EXEMPLAR";

/** One problem and where it is. */
export interface ExpositionProblem {
  readonly code: ExpositionProblemCode;
  /** Line, counted from 1. */
  readonly line: number;
  /** Place in the line, counted from 1 in UTF-16 code units (in bytes for `FLX_EXPOSITION_UTF8`). */
  readonly column: number;
  /** What is wrong, for people. */
  readonly reason: string;
  /** The beginning of the line, at most 80 characters. */
  readonly excerpt: string;
}

const excerptLength = 80;

/** The beginning of a line for a problem, not keeping the rest of the text alive. */
export function excerptOf(text: string, start: number, end: number): string {
  const long = end - start > excerptLength;
  const part = text.slice(start, long ? start + excerptLength - 1 : end);
  return detached(long ? `${part.toWellFormed()}…` : part);
}

/** The problems of one text: the first `maxProblems` of them, and how many there were. */
export class ProblemList {
  readonly kept: ExpositionProblem[] = [];
  count = 0;
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** Whether the next problem would be kept; if not, `skip()` it and save the work of describing it. */
  get hasRoom(): boolean {
    return this.kept.length < this.#max;
  }

  add(problem: ExpositionProblem): void {
    this.count++;
    if (this.hasRoom) this.kept.push(problem);
  }

  skip(): void {
    this.count++;
  }
}

/** A text that had to be right and is not. `code` is that of the first problem. */
export class ExpositionError extends FlxError {
  override readonly name = "ExpositionError";
  /** The problems kept (see `maxProblems`). */
  readonly problems: readonly ExpositionProblem[];
  /** All problems, also those not kept. */
  readonly problemCount: number;

  constructor(problems: readonly ExpositionProblem[], problemCount: number) {
    const first = problems[0];
    const where = first === undefined ? "" : `line ${first.line}:${first.column}: ${first.reason}`;
    const more = problemCount > 1 ? ` (and ${problemCount - 1} more)` : "";
    super(first?.code ?? "FLX_EXPOSITION_SYNTAX", `${where}${more}`);
    this.problems = problems;
    this.problemCount = problemCount;
  }
}
