// PostgreSQL, and what else speaks its protocol: start, log in, SELECT 1.
//
//   ─► (SSLRequest)                     S: TLS begins, N: it has none
//   ─► startup: user, database          R: which login     3 readable, 5 MD5, 10 SCRAM-SHA-256, 0 done
//                                       S: parameter  K: key  N: notice  Z: ready  E: error
//   ─► Q: SELECT 1                      T D C: a row  Z: ready
//   ─► X: goodbye
//
//   message of the server:  ┌type u8┐┌length i32, with itself┐┌body┐
//
// Source: www.postgresql.org/docs/current/protocol.html (version 3.0).

import type { CheckContext, CheckResult, HealthCheck } from "../health-check.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { CheckError, optionsError } from "./check-error.ts";
import { endpointOf, type LoginOptions } from "./endpoint.ts";
import { Scram, type ScramCache } from "./scram.ts";
import { serverCheck, timed, withDeadline } from "./server-check.ts";
import type { Talk } from "./talk.ts";

/** A pool or client of `pg`, or anything with the same `query`. */
export interface PostgresClient {
  query(text: string): Promise<unknown>;
}

/** Which PostgreSQL, and what it must be like. */
export interface PostgresOptions extends LoginOptions {
  /** Asks through this pool instead of a connection of its own; then a used-up pool is unhealthy, too. */
  readonly client?: PostgresClient;
  /** Default: of the URL, else the user's name. */
  readonly database?: string;
  /** Default "SELECT 1". An error of it is unhealthy; its rows do not matter. */
  readonly query?: string;
  /** Anything else than this role is unhealthy (known from PostgreSQL 14 on). */
  readonly role?: "primary" | "replica";
  /** Send the password readable when the server asks for that on an open network. Default false. */
  readonly allowReadablePassword?: boolean;
}

/**
 * A check of PostgreSQL (`postgres://user:password@host:5432/database?sslmode=require`, `path` for the whole path of a
 * unix socket). Logs in with SCRAM-SHA-256, MD5 or, where nobody can read along, the password itself.
 *
 * - healthy: it takes the login and answers the query
 * - degraded: only when slow
 * - unhealthy: no connection, credentials refused, no such database, starting up, too many clients, not the wanted role
 *
 * Measures `latency_ms`; tells version and role.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function postgres(options: PostgresOptions): HealthCheck {
  const { client, query = "SELECT 1" } = options;
  if (client !== undefined) {
    return (context) => queryClient(client, query, options.degradedMs, context);
  }
  const endpoint = endpointOf(options, {
    schemes: { "postgres:": false, "postgresql:": false },
    port: 5432,
  });
  const tls = options.tls === undefined ? tlsOf(endpoint.query.get("sslmode")) : endpoint.tls;
  const login: PostgresLogin = {
    ...options,
    query,
    user: endpoint.user ?? "postgres",
    database:
      options.database ?? (endpoint.name === "" ? (endpoint.user ?? "postgres") : endpoint.name),
    wantsTls: tls !== undefined,
    cache: {},
  };
  return serverCheck(
    { ...endpoint, tls },
    options.degradedMs,
    (talk, password) => askPostgres(talk, login, password),
    { tlsAtOnce: false },
  );
}

/** What the conversation needs to know. */
export interface PostgresLogin extends Pick<PostgresOptions, "role" | "allowReadablePassword"> {
  readonly user: string;
  readonly database: string;
  readonly query: string;
  readonly wantsTls: boolean;
  readonly cache: ScramCache;
  /** Random, for tests. */
  readonly nonce?: string;
}

async function queryClient(
  client: PostgresClient,
  query: string,
  degradedMs: number | undefined,
  context: CheckContext,
): Promise<CheckResult> {
  return timed(degradedMs, async () => {
    await withDeadline(client.query(query), context);
    return {};
  });
}

/** `sslmode` of libpq. Unlike there, "require" verifies the certificate; "no-verify" does not. */
function tlsOf(mode: string | null): { rejectUnauthorized?: boolean } | undefined {
  switch (mode) {
    case null:
    case "disable":
    case "allow":
    case "prefer":
      return undefined;
    case "require":
    case "verify-ca":
    case "verify-full":
      return {};
    case "no-verify":
      return { rejectUnauthorized: false };
    default:
      throw optionsError("sslmode in url must be disable, require, verify-full or no-verify");
  }
}

/** The conversation. */
export async function askPostgres(
  talk: Talk,
  login: PostgresLogin,
  password: string | undefined,
): Promise<CheckResult> {
  if (login.wantsTls) await startTls(talk);
  talk.write(startup(login));
  await authenticate(talk, login, password);
  const parameters = await untilReady(talk, login, "that it is ready");
  talk.write(message("Q", new ByteWriter().zeroEnded(login.query).done()));
  await untilReady(talk, login, `an answer to ${login.query}`);
  talk.write(message("X", Buffer.alloc(0)));
  return stateOf(talk, login, parameters);
}

function stateOf(
  talk: Talk,
  { role: wanted }: PostgresLogin,
  parameters: ReadonlyMap<string, string>,
): CheckResult {
  const version = parameters.get("server_version");
  const standby = parameters.get("in_hot_standby");
  const role = standby === undefined ? undefined : standby === "on" ? "replica" : "primary";
  const found: CheckResult = {
    details: {
      ...(version === undefined ? {} : { version: talk.shown(version) }),
      ...(role === undefined ? {} : { role }),
    },
  };
  if (wanted === undefined || role === undefined || role === wanted) return found;
  return { ...found, status: "unhealthy", message: `it is the ${role}, wanted is the ${wanted}` };
}

