// Results of queries as Prometheus' API writes them, piece by piece.
//
//   {"resultType":"vector","result":[{"metric":{"__name__":"up"},"value":[1435781430.781,"1"]}, ...]}
//
// Times are seconds with up to three digits behind the point, numbers are texts, as Go's strconv writes them: the shortest
// digits, with an exponent below 1e-6 and from 1e21. A histogram is
//
//   {"count":"3","sum":"5","buckets":[[0,"0.5","1","3"]]}
//     └ 0 (lower, upper]   1 [lower, upper)   2 (lower, upper)   3 [lower, upper]
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/api/#expression-query-result-formats

import type { Labels } from "@flx/model";
import {
  type FloatHistogram,
  histogramBuckets,
  type QueryValue,
  type SeriesData,
  type VectorSample,
} from "@flx/promql";

/** A result, in pieces of JSON. */
export function* resultJson(value: QueryValue): Generator<string> {
  switch (value.kind) {
    case "scalar":
      yield `{"resultType":"scalar","result":[${timeJson(value.timeMs)},${numberJson(value.value)}]}`;
      return;
    case "string":
      yield `{"resultType":"string","result":[${timeJson(value.timeMs)},${JSON.stringify(value.value)}]}`;
      return;
    case "vector":
      yield '{"resultType":"vector","result":[';
      yield* listed(value.samples, vectorSampleJson);
      yield "]}";
      return;
    case "matrix":
    default:
      yield '{"resultType":"matrix","result":[';
      yield* listed(value.series, seriesJson);
      yield "]}";
  }
}

function* listed<T>(items: readonly T[], write: (item: T) => string): Generator<string> {
  for (let i = 0; i < items.length; i++) {
    yield i === 0 ? write(items[i]!) : `,${write(items[i]!)}`;
  }
}

function vectorSampleJson({ labels, timeMs, value, histogram }: VectorSample): string {
  const metric = `{"metric":${labelsJson(labels)},`;
  return histogram === undefined
    ? `${metric}"value":[${timeJson(timeMs)},${numberJson(value)}]}`
    : `${metric}"histogram":[${timeJson(timeMs)},${histogramJson(histogram)}]}`;
}

function seriesJson({ labels, timestamps, values, histograms }: SeriesData): string {
  let floats = "";
  let natives = "";
  for (let i = 0; i < timestamps.length; i++) {
    const histogram = histograms?.[i];
    const time = timeJson(timestamps[i]!);
    if (histogram !== undefined) {
      natives += `${natives === "" ? "" : ","}[${time},${histogramJson(histogram)}]`;
    } else {
      floats += `${floats === "" ? "" : ","}[${time},${numberJson(values[i]!)}]`;
    }
  }
  const parts = [`"metric":${labelsJson(labels)}`];
  if (floats !== "") parts.push(`"values":[${floats}]`);
  if (natives !== "") parts.push(`"histograms":[${natives}]`);
  return `{${parts.join(",")}}`;
}

/** A label set as an object. */
export function labelsJson(labels: Labels): string {
  const { pairs } = labels;
  let text = "{";
  for (let i = 0; i < pairs.length; i += 2) {
    text += `${i === 0 ? "" : ","}${JSON.stringify(pairs[i])}:${JSON.stringify(pairs[i + 1])}`;
  }
  return `${text}}`;
}

/** A number as a text: "1", "0.5", "1e-07", "NaN", "+Inf". */
export function numberJson(value: number): string {
  return `"${numberText(value)}"`;
}

/** A number as Go's JSON writes it. */
export function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  if (value === 0 && Object.is(value, -0)) return "-0";
  const text = String(value);
  const at = text.indexOf("e");
  // Go pads exponents to two digits, JavaScript does not.
  return at >= 0 && text.length === at + 3
    ? `${text.slice(0, at + 2)}0${text.slice(at + 2)}`
    : text;
}

/** Milliseconds as seconds: 1435781430.781. */
export function timeJson(timeMs: number): string {
  const ms = Math.round(timeMs);
  const rest = Math.abs(ms % 1_000);
  const seconds = Math.trunc(ms / 1_000);
  const sign = ms < 0 && seconds === 0 ? "-" : "";
  return rest === 0 ? String(seconds) : `${sign}${seconds}.${String(rest).padStart(3, "0")}`;
}

/** A native histogram; buckets without observations are left out. */
export function histogramJson(histogram: FloatHistogram): string {
  const buckets = histogramBuckets(histogram)
    .filter(({ count }) => count !== 0)
    .map(({ lower, upper, lowerInclusive, upperInclusive, count }) => {
      const kind = lowerInclusive ? (upperInclusive ? 3 : 1) : upperInclusive ? 0 : 2;
      return `[${kind},${numberJson(lower)},${numberJson(upper)},${numberJson(count)}]`;
    });
  const { count, sum } = histogram;
  const list = buckets.length === 0 ? "" : `,"buckets":[${buckets.join(",")}]`;
  return `{"count":${numberJson(count)},"sum":${numberJson(sum)}${list}}`;
}
