// What a station answers to a query, as its JSON has it.

/** A label set. */
export type Metric = Readonly<Record<string, string>>;

/** `[seconds, text]` */
export type Point = readonly [number, string];

/** A native histogram. */
export interface HistogramJson {
  readonly count: string;
  readonly sum: string;
  readonly buckets?: readonly (readonly [number, string, string, string])[];
}

export type HistogramPoint = readonly [number, HistogramJson];

/** A result of any kind. */
export type Result =
  | { readonly resultType: "scalar" | "string"; readonly result: Point }
  | {
      readonly resultType: "vector";
      readonly result: readonly {
        readonly metric: Metric;
        readonly value?: Point;
        readonly histogram?: HistogramPoint;
      }[];
    }
  | { readonly resultType: "matrix"; readonly result: readonly SeriesJson[] };

/** A series with its points. */
export interface SeriesJson {
  readonly metric: Metric;
  readonly values?: readonly Point[];
  readonly histograms?: readonly HistogramPoint[];
}

/** `name{label="value"}` */
export function metricText(metric: Metric): string {
  const { __name__: name = "", ...labels } = metric;
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return pairs.length === 0 && name !== "" ? name : `${name}{${pairs.join(", ")}}`;
}

/** A histogram in a line: how many, how much, and where. */
export function histogramText({ count, sum, buckets = [] }: HistogramJson): string {
  const shown = buckets
    .slice(0, 8)
    .map(([kind, lower, upper, each]) => {
      const opening = kind === 1 || kind === 3 ? "[" : "(";
      const closing = kind === 0 || kind === 3 ? "]" : ")";
      return `${opening}${lower},${upper}${closing}:${each}`;
    })
    .join(" ");
  const more = buckets.length > 8 ? ` and ${buckets.length - 8} more` : "";
  return `count ${count} sum ${sum} ${shown}${more}`.trimEnd();
}
