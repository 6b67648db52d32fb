// Memcached, text protocol: [log in,] version.
//
//   ─► set flx 0 0 12 \r\n user password \r\n     STORED       only with a user (memcached -Y FILE)
//   ─► version                                    VERSION 1.6.18
//
// Source: doc/protocol.txt of memcached.

import type { CheckResult, HealthCheck } from "../health-check.ts";
import { endpointOf, type LoginOptions } from "./endpoint.ts";
import { serverCheck } from "./server-check.ts";
import type { Talk } from "./talk.ts";

/** Which memcached. */
export interface MemcachedOptions extends LoginOptions {}

/**
 * A check of memcached (`memcached://host:11211`, `path` for a unix socket). A user is for servers with a password file.
 *
 * - healthy: it tells its version
 * - degraded: only when slow
 * - unhealthy: no connection, credentials refused, any other answer
 *
 * Measures `latency_ms`; tells the version.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function memcached(options: MemcachedOptions = {}): HealthCheck {
  const endpoint = endpointOf(options, { schemes: { "memcached:": false }, port: 11_211 });
  return serverCheck(endpoint, options.degradedMs, (talk, password) =>
    askMemcached(talk, endpoint.user, password),
  );
}

/** The conversation. */
export async function askMemcached(
  talk: Talk,
  user: string | undefined,
  password: string | undefined,
): Promise<CheckResult> {
  if (user !== undefined) await logIn(talk, user, password ?? "");
  talk.write("version\r\n");
  const answer = await talk.line("its version", 1024);
  if (answer.startsWith("VERSION ")) return { details: { version: talk.shown(answer.slice(8)) } };
  if (answer === "CLIENT_ERROR unauthenticated") throw talk.loginRefused(user, "it wants a login");
  if (/^(?:SERVER_|CLIENT_)?ERROR/.test(answer)) throw talk.answered(answer);
  throw talk.wrong(`"${talk.shown(answer)}", which is not memcached's protocol`);
}

async function logIn(talk: Talk, user: string, password: string): Promise<void> {
  const token = `${user} ${password}`;
  talk.write(`set flx 0 0 ${Buffer.byteLength(token)}\r\n${token}\r\n`);
  const answer = await talk.line("an answer to the login", 1024);
  if (answer === "STORED") return;
  if (answer.startsWith("CLIENT_ERROR")) throw talk.loginRefused(user);
  throw talk.wrong(`"${talk.shown(answer)}" to the login`);
}
