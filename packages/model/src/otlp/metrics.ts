// Metric families as OTLP writes them: fields `metrics` of a ScopeMetrics message.
//
//   counter            Sum, monotonic                     gauge, unknown      Gauge
//   histogram          Histogram                          info                Gauge of 1, name ending with _info
//   native histogram   ExponentialHistogram               stateset            Gauge, a point a state, 0 or 1
//   summary            Summary
//
// Names are the family's (no `_total`); units become UCUM's: seconds "s", bytes "By", ratio "1". A native histogram's
// bucket i ends at base^i, OTLP's begins there: its offset is one less.
//
// Exemplars give their `trace_id` and `span_id` as ids, the rest as attributes.
//
// Source: opentelemetry/proto/metrics/v1/metrics.proto and
// https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/

import type { ClassicHistogram } from "../classic-histogram.ts";
import { CUSTOM_BOUNDS_SCHEMA } from "../exponential-buckets.ts";
import type { Exemplar } from "../exemplar.ts";
import type { Labels } from "../labels.ts";
import type { HistogramValue, MetricFamily, MetricPoint, SummaryValue } from "../metric-family.ts";
import type { BucketColumns } from "../bucket-columns.ts";
import type { MessageWriter } from "./message-writer.ts";

/** Whether values count from the start, or from the last export. */
export type Temporality = "cumulative" | "delta";

/** The times and the temporality of what is written. */
export interface MetricsContext {
  /** When it began to count, unless a point says so itself. */
  readonly startMs: number;
  readonly nowMs: number;
  readonly temporality: Temporality;
}

const METRICS = 0x12;
const CUMULATIVE = 2;
const DELTA = 1;
const UNITS: Readonly<Record<string, string>> = {
  seconds: "s",
  milliseconds: "ms",
  bytes: "By",
  ratio: "1",
  celsius: "Cel",
  meters: "m",
  volts: "V",
  amperes: "A",
  joules: "J",
  grams: "g",
  percent: "%",
};

/** Writes a family with its points; one without points writes nothing. */
export function writeMetrics(
  out: MessageWriter,
  family: MetricFamily,
  context: MetricsContext,
): void {
  if (family.points.length === 0) return;
  switch (family.type) {
    case "counter":
      metric(out, family, 0x3a, () => {
        for (const { labels, value } of family.points) {
          numberPoint(out, labels, value.total, value.createdMs, value.exemplar, context);
        }
        temporality(out, context);
        out.uint(0x18, 1);
      });
      return;
    case "gauge":
    case "unknown":
      metric(out, family, 0x2a, () => {
        for (const { labels, value } of family.points) {
          numberPoint(out, labels, value, undefined, undefined, context);
        }
      });
      return;
    case "info":
      metric(out, { ...family, name: `${family.name}_info` }, 0x2a, () => {
        for (const { labels } of family.points) {
          numberPoint(out, labels, 1, undefined, undefined, context);
        }
      });
      return;
    case "stateset":
      metric(out, family, 0x2a, () => {
        for (const { labels, value } of family.points) {
          for (const [state, holds] of value) {
            const stated = labels.with(family.name, state);
            numberPoint(out, stated, holds ? 1 : 0, undefined, undefined, context);
          }
        }
      });
      return;
    case "summary":
      metric(out, family, 0x5a, () => {
        for (const point of family.points) summaryPoint(out, point, context);
      });
      return;
    case "histogram":
    case "gaugehistogram":
      histograms(out, family, context);
      return;
  }
}

function histograms(
  out: MessageWriter,
  family: Extract<MetricFamily, { readonly type: "histogram" | "gaugehistogram" }>,
  context: MetricsContext,
): void {
  const native = family.points.filter(({ value }) => isExponential(value));
  const classic = family.points.filter(({ value }) => !isExponential(value));
  if (native.length > 0) {
    metric(out, family, 0x52, () => {
      for (const point of native) exponentialPoint(out, point, context);
      temporality(out, context);
    });
  }
  if (classic.length > 0) {
    metric(out, family, 0x4a, () => {
      for (const point of classic) classicPoint(out, point, context);
      temporality(out, context);
    });
  }
}

function isExponential({ native, histogram }: HistogramValue): boolean {
  // With both forms the classic one is written: more receivers read it.
  return (
    native !== undefined &&
    native.schema !== CUSTOM_BOUNDS_SCHEMA &&
    histogram.upperBounds.length <= 1
  );
}

function metric(
  out: MessageWriter,
  { name, help, unit }: Pick<MetricFamily, "name" | "help" | "unit">,
  data: number,
  writeData: () => void,
): void {
  const start = out.begin(METRICS);
  out.text(0x0a, name);
  if (help !== undefined && help !== "") out.text(0x12, help);
  if (unit !== undefined && unit !== "") out.text(0x1a, UNITS[unit] ?? unit);
  const body = out.begin(data);
  writeData();
  out.end(body);
  out.end(start);
}

function temporality(out: MessageWriter, context: MetricsContext): void {
  out.uint(0x10, context.temporality === "delta" ? DELTA : CUMULATIVE);
}

function numberPoint(
  out: MessageWriter,
  labels: Labels,
  value: number,
  createdMs: number | undefined,
  exemplar: Exemplar | undefined,
  context: MetricsContext,
): void {
  const start = out.begin(0x0a);
  times(out, createdMs, context);
  out.double(0x21, value);
  if (exemplar !== undefined) writeExemplar(out, 0x2a, exemplar, context);
  attributes(out, 0x3a, labels);
  out.end(start);
}

