// Redis, Valkey and what else speaks RESP: [AUTH,] PING, then INFO for role, lag and version.
//
//   ─► AUTH user password          +OK        -WRONGPASS ...   login refused
//   ─► PING                        +PONG      -LOADING ...     degraded: it reads its data from disk
//   ─► INFO replication, server    $1234 ...  -NOPERM ...      left out
//
// Source: redis.io/docs/latest/develop/reference/protocol-spec (RESP2).

import type { CheckResult, HealthCheck } from "../health-check.ts";
import { endpointOf, type LoginOptions } from "./endpoint.ts";
import { serverCheck, timed, withDeadline } from "./server-check.ts";
import type { Talk } from "./talk.ts";

/** A client of ioredis, node-redis or another library. */
export interface RedisClient {
  ping(): Promise<unknown>;
}

/** Which Redis, and what it must be like. */
export interface RedisOptions extends LoginOptions {
  /** Asks through this client instead of a connection of its own: only PING, no role and lag. */
  readonly client?: RedisClient;
  /** A replica that has not heard from its primary for longer is degraded. Default 30 s. */
  readonly maxReplicaSilenceSeconds?: number;
  /** Anything else than this role is unhealthy. */
  readonly role?: "primary" | "replica";
}

/**
 * A check of Redis or Valkey (`redis://user:password@host:6379`, `rediss://` for TLS, `path` for a unix socket).
 *
 * - healthy: it answers PING
 * - degraded: it is loading its data; it is a replica without its primary, or too long without news of it; it is slow
 * - unhealthy: no connection, credentials refused, any other error, not the wanted role
 *
 * Measures `latency_ms`, `connected_replicas`, `replica_silence_seconds`; tells version and role.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function redis(options: RedisOptions = {}): HealthCheck {
  const { client } = options;
  if (client !== undefined) return (context) => pingClient(client, options, context);
  const endpoint = endpointOf(options, {
    schemes: { "redis:": false, "rediss:": true, "valkey:": false, "valkeys:": true },
    port: 6379,
  });
  return serverCheck(endpoint, options.degradedMs, (talk, password) =>
    askRedis(talk, { ...options, ...(endpoint.user ? { user: endpoint.user } : {}) }, password),
  );
}

async function pingClient(
  client: RedisClient,
  { degradedMs }: RedisOptions,
  context: Parameters<HealthCheck>[0],
): Promise<CheckResult> {
  return timed(degradedMs, async () => {
    await withDeadline(client.ping(), context);
    return {};
  });
}

/** The conversation. */
export async function askRedis(
  talk: Talk,
  options: RedisOptions,
  password: string | undefined,
): Promise<CheckResult> {
  if (password !== undefined) {
    const { user } = options;
    talk.write(command("AUTH", ...(user === undefined ? [] : [user]), password));
    const answer = await reply(talk, "an answer to AUTH");
    if ("error" in answer) throw authError(talk, user, answer.error);
  }
  talk.write(command("PING"));
  const pong = await reply(talk, "an answer to PING");
  if ("error" in pong) return pingError(talk, options.user, pong.error);
  if (pong.text !== "PONG") throw talk.wrong(`"${talk.shown(pong.text)}" to PING`);

  talk.write(Buffer.concat([command("INFO", "replication"), command("INFO", "server")]));
  const replication = await reply(talk, "an answer to INFO");
  const server = await reply(talk, "an answer to INFO");
  return stateOf(talk, options, fields(replication), fields(server));
}

function authError(talk: Talk, user: string | undefined, error: string): Error {
  const isRefusal = /^(?:WRONGPASS|NOAUTH|ERR invalid password)/.test(error);
  return isRefusal ? talk.loginRefused(user) : talk.answered(error);
}

function pingError(talk: Talk, user: string | undefined, error: string): CheckResult {
  if (error.startsWith("LOADING")) {
    return { status: "degraded", message: "it is loading its data from disk" };
  }
  if (error.startsWith("MASTERDOWN")) {
    return { status: "degraded", message: "a replica without its primary" };
  }
  if (error.startsWith("NOAUTH")) throw talk.loginRefused(user, "it wants a password");
  throw talk.answered(error);
}

function stateOf(
  talk: Talk,
  { role: wanted, maxReplicaSilenceSeconds = 30 }: RedisOptions,
  replication: ReadonlyMap<string, string>,
  server: ReadonlyMap<string, string>,
): CheckResult {
  const version = server.get("valkey_version") ?? server.get("redis_version");
  const roleWord = replication.get("role");
  const role = roleWord === "slave" ? "replica" : roleWord === "master" ? "primary" : undefined;
  const silence = Number(replication.get("master_last_io_seconds_ago") ?? Number.NaN);
  const replicas = Number(replication.get("connected_slaves") ?? Number.NaN);
  const found: CheckResult = {
    details: {
      ...(version === undefined ? {} : { version: talk.shown(version) }),
      ...(role === undefined ? {} : { role }),
    },
    measurements: {
      ...(replicas >= 0 ? { connected_replicas: { value: replicas } } : {}),
      ...(silence >= 0
        ? {
            replica_silence_seconds: {
              value: silence,
              unit: "s",
              limit: maxReplicaSilenceSeconds,
            },
          }
        : {}),
    },
  };
  if (wanted !== undefined && role !== wanted) {
    const message = `it is ${role ?? "in no known role"}, wanted is ${wanted}`;
    return { ...found, status: "unhealthy", message };
  }
  if (role === "replica" && replication.get("master_link_status") !== "up") {
    return { ...found, status: "degraded", message: "a replica without its primary" };
  }
  if (silence > maxReplicaSilenceSeconds) {
    return { ...found, status: "degraded", message: `no news of its primary for ${silence} s` };
  }
  return found;
}

function command(...words: readonly string[]): Buffer {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return Buffer.from(`*${words.length}\r\n${parts.join("")}`);
}

type Reply = { readonly text: string } | { readonly error: string };

/** A simple string, an error or a bulk string; nothing else is an answer to what we ask. */
async function reply(talk: Talk, awaited: string): Promise<Reply> {
  const line = await talk.line(awaited);
  const rest = line.slice(1);
  switch (line.slice(0, 1)) {
    case "+":
      return { text: rest };
    case "-":
      return { error: rest };
    case "$": {
      const length = /^\d{1,9}$/.test(rest) ? Number(rest) : Number.NaN;
      if (!(length >= 0)) throw talk.wrong(`a string of length "${talk.shown(rest)}"`);
      return { text: (await talk.read(length + 2, awaited)).toString("utf8", 0, length) };
    }
    default:
      throw talk.wrong(`"${talk.shown(line)}", which is not an answer of Redis`);
  }
}

/** The `name:value` lines of INFO; none when it was refused. */
function fields(answer: Reply): ReadonlyMap<string, string> {
  const lines = "text" in answer ? answer.text.split("\r\n") : [];
  return new Map(
    lines
      .filter((line) => line.includes(":"))
      .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]),
  );
}
