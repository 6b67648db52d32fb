// What the API's server counts about itself.
//
//   flx_http_requests_total {method, route, status}     flx_http_request_duration_seconds {route}
//   flx_access_refusals_total {kind}                    flx_connections_refused_total {door, limit}

import { Counter, Histogram, type Registry } from "@flx/monitoring/metrics";
import type { AnsweredRequest } from "./http-server.ts";

const BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60];
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]);

/** Counts answered requests in a registry. Routes are those of the table, so strangers cannot make up label values. */
export function httpMetrics(registry: Registry): (request: AnsweredRequest) => void {
  const registers = [registry];
  const requests = new Counter({
    name: "flx_http_requests_total",
    help: "Requests to the API, by route and status",
    labelNames: ["method", "route", "status"],
    registers,
  });
  const duration = new Histogram({
    name: "flx_http_request_duration_seconds",
    help: "How long requests to the API took",
    labelNames: ["route"],
    buckets: BUCKETS,
    registers,
  });
  return ({ method, route, status, durationMs }) => {
    const known = METHODS.has(method) ? method : "other";
    requests.inc({ method: known, route: route || "none", status: String(status) });
    duration.observe({ route: route || "none" }, durationMs / 1_000);
  };
}

/** What all doors count of those they do not let in. */
export function doorMetrics(registry: Registry): {
  readonly refusals: Counter<"kind">;
  readonly connections: Counter<"door" | "limit">;
} {
  const registers = [registry];
  const refusals = new Counter({
    name: "flx_access_refusals_total",
    help: "Callers with a credential that were not let in: unauthorized, forbidden, limited",
    labelNames: ["kind"],
    registers,
  });
  const connections = new Counter({
    name: "flx_connections_refused_total",
    help: "Connections closed: too many in total, from one address, or requests waiting on one",
    labelNames: ["door", "limit"],
    registers,
  });
  return { refusals, connections };
}
