// Native histograms as test scripts write them.
//
//   {{schema:1 count:22 sum:3 z_bucket:2 z_bucket_w:0.5 offset:-1 buckets:[5 10 5] n_buckets:[1] custom_values:[5 10]}}
//
//   schema  count  sum                 as they are; what is not given is 0
//   z_bucket  z_bucket_w               count and width of the zero bucket
//   buckets  offset                    counts of consecutive buckets, the first one's index (0)
//   n_buckets  n_offset                the same below zero
//   custom_values                      bounds, for schema -53
//   counter_reset_hint                 unknown, reset, not_reset, gauge; when it is not given, it is not compared
//
// Source: promql/promqltest/README.md and docs/configuration/unit_testing_rules.md of Prometheus.

import type { CounterResetHint } from "@flx/model";
import { type FloatHistogram, floatHistogram } from "../histogram/float-histogram.ts";
import { plainNumber } from "../print/number-text.ts";

/** A histogram literal: the histogram, and whether its hint was written. */
export interface HistogramLiteral {
  readonly histogram: FloatHistogram;
  readonly hintGiven: boolean;
}

const hints: Readonly<Record<string, CounterResetHint>> = {
  unknown: "unknown",
  reset: "reset",
  not_reset: "none",
  gauge: "gauge",
};

const keys: ReadonlySet<string> = new Set([
  "schema",
  "sum",
  "count",
  "z_bucket",
  "z_bucket_w",
  "custom_values",
  "buckets",
  "offset",
  "n_buckets",
  "n_offset",
  "counter_reset_hint",
]);

const item = /\s*([a-z_]+):(\[[^\]]*\]|[^\s}]+)/iy;
const number = /^[+-]?(?:inf|nan|\d[\d_]*(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)$/i;

/**
 * The histogram between `{{` and `}}`.
 *
 * @throws {SyntaxError} with what is wrong
 */
export function parseHistogramLiteral(text: string): HistogramLiteral {
  const values = readItems(text);
  const hint = values.get("counter_reset_hint");
  const histogram = floatHistogram({
    schema: numberOf(values, "schema"),
    sum: numberOf(values, "sum"),
    count: numberOf(values, "count"),
    zeroCount: numberOf(values, "z_bucket"),
    zeroThreshold: numberOf(values, "z_bucket_w"),
    customBounds: listOf(values, "custom_values"),
    positive: { offset: numberOf(values, "offset"), counts: listOf(values, "buckets") },
    negative: { offset: numberOf(values, "n_offset"), counts: listOf(values, "n_buckets") },
    counterResetHint: hint === undefined ? "unknown" : hintOf(hint),
  });
  return { histogram, hintGiven: hint !== undefined };
}

function readItems(text: string): Map<string, string> {
  const values = new Map<string, string>();
  let at = 0;
  while (text.slice(at).trim() !== "") {
    item.lastIndex = at;
    const match = item.exec(text);
    if (match === null) {
      throw new SyntaxError(`expected key:value in a histogram, got ${text.slice(at).trim()}`);
    }
    const key = match[1]!.toLowerCase();
    if (!keys.has(key)) throw new SyntaxError(`bad histogram descriptor found: "${key}"`);
    if (values.has(key)) throw new SyntaxError(`duplicate key "${key}" in histogram`);
    values.set(key, match[2]!);
    at = item.lastIndex;
  }
  return values;
}

function numberOf(values: ReadonlyMap<string, string>, key: string): number {
  const text = values.get(key);
  if (text === undefined) return 0;
  const value = parseSampleNumber(text);
  const whole = key === "schema" || key === "offset" || key === "n_offset";
  if (value === undefined || (whole && !Number.isInteger(value))) {
    throw new SyntaxError(`error parsing ${key} number: ${text}`);
  }
  return value;
}

function listOf(values: ReadonlyMap<string, string>, key: string): number[] {
  const text = values.get(key);
  if (text === undefined) return [];
  if (!text.startsWith("[")) throw new SyntaxError(`${key} is a list: ${key}:[1 2 3]`);
  return text
    .slice(1, -1)
    .split(/\s+/)
    .filter((part) => part !== "")
    .map((part) => {
      const value = parseSampleNumber(part);
      if (value === undefined) throw new SyntaxError(`error parsing ${key} number: ${part}`);
      return value;
    });
}

function hintOf(text: string): CounterResetHint {
  const hint = hints[text.toLowerCase()];
  if (hint !== undefined) return hint;
  throw new SyntaxError(`error parsing counter_reset_hint: unknown value ${text}`);
}

/** A sample's number: decimal, `Inf`, `NaN`, with or without a sign; `undefined` when it is none. */
export function parseSampleNumber(text: string): number | undefined {
  if (!number.test(text)) return undefined;
  const plain = text.replaceAll("_", "").toLowerCase();
  if (plain.endsWith("nan")) return NaN;
  if (plain.endsWith("inf")) return plain.startsWith("-") ? -Infinity : Infinity;
  return Number(plain);
}

/** The literal of a histogram: what to write into a script to get it. */
export function histogramLiteral(histogram: FloatHistogram): string {
  const { schema, count, sum, zeroCount, zeroThreshold, customBounds } = histogram;
  const parts: string[] = [];
  if (schema !== 0) parts.push(`schema:${schema}`);
  if (count !== 0) parts.push(`count:${plainNumber(count)}`);
  if (sum !== 0) parts.push(`sum:${plainNumber(sum)}`);
  if (zeroCount !== 0) parts.push(`z_bucket:${plainNumber(zeroCount)}`);
  if (zeroThreshold !== 0) parts.push(`z_bucket_w:${plainNumber(zeroThreshold)}`);
  if (customBounds.length > 0) parts.push(`custom_values:${list(customBounds)}`);
  if (histogram.counterResetHint !== "unknown") {
    const hint = histogram.counterResetHint === "none" ? "not_reset" : histogram.counterResetHint;
    parts.push(`counter_reset_hint:${hint}`);
  }
  parts.push(...side("", histogram.positive), ...side("n_", histogram.negative));
  return `{{${parts.join(" ")}}}`;
}

function side(prefix: string, { indexes, counts }: FloatHistogram["positive"]): string[] {
  const first = indexes[0];
  const last = indexes.at(-1);
  if (first === undefined || last === undefined) return [];
  const dense = Array.from({ length: last - first + 1 }, () => 0);
  for (const [i, index] of indexes.entries()) dense[index - first] = counts[i]!;
  const offset = first === 0 ? [] : [`${prefix}offset:${first}`];
  return [...offset, `${prefix}buckets:${list(dense)}`];
}

function list(numbers: Iterable<number>): string {
  return `[${Array.from(numbers, plainNumber).join(" ")}]`;
}
