// MQTT 3.1.1: CONNECT, PINGREQ, DISCONNECT.
//
//   packet   ┌kind and flags u8┐┌length, 7 bits a byte, low first┐┌body┐
//
//   ─► 10 CONNECT     20 CONNACK: 0 welcome, 3 unavailable, 4 and 5 login refused
//   ─► C0 PINGREQ     D0 PINGRESP
//   ─► E0 DISCONNECT
//
// The client's name is random and its session clean: two instances with one name would throw each other out.
//
// Source: docs.oasis-open.org/mqtt/mqtt/v3.1.1.

import type { CheckResult, HealthCheck } from "../health-check.ts";
import { ByteWriter } from "./byte-writer.ts";
import { endpointOf, type LoginOptions } from "./endpoint.ts";
import { serverCheck } from "./server-check.ts";
import type { Talk } from "./talk.ts";

/** Which broker. */
export interface MqttOptions extends LoginOptions {
  /** Default: a random one for each run. */
  readonly clientId?: string;
}

/**
 * A check of an MQTT broker (`mqtt://user:password@host:1883`, `mqtts://` for TLS).
 *
 * - healthy: it takes the login and answers a ping
 * - degraded: only when slow
 * - unhealthy: no connection, credentials refused, unavailable, any other answer
 *
 * Measures `latency_ms`.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function mqtt(options: MqttOptions = {}): HealthCheck {
  const endpoint = endpointOf(options, {
    schemes: { "mqtt:": false, "mqtts:": true },
    port: 1883,
    tlsPort: 8883,
  });
  return serverCheck(endpoint, options.degradedMs, (talk, password) => {
    const clientId =
      options.clientId ?? `flx${crypto.randomUUID().replaceAll("-", "").slice(0, 20)}`;
    return askMqtt(talk, clientId, endpoint.user, password);
  });
}

const refusals: Readonly<Record<number, string>> = {
  1: "it does not speak MQTT 3.1.1",
  2: "it does not like our client id",
  3: "it is unavailable",
};

/** The conversation. */
export async function askMqtt(
  talk: Talk,
  clientId: string,
  user: string | undefined,
  password: string | undefined,
): Promise<CheckResult> {
  talk.write(connectPacket(clientId, user, password));
  const [kind, body] = await packet(talk, "an answer to CONNECT");
  if (kind !== 0x20 || body.length !== 2) throw talk.wrong("something else than CONNACK");
  const code = body[1]!;
  if (code === 4 || code === 5) throw talk.loginRefused(user);
  if (code !== 0) throw talk.answered(refusals[code] ?? `refused by code ${code}`);
  talk.write(Buffer.of(0xc0, 0));
  // A broker may send what was kept for us first; nothing is, but nobody is made to fail by it.
  while ((await packet(talk, "an answer to PINGREQ"))[0] !== 0xd0);
  talk.write(Buffer.of(0xe0, 0));
  return {};
}

function connectPacket(
  clientId: string,
  user: string | undefined,
  password: string | undefined,
): Buffer {
  const [hasUser, hasPassword] = [user !== undefined, user !== undefined && password !== undefined];
  const [CLEAN, WITH_USER, WITH_PASSWORD] = [0x02, 0x80, 0x40];
  const body = new ByteWriter()
    .bytes(text("MQTT"))
    .u8(4)
    .u8(CLEAN + (hasUser ? WITH_USER : 0) + (hasPassword ? WITH_PASSWORD : 0))
    .u16be(30)
    .bytes(text(clientId));
  if (user !== undefined) body.bytes(text(user));
  if (hasPassword) body.bytes(text(password ?? ""));
  const bytes = body.done();
  const head = new ByteWriter().u8(0x10);
  for (let rest = bytes.length; ; rest >>= 7) {
    head.u8((rest & 0x7f) + (rest > 0x7f ? 0x80 : 0));
    if (rest <= 0x7f) return head.bytes(bytes).done();
  }
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value).subarray(0, 65_535);
  return new ByteWriter().u16be(bytes.length).bytes(bytes).done();
}

async function packet(talk: Talk, awaited: string): Promise<readonly [kind: number, Buffer]> {
  const kind = (await talk.read(1, awaited)).readUInt8();
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = (await talk.read(1, awaited)).readUInt8();
    length += (byte & 0x7f) << shift;
    if (byte < 0x80) break;
    if (shift === 21) throw talk.wrong("a packet without a length, which is not MQTT");
  }
  return [kind, await talk.read(length, awaited)];
}
