// What a query says besides its result: warnings (the result may be wrong or incomplete) and infos (it may not be what
// was meant), in Prometheus' words and with the place in the query they are about.
//
//   PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "up" (1:6)
//                                                                                                   line:column
//
// One sentence is said once, however many samples it is about; the place is the one found last. Columns count bytes of
// UTF-8 from 1, as in Prometheus.

import type { Span } from "../ast/nodes.ts";
import { goG } from "./go-number.ts";

/** A warning or info. */
export interface Annotation {
  readonly kind: "warning" | "info";
  /** As Prometheus' API gives it, with the place at its end. */
  readonly message: string;
  /** UTF-16 offsets of the expression it is about. */
  readonly start: number;
  readonly end: number;
}

/** What was computed when custom bounds had to be reconciled or hints collided. */
export type HistogramOperation = "addition" | "subtraction" | "aggregation";

interface Entry {
  readonly kind: "warning" | "info";
  readonly span: Span;
  readonly monotonicity: Monotonicity | undefined;
}

interface Monotonicity {
  readonly minMs: number;
  readonly maxMs: number;
  readonly minBucket: number;
  readonly maxBucket: number;
  readonly maxDiff: number;
  readonly count: number;
}

/** Collects annotations during one query. */
export class Annotations {
  readonly #entries = new Map<string, Entry>();

