// An OTLP receiver: it takes an export without anything in it, over HTTP.
//
// A request without resources is a valid one, and its protobuf has no bytes; receivers answer 200 as to any other, so
// path, credentials and readiness are tried without adding data.

import type { HealthCheck } from "../health-check.ts";
import { answersWell, below, httpAsker, type HttpServerOptions } from "./http.ts";
import { timed } from "./server-check.ts";

/** Where the receiver is. */
export interface OtlpOptions extends HttpServerOptions {
  /** What to export nothing of. Default "metrics". */
  readonly signal?: "metrics" | "traces" | "logs";
}

/**
 * A check of an OTLP receiver (`http://host:4318`, or with a path in front of `/v1/metrics`). Tokens go into `headers`.
 *
 * - healthy: it takes an empty export
 * - degraded: only when slow
 * - unhealthy: no connection, credentials refused, overloaded (429, 503), any other answer
 *
 * Measures `latency_ms`.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function otlp(options: OtlpOptions = {}): HealthCheck {
  const ask = httpAsker(options, { port: 4318, tlsPort: 4318 });
  const { signal = "metrics" } = options;
  const question = {
    target: below(options.url, `/v1/${signal}`),
    method: "POST",
    body: "",
    headers: { "content-type": "application/x-protobuf" },
  };
  return (context) => timed(options.degradedMs, () => answersWell(ask, context, question));
}
