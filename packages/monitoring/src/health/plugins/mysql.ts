// MySQL and MariaDB: greeting, log in, ping.
//
//   packet   ┌length u24┐┌number u8┐┌body┐                     little-endian
//
//   greeting version, nonce, capabilities, login kind          or an error: too many connections, host blocked
//   ─► (the wish for TLS)
//   ─► login: user, proof, database        00 OK   FF error   FE another login kind   01 more of this one
//   ─► 0E ping, or 03 query                00 OK   FF error
//   ─► 01 goodbye                          without it the server counts an aborted client
//
//   mysql_native_password     SHA1(p) ^ SHA1(nonce + SHA1(SHA1(p)))
//   caching_sha2_password     SHA256(p) ^ SHA256(SHA256(SHA256(p)) + nonce); then 03 it knew it, 04 it wants the
//                             password itself: through TLS or a unix socket, or encrypted with the server's RSA key
//
// Source: dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html, mariadb.com/kb/en/connection.

import type { CheckResult, HealthCheck } from "../health-check.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { CheckError } from "./check-error.ts";
import { endpointOf, type LoginOptions } from "./endpoint.ts";
import { serverCheck, timed, withDeadline } from "./server-check.ts";
import type { Talk } from "./talk.ts";

/** A pool or connection of `mysql2/promise` or `mariadb`, or anything with the same `query`. */
export interface MysqlClient {
  query(sql: string): Promise<unknown>;
}

/** Which MySQL or MariaDB, and what it must be like. */
export interface MysqlOptions extends LoginOptions {
  /** Asks `query` through this pool instead of a connection of its own. */
  readonly client?: MysqlClient;
  /** Default: of the URL, else none. */
  readonly database?: string;
  /** Default: a ping; with a client "SELECT 1". An error of it is unhealthy; its rows do not matter. */
  readonly query?: string;
  /**
   * Take the server's RSA key for caching_sha2_password without TLS. Somebody on the way could give his own and read the
   * password. Default false.
   */
  readonly allowPublicKeyRetrieval?: boolean;
}

/**
 * A check of MySQL or MariaDB (`mysql://user:password@host:3306/database`, `mariadb://`, `path` for a unix socket). Logs
 * in with mysql_native_password or caching_sha2_password.
 *
 * - healthy: it takes the login and answers a ping or the query
 * - degraded: only when slow
 * - unhealthy: no connection, credentials refused, no such database, too many connections, any other error
 *
 * Measures `latency_ms`; tells the version.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function mysql(options: MysqlOptions): HealthCheck {
  const { client, query, degradedMs } = options;
  if (client !== undefined) {
    return (context) =>
      timed(degradedMs, async () => {
        await withDeadline(client.query(query ?? "SELECT 1"), context);
        return {};
      });
  }
  const endpoint = endpointOf(options, {
    schemes: { "mysql:": false, "mariadb:": false },
    port: 3306,
  });
  const login: MysqlLogin = {
    user: endpoint.user ?? "root",
    database: options.database ?? endpoint.name,
    wantsTls: endpoint.tls !== undefined,
    isLocal: endpoint.path !== undefined,
    allowPublicKeyRetrieval: options.allowPublicKeyRetrieval ?? false,
    ...(query === undefined ? {} : { query }),
  };
  return serverCheck(
    endpoint,
    degradedMs,
    (talk, password) => askMysql(talk, login, password ?? ""),
    { tlsAtOnce: false },
  );
}

/** The same check: MariaDB speaks MySQL's protocol. */
export const mariadb: typeof mysql = mysql;

/** What the conversation needs to know. */
export interface MysqlLogin {
  readonly user: string;
  readonly database: string;
  readonly wantsTls: boolean;
  /** Through a unix socket. */
  readonly isLocal: boolean;
  readonly allowPublicKeyRetrieval: boolean;
  readonly query?: string;
}

const [LONG_PASSWORD, LONG_FLAG, WITH_DATABASE, PROTOCOL_41] = [1, 4, 8, 0x200];
const [SSL, TRANSACTIONS, SECURE_CONNECTION, PLUGIN_LOGIN] = [0x800, 0x2000, 0x8000, 0x80000];
const UTF8MB4 = 45;
const [OK, MORE, OTHER_LOGIN, ERROR] = [0x00, 0x01, 0xfe, 0xff];

