// A series as test scripts write it: its labels, and what its samples are.
//
//   my_metric{env="prod"}  5  2+3x2  _  _x3  stale  1x4  -1-2x3  Inf  {{count:1 sum:2}}+{{count:1 sum:1}}x2
//
//   a        one sample                     _      no sample            stale   the series ended
//   axN      a, then N times more           _xN    N times no sample
//   a+bxN    a, then N samples, each b more (a-bxN: b less); so with histograms
//
// Source: docs/configuration/unit_testing_rules.md of Prometheus ("series").

import { Labels, METRIC_NAME } from "@flx/model";
import { addHistograms, subtractHistograms } from "../histogram/arithmetic.ts";
import type { FloatHistogram } from "../histogram/float-histogram.ts";
import { Lexer } from "../lex/lexer.ts";
import { canBeMetricName } from "../lex/token.ts";
import {
  type HistogramLiteral,
  parseHistogramLiteral,
  parseSampleNumber,
} from "./histogram-literal.ts";

/** One position of a series. */
export type SequenceValue =
  | { readonly kind: "omitted" }
  | { readonly kind: "stale" }
  | { readonly kind: "float"; readonly value: number }
  | ({ readonly kind: "histogram" } & HistogramLiteral);

/** A line of a script: labels and values. */
export interface SeriesDescription {
  readonly labels: Labels;
  readonly values: readonly SequenceValue[];
}

/** No line may stand for more samples. */
const MAX_VALUES = 10_000_000;

/**
 * The series of one line.
 *
 * @throws {SyntaxError | PromqlParseError} when the line is no series
 */
export function parseSeriesLine(line: string): SeriesDescription {
  const { labels, end } = parseSeriesLabels(line);
  return { labels, values: parseSequence(line.slice(end)) };
}

/** The labels at the beginning of a line, and where they end. */
export function parseSeriesLabels(line: string): { readonly labels: Labels; readonly end: number } {
  const lexer = new Lexer(line);
  lexer.next();
  const pairs: [string, string][] = [];
  if (canBeMetricName(lexer.kind)) {
    pairs.push([METRIC_NAME, lexer.value]);
    if (line[lexer.end] === "{" && line[lexer.end + 1] !== "{") lexer.next();
  } else if (lexer.kind !== "{") {
    throw new SyntaxError(`expected a series such as metric{label="value"}, got ${lexer.text}`);
  }
  if (lexer.kind === "{") readLabels(lexer, pairs);
  return { labels: Labels.from(new Map(pairs)), end: lexer.end };
}

function readLabels(lexer: Lexer, pairs: [string, string][]): void {
  const at = (kind: string): boolean => lexer.kind === kind;
  const expected = (what: string) =>
    new SyntaxError(`unexpected ${lexer.text} in label set, expected ${what}`);
  lexer.next();
  while (!at("}")) {
    const { kind, value: name } = lexer;
    if (kind !== "identifier" && kind !== "string") throw expected('identifier or "}"');
    lexer.next();
    if (at("=")) {
      lexer.next();
      if (!at("string")) throw expected("string");
      pairs.push([name, lexer.value]);
      lexer.next();
    } else if (kind === "string") {
      pairs.push([METRIC_NAME, name]);
    } else {
      throw expected('"="');
    }
    if (at(",")) lexer.next();
    else if (!at("}")) throw expected('"," or "}"');
  }
}

const unsigned = String.raw`(?:inf|nan|\d[\d_]*(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)`;
const omitted = /_(?:x(\d+))?(?=\s|$)/y;
const stale = /stale(?=\s|$)/y;
const float = new RegExp(
  String.raw`([+-]?${unsigned})(?:([+-][+-]?${unsigned})?x(\d+))?(?=\s|$)`,
  "iy",
);
const histogram = /\{\{([^}]*)\}\}(?:([+-])\{\{([^}]*)\}\})?(?:x(\d+))?(?=\s|$)/y;

/**
 * The values of a line.
 *
 * @throws {SyntaxError} with the part that is none
 */
export function parseSequence(text: string): SequenceValue[] {
  const values: SequenceValue[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  for (;;) {
    while (/\s/.test(text[at] ?? "")) at++;
    if (at >= text.length) return values;
    let match: RegExpExecArray | null;
    if ((match = take(omitted)) !== null) {
      repeat(values, { kind: "omitted" }, Number(match[1] ?? 1));
    } else if (take(stale) !== null) {
      values.push({ kind: "stale" });
    } else if ((match = take(float)) !== null) {
      addFloats(values, match[1]!, match[2], match[3]);
    } else if ((match = take(histogram)) !== null) {
      addHistogramRun(values, match);
    } else {
      throw new SyntaxError(
        `expected a value (1, 1+2x3, _, stale, {{...}}), got ${text.slice(at).trim()}`,
      );
    }
  }
}

function addFloats(
  values: SequenceValue[],
  first: string,
  step: string | undefined,
  times: string | undefined,
): void {
  let value = parseSampleNumber(first)!;
  const difference = step === undefined ? 0 : stepOf(step);
  const count = times === undefined ? 1 : Number(times) + 1;
  checkCount(values.length + count);
  for (let i = 0; i < count; i++) {
    values.push({ kind: "float", value });
    if (step !== undefined) value += difference;
  }
}

/** A step with one sign or two: +2, -2, +-2. */
function stepOf(step: string): number {
  const sign = step.startsWith("-") ? -1 : 1;
  return sign * parseSampleNumber(step.slice(1))!;
}

function addHistogramRun(values: SequenceValue[], match: RegExpExecArray): void {
  const [, firstText, sign, stepText, times] = match;
  const first = parseHistogramLiteral(firstText!);
  if (stepText === undefined) {
    repeat(values, { kind: "histogram", ...first }, times === undefined ? 1 : Number(times) + 1);
    return;
  }
  if (times === undefined) throw new SyntaxError("a step between histograms needs a count: xN");
  const step = parseHistogramLiteral(stepText);
  const count = Number(times);
  checkCount(values.length + count + 1);
  const { hintGiven } = step;
  let current = first.histogram;
  values.push({ kind: "histogram", histogram: current, hintGiven });
  for (let i = 0; i < count; i++) {
    current = combine(current, step.histogram, sign!);
    values.push({ kind: "histogram", histogram: current, hintGiven });
  }
}

function combine(a: FloatHistogram, b: FloatHistogram, sign: string): FloatHistogram {
  if (a.schema > b.schema) {
    throw new SyntaxError(
      `error combining histograms: cannot merge from schema ${b.schema} to ${a.schema}`,
    );
  }
  const combined = sign === "+" ? addHistograms(a, b) : subtractHistograms(a, b);
  if (combined !== undefined) return combined.histogram;
  throw new SyntaxError("cannot combine histograms with custom and exponential bounds");
}

function repeat(values: SequenceValue[], value: SequenceValue, times: number): void {
  checkCount(values.length + times);
  for (let i = 0; i < times; i++) values.push(value);
}

function checkCount(count: number): void {
  if (count <= MAX_VALUES) return;
  throw new SyntaxError(`a series has at most ${MAX_VALUES} values, got ${count}`);
}
