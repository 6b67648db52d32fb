// A query's answer beside what a script expects: what differs, in one sentence with both values.

import type { Labels } from "@flx/model";
import type { FloatHistogram } from "../histogram/float-histogram.ts";
import { plainNumber } from "../print/number-text.ts";
import { almostEqual, almostEqualHistogram } from "./almost-equal.ts";
import { histogramLiteral } from "./histogram-literal.ts";
import type {
  EvalCommand,
  Expectations,
  ExpectedSeries,
  MessageMatch,
  TimeGrid,
} from "./script.ts";
import type { ScriptAnswer, ScriptPoint, ScriptSample, ScriptValue } from "./script-engine.ts";
import type { SequenceValue } from "./series-notation.ts";

/** What is wrong with a value; `undefined` when it is as expected. */
export function compareValue(command: EvalCommand, value: ScriptValue): string | undefined {
  const { result } = command;
  switch (value.kind) {
    case "string": {
      const want = result.kind === "string" ? result.value : "";
      if (want === value.value) return undefined;
      return `expected string ${JSON.stringify(want)}, got ${JSON.stringify(value.value)}`;
    }
    case "scalar":
      if (result.kind !== "scalar") {
        return `expected ${describeKind(result.kind)}, got scalar ${plainNumber(value.value)}`;
      }
      if (almostEqual(result.value, value.value)) return undefined;
      return `expected scalar ${plainNumber(result.value)}, got ${plainNumber(value.value)}`;
    case "vector":
      if (result.kind !== "series") {
        return `expected ${describeKind(result.kind)}, got a vector of ${value.samples.length}`;
      }
      return compareVector(result.series, value.samples, command.expectations.ordered);
    case "matrix":
    default:
      if (result.kind !== "series") {
        return `expected ${describeKind(result.kind)}, got ${value.series.length} series`;
      }
      if (command.expectations.ordered) {
        return "expected ordered result, but query returned a matrix";
      }
      return unsorted(value.series) ?? compareMatrix(result.series, value.series, gridOf(command));
  }
}

/** What is wrong with what a query said; `undefined` when it is as expected. */
export function compareAnnotations(
  expectations: Expectations,
  { warnings, infos }: ScriptAnswer,
): string | undefined {
  if (expectations.anyWarn && warnings.length === 0) return "expected warnings, got none";
  if (expectations.anyInfo && infos.length === 0) return "expected info annotations, got none";
  if (expectations.noWarn && warnings.length > 0) {
    return `expected no warnings, got ${warnings.join("; ")}`;
  }
  if (expectations.noInfo && infos.length > 0) {
    return `expected no info annotations, got ${infos.join("; ")}`;
  }
  return (
    compareMessages("warn", expectations.warn, warnings) ??
    compareMessages("info", expectations.info, infos)
  );
}

/** Whether a message is the expected one. */
export function matchesMessage(match: MessageMatch, message: string): boolean {
  if (match.kind === "any") return true;
  return match.kind === "message" ? match.text === message : match.pattern.test(message);
}

/** `msg "..."`, `regex "..."`. */
export function describeMessage(match: MessageMatch): string {
  if (match.kind === "any") return "any message";
  return `${match.kind} ${JSON.stringify(match.text)}`;
}

/** Each expected message must be there, and each that is there must be expected. */
function compareMessages(
  type: string,
  expected: readonly MessageMatch[],
  messages: readonly string[],
): string | undefined {
  if (expected.length === 0) return undefined;
  const found = messages.length === 0 ? "none" : messages.join("; ");
  for (const match of expected) {
    if (!messages.some((message) => matchesMessage(match, message))) {
      return `expected ${type} annotation with ${describeMessage(match)}, got ${found}`;
    }
  }
  const extra = messages.find((text) => !expected.some((match) => matchesMessage(match, text)));
  return extra === undefined ? undefined : `unexpected ${type} annotation: ${extra}`;
}

function compareVector(
  expected: readonly ExpectedSeries[],
  samples: readonly (ScriptSample & { readonly labels: Labels })[],
  ordered: boolean,
): string | undefined {
  const wanted = new Map(expected.map((series) => [series.labels.key, series]));
  const seen = new Set<string>();
  for (const [i, sample] of samples.entries()) {
    const name = sample.labels.toString();
    const want = wanted.get(sample.labels.key);
    if (want === undefined) return `unexpected series ${name} with ${describeSample(sample)}`;
    if (seen.has(sample.labels.key)) return `series ${name} occurs twice`;
    seen.add(sample.labels.key);
    if (ordered && want.position !== i + 1) {
      return `expected ${name} at position ${want.position}, got it at ${i + 1}`;
    }
    const first = want.values[0] ?? { kind: "omitted" };
    if (!isAsExpected(first, sample)) {
      return `expected ${describeValue(first)} for ${name}, got ${describeSample(sample)}`;
    }
  }
  return missing(expected, seen);
}