/** The conversation. */
export async function askMysql(
  talk: Talk,
  login: MysqlLogin,
  password: string,
): Promise<CheckResult> {
  const line = new PacketLine(talk);
  const greeting = readGreeting(talk, login, await line.read("its greeting"));
  const head = loginHead(login);
  if (login.wantsTls) {
    if ((greeting.capabilities & SSL) === 0) {
      throw new CheckError("FLX_CHECK_TLS", `${talk.at} has no TLS`);
    }
    line.write(head);
    await talk.startTls();
  }
  const proof = await proofOf(talk, greeting.plugin, password, greeting.nonce);
  line.write(loginBody(head, login, proof, greeting.plugin));
  await finishLogin(talk, line, login, password, greeting.nonce);

  if (login.query === undefined) await ping(talk, line, login);
  else await runQuery(talk, line, login, login.query);
  line.restart();
  line.write(Buffer.of(0x01));
  return { details: { version: talk.shown(greeting.version) } };
}

/** Packets with their numbers: one that is out of order is not an answer to us. */
class PacketLine {
  readonly #talk: Talk;
  #number = 0;

  constructor(talk: Talk) {
    this.#talk = talk;
  }

  /** Numbers begin at 0 with each command. */
  restart(): void {
    this.#number = 0;
  }

  async read(awaited: string): Promise<Buffer> {
    const head = await this.#talk.read(4, awaited);
    const length = head.readUIntLE(0, 3);
    if (head[3] !== this.#number) {
      throw this.#talk.wrong(`"${this.#talk.shown(head)}", which is not MySQL's protocol`);
    }
    this.#number = (this.#number + 1) & 0xff;
    if (length === 0) throw this.#talk.wrong(`nothing when we waited for ${awaited}`);
    return this.#talk.read(length, awaited);
  }

  write(body: Uint8Array): void {
    const head = Buffer.alloc(4);
    head.writeUIntLE(body.length, 0, 3);
    head[3] = this.#number;
    this.#number = (this.#number + 1) & 0xff;
    this.#talk.write(Buffer.concat([head, body]));
  }
}

type Greeting = {
  readonly version: string;
  readonly capabilities: number;
  readonly nonce: Buffer;
  readonly plugin: string;
};

function readGreeting(talk: Talk, login: MysqlLogin, packet: Buffer): Greeting {
  if (packet[0] === ERROR) throw errorOf(talk, login, packet);
  if (packet[0] !== 10) throw talk.wrong("a greeting that is not MySQL's");
  const reader = new ByteReader(packet, `the greeting of ${talk.at}`);
  reader.skip(1);
  const version = reader.zeroEnded();
  reader.skip(4);
  const nonceStart = reader.bytes(8);
  reader.skip(1);
  const low = reader.u16le();
  reader.skip(3);
  const capabilities = low + reader.u16le() * 0x10000;
  const nonceLength = reader.u8();
  reader.skip(10);
  const nonceEnd = reader.bytes(Math.max(13, nonceLength - 8)).subarray(0, 12);
  const hasPlugin = (capabilities & PLUGIN_LOGIN) !== 0 && reader.left > 0;
  return {
    // What MariaDB writes before its version for old replicas.
    version: version.replace(/^5\.5\.5-(?=\d+\.)/, ""),
    capabilities,
    nonce: Buffer.concat([nonceStart, nonceEnd]),
    plugin: hasPlugin ? reader.zeroEnded() : "mysql_native_password",
  };
}

/** The beginning of the login, which is all of the wish for TLS. */
function loginHead({ database, wantsTls }: MysqlLogin): Buffer {
  const always =
    LONG_PASSWORD + LONG_FLAG + PROTOCOL_41 + TRANSACTIONS + SECURE_CONNECTION + PLUGIN_LOGIN;
  const wishes = (database === "" ? 0 : WITH_DATABASE) + (wantsTls ? SSL : 0);
  return new ByteWriter()
    .u32le(always + wishes)
    .u32le(1 << 24)
    .u8(UTF8MB4)
    .zeros(23)
    .done();
}

function loginBody(head: Buffer, login: MysqlLogin, proof: Buffer, plugin: string): Buffer {
  const body = new ByteWriter().bytes(head).zeroEnded(login.user).u8(proof.length).bytes(proof);
  if (login.database !== "") body.zeroEnded(login.database);
  return body.zeroEnded(isKnown(plugin) ? plugin : "mysql_native_password").done();
}

const isKnown = (plugin: string): boolean =>
  plugin === "mysql_native_password" || plugin === "caching_sha2_password";

/** What proves the password; nothing for a login kind that we do not know: the server will ask for another. */
async function proofOf(
  talk: Talk,
  plugin: string,
  password: string,
  nonce: Buffer,
): Promise<Buffer> {
  if (password === "") return Buffer.alloc(0);
  const { createHash } = await import("node:crypto");
  const hash = (kind: string, ...parts: readonly Uint8Array[]): Buffer =>
    createHash(kind).update(Buffer.concat(parts)).digest();
  if (plugin === "caching_sha2_password") {
    const once = hash("sha256", Buffer.from(password));
    return mixed(once, hash("sha256", hash("sha256", once), nonce));
  }
  if (plugin !== "mysql_native_password") return Buffer.alloc(0);
  const once = hash("sha1", Buffer.from(password));
  const proof = mixed(once, hash("sha1", nonce, hash("sha1", once)));
  talk.secrets.add(proof.toString("latin1"));
  return proof;
}