const SSL_REQUEST = new ByteWriter().i32be(8).i32be(80_877_103).done();

async function startTls(talk: Talk): Promise<void> {
  talk.write(SSL_REQUEST);
  const answer = (await talk.read(1, "an answer to the wish for TLS")).toString("latin1");
  if (answer === "N") throw new CheckError("FLX_CHECK_TLS", `${talk.at} has no TLS`);
  // Servers that are full say so before anything else.
  if (answer === "E") throw talk.wrong("an error to the wish for TLS");
  if (answer !== "S") throw talk.wrong("neither yes nor no to the wish for TLS");
  await talk.startTls();
}

function startup({ user, database }: PostgresLogin): Buffer {
  const body = new ByteWriter()
    .i32be(196_608)
    .zeroEnded("user")
    .zeroEnded(user)
    .zeroEnded("database")
    .zeroEnded(database)
    .zeroEnded("application_name")
    .zeroEnded("flx-health")
    .u8(0)
    .done();
  return new ByteWriter()
    .i32be(body.length + 4)
    .bytes(body)
    .done();
}

function message(type: string, body: Uint8Array): Buffer {
  return new ByteWriter()
    .text(type)
    .i32be(body.length + 4)
    .bytes(body)
    .done();
}

async function authenticate(
  talk: Talk,
  login: PostgresLogin,
  password: string | undefined,
): Promise<void> {
  let scram: Scram | undefined;
  for (;;) {
    const body = await authRequest(talk, login);
    const kind = body.i32be();
    if (kind === 0) return;
    if (kind !== 12 && password === undefined) throw talk.loginRefused(login.user, "it wants one");
    const secret = password ?? "";
    switch (kind) {
      case 3:
        talk.requirePrivacy(login.allowReadablePassword);
        talk.write(message("p", new ByteWriter().zeroEnded(secret).done()));
        break;
      case 5:
        talk.write(await md5Answer(login.user, secret, body.bytes(4)));
        break;
      case 10: {
        if (!body.rest().toString("latin1").split("\0").includes("SCRAM-SHA-256")) {
          throw talk.wrong("with logins among which is no SCRAM-SHA-256");
        }
        scram = new Scram({ ...login, user: "", password: secret, at: talk.at });
        const first = Buffer.from(scram.first());
        const answer = new ByteWriter().zeroEnded("SCRAM-SHA-256").i32be(first.length).bytes(first);
        talk.write(message("p", answer.done()));
        break;
      }
      case 11: {
        if (scram === undefined) throw talk.wrong("SCRAM that was not begun");
        talk.write(message("p", Buffer.from(await scram.final(body.rest().toString("utf8")))));
        break;
      }
      case 12:
        if (scram === undefined) throw talk.wrong("SCRAM that was not begun");
        await scram.verify(body.rest().toString("utf8"));
        break;
      default:
        throw talk.wrong(`with login number ${kind}, which this check does not know`);
    }
  }
}

async function authRequest(talk: Talk, login: PostgresLogin): Promise<ByteReader> {
  for (;;) {
    const { type, body } = await next(talk, "what login it wants");
    if (type === "R") return body;
    if (type === "E") throw errorOf(talk, login, body);
    if (type !== "N" && type !== "v") throw talk.wrong("something else than a login");
  }
}

async function md5Answer(user: string, password: string, salt: Buffer): Promise<Buffer> {
  const { createHash } = await import("node:crypto");
  const md5 = (...parts: readonly (string | Buffer)[]): string =>
    createHash("md5")
      .update(Buffer.concat(parts.map((part) => Buffer.from(part))))
      .digest("hex");
  const answer = `md5${md5(md5(password, user), salt)}`;
  return message("p", new ByteWriter().zeroEnded(answer).done());
}

/** Reads until the server is ready for a query; gives the parameters it told on the way. */
async function untilReady(
  talk: Talk,
  login: PostgresLogin,
  awaited: string,
): Promise<ReadonlyMap<string, string>> {
  const parameters = new Map<string, string>();
  for (;;) {
    const { type, body } = await next(talk, awaited);
    if (type === "Z") return parameters;
    if (type === "E") throw errorOf(talk, login, body);
    if (type === "S") parameters.set(body.zeroEnded(), body.zeroEnded());
    else if (!"NKTDCIAv".includes(type)) throw talk.wrong("a message that was not asked for");
  }
}

async function next(talk: Talk, awaited: string): Promise<{ type: string; body: ByteReader }> {
  const head = await talk.read(5, awaited);
  const length = head.readInt32BE(1);
  if (length < 4) throw talk.wrong(`"${talk.shown(head)}", which is not PostgreSQL's protocol`);
  const body = await talk.read(length - 4, awaited);
  return {
    type: String.fromCharCode(head[0]!),
    body: new ByteReader(body, `a message of ${talk.at}`),
  };
}

/** An ErrorResponse in words: fields of one letter and a text, ended by a zero. */
function errorOf(talk: Talk, { user, database }: PostgresLogin, body: ByteReader): CheckError {
  const fields = new Map<string, string>();
  while (body.left > 1) {
    const name = String.fromCharCode(body.u8());
    fields.set(name, body.zeroEnded());
  }
  const code = fields.get("C") ?? "";
  if (code === "28P01") return talk.loginRefused(user);
  if (code === "28000") return talk.loginRefused(user, fields.get("M"));
  if (code === "3D000") {
    return new CheckError("FLX_CHECK_ANSWER", `${talk.at} has no database "${database}"`);
  }
  return talk.answered(fields.get("M") ?? "an error without words");
}