function compareMatrix(
  expected: readonly ExpectedSeries[],
  got: readonly { readonly labels: Labels; readonly points: readonly ScriptPoint[] }[],
  grid: TimeGrid,
): string | undefined {
  const wanted = new Map(expected.map((series) => [series.labels.key, series]));
  const seen = new Set<string>();
  for (const { labels, points } of got) {
    const name = labels.toString();
    const want = wanted.get(labels.key);
    if (want === undefined) return `unexpected series ${name} with ${describePoints(points)}`;
    seen.add(labels.key);
    const problem = comparePoints(want, points, grid);
    if (problem !== undefined) return `${problem} (${name} has ${describePoints(points)})`;
  }
  return missing(expected, seen);
}

function comparePoints(
  want: ExpectedSeries,
  points: readonly ScriptPoint[],
  { startMs, endMs, stepMs }: TimeGrid,
): string | undefined {
  const name = want.labels.toString();
  if (want.values.length > 0 && startMs + (want.values.length - 1) * stepMs > endMs) {
    return `expected ${want.values.length} points for ${name}, but the time range cannot give as many`;
  }
  let at = 0;
  for (const [i, value] of want.values.entries()) {
    if (value.kind === "omitted") continue;
    const timestampMs = startMs + i * stepMs;
    const point = points[at++];
    if (point === undefined || point.timestampMs !== timestampMs) {
      const found = point === undefined ? "none" : `the next one at ${point.timestampMs} ms`;
      return `expected ${describeValue(value)} for ${name} at ${timestampMs} ms, got ${found}`;
    }
    if (!isAsExpected(value, point)) {
      return `expected ${describeValue(value)} for ${name} at ${timestampMs} ms, got ${describeSample(point)}`;
    }
  }
  const extra = points[at];
  if (extra === undefined) return undefined;
  return `expected no sample for ${name} at ${extra.timestampMs} ms, got ${describeSample(extra)}`;
}

function missing(
  expected: readonly ExpectedSeries[],
  seen: ReadonlySet<string>,
): string | undefined {
  const absent = expected.find((series) => !seen.has(series.labels.key));
  if (absent === undefined) return undefined;
  const values = absent.values.map(describeValue).join(" ");
  return `expected series ${absent.labels.toString()} with ${values}, got none`;
}

function isAsExpected(want: SequenceValue, { value, histogram }: ScriptSample): boolean {
  switch (want.kind) {
    case "histogram":
      return histogram !== undefined && almostEqualHistogram(want, histogram);
    case "float":
      return histogram === undefined && almostEqual(want.value, value);
    case "stale": // no query ever gives one
    case "omitted":
    default:
      return false;
  }
}

/** Series of a matrix are always sorted by their labels. */
function unsorted(series: readonly { readonly labels: Labels }[]): string | undefined {
  for (let i = 1; i < series.length; i++) {
    const before = series[i - 1]!.labels;
    const after = series[i]!.labels;
    if (before.compare(after) > 0) {
      return `expected series sorted by labels, got ${before.toString()} before ${after.toString()}`;
    }
  }
  return undefined;
}

function gridOf({ at, rangeVector }: EvalCommand): TimeGrid {
  if (rangeVector !== undefined) return rangeVector;
  return at.kind === "range" ? at : { startMs: at.timeMs, endMs: at.timeMs, stepMs: 0 };
}

function describeKind(kind: "series" | "scalar" | "string"): string {
  return kind === "series" ? "series" : `a ${kind}`;
}

function describeValue(value: SequenceValue): string {
  switch (value.kind) {
    case "omitted":
      return "no sample";
    case "stale":
      return "stale";
    case "float":
      return plainNumber(value.value);
    case "histogram":
    default:
      return describeHistogram(value.histogram, value.hintGiven);
  }
}

function describeSample({ value, histogram }: ScriptSample): string {
  if (histogram !== undefined) return describeHistogram(histogram, true);
  return plainNumber(value);
}

function describeHistogram(histogram: FloatHistogram, withHint: boolean): string {
  const text = histogramLiteral(histogram);
  return withHint && histogram.counterResetHint === "unknown"
    ? text.replace("{{", "{{counter_reset_hint:unknown ")
    : text;
}

const MAX_SHOWN = 20;

function describePoints(points: readonly ScriptPoint[]): string {
  const shown = points
    .slice(0, MAX_SHOWN)
    .map((point) => `${describeSample(point)}@${point.timestampMs}`);
  if (points.length > MAX_SHOWN) shown.push(`... ${points.length - MAX_SHOWN} more`);
  return `[${shown.join(" ")}]`;
}
