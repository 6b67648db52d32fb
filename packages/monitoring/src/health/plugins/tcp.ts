// TCP: somebody accepts connections, and says what they should.

import type { HealthCheck } from "../health-check.ts";
import { CheckError, optionsError } from "./check-error.ts";
import { type EndpointOptions, endpointOf } from "./endpoint.ts";
import { serverCheck } from "./server-check.ts";

/** Which port, and what is said there. */
export interface TcpOptions extends EndpointOptions {
  /** Said first by us. */
  readonly send?: string;
  /** Must be in the first line that comes back. */
  readonly banner?: string | RegExp;
}

/**
 * A check of any TCP port (`tcp://host:port`, `tls://host:port`, `path` for a unix socket).
 *
 * - healthy: it accepts a connection (with TLS: and has a trusted certificate), and its first line has the banner
 * - degraded: only when slow
 * - unhealthy: no connection, another banner
 *
 * Accepting is the kernel's work: a process that hangs still accepts. Ask for a `banner` where there is one.
 *
 * Measures `latency_ms`; tells the first line when a banner was asked for.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function tcp(options: TcpOptions): HealthCheck {
  const endpoint = endpointOf(options, { schemes: { "tcp:": false, "tls:": true }, port: 0 });
  if (endpoint.port === 0 && endpoint.path === undefined) throw optionsError("tcp needs a port");
  const { send, banner, degradedMs } = options;
  return serverCheck(endpoint, degradedMs, async (talk) => {
    if (send !== undefined) talk.write(send);
    if (banner === undefined) return {};
    const line = await talk.line("its first line", 4096);
    const isRight = typeof banner === "string" ? line.includes(banner) : banner.test(line);
    const seen = talk.shown(line);
    if (isRight) return { details: { banner: seen } };
    throw new CheckError("FLX_CHECK_ANSWER", `${talk.at} says "${seen}", which is not the banner`);
  });
}
