// RabbitMQ, and what else speaks AMQP 0-9-1: the opening of a connection to a virtual host.
//
//   ─► AMQP 0 0 9 1             start: version, kinds of login          or its own header: another version
//   ─► start-ok: user, pass     tune                                    or close 403: refused
//   ─► tune-ok, open: vhost     open-ok                                 or close 530: no such virtual host, no access
//   ─► close                    close-ok
//
//   frame    ┌type u8┐┌channel u16┐┌length u32┐┌payload┐┌CE┐        method   ┌class u16┐┌method u16┐┌arguments┐
//
// Source: rabbitmq.com/resources/specs/amqp0-9-1.pdf.

import type { CheckResult, HealthCheck } from "../health-check.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { CheckError } from "./check-error.ts";
import { endpointOf, type LoginOptions } from "./endpoint.ts";
import { serverCheck } from "./server-check.ts";
import type { Talk } from "./talk.ts";

/** Which RabbitMQ. */
export interface RabbitmqOptions extends LoginOptions {
  /** Default: of the URL, else "/". */
  readonly vhost?: string;
}

/**
 * A check of RabbitMQ (`amqp://user:password@host:5672/vhost`, `amqps://` for TLS). User and password are "guest" unless
 * given.
 *
 * - healthy: it takes the login and opens the virtual host
 * - degraded: only when slow
 * - unhealthy: no connection, credentials refused, no such virtual host, any other answer
 *
 * Measures `latency_ms`; tells product, version and cluster.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function rabbitmq(options: RabbitmqOptions = {}): HealthCheck {
  const endpoint = endpointOf(options, {
    schemes: { "amqp:": false, "amqps:": true },
    port: 5672,
    tlsPort: 5671,
  });
  const vhost = options.vhost ?? (endpoint.name === "" ? "/" : endpoint.name);
  return serverCheck(endpoint, options.degradedMs, (talk, password) =>
    askRabbitmq(talk, { user: endpoint.user ?? "guest", vhost }, password ?? "guest"),
  );
}

/** The conversation. */
export async function askRabbitmq(
  talk: Talk,
  { user, vhost }: { readonly user: string; readonly vhost: string },
  password: string,
): Promise<CheckResult> {
  talk.write(Buffer.from("AMQP\0\0\x09\x01", "latin1"));
  const start = await method(talk, "its greeting");
  if (start.name !== START) throw unexpected(talk, user, start);
  const details = detailsOf(talk, start.body);
  talk.write(startOk(user, password));

  const tune = await method(talk, "an answer to the login", user);
  if (tune.name !== TUNE) throw unexpected(talk, user, tune);
  const [channels, frameSize] = [tune.body.u16be(), tune.body.u32be()];
  const tuneOk = new ByteWriter().u16be(channels).u32be(frameSize).u16be(0);
  talk.write(frame(TUNE_OK, tuneOk.done()));
  talk.write(frame(OPEN, new ByteWriter().bytes(shortText(vhost)).u8(0).u8(0).done()));

  const open = await method(talk, `the virtual host "${vhost}"`);
  if (open.name !== OPEN_OK) throw unexpected(talk, user, open);
  const goodbye = new ByteWriter().u16be(200).bytes(shortText("done")).u16be(0).u16be(0);
  talk.write(frame(CLOSE, goodbye.done()));
  await method(talk, "its goodbye");
  return { details };
}

const [START, START_OK, TUNE, TUNE_OK] = ["10.10", "10.11", "10.30", "10.31"] as const;
const [OPEN, OPEN_OK, CLOSE] = ["10.40", "10.41", "10.50"] as const;
const FRAME_END = 0xce;

type Method = { readonly name: string; readonly body: ByteReader };

/** The next method on channel 0; heartbeats are passed over. */
async function method(talk: Talk, awaited: string, user?: string): Promise<Method> {
  for (;;) {
    const head = await readHead(talk, awaited, user);
    if (head.toString("latin1", 0, 4) === "AMQP") {
      const version = [...head.subarray(4), ...(await talk.read(1, awaited))].join(".");
      throw talk.wrong(`that it speaks another version of AMQP (${version})`);
    }
    const [type, length] = [head.readUInt8(0), head.readUInt32BE(3)];
    if (type !== 1 && type !== 8) {
      throw talk.wrong(`"${talk.shown(head)}", which is not AMQP`);
    }
    const payload = await talk.read(length + 1, awaited);
    if (payload[length] !== FRAME_END)
      throw talk.wrong("a frame without its end, which is not AMQP");
    if (type === 8) continue;
    const body = new ByteReader(payload.subarray(0, length), `a message of ${talk.at}`);
    return { name: `${body.u16be()}.${body.u16be()}`, body };
  }
}

/** Servers that are not asked to explain close the connection when they refuse a login. */
async function readHead(talk: Talk, awaited: string, user: string | undefined): Promise<Buffer> {
  try {
    return await talk.read(7, awaited);
  } catch (error) {
    const isClosed = user !== undefined && String(error).includes("closed the connection while");
    throw isClosed ? talk.loginRefused(user) : error;
  }
}

function unexpected(talk: Talk, user: string, { name, body }: Method): CheckError {
  if (name !== CLOSE) return talk.wrong(`with method ${name}, which is not what was asked for`);
  const [code, words] = [body.u16be(), body.text(body.u8())];
  return code === 403 && /login/i.test(words) ? talk.loginRefused(user) : talk.answered(words);
}

function startOk(user: string, password: string): Buffer {
  const capabilities = new ByteWriter()
    .bytes(shortText("authentication_failure_close"))
    .text("t")
    .u8(1)
    .done();
  const properties = new ByteWriter()
    .bytes(shortText("product"))
    .text("S")
    .bytes(longText("flx-health"))
    .bytes(shortText("capabilities"))
    .text("F")
    .bytes(longText(capabilities))
    .done();
  const body = new ByteWriter()
    .bytes(longText(properties))
    .bytes(shortText("PLAIN"))
    .bytes(longText(`\0${user}\0${password}`))
    .bytes(shortText("en_US"));
  return frame(START_OK, body.done());
}

function frame(name: string, body: Buffer): Buffer {
  const [classId = 0, methodId = 0] = name.split(".").map(Number);
  const head = new ByteWriter()
    .u8(1)
    .u16be(0)
    .u32be(body.length + 4);
  return head.u16be(classId).u16be(methodId).bytes(body).u8(FRAME_END).done();
}

/** At most 255 bytes: names that are longer are cut, and the server will not know them. */
function shortText(text: string): Buffer {
  const bytes = Buffer.from(text).subarray(0, 255);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

function longText(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text as string);
  return new ByteWriter().u32be(bytes.length).bytes(bytes).done();
}

/** Product, version and cluster of the server's table, as far as it can be read: it is only to be shown. */
function detailsOf(talk: Talk, body: ByteReader): Record<string, string> {
  const details: Record<string, string> = {};
  body.skip(2);
  const table = new ByteReader(body.bytes(body.u32be()), `the greeting of ${talk.at}`);
  while (table.left > 0) {
    const name = table.text(table.u8());
    const type = String.fromCharCode(table.u8());
    if (type === "S" || type === "F") {
      const value = table.bytes(table.u32be());
      if (type === "S" && ["product", "version", "cluster_name"].includes(name)) {
        details[name] = talk.shown(value);
      }
    } else if (type === "t") table.skip(1);
    else break;
  }
  return details;
}
