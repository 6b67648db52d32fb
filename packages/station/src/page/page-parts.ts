// What pages are made from: the same stores and the same runner of queries as the API, and so the same limits.

import type { TargetsView } from "../api/prometheus/target-routes.ts";
import type { QueryRunner } from "../query/query-runner.ts";
import type { ErrorStore } from "../store/errors/error-store.ts";
import type { LogStore } from "../store/logs/log-store.ts";
import type { MetricsSource } from "../store/metrics-source.ts";
import type { SpanStore } from "../store/spans/span-store.ts";

/** What pages are made from. */
export interface PageParts {
  readonly targets: TargetsView;
  readonly spans: SpanStore;
  readonly logs: LogStore;
  readonly errors: ErrorStore;
  readonly metrics: MetricsSource;
  readonly runner: QueryRunner;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly version: string;
}
