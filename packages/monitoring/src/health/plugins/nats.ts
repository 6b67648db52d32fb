// NATS: its INFO, our CONNECT, PING and PONG. Lines of text.
//
//   INFO {"version":"2.10.1","auth_required":true,...}      the server speaks first
//   ─► (TLS) CONNECT {"user":...}  PING
//   PONG                                                    or -ERR 'Authorization Violation'
//
// Source: docs.nats.io/reference/reference-protocols/nats-protocol.

import type { CheckResult, HealthCheck } from "../health-check.ts";
import { endpointOf, type LoginOptions, type Secret, secretValue } from "./endpoint.ts";
import { serverCheck, timed, withDeadline } from "./server-check.ts";
import type { Talk } from "./talk.ts";

/** A connection of the `nats` packages. */
export interface NatsClient {
  flush(): Promise<unknown>;
}

/** Which NATS. */
export interface NatsOptions extends LoginOptions {
  /** Flushes this connection (which is a PING and its PONG) instead of making one. */
  readonly client?: NatsClient;
  /** Instead of user and password. */
  readonly token?: Secret;
}

/**
 * A check of NATS (`nats://user:password@host:4222`, `nats://token@host`, `tls://` for TLS).
 *
 * - healthy: it takes the login and answers a ping
 * - degraded: it is about to shut down (lame duck); slow
 * - unhealthy: no connection, credentials refused, any other answer
 *
 * Measures `latency_ms`; tells server name and version.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function nats(options: NatsOptions = {}): HealthCheck {
  const { client, degradedMs } = options;
  if (client !== undefined) {
    return (context) =>
      timed(degradedMs, async () => {
        await withDeadline(client.flush(), context);
        return {};
      });
  }
  const endpoint = endpointOf(options, { schemes: { "nats:": false, "tls:": true }, port: 4222 });
  // nats://token@host: a name without a password.
  const isToken = endpoint.password === undefined && options.user === undefined;
  const token = options.token ?? (isToken ? endpoint.user : undefined);
  return serverCheck(
    endpoint,
    degradedMs,
    async (talk, password) => {
      const tokenText = await secretValue(token);
      talk.secrets.add(tokenText);
      const login = token === undefined ? { user: endpoint.user } : { token: tokenText };
      return askNats(talk, { ...login, wantsTls: endpoint.tls !== undefined }, password);
    },
    { tlsAtOnce: false },
  );
}

/** What the conversation needs to know. */
export interface NatsLogin {
  readonly user?: string | undefined;
  readonly token?: string | undefined;
  readonly wantsTls: boolean;
}

/** The conversation. */
export async function askNats(
  talk: Talk,
  { user, token, wantsTls }: NatsLogin,
  password: string | undefined,
): Promise<CheckResult> {
  const info = infoOf(talk, await talk.line("its greeting", 65_536));
  if (wantsTls || info["tls_required"] === true) await talk.startTls();
  const connect = {
    verbose: false,
    pedantic: false,
    tls_required: wantsTls,
    name: "flx-health",
    lang: "node",
    version: "1",
    protocol: 1,
    user,
    pass: password,
    auth_token: token,
  };
  talk.write(`CONNECT ${JSON.stringify(connect)}\r\nPING\r\n`);
  const isLeaving = (await pong(talk, user)) || info["ldm"] === true;
  const details = { ...text(talk, "version", info), ...text(talk, "server_name", info) };
  if (!isLeaving) return { details };
  return { details, status: "degraded", message: "it is about to shut down" };
}

/** Waits for the answer to PING; whether the server said meanwhile that it will shut down. */
async function pong(talk: Talk, user: string | undefined): Promise<boolean> {
  let isLeaving = false;
  for (;;) {
    const line = await talk.line("an answer to PING", 65_536);
    if (line === "PONG") return isLeaving;
    if (line === "PING") talk.write("PONG\r\n");
    else if (line.startsWith("INFO ")) isLeaving ||= infoOf(talk, line)["ldm"] === true;
    else if (/^-ERR '(?:Authorization|Authentication|User Authentication)/i.test(line)) {
      throw talk.loginRefused(user);
    } else if (line.startsWith("-ERR")) throw talk.answered(line.slice(5));
    else if (line !== "+OK") throw talk.wrong(`"${talk.shown(line)}" to PING`);
  }
}

function infoOf(talk: Talk, line: string): Record<string, unknown> {
  try {
    const info: unknown = line.startsWith("INFO ") ? JSON.parse(line.slice(5)) : undefined;
    if (typeof info === "object" && info !== null) return info as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw talk.wrong(`"${talk.shown(line)}", which is not the greeting of NATS`);
}

function text(talk: Talk, name: string, info: Record<string, unknown>): Record<string, string> {
  const value = info[name];
  return typeof value === "string" ? { [name]: talk.shown(value) } : {};
}
