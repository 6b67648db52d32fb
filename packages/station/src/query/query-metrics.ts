// What queries count about themselves.
//
//   flx_queries_total {kind, outcome}     flx_query_duration_seconds {kind}     flx_query_samples_total
//   flx_queries_running, flx_queries_waiting

import { Counter, Histogram, observableGauge, type Registry } from "@flx/monitoring/metrics";
import type { Gate } from "./gate.ts";
import type { QueryObserver } from "./query-runner.ts";

const BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** Counts queries in a registry. */
export function queryMetrics(registry: Registry, gate: Gate): QueryObserver {
  const registers = [registry];
  const queries = new Counter({
    name: "flx_queries_total",
    help: "Queries, by kind and how they ended",
    labelNames: ["kind", "outcome"],
    registers,
  });
  const duration = new Histogram({
    name: "flx_query_duration_seconds",
    help: "How long queries took, with the wait for their turn",
    labelNames: ["kind"],
    buckets: BUCKETS,
    registers,
  });
  const samples = new Counter({
    name: "flx_query_samples_total",
    help: "Samples that queries read",
    registers,
  });
  observableGauge({
    name: "flx_queries_running",
    help: "Queries that run now",
    registers,
    collect: (observe) => observe(gate.running),
  });
  observableGauge({
    name: "flx_queries_waiting",
    help: "Queries that wait for their turn",
    registers,
    collect: (observe) => observe(gate.waiting),
  });
  return {
    onQuery: (kind, outcome, seconds, read) => {
      queries.inc({ kind, outcome });
      duration.observe({ kind }, seconds);
      samples.inc(read);
    },
  };
}
