// A place for metrics: takes samples, gives them back, answers what is there. The embedded store is one
// (embedded-store.ts), an engine elsewhere behind remote write and the Prometheus HTTP API another (remote-store.ts).
// Everything above the store knows this interface only.

import type { Labels } from "@flx/model";
import type { Queryable } from "@flx/promql";
import type { MetricSink, SeriesRef } from "./metric-sink.ts";
import type { MetricsSource } from "./metrics-source.ts";

/** How a store is doing, for health. */
export interface StoreCondition {
  /** `degraded`: something is wrong, and nothing acknowledged is in danger. `unavailable`: takes nothing now. */
  readonly state: "ready" | "starting" | "degraded" | "unavailable";
  /** One line for people; "" when ready. */
  readonly reason: string;
}

/** Takes and answers metrics. Disposing it makes everything durable and closes it. */
export interface MetricStore extends MetricSink, MetricsSource, Queryable, AsyncDisposable {
  readonly condition: StoreCondition;
  /** The labels of a number that `ref` gave; undefined when the series was forgotten. */
  labelsOf(ref: SeriesRef): Labels | undefined;
}
