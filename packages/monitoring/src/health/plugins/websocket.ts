// WebSocket: the upgrade of an HTTP connection, then a ping that must come back.
//
//   ─► GET /path, Upgrade: websocket, Sec-WebSocket-Key      HTTP/1.1 101, Sec-WebSocket-Accept: hash of our key
//   ─► ping frame with 8 bytes, masked                       pong frame with the same 8 bytes
//   ─► close frame
//
// Source: RFC 6455.

import type { CheckResult, HealthCheck } from "../health-check.ts";
import { CheckError, optionsError } from "./check-error.ts";
import { type Endpoint, endpointOf, type LoginOptions } from "./endpoint.ts";
import { serverCheck } from "./server-check.ts";
import type { Talk } from "./talk.ts";

/** Which WebSocket. */
export interface WebsocketOptions extends LoginOptions {
  /** `ws://host/path` or `wss://host/path`. */
  readonly url: string;
  /** Added to the request: cookies, tokens. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sub-protocols to offer; one of them must be taken. */
  readonly protocols?: readonly string[];
  /** Wait for a pong (default). False: the upgrade is enough. */
  readonly ping?: boolean;
}

/**
 * A check of a WebSocket endpoint.
 *
 * - healthy: it upgrades the connection and answers a ping
 * - degraded: only when slow
 * - unhealthy: no connection, no upgrade, no pong
 *
 * Measures `latency_ms`; tells the sub-protocol.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function websocket(options: WebsocketOptions): HealthCheck {
  const endpoint = endpointOf(options, {
    schemes: { "ws:": false, "wss:": true },
    port: 80,
    tlsPort: 443,
  });
  const headers = Object.entries(options.headers ?? {});
  if (headers.some(([name, value]) => /[\r\n\0]/.test(name + value))) {
    throw optionsError("headers must not hold line breaks");
  }
  const { protocols = [], ping = true } = options;
  const { pathname, search } = new URL(options.url);
  return serverCheck(endpoint, options.degradedMs, (talk, password) => {
    for (const [, value] of headers) talk.secrets.add(value);
    const lines = [
      ["Host", hostOf(endpoint)],
      ...(endpoint.user === undefined ? [] : [["Authorization", basic(talk, endpoint, password)]]),
      ...(protocols.length === 0 ? [] : [["Sec-WebSocket-Protocol", protocols.join(", ")]]),
      ...headers,
    ];
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    return askWebsocket(talk, { target: pathname + search, head, protocols, ping });
  });
}

/** What the conversation needs to know. */
export interface WebsocketRequest {
  readonly target: string;
  /** Header lines of the request, each with its end. */
  readonly head: string;
  readonly protocols: readonly string[];
  readonly ping: boolean;
  /** Random, for tests: 16 bytes as base64. */
  readonly key?: string;
}

/** The conversation. */
export async function askWebsocket(talk: Talk, request: WebsocketRequest): Promise<CheckResult> {
  const { createHash, randomBytes } = await import("node:crypto");
  const key = request.key ?? randomBytes(16).toString("base64");
  talk.write(
    `GET ${request.target} HTTP/1.1\r\n${request.head}Connection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  );
  const headers = await upgrade(talk);
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  if (headers.get("sec-websocket-accept") !== accept.digest("base64")) {
    throw talk.wrong("an upgrade that does not fit our key");
  }
  const protocol = headers.get("sec-websocket-protocol");
  if (request.protocols.length > 0 && !request.protocols.includes(protocol ?? "")) {
    throw talk.answered(`none of the sub-protocols ${request.protocols.join(", ")} is taken`);
  }
  if (request.ping) await pong(talk, randomBytes(8));
  talk.write(frame(8, Buffer.of(0x03, 0xe8)));
  return { details: protocol === undefined ? {} : { protocol: talk.shown(protocol) } };
}

async function upgrade(talk: Talk): Promise<ReadonlyMap<string, string>> {
  const status = await talk.line("an answer to the upgrade");
  const code = /^HTTP\/1\.1 (\d{3})/.exec(status)?.[1];
  if (code === undefined) throw talk.wrong(`"${talk.shown(status)}", which is not HTTP`);
  if (code === "401" || code === "403") throw talk.loginRefused(undefined, status);
  if (code !== "101") {
    throw new CheckError("FLX_CHECK_ANSWER", `${talk.at} answered ${code} to the upgrade`);
  }
  const headers = new Map<string, string>();
  for (;;) {
    const line = await talk.line("the end of the upgrade");
    if (line === "") return headers;
    const colon = line.indexOf(":");
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
}

const [PING, PONG, CLOSE] = [9, 10, 8] as const;

async function pong(talk: Talk, payload: Buffer): Promise<void> {
  talk.write(frame(PING, payload));
  for (;;) {
    const head = await talk.read(2, "a pong");
    const kind = head.readUInt8(0) & 0x0f;
    const short = head.readUInt8(1);
    if (short > 127) throw talk.wrong("a masked frame");
    const body = await talk.read(await bodyLength(talk, short), "a pong");
    if (kind === PONG && body.equals(payload)) return;
    if (kind === CLOSE) throw talk.answered(`closed: ${body.subarray(2).toString("utf8")}`);
    if (kind === PING) talk.write(frame(PONG, body.subarray(0, 125)));
  }
}

async function bodyLength(talk: Talk, short: number): Promise<number> {
  if (short === 126) return (await talk.read(2, "a frame")).readUInt16BE();
  if (short === 127) return Number((await talk.read(8, "a frame")).readBigUInt64BE());
  return short;
}

/** A frame of ours, masked as all of a client's must be; a mask of zeros is one, too. */
function frame(kind: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.of(0x80 | kind, 0x80 | payload.length, 0, 0, 0, 0), payload]);
}

function hostOf({ at, port, tls }: Endpoint): string {
  return port === (tls === undefined ? 80 : 443) ? at.replace(/:\d+$/, "") : at;
}

function basic(talk: Talk, { user }: Endpoint, password: string | undefined): string {
  const token = Buffer.from(`${user}:${password ?? ""}`).toString("base64");
  talk.secrets.add(token);
  return `Basic ${token}`;
}