  /** All of them, each once, in the order they were first said. */
  render(query: string): Annotation[] {
    return Array.from(this.#entries, ([text, { kind, span, monotonicity }]) => ({
      kind,
      message: `PromQL ${kind}: ${text}${monotonicity === undefined ? "" : details(monotonicity)} (${place(query, span.start)})`,
      start: span.start,
      end: span.end,
    }));
  }

  invalidQuantile(q: number, span: Span): void {
    this.#warn(`quantile value should be between 0 and 1, got ${goG(q)}`, span);
  }

  invalidRatio(ratio: number, cappedTo: number, span: Span): void {
    this.#warn(
      `ratio value should be between -1 and 1, got ${goG(ratio)}, capping to ${goG(cappedTo)}`,
      span,
    );
  }

  badBucketLabel(metricName: string, value: string, span: Span): void {
    this.#warn(
      `bucket label "le" is missing or has a malformed value of ${quoted(value)}${forMetric(metricName)}`,
      span,
    );
  }

  mixedFloatsHistograms(metricName: string, span: Span): void {
    this.#warn(
      `encountered a mix of histograms and floats for metric name ${quoted(metricName)}`,
      span,
    );
  }

  mixedFloatsHistogramsInAggregation(span: Span): void {
    this.#warn("encountered a mix of histograms and floats for aggregation", span);
  }

  mixedClassicNative(metricName: string, span: Span): void {
    this.#warn(
      `vector contains a mix of classic and native histograms${forMetric(metricName)}`,
      span,
    );
  }

  notCounter(metricName: string, span: Span): void {
    this.#warn(`this native histogram metric is not a counter: ${quoted(metricName)}`, span);
  }

  notGauge(metricName: string, span: Span): void {
    this.#warn(`this native histogram metric is not a gauge: ${quoted(metricName)}`, span);
  }

  mixedExponentialCustom(metricName: string, span: Span): void {
    this.#warn(
      `vector contains a mix of histograms with exponential and custom buckets schemas for metric name ${quoted(metricName)}`,
      span,
    );
  }

  incompatibleBucketLayout(operator: string, span: Span): void {
    this.#warn(`incompatible bucket layout encountered for binary operator ${operator}`, span);
  }

  sortInRangeQuery(span: Span): void {
    this.#warn(
      "sort is ineffective for range queries since results are always ordered by labels",
      span,
    );
  }

  counterResetCollision(operation: HistogramOperation, span: Span): void {
    this.#warn(`conflicting counter resets during histogram ${operation}`, span);
  }

  startTimeOverlap(metricName: string, span: Span): void {
    this.#warn(
      `sample has start time that overlaps with previous sample timestamp for metric ${quoted(metricName)}`,
      span,
    );
  }

  possibleNonCounter(metricName: string, span: Span): void {
    this.#info(
      `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quoted(metricName)}`,
      span,
    );
  }

  possibleNonCounterLabel(metricName: string, type: string, span: Span): void {
    this.#info(
      `metric might not be a counter, __type__ label is not set to "counter" or "histogram", got ${quoted(type)}: ${quoted(metricName)}`,
      span,
    );
  }

  forcedMonotonicity(
    metricName: string,
    span: Span,
    timeMs: number,
    found: { readonly minBucket: number; readonly maxBucket: number; readonly maxDiff: number },
  ): void {
    const text =
      "input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)" +
      forMetric(metricName);
    const before = this.#entries.get(text)?.monotonicity;
    const monotonicity = {
      minMs: Math.min(before?.minMs ?? timeMs, timeMs),
      maxMs: Math.max(before?.maxMs ?? timeMs, timeMs),
      minBucket: Math.min(before?.minBucket ?? Infinity, found.minBucket),
      maxBucket: Math.max(before?.maxBucket ?? -Infinity, found.maxBucket),
      maxDiff: Math.max(before?.maxDiff ?? 0, found.maxDiff),
      count: (before?.count ?? 0) + 1,
    };
    this.#entries.set(text, { kind: "info", span, monotonicity });
  }

  incompatibleTypes(left: string, operator: string, right: string, span: Span): void {
    this.#info(
      `incompatible sample types encountered for binary operator ${quoted(operator)}: ${left} ${operator} ${right}`,
      span,
    );
  }

  histogramIgnoredInAggregation(aggregation: string, span: Span): void {
    this.#info(`ignored histogram in ${aggregation} aggregation`, span);
  }

  histogramIgnoredInMixedRange(metricName: string, span: Span): void {
    this.#info(
      `ignored histograms in a range containing both floats and histograms for metric name ${quoted(metricName)}`,
      span,
    );
  }

  quantileNanResult(metricName: string, span: Span): void {
    this.#info(
      `input to histogram_quantile has NaN observations, result is NaN${forMetric(metricName)}`,
      span,
    );
  }

  quantileNanSkew(metricName: string, span: Span): void {
    this.#info(
      `input to histogram_quantile has NaN observations, result is skewed higher${forMetric(metricName)}`,
      span,
    );
  }

  fractionNans(metricName: string, span: Span): void {
    this.#info(
      `input to histogram_fraction has NaN observations, which are excluded from all fractions${forMetric(metricName)}`,
      span,
    );
  }

  mismatchedCustomBuckets(operation: HistogramOperation, span: Span): void {
    this.#info(`mismatched custom buckets were reconciled during ${operation}`, span);
  }

  #warn(text: string, span: Span): void {
    this.#entries.set(text, { kind: "warning", span, monotonicity: undefined });
  }

  #info(text: string, span: Span): void {
    this.#entries.set(text, { kind: "info", span, monotonicity: undefined });
  }
}

/** Line and column (from 1, in bytes of UTF-8) of a UTF-16 offset. */
export function place(query: string, offset: number): string {
  const before = query.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  const line = before.split("\n").length;
  let column = 1;
  for (const character of before.slice(lineStart)) column += utf8Length(character.codePointAt(0)!);
  return `${line}:${column}`;
}

function utf8Length(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function forMetric(metricName: string): string {
  return metricName === "" ? "" : ` for metric name ${quoted(metricName)}`;
}

function details({ minMs, maxMs, minBucket, maxBucket, maxDiff, count }: Monotonicity): string {
  return `, from buckets ${goG(minBucket)} to ${goG(maxBucket)}, with a max diff of ${goG(maxDiff, 2)}, over ${count} samples from ${rfc3339(minMs)} to ${rfc3339(maxMs)}`;
}

function rfc3339(timeMs: number): string {
  return `${new Date(Math.trunc(timeMs / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}