function summaryPoint(
  out: MessageWriter,
  { labels, value }: MetricPoint<SummaryValue>,
  context: MetricsContext,
): void {
  const start = out.begin(0x0a);
  times(out, value.createdMs, context);
  out.fixed64(0x21, value.count ?? 0);
  out.double(0x29, value.sum ?? 0);
  for (const { quantile, value: at } of value.quantiles) {
    const entry = out.begin(0x32);
    out.double(0x09, quantile);
    out.double(0x11, at);
    out.end(entry);
  }
  attributes(out, 0x3a, labels);
  out.end(start);
}

function classicPoint(
  out: MessageWriter,
  { labels, value }: MetricPoint<HistogramValue>,
  context: MetricsContext,
): void {
  const { histogram } = value;
  const start = out.begin(0x0a);
  times(out, value.createdMs, context);
  out.fixed64(0x21, histogram.count);
  if (histogram.sum !== undefined) out.double(0x29, histogram.sum);
  bucketCounts(out, histogram);
  for (const exemplar of value.exemplars?.values() ?? []) {
    writeExemplar(out, 0x42, exemplar, context);
  }
  attributes(out, 0x4a, labels);
  out.end(start);
}

/** Counts of each bucket, not of all below it, and the bounds without the last, +Inf. */
function bucketCounts(out: MessageWriter, histogram: ClassicHistogram): void {
  const { upperBounds, cumulativeCounts } = histogram;
  const counts = out.begin(0x32);
  let before = 0;
  for (const count of cumulativeCounts) {
    rawFixed64(out, count - before);
    before = count;
  }
  out.end(counts);
  const bounds = out.begin(0x3a);
  for (const bound of upperBounds) if (bound !== Infinity) rawDouble(out, bound);
  out.end(bounds);
}

function exponentialPoint(
  out: MessageWriter,
  { labels, value }: MetricPoint<HistogramValue>,
  context: MetricsContext,
): void {
  const { native } = value;
  if (native === undefined) return;
  const start = out.begin(0x0a);
  attributes(out, 0x0a, labels);
  // Fields 2 and 3 are the times in every point.
  times(out, value.createdMs, context);
  out.fixed64(0x21, native.count);
  out.double(0x29, native.sum);
  out.uint(0x30, zigzag(native.schema));
  out.fixed64(0x39, native.zeroCount);
  buckets(out, 0x42, native.positive);
  buckets(out, 0x4a, native.negative);
  for (const exemplar of value.nativeExemplars ?? []) {
    writeExemplar(out, 0x5a, exemplar, context);
  }
  out.double(0x71, native.zeroThreshold);
  out.end(start);
}

function buckets(out: MessageWriter, tag: number, { indexes, counts }: BucketColumns): void {
  if (indexes.length === 0) return;
  const first = indexes[0]!;
  const start = out.begin(tag);
  out.uint(0x08, zigzag(first - 1));
  const packed = out.begin(0x12);
  let next = first;
  for (let i = 0; i < indexes.length; i++) {
    for (; next < indexes[i]!; next++) out.varint(0);
    out.varint(counts[i]!);
    next++;
  }
  out.end(packed);
  out.end(start);
}

function times(
  out: MessageWriter,
  createdMs: number | undefined,
  { startMs, nowMs }: MetricsContext,
): void {
  time(out, 0x11, createdMs ?? startMs);
  time(out, 0x19, nowMs);
}

function time(out: MessageWriter, tag: number, ms: number): void {
  const seconds = Math.floor(ms / 1000);
  out.time(tag, seconds, Math.floor((ms - seconds * 1000) * 1e6));
}

function attributes(out: MessageWriter, tag: number, labels: Labels): void {
  const { pairs } = labels;
  for (let i = 0; i < pairs.length; i += 2) attribute(out, tag, pairs[i]!, pairs[i + 1]!);
}

function attribute(out: MessageWriter, tag: number, name: string, text: string): void {
  const start = out.begin(tag);
  out.text(0x0a, name);
  const value = out.begin(0x12);
  out.text(0x0a, text);
  out.end(value);
  out.end(start);
}

const HEX = /^(?:[0-9a-f]{2})+$/;

function writeExemplar(
  out: MessageWriter,
  tag: number,
  exemplar: Exemplar,
  context: MetricsContext,
): void {
  const start = out.begin(tag);
  time(out, 0x11, exemplar.timestampMs ?? context.nowMs);
  out.double(0x19, exemplar.value);
  const { pairs } = exemplar.labels;
  for (let i = 0; i < pairs.length; i += 2) {
    const name = pairs[i]!;
    const value = pairs[i + 1]!;
    if (name === "span_id" && value.length === 16 && HEX.test(value)) {
      out.field(0x22, bytesOfHex(value));
    } else if (name === "trace_id" && value.length === 32 && HEX.test(value)) {
      out.field(0x2a, bytesOfHex(value));
    } else {
      attribute(out, 0x3a, name, value);
    }
  }
  out.end(start);
}

function bytesOfHex(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) =>
    Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16),
  );
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function rawFixed64(out: MessageWriter, value: number): void {
  // A field has a tag; packed numbers have none: it is written and taken back.
  out.fixed64(0, value);
  out.bytes.copyWithin(out.at - 9, out.at - 8, out.at);
  out.at--;
}

function rawDouble(out: MessageWriter, value: number): void {
  out.double(0, value);
  out.bytes.copyWithin(out.at - 9, out.at - 8, out.at);
  out.at--;
}
