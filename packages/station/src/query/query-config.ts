// The section `query`: what one query may take, and how many run at once. Defaults are Prometheus'.

import type { DurationMs } from "@flx/model";
import { duration, wholeNumber } from "../config/scalars.ts";
import { type Shape, withDefault } from "../config/shape.ts";
import { section } from "../config/structures.ts";

/** What the section `query` holds. */
export interface QueryConfig {
  readonly timeout: DurationMs;
  readonly max_samples: number;
  /** Queries that run at the same time, and that wait for their turn. */
  readonly max_concurrency: number;
  readonly max_waiting: number;
  readonly lookback_delta: DurationMs;
}

/** The section `query`. */
export const querySection: Shape<QueryConfig> = section({
  timeout: withDefault(duration({ minMs: 1 }), 120_000 as DurationMs, "2m"),
  max_samples: withDefault(wholeNumber({ min: 1 }), 50_000_000),
  max_concurrency: withDefault(wholeNumber({ min: 1, max: 1_000 }), 20),
  max_waiting: withDefault(wholeNumber({ min: 0, max: 100_000 }), 200),
  lookback_delta: withDefault(duration({ minMs: 1 }), 300_000 as DurationMs, "5m"),
});