function mixed(one: Buffer, other: Buffer): Buffer {
  return Buffer.from(one.map((byte, i) => byte ^ other[i % other.length]!));
}

async function finishLogin(
  talk: Talk,
  line: PacketLine,
  login: MysqlLogin,
  password: string,
  firstNonce: Buffer,
): Promise<void> {
  let nonce = firstNonce;
  for (;;) {
    const packet = await line.read("an answer to the login");
    switch (packet.readUInt8(0)) {
      case OK:
        return;
      case ERROR:
        throw errorOf(talk, login, packet);
      case OTHER_LOGIN: {
        const reader = new ByteReader(packet, `the login of ${talk.at}`);
        reader.skip(1);
        const plugin = reader.left === 0 ? "mysql_old_password" : reader.zeroEnded();
        if (!isKnown(plugin)) throw unknownLogin(talk, login, plugin);
        nonce = reader.rest().subarray(0, 20);
        line.write(await proofOf(talk, plugin, password, nonce));
        break;
      }
      case MORE:
        // 3: the proof was enough, OK follows.
        if (packet[1] === 3) break;
        if (packet[1] !== 4) throw talk.wrong("an unknown step of the login");
        await sendWholePassword(talk, line, login, password, nonce);
        break;
      default:
        throw talk.wrong("something else than an answer to the login");
    }
  }
}

function unknownLogin(talk: Talk, { user }: MysqlLogin, plugin: string): CheckError {
  const text = `${talk.at} wants user "${user}" to log in by ${talk.shown(plugin)}, which this check does not speak`;
  return new CheckError("FLX_CHECK_LOGIN", text);
}

/** The server has not seen this password since it started: it wants all of it, once. */
async function sendWholePassword(
  talk: Talk,
  line: PacketLine,
  login: MysqlLogin,
  password: string,
  nonce: Buffer,
): Promise<void> {
  const whole = Buffer.from(`${password}\0`);
  if (talk.isEncrypted || login.isLocal) return line.write(whole);
  if (!login.allowPublicKeyRetrieval) {
    const text = `${talk.at} wants the whole password: use TLS, or allowPublicKeyRetrieval: true`;
    throw new CheckError("FLX_CHECK_LOGIN", text);
  }
  line.write(Buffer.of(2));
  const packet = await line.read("its public key");
  if (packet[0] !== MORE) throw talk.wrong("no public key");
  line.write(await encrypted(talk, packet.subarray(1).toString("latin1"), mixed(whole, nonce)));
}

async function encrypted(talk: Talk, publicKey: string, secret: Buffer): Promise<Buffer> {
  const { constants, createPublicKey, publicEncrypt } = await import("node:crypto");
  try {
    const key = createPublicKey(publicKey);
    return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING }, secret);
  } catch {
    throw talk.wrong("a public key that is none");
  }
}

async function ping(talk: Talk, line: PacketLine, login: MysqlLogin): Promise<void> {
  line.restart();
  line.write(Buffer.of(0x0e));
  const answer = await line.read("an answer to the ping");
  if (answer[0] === ERROR) throw errorOf(talk, login, answer);
  if (answer[0] !== OK) throw talk.wrong("something else than OK to the ping");
}

/** Columns, an end, rows, an end; or OK for a statement without rows. */
async function runQuery(
  talk: Talk,
  line: PacketLine,
  login: MysqlLogin,
  query: string,
): Promise<void> {
  line.restart();
  line.write(Buffer.concat([Buffer.of(0x03), Buffer.from(query)]));
  const awaited = `an answer to ${query}`;
  for (let ends = 0, isFirst = true; ends < 2; isFirst = false) {
    const packet = await line.read(awaited);
    if (packet[0] === ERROR) throw errorOf(talk, login, packet);
    if (isFirst && packet[0] === OK) return;
    if (packet[0] === OTHER_LOGIN && packet.length < 9) ends++;
  }
}

/** FF, code u16, "#", five letters of state, words. Before a login the state is missing. */
function errorOf(talk: Talk, { user, database }: MysqlLogin, packet: Buffer): CheckError {
  const reader = new ByteReader(packet, `an error of ${talk.at}`);
  reader.skip(1);
  const code = reader.u16le();
  const words = reader
    .rest()
    .toString("utf8")
    .replace(/^#.{5}/s, "");
  if (code === 1045 || code === 1698) return talk.loginRefused(user);
  if (code === 1049) {
    return new CheckError("FLX_CHECK_ANSWER", `${talk.at} has no database "${database}"`);
  }
  return talk.answered(words);
}
