// Asks another service how it is, over gRPC: the check behind HealthChecker.checkGrpcService, the plug-in `grpc`, and
// `flx check grpc://...`.
//
//   grpc.health.v1   Check                            a state                 every gRPC server that has health
//   flx.v1           FlxService/HealthCheck           a state and components  servers of FLX; components only when we
//                                                                             may see them (loopback, token, mTLS)
//
//   SERVING                 healthy            NOT_SERVING         unhealthy
//   UNKNOWN                 unknown            SERVICE_UNKNOWN     GrpcCallError NOT_FOUND
//
// No answer is an error that says why (unary-call.ts); as a check that is unhealthy.

import type { CheckContext, CheckResult, HealthCheck } from "../health/health-check.ts";
import { GrpcCallError } from "./call-error.ts";
import { authorityOf, type GrpcEndpoint, parseTarget } from "./endpoint.ts";
import { readFlxHealth, readServingStatus, writeHealthRequest } from "./health-messages.ts";
import { readTlsFiles, type TlsFiles } from "./tls-material.ts";
import { callUnary } from "./unary-call.ts";

/** How the server is told from others. */
export interface GrpcHealthTls extends TlsFiles {
  /** The name its certificate must have, when it is not the host's. */
  readonly serverName?: string;
  /** Takes any certificate. For trying things out. */
  readonly insecure?: boolean;
}

/** Whom to ask, and how. */
export interface GrpcHealthOptions {
  /** host:port, [ipv6]:port, dns:///host:port or unix:/path. */
  readonly target: string;
  /** Whose health; default "", the server's. With flx.v1 a group as well: "liveness". */
  readonly service?: string;
  /** Default grpc.health.v1. */
  readonly protocol?: "grpc.health.v1" | "flx.v1";
  /** TLS; `true` trusts whom the system trusts. Default: plain text. Files are read for each check. */
  readonly tls?: GrpcHealthTls | boolean;
  /** Milliseconds for all of it (default: the check's timeout). */
  readonly deadlineMs?: number;
  /** Sent as `authorization: Bearer`; a server of FLX shows its components to whom has it. */
  readonly token?: string;
}

const METHODS = {
  "grpc.health.v1": "/grpc.health.v1.Health/Check",
  "flx.v1": "/flx.v1.FlxService/HealthCheck",
} as const;
const MAX_ANSWER_BYTES = { "grpc.health.v1": 4_096, "flx.v1": 1 << 20 } as const;
const STATUS_OF = { SERVING: "healthy", NOT_SERVING: "unhealthy", UNKNOWN: "unknown" } as const;

/**
 * A check of another service over gRPC; needs no gRPC library.
 *
 *     health.register("payments", grpcHealth({ target: "payments:50051" }), { critical: true });
 *
 * @throws {FlxError} `FLX_GRPC_TARGET` when the target is none
 */
export function grpcHealth(options: GrpcHealthOptions): HealthCheck {
  const endpoint = parseTarget(options.target);
  return (context) => ask(endpoint, options, context);
}

/**
 * Asks once.
 *
 * @throws {GrpcCallError} when there is no answer, or the server does not know the service
 * @throws {FlxError} `FLX_GRPC_TARGET`, `FLX_GRPC_TLS_FILES`
 */
export async function askGrpcHealth(
  options: GrpcHealthOptions,
  context: CheckContext,
): Promise<CheckResult> {
  return await ask(parseTarget(options.target), options, context);
}

async function ask(
  endpoint: GrpcEndpoint,
  options: GrpcHealthOptions,
  { signal, timeoutMs }: CheckContext,
): Promise<CheckResult> {
  const { service = "", protocol = "grpc.health.v1", tls = false, token } = options;
  const message = await callUnary({
    endpoint,
    method: METHODS[protocol],
    message: writeHealthRequest(service),
    tls: tls === false ? undefined : await callTls(tls === true ? {} : tls),
    deadlineMs: Math.min(options.deadlineMs ?? timeoutMs, timeoutMs),
    signal,
    maxAnswerBytes: MAX_ANSWER_BYTES[protocol],
    ...(token === undefined ? {} : { metadata: { authorization: `Bearer ${token}` } }),
  });
  const where = authorityOf(endpoint);
  return understood(where, () =>
    protocol === "flx.v1" ? flxResult(message) : servingResult(message, service, where),
  );
}

async function callTls({ serverName, insecure, ...files }: GrpcHealthTls) {
  return {
    ...(await readTlsFiles(files)),
    ...(serverName === undefined ? {} : { serverName }),
    ...(insecure === undefined ? {} : { insecure }),
  };
}

function servingResult(message: Uint8Array, service: string, where: string): CheckResult {
  const serving = readServingStatus(message);
  if (serving === "SERVICE_UNKNOWN") {
    throw new GrpcCallError(
      "FLX_GRPC_STATUS",
      "NOT_FOUND",
      `${where} knows no service "${service}"`,
    );
  }
  const status = STATUS_OF[serving];
  return status === "healthy" ? { status } : { status, message: `it answers ${serving}` };
}

function flxResult(message: Uint8Array): CheckResult {
  const { status, components } = readFlxHealth(message);
  const worse = Object.entries(components).filter(([, each]) => each.status !== "healthy");
  const names = worse.slice(0, 10).map(([name, each]) => `${name} is ${each.status}`);
  return {
    status,
    components,
    ...(names.length === 0 ? {} : { message: names.join(", ") }),
  };
}

/** An answer that cannot be read is no answer. */
function understood<Result>(where: string, read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof GrpcCallError) throw cause;
    throw new GrpcCallError(
      "FLX_GRPC_PROTOCOL",
      "INTERNAL",
      `${where} answers what is no health: ${(cause as Error).message}`,
      { cause },
    );
  }
}
