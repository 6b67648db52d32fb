// The family of a series by its name: remote write 2.0 says of each series what 1.0 says of its family.
//
//   lag_bucket lag_sum lag_count ──► lag          a histogram or summary
//   calls_total                  ──► calls_total  or calls: senders of both kinds of text format differ
//
// Used both ways: a receiver names the family that a series describes, a sender finds what was said of a series' family.

import type { MetricType } from "../metric-family.ts";

const OF_BUCKETS: readonly MetricType[] = ["histogram", "gaugehistogram"];

/** Endings of series, with the types whose families have them. */
const SUFFIXES: readonly (readonly [suffix: string, types: readonly MetricType[]])[] = [
  ["_bucket", OF_BUCKETS],
  ["_sum", [...OF_BUCKETS, "summary"]],
  ["_count", [...OF_BUCKETS, "summary"]],
  ["_gsum", ["gaugehistogram"]],
  ["_gcount", ["gaugehistogram"]],
  ["_total", ["counter"]],
  ["_info", ["info"]],
];

/**
 * The name of the family that a series of that name and type belongs to. Counters and info metrics keep theirs: a family
 * of the text format is named as its series.
 */
export function describedFamily(metric: string, type: MetricType): string {
  if (type === "counter" || type === "info") return metric;
  return stem(metric, type) ?? metric;
}

/** What `find` knows of the family of a series: under its name, or under that name without the ending of its type. */
export function familyOf<T extends { readonly type: MetricType }>(
  metric: string,
  find: (family: string) => T | undefined,
): T | undefined {
  const own = find(metric);
  if (own !== undefined) return own;
  for (const [suffix, types] of SUFFIXES) {
    if (!metric.endsWith(suffix)) continue;
    const found = find(metric.slice(0, -suffix.length));
    if (found !== undefined && types.includes(found.type)) return found;
  }
  return undefined;
}

function stem(metric: string, type: MetricType): string | undefined {
  for (const [suffix, types] of SUFFIXES) {
    if (types.includes(type) && metric.length > suffix.length && metric.endsWith(suffix)) {
      return metric.slice(0, -suffix.length);
    }
  }
  return undefined;
}
