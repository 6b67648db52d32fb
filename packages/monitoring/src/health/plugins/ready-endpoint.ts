// Prometheus and Alertmanager say by /-/ready whether they can be used; 503 while they read their data.

import type { HealthCheck } from "../health-check.ts";
import { answersWell, below, httpAsker, type HttpServerOptions } from "./http.ts";
import { timed } from "./server-check.ts";

/** Where the server is; a URL may have a path prefix. */
export interface ReadyEndpointOptions extends HttpServerOptions {}

/**
 * A check of Prometheus (`http://host:9090`), and of servers that have its `/-/ready`: Thanos, Mimir, Pushgateway.
 *
 * - healthy: ready
 * - degraded: only when slow
 * - unhealthy: no connection, starting, any other answer
 *
 * Measures `latency_ms`.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function prometheus(options: ReadyEndpointOptions = {}): HealthCheck {
  return ready(options, 9090);
}

/**
 * A check of Alertmanager (`http://host:9093`); states as of {@link prometheus}.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function alertmanager(options: ReadyEndpointOptions = {}): HealthCheck {
  return ready(options, 9093);
}

function ready(options: ReadyEndpointOptions, port: number): HealthCheck {
  const ask = httpAsker(options, { port, tlsPort: port });
  const target = below(options.url, "/-/ready");
  return (context) => timed(options.degradedMs, () => answersWell(ask, context, { target }));
}
