// The section `traces`: what is counted out of spans.

import type { DurationMs } from "@flx/model";
import { duration, flag, wholeNumber } from "../config/scalars.ts";
import { type Shape, withDefault } from "../config/shape.ts";
import { section } from "../config/structures.ts";
import type { ServiceGraphLimits } from "./service-graph.ts";
import type { SpanMetricsLimits } from "./span-metrics.ts";

/** What the section `traces` holds. */
export interface TracesConfig {
  /** How often the series are written. */
  readonly interval: DurationMs;
  /** A series ends when nobody counted for so long. */
  readonly idle: DurationMs;
  readonly span_metrics: SpanMetricsLimits & { readonly enabled: boolean };
  readonly service_graph: ServiceGraphLimits & { readonly enabled: boolean };
}

/** The section `traces`. */
export const tracesSection: Shape<TracesConfig> = section({
  interval: withDefault(duration({ minMs: 1_000, maxMs: 240_000 }), 15_000 as DurationMs, "15s"),
  idle: withDefault(duration({ minMs: 60_000 }), 3_600_000 as DurationMs, "1h"),
  span_metrics: section({
    enabled: withDefault(flag(), true),
    operations_per_service: withDefault(wholeNumber({ min: 1, max: 100_000 }), 300),
    label_sets: withDefault(wholeNumber({ min: 1, max: 1_000_000 }), 10_000),
  }),
  service_graph: section({
    enabled: withDefault(flag(), true),
    wait: withDefault(duration({ minMs: 100, maxMs: 600_000 }), 10_000 as DurationMs, "10s"),
    waiting: withDefault(wholeNumber({ min: 1, max: 10_000_000 }), 50_000),
    edges: withDefault(wholeNumber({ min: 1, max: 1_000_000 }), 2_000),
  }),
});
