// How long a server's certificate is still good, and whether it is trusted now.
//
// The connection is made without refusing anybody, so that an expired or untrusted certificate can be told apart from a
// server that is not there, and its last day be shown. Nothing is sent through it.

import type { PeerCertificate, TLSSocket } from "node:tls";
import type { CheckContext, CheckResult, HealthCheck } from "../health-check.ts";
import { CheckError, certificateProblem, optionsError, socketError } from "./check-error.ts";
import { type Endpoint, type EndpointOptions, endpointOf } from "./endpoint.ts";
import { Secrets, shown } from "./server-text.ts";
import { timed } from "./server-check.ts";
import { deadlineError } from "./socket-talk.ts";

/** Whose certificate, and how long it must last. */
export interface TlsCertificateOptions extends EndpointOptions {
  /** Fewer days left are degraded. Default 21. */
  readonly degradedDays?: number;
  /** Fewer days left are unhealthy. Default 3. */
  readonly unhealthyDays?: number;
  /** Whether an authority that is not trusted, or another name, is unhealthy. Default true. */
  readonly verify?: boolean;
  /** Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * A check of a certificate (`host` and `port`, or `https://host`, `tls://host:port`).
 *
 * - healthy: trusted, and good for long enough
 * - degraded: it ends in less than `degradedDays`; slow
 * - unhealthy: it ends in less than `unhealthyDays`, has ended, is not trusted; no connection, no TLS
 *
 * Measures `latency_ms`, `days_left`; tells subject, issuer and last day.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function tlsCertificate(options: TlsCertificateOptions): HealthCheck {
  const endpoint = endpointOf(
    { ...options, tls: options.tls ?? true },
    { schemes: { "https:": true, "tls:": true, "wss:": true }, port: 443 },
  );
  const { degradedDays = 21, unhealthyDays = 3 } = options;
  if (degradedDays < unhealthyDays) {
    throw optionsError("degradedDays must not be less than unhealthyDays");
  }
  return (context) =>
    timed(options.degradedMs, async () => {
      const seen = await certificateOf(endpoint, context);
      return judged(endpoint, seen, { ...options, degradedDays, unhealthyDays });
    });
}

type Seen = { readonly certificate: PeerCertificate; readonly problem: string | undefined };

async function certificateOf(endpoint: Endpoint, context: CheckContext): Promise<Seen> {
  const { connect } = await import("node:tls");
  const { isIP } = await import("node:net");
  const { host, port, path, tls = {}, at } = endpoint;
  const { signal } = context;
  if (signal.aborted) throw deadlineError(at, "a connection", context);
  const where = path === undefined ? { host, port } : { path };
  const servername = tls.servername ?? (isIP(host) === 0 ? host : undefined);
  const socket = connect({
    ...where,
    ...tls,
    ...(servername === undefined ? {} : { servername }),
    rejectUnauthorized: false,
  });
  const { promise, resolve, reject } = Promise.withResolvers<Seen>();
  const abort = (): void => reject(deadlineError(at, "its certificate", context));
  signal.addEventListener("abort", abort);
  socket.once("secureConnect", () => resolve(seenOn(socket)));
  socket.on("error", (error) => reject(socketError(error, at, "its certificate")));
  socket.once("close", () => {
    const text = `${at} closed the connection while we waited for its certificate`;
    reject(new CheckError("FLX_CHECK_PROTOCOL", text));
  });
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", abort);
    socket.destroy();
  }
}

function seenOn(socket: TLSSocket): Seen {
  // Node's type says Error; it is its code.
  const problem = socket.authorized ? undefined : String(socket.authorizationError);
  return { certificate: socket.getPeerCertificate(), problem };
}

const DAY_MS = 86_400_000;

function judged(
  { at }: Endpoint,
  { certificate, problem }: Seen,
  options: TlsCertificateOptions & {
    readonly degradedDays: number;
    readonly unhealthyDays: number;
  },
): CheckResult {
  const { degradedDays, unhealthyDays, verify = true, now = Date.now } = options;
  const endMs = Date.parse(certificate.valid_to);
  if (Number.isNaN(endMs)) {
    throw new CheckError("FLX_CHECK_TLS", `the certificate of ${at} has no last day`);
  }
  const daysLeft = Math.floor(((endMs - now()) / DAY_MS) * 10) / 10;
  const found: CheckResult = {
    measurements: { days_left: { value: daysLeft, unit: "days", limit: degradedDays } },
    details: {
      valid_to: new Date(endMs).toISOString(),
      ...nameOf("subject", certificate.subject),
      ...nameOf("issuer", certificate.issuer),
    },
  };
  if (daysLeft < 0) {
    return { ...found, status: "unhealthy", message: `the certificate of ${at} has expired` };
  }
  if (verify && problem !== undefined) {
    const message = `the certificate of ${at} is not trusted: ${certificateProblem(problem)}`;
    return { ...found, status: "unhealthy", message };
  }
  const status =
    daysLeft < unhealthyDays ? "unhealthy" : daysLeft < degradedDays ? "degraded" : undefined;
  if (status === undefined) return found;
  return { ...found, status, message: `the certificate of ${at} ends in ${daysLeft} days` };
}

function nameOf(key: string, name: PeerCertificate["subject"] | undefined): Record<string, string> {
  const text: unknown = name?.CN ?? name?.O;
  return typeof text === "string" ? { [key]: shown(text, new Secrets()) } : {};
}
