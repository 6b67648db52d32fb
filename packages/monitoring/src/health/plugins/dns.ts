// DNS: a name has the records it should, asked of the system's name servers or of named ones.
//
// Asked is the name server itself (c-ares), not `getaddrinfo`: /etc/hosts and local caches do not count, the answer
// cannot occupy a thread of libuv's pool, and it can be cancelled at the deadline.

import type { Resolver } from "node:dns/promises";
import type { CheckContext, CheckResult, HealthCheck } from "../health-check.ts";
import { CheckError, optionsError } from "./check-error.ts";
import { timed } from "./server-check.ts";
import { Secrets, shown } from "./server-text.ts";

/** The kinds of records that are understood. */
export type DnsRecordType = "A" | "AAAA" | "CNAME" | "MX" | "NS" | "SRV" | "TXT";

/** Which name, and what it must have. */
export interface DnsOptions {
  readonly name: string;
  /** Default "A". */
  readonly type?: DnsRecordType;
  /** Name servers as "address" or "address:port". Default: the system's. */
  readonly servers?: readonly string[];
  /** Fewer records are unhealthy. Default 1. */
  readonly minRecords?: number;
  /** Records that must be among the answers: addresses, "host:port" of SRV, "preference host" of MX, texts. */
  readonly expect?: readonly string[];
  readonly degradedMs?: number;
}

/**
 * A check of a name.
 *
 * - healthy: it has enough records, and all that are expected
 * - degraded: only when slow
 * - unhealthy: no such name, no answer, a record is missing
 *
 * Measures `latency_ms`, `records`; tells the records.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function dns(options: DnsOptions): HealthCheck {
  if (options.name === "") throw optionsError("dns needs a name");
  return (context) => timed(options.degradedMs, () => ask(options, context));
}

async function ask(options: DnsOptions, context: CheckContext): Promise<CheckResult> {
  const { name, type = "A", servers, minRecords = 1, expect = [] } = options;
  const { Resolver: ResolverOfNode } = await import("node:dns/promises");
  // One try: whether to try again is the checker's to say.
  const resolver = new ResolverOfNode({ timeout: context.timeoutMs, tries: 1 });
  if (servers !== undefined) setServers(resolver, servers);
  const cancel = (): void => resolver.cancel();
  context.signal.addEventListener("abort", cancel);
  try {
    if (context.signal.aborted) throw late(options, context);
    const found = await records(resolver, name, type);
    return judged(options, found, minRecords, expect);
  } catch (error) {
    throw context.signal.aborted ? late(options, context) : inWords(error, options);
  } finally {
    context.signal.removeEventListener("abort", cancel);
    resolver.cancel();
  }
}

function setServers(resolver: Resolver, servers: readonly string[]): void {
  try {
    resolver.setServers(servers);
  } catch {
    throw optionsError("servers must be addresses, with or without a port");
  }
}

async function records(resolver: Resolver, name: string, type: DnsRecordType): Promise<string[]> {
  switch (type) {
    case "A":
      return resolver.resolve4(name);
    case "AAAA":
      return resolver.resolve6(name);
    case "CNAME":
      return resolver.resolveCname(name);
    case "NS":
      return resolver.resolveNs(name);
    case "MX":
      return (await resolver.resolveMx(name)).map((mx) => `${mx.priority} ${mx.exchange}`);
    case "SRV":
      return (await resolver.resolveSrv(name)).map((srv) => `${srv.name}:${srv.port}`);
    case "TXT":
      return (await resolver.resolveTxt(name)).map((parts) => parts.join(""));
    default:
      throw optionsError(`"${String(type)}" is no type of record that a check understands`);
  }
}

function judged(
  { name, type = "A" }: DnsOptions,
  found: readonly string[],
  minRecords: number,
  expect: readonly string[],
): CheckResult {
  const result: CheckResult = {
    measurements: { records: { value: found.length, limit: minRecords } },
    details: { records: found.slice(0, 20).map((record) => shown(record, new Secrets())) },
  };
  const missing = expect.filter((record) => !found.includes(record));
  const message =
    missing.length > 0
      ? `${name} has no ${type} record ${missing[0]}`
      : found.length < minRecords
        ? `${name} has ${found.length} ${type} records, wanted are ${minRecords}`
        : undefined;
  return message === undefined ? result : { ...result, status: "unhealthy", message };
}

const words: Readonly<Record<string, string>> = {
  ENOTFOUND: "there is no such name",
  ENODATA: "it has no such records",
  ESERVFAIL: "the name server failed",
  EREFUSED: "the name server refuses to answer",
  ECONNREFUSED: "nobody listens where the name server should",
  ETIMEOUT: "the name server does not answer",
  EBADNAME: "that is not a name",
  EBADRESP: "the name server answered something that is not DNS",
};

function inWords(error: unknown, { name, type = "A" }: DnsOptions): CheckError {
  if (error instanceof CheckError) return error;
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  const why = words[String(code)] ?? String(code);
  const kind = code === "ETIMEOUT" ? "FLX_CHECK_DEADLINE" : "FLX_CHECK_ANSWER";
  return new CheckError(kind, `no ${type} record of ${name}: ${why}`);
}

function late({ name, type = "A" }: DnsOptions, { timeoutMs }: CheckContext): CheckError {
  const text = `no ${type} record of ${name} within ${timeoutMs} ms: the name server does not answer`;
  return new CheckError("FLX_CHECK_DEADLINE", text);
}
