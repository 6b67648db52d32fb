// MongoDB: hello, [SCRAM-SHA-256,] ping.
//
//   OP_MSG   ┌length┐┌our number┐┌its number┐┌2013┐┌flags┐┌00┐┌BSON document┐        integers i32, little-endian
//
//   ─► { hello: 1 }           role, set, version range      59 or "no such command": { isMaster: 1 } (before 4.4.2)
//   ─► { saslStart ... }      only with a user
//   ─► { ping: 1 }
//
// Source: github.com/mongodb/specifications, mongodb.com/docs/manual/reference/mongodb-wire-protocol.

import type { CheckResult, HealthCheck } from "../health-check.ts";
import { type BsonDocument, type BsonMap, readBson, writeBson } from "./bson.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { CheckError } from "./check-error.ts";
import { endpointOf, type LoginOptions } from "./endpoint.ts";
import { Scram, type ScramCache } from "./scram.ts";
import { serverCheck, timed, withDeadline } from "./server-check.ts";
import type { Talk } from "./talk.ts";

/** A connected `MongoClient` of the driver. */
export interface MongodbClient {
  db(name?: string): { command(command: { ping: 1 }): Promise<unknown> };
}

/** Which MongoDB, and what it must be like. */
export interface MongodbOptions extends LoginOptions {
  /** Pings through this client instead of a connection of its own. */
  readonly client?: MongodbClient;
  /** Where the user is kept. Default: the URL's `authSource`, its database, or "admin". */
  readonly authSource?: string;
  /** A server that takes no writes (a secondary) is unhealthy. Default false. */
  readonly writable?: boolean;
}

/**
 * A check of one MongoDB server (`mongodb://user:password@host:27017/?authSource=admin&tls=true`). Of several hosts in a
 * URL make several checks, or pass the `client`. Logs in with SCRAM-SHA-256.
 *
 * - healthy: it is a primary, a secondary, an arbiter, a router or alone, and answers a ping
 * - degraded: it is a member of a set that is starting or recovering; slow
 * - unhealthy: no connection, credentials refused, any other error, not writable when it must be
 *
 * Measures `latency_ms`; tells role, set and wire version.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function mongodb(options: MongodbOptions = {}): HealthCheck {
  const { client, degradedMs } = options;
  if (client !== undefined) {
    return (context) =>
      timed(degradedMs, async () => {
        await withDeadline(client.db("admin").command({ ping: 1 }), context);
        return {};
      });
  }
  const endpoint = endpointOf(options, { schemes: { "mongodb:": false }, port: 27_017 });
  const isTls = endpoint.query.get("tls") === "true" || endpoint.query.get("ssl") === "true";
  const tls = options.tls === undefined && isTls ? {} : endpoint.tls;
  const source =
    endpoint.query.get("authSource") ?? (endpoint.name === "" ? "admin" : endpoint.name);
  const login: MongodbLogin = {
    authSource: options.authSource ?? source,
    writable: options.writable ?? false,
    cache: {},
    ...(endpoint.user === undefined ? {} : { user: endpoint.user }),
  };
  return serverCheck({ ...endpoint, tls }, degradedMs, (talk, password) =>
    askMongodb(talk, login, password),
  );
}

/** What the conversation needs to know. */
export interface MongodbLogin {
  readonly user?: string;
  readonly authSource: string;
  readonly writable: boolean;
  readonly cache: ScramCache;
  /** Random, for tests. */
  readonly nonce?: string;
}

const OP_MSG = 2013;
const COMMAND_NOT_FOUND = 59;

/** The conversation. */
export async function askMongodb(
  talk: Talk,
  login: MongodbLogin,
  password: string | undefined,
): Promise<CheckResult> {
  const run = new Commands(talk);
  let hello = await run.command({ hello: 1, $db: "admin" });
  if (hello.get("ok") !== 1 && hello.get("code") === COMMAND_NOT_FOUND) {
    hello = await run.command({ isMaster: 1, $db: "admin" });
  }
  if (hello.get("ok") !== 1) throw run.failed(hello);
  if (login.user !== undefined) await logIn(talk, run, login, login.user, password ?? "");
  const ping = await run.command({ ping: 1, $db: "admin" });
  if (ping.get("ok") !== 1) throw run.failed(ping);
  return stateOf(talk, login, hello);
}

