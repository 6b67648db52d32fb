// The data of the PromQL suite: 10,000 counters, two hours at 15 s, in memory or written to a Prometheus.

import { Labels } from "@flx/model";
import type { RemoteSeries } from "@flx/testkit";

export const SERIES = 10_000;
export const SAMPLES = 480;
export const STEP_MS = 15_000;
/** Off the grid of evaluation times, where Prometheus 2 and 3 would differ. */
export const START_MS = 1_700_000_000_001;
/** When instant queries are asked, and where range queries end. */
export const END_MS: number = START_MS + SAMPLES * STEP_MS - 4001;

/** Timestamps of all series. */
export const timestamps: Float64Array = Float64Array.from(
  { length: SAMPLES },
  (_, i) => START_MS + i * STEP_MS,
);

/** A counter and its labels: ten jobs, a hundred instances, ten paths. */
export function counter(number: number): { labels: Labels; values: Float64Array } {
  const labels = Labels.from({
    __name__: "http_requests_total",
    job: `job-${number % 10}`,
    instance: `host-${Math.floor(number / 10) % 100}:9100`,
    path: `/p/${Math.floor(number / 1000)}`,
  });
  let value = number;
  const values = Float64Array.from({ length: SAMPLES }, (_, i) => {
    value = (i + number) % 200 === 199 ? 0 : value + ((i * 7 + number * 13) % 20);
    return value;
  });
  return { labels, values };
}

/** The samples `[from, to)` of the counters `[first, last)`, for remote write. */
export function remoteCounters(
  [first, last]: readonly [number, number],
  [from, to]: readonly [number, number],
): RemoteSeries[] {
  return Array.from({ length: last - first }, (_, i) => {
    const { labels, values } = counter(first + i);
    return {
      labels: labels.pairs,
      timestamps: timestamps.slice(from, to),
      values: values.slice(from, to),
    };
  });
}
