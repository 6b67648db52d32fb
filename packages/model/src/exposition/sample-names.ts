// How the samples of each type are named in each format, as data.
//
//   type             OpenMetrics                                0.0.4, after the name on the TYPE line
//   counter          foo_total foo_created                      foo_total (the TYPE line says foo_total too)
//   gauge, unknown   foo                                        foo
//   histogram        foo_bucket foo_count foo_sum foo_created   foo_bucket foo_count foo_sum
//   gaugehistogram   foo_bucket foo_gcount foo_gsum             written as a histogram
//   summary          foo foo_count foo_sum foo_created          foo foo_count foo_sum
//   info             foo_info                                   written as a gauge foo_info
//   stateset         foo                                        written as a gauge

import type { MetricType } from "../metric-family.ts";
import type { ExpositionFormat } from "./format.ts";

/** What a type may add to a family's name to name a sample. */
export type SampleSuffix =
  | ""
  | "_total"
  | "_created"
  | "_bucket"
  | "_count"
  | "_sum"
  | "_gcount"
  | "_gsum"
  | "_info";

/** The suffixes of each type, in each format; a text can only hold these. */
export const sampleSuffixes: Readonly<
  Record<ExpositionFormat, Readonly<Record<MetricType, readonly SampleSuffix[]>>>
> = {
  openmetrics: {
    counter: ["_total", "_created"],
    gauge: [""],
    unknown: [""],
    histogram: ["_bucket", "_count", "_sum", "_created"],
    gaugehistogram: ["_bucket", "_gcount", "_gsum"],
    summary: ["", "_count", "_sum", "_created"],
    info: ["_info"],
    stateset: [""],
  },
  text: {
    counter: [""],
    gauge: [""],
    unknown: [""],
    histogram: ["_bucket", "_count", "_sum"],
    gaugehistogram: ["_bucket", "_count", "_sum"],
    summary: ["", "_count", "_sum"],
    info: [""],
    stateset: [""],
  },
};

/**
 * The label that a type's samples use for themselves, so that no point may have it: `le`, `quantile`, or the
 * family's name for the states of a stateset.
 */
export function reservedLabel(type: MetricType, familyName: string): string | undefined {
  switch (type) {
    case "histogram":
    case "gaugehistogram":
      return "le";
    case "summary":
      return "quantile";
    case "stateset":
      return familyName;
    case "counter":
    case "gauge":
    case "info":
    case "unknown":
      return undefined;
    default:
      return type satisfies never;
  }
}

/** Whether samples with this suffix carry the type's reserved label. */
export function carriesReservedLabel(suffix: SampleSuffix): boolean {
  return suffix === "_bucket" || suffix === "";
}