/** Commands and their answers, numbered. */
class Commands {
  readonly #talk: Talk;
  #number = 0;

  constructor(talk: Talk) {
    this.#talk = talk;
  }

  async command(document: BsonDocument): Promise<BsonMap> {
    const talk = this.#talk;
    const body = writeBson(document);
    const number = ++this.#number;
    const head = new ByteWriter()
      .i32le(body.length + 21)
      .i32le(number)
      .i32le(0)
      .i32le(OP_MSG);
    talk.write(head.i32le(0).u8(0).bytes(body).done());

    const awaited = `an answer to ${Object.keys(document)[0]}`;
    const answer = await talk.read(16, awaited);
    const length = answer.readInt32LE(0);
    if (answer.readInt32LE(12) !== OP_MSG || answer.readInt32LE(8) !== number || length < 26) {
      throw talk.wrong(`"${talk.shown(answer)}", which is not MongoDB's protocol`);
    }
    const rest = await talk.read(length - 16, awaited);
    if (rest[4] !== 0) throw talk.wrong("a message without a document");
    return readBson(rest.subarray(5), `the answer of ${talk.at}`);
  }

  failed(answer: BsonMap): CheckError {
    const words = answer.get("errmsg");
    return this.#talk.answered(typeof words === "string" ? words : "an error without words");
  }
}

async function logIn(
  talk: Talk,
  run: Commands,
  { authSource, cache, nonce }: MongodbLogin,
  user: string,
  password: string,
): Promise<void> {
  const random = nonce === undefined ? {} : { nonce };
  const scram = new Scram({ user, password, at: talk.at, cache, ...random });
  const step = async (document: BsonDocument): Promise<BsonMap> => {
    const answer = await run.command(document);
    if (answer.get("ok") === 1) return answer;
    // 18: AuthenticationFailed
    throw answer.get("code") === 18 ? talk.loginRefused(user) : run.failed(answer);
  };
  const first = await step({
    saslStart: 1,
    mechanism: "SCRAM-SHA-256",
    payload: Buffer.from(scram.first()),
    options: { skipEmptyExchange: true },
    $db: authSource,
  });
  const conversationId = Number(first.get("conversationId") ?? 1) | 0;
  const next = (payload: string): Promise<BsonMap> =>
    step({ saslContinue: 1, conversationId, payload: Buffer.from(payload), $db: authSource });
  const second = await next(await scram.final(payloadOf(talk, first)));
  await scram.verify(payloadOf(talk, second));
  if (second.get("done") !== true) await next("");
}

function payloadOf(talk: Talk, answer: BsonMap): string {
  const payload = answer.get("payload");
  if (!Buffer.isBuffer(payload)) throw talk.wrong("no step of SCRAM");
  return payload.toString("utf8");
}

function stateOf(talk: Talk, { writable }: MongodbLogin, hello: BsonMap): CheckResult {
  const set = hello.get("setName");
  const isWritable = hello.get("isWritablePrimary") === true || hello.get("ismaster") === true;
  const role = roleOf(hello, isWritable);
  const wireVersion = hello.get("maxWireVersion");
  const details = {
    role,
    ...(typeof set === "string" ? { set: talk.shown(set) } : {}),
    ...(typeof wireVersion === "number" ? { wire_version: wireVersion } : {}),
  };
  if (writable && !isWritable) {
    return { details, status: "unhealthy", message: `it takes no writes: it is ${role}` };
  }
  if (role === "starting or recovering") {
    return {
      details,
      status: "degraded",
      message: "a member of a set that is starting or recovering",
    };
  }
  return { details };
}

function roleOf(hello: BsonMap, isWritable: boolean): string {
  if (hello.get("msg") === "isdbgrid") return "router";
  const isInSet = typeof hello.get("setName") === "string" || hello.get("isreplicaset") === true;
  if (!isInSet) return "standalone";
  if (isWritable) return "primary";
  if (hello.get("secondary") === true) return "secondary";
  return hello.get("arbiterOnly") === true ? "arbiter" : "starting or recovering";
}
