// OTLP over gRPC: unary Export of the three collector services, on node:http2 itself.
//
//   HEADERS  POST /opentelemetry.proto.collector.metrics.v1.MetricsService/Export   grpc-timeout, grpc-encoding
//   DATA     flag(1) length(4) message                                              one message, gzip when the flag says so
//   ◄ HEADERS 200   ◄ DATA flag length response   ◄ HEADERS grpc-status 0           or HEADERS alone with the status
//
// Why not grpc-js: three methods of one shape need none of what it does for others. Clients are tested with grpc-js and
// the OpenTelemetry exporters.
//
// Bounds: message size before and after decompression, headers, streams at once, the time a message may take, and what
// costs us work and the other end nothing: a connection that resets streams, pings or sends settings without end is closed.
//
// Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md

import {
  constants,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { type OtlpSignal } from "@flx/model";
import type { BoundCounter } from "@flx/monitoring/metrics";
import { contextOptions, serverOptions, type TlsMaterial } from "../../base/tls-files.ts";
import { clientNetwork } from "../../base/access/client-network.ts";
import { callerOf } from "../../base/access/caller.ts";
import {
  type ConnectionLimit,
  DOOR_LIMITS,
  type DoorLimits,
  limitConnections,
} from "../../base/door-limits.ts";
import { RateLimit } from "../../base/rate-limit.ts";
import type { Admitted } from "../admission.ts";
import { RequestRefusal, unpack } from "../body.ts";
import { GrpcStatus, type Refused, refused } from "../refused.ts";
import type { ExportOutcome } from "./export-handler.ts";
import {
  CLOSE_GRACE_MS,
  DEFAULT_MAX_BODY,
  listen,
  type OtlpReceiverParts,
} from "./http-receiver.ts";
import { exportResponse, rpcStatus } from "./status-message.ts";

/** Where and how to listen. */
export interface OtlpGrpcSettings {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** One message, before and after decompression. Default 64 MiB. */
  readonly maxMessageBytes?: number;
  readonly limits?: DoorLimits;
  readonly onRefusedConnection?: (limit: ConnectionLimit) => void;
  /** Streams of one connection at once. Default 256. */
  readonly maxConcurrentStreams?: number;
  /** As for OTLP/HTTP. */
  readonly tls?: TlsMaterial | undefined;
}

const RECEIVER = "otlp-grpc";
const MAX_RESETS = 500;
const FRAME_HEAD = 5;
/** Pings and settings of one connection. */
const CHATTER = { tries: 500, refillMs: 20, maxKeys: 1 };
const signals: ReadonlyMap<string, OtlpSignal> = new Map([
  ["/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", "metrics"],
  ["/opentelemetry.proto.collector.trace.v1.TraceService/Export", "traces"],
  ["/opentelemetry.proto.collector.logs.v1.LogsService/Export", "logs"],
]);
const UNITS: ReadonlyMap<string, number> = new Map([
  ["H", 3_600_000],
  ["M", 60_000],
  ["S", 1_000],
  ["m", 1],
  ["u", 1e-3],
  ["n", 1e-6],
]);

/** An OTLP/gRPC receiver. */
export class OtlpGrpcReceiver implements AsyncDisposable {
  readonly #settings: OtlpGrpcSettings;
  readonly #parts: OtlpReceiverParts;
  readonly #maxBytes: number;
  readonly #limits: DoorLimits;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #wireBytes: BoundCounter;
  readonly #plainBytes: BoundCounter;
  readonly #taken: BoundCounter;
  #server: Http2Server | Http2SecureServer | undefined;

  constructor(settings: OtlpGrpcSettings, parts: OtlpReceiverParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#maxBytes = settings.maxMessageBytes ?? DEFAULT_MAX_BODY;
    this.#limits = settings.limits ?? DOOR_LIMITS;
    const { bytes, requests } = parts.metrics;
    this.#wireBytes = bytes.labels({ receiver: RECEIVER, form: "wire" });
    this.#plainBytes = bytes.labels({ receiver: RECEIVER, form: "plain" });
    this.#taken = requests.labels({ receiver: RECEIVER, status: "0" });
  }

  /** The port it listens on, after `start`. */
  get port(): number {
    return (this.#server?.address() as AddressInfo | null)?.port ?? 0;
  }

  /** The methods it answers, as paths; each needs the role write. */
  get paths(): readonly string[] {
    return [...signals].flatMap(([path, signal]) =>
      this.#parts.handlers[signal] === undefined ? [] : [path],
    );
  }

  /** Listens. Rejects with `FLX_INGEST_LISTEN` when it cannot. */
  async start(): Promise<void> {
    const { tls, host, port, maxConcurrentStreams = 256 } = this.#settings;
    const options = {
      settings: {
        maxConcurrentStreams,
        maxHeaderListSize: 16_384,
        // The default of 64 KiB makes a large export wait for the window again and again.
        initialWindowSize: 1_048_576,
      },
      maxSessionInvalidFrames: 100,
    };
    const server =
      tls === undefined
        ? createServer(options)
        : createSecureServer({
            ...options,
            ...serverOptions(tls, this.#parts.access !== undefined),
            handshakeTimeout: this.#limits.headersMs,
          });
    limitConnections(server, this.#limits, this.#settings.onRefusedConnection);
    server.on("session", (session) => this.#session(session));
    await listen(server, host, port);
    this.#server = server;
  }

  /** New certificates for connections from now on. */
  reloadTls(tls: TlsMaterial): void {
    if (this.#server !== undefined && "setSecureContext" in this.#server) {
      this.#server.setSecureContext(contextOptions(tls));
    }
  }

  /** Says good-bye, answers what is under way, stops. */
  async [Symbol.asyncDispose](): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const session of this.#sessions) session.close();
    const timer = setTimeout(() => {
      for (const session of this.#sessions) session.destroy();
    }, CLOSE_GRACE_MS);
    await closed;
    clearTimeout(timer);
  }

  #session(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    session.once("close", () => this.#sessions.delete(session));
    session.on("error", () => session.destroy());
    const { headersMs, idleMs } = this.#limits;
    // Nothing has moved: a stream that is open is one that nobody feeds or reads.
    session.setTimeout(idleMs, () => end(session, constants.NGHTTP2_NO_ERROR));
    const greeted = setTimeout(() => end(session, constants.NGHTTP2_SETTINGS_TIMEOUT), headersMs);
    session.once("remoteSettings", () => clearTimeout(greeted));
    session.once("close", () => clearTimeout(greeted));
    this.#boundChatter(session);
    session.setLocalWindowSize(8 * 1_048_576);
    const client = clientNetwork(session.socket.remoteAddress ?? "");
    let resets = 0;
    session.on("stream", (stream, headers) => {
      stream.on("error", () => stream.destroy());
      stream.once("aborted", () => {
        resets++;
        if (resets > MAX_RESETS) session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
      });
      // An answer that gets through pays for one reset: clients do give up calls now and then.
      void this.#call(stream, headers, client, () => {
        if (resets > 0) resets--;
      });
    });
  }

  /** Pings and settings cost us an answer each: who sends them without end is closed. */
  #boundChatter(session: ServerHttp2Session): void {
    const chatter = new RateLimit(CHATTER);
    const heard = (): void => {
      const nowMs = performance.now();
      if (chatter.waitMs("", nowMs) > 0) end(session, constants.NGHTTP2_ENHANCE_YOUR_CALM);
      else chatter.take("", nowMs);
    };
    session.on("ping", heard).on("remoteSettings", heard);
  }

  /** Answers one call. Never rejects. */
  async #call(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    client: string,
    onAnswered: () => void,
  ): Promise<void> {
    if (await this.#answered(stream, headers, client)) onAnswered();
  }

  async #answered(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    client: string,
  ): Promise<boolean> {
    const type = headers["content-type"] ?? "";
    if (headers[":method"] !== "POST" || !/^application\/grpc(?:\+proto)?(?:;|$)/.test(type)) {
      stream.respond({ ":status": headers[":method"] === "POST" ? 415 : 405 }, { endStream: true });
      stream.close(constants.NGHTTP2_NO_ERROR);
      return false;
    }
    const timeoutMs = deadline(headers["grpc-timeout"]);
    if (timeoutMs === undefined) return this.#export(stream, headers, client);
    const late = Promise.withResolvers<boolean>();
    const timer = setTimeout(
      () => {
        const refusal = {
          grpcStatus: GrpcStatus.deadlineExceeded,
          message: "the deadline has passed",
        };
        late.resolve(this.#refuse(stream, refusal));
      },
      Math.min(timeoutMs, 2_147_483_647),
    );
    try {
      return await Promise.race([this.#export(stream, headers, client), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #export(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    client: string,
  ): Promise<boolean> {
    try {
      const path = headers[":path"] ?? "";
      const signal = signals.get(path);
      const handler = signal === undefined ? undefined : this.#parts.handlers[signal];
      if (handler === undefined) {
        const message = `no method ${path}`;
        return this.#refuse(stream, { grpcStatus: GrpcStatus.unimplemented, message });
      }
      await this.#parts.access?.admit(callerOf("POST", headers, stream.session?.socket), "write");
      using admitted = this.#parts.admission.open(client, signal);
      const frame = await readFrame(stream, this.#maxBytes, this.#limits.bodyMs, admitted);
      const encoding = headers["grpc-encoding"];
      const message = frame.subarray(FRAME_HEAD);
      const plain =
        frame[0] === 0
          ? message
          : await unpack(message, String(encoding ?? ""), this.#maxBytes, admitted);
      this.#wireBytes.inc(frame.length);
      this.#plainBytes.inc(plain.length);
      return this.#answer(stream, await handler(plain, RECEIVER));
    } catch (error) {
      return this.#refuse(stream, refused(error));
    }
  }

  #answer(stream: ServerHttp2Stream, outcome: ExportOutcome): boolean {
    if (stream.destroyed || stream.headersSent) return false;
    this.#taken.inc();
    stream.respond(TAKEN, { waitForTrailers: true });
    stream.once("wantTrailers", sendOk);
    stream.end(answerFrame(outcome));
    return true;
  }

  #refuse(
    stream: ServerHttp2Stream,
    { grpcStatus: status, message, retryAfterMs }: Omit<Refused, "httpStatus">,
  ): boolean {
    if (stream.destroyed || stream.headersSent) return false;
    this.#parts.metrics.requests.inc({ receiver: RECEIVER, status: String(status) });
    const headers: OutgoingHttpHeaders = {
      ":status": 200,
      "content-type": "application/grpc",
      "grpc-status": String(status),
      "grpc-message": percentEncoded(message),
      "grpc-accept-encoding": ACCEPTED,
    };
    if (retryAfterMs !== undefined) {
      const details = rpcStatus(status, message, retryAfterMs);
      headers["grpc-status-details-bin"] = Buffer.from(details).toString("base64");
    }
    stream.respond(headers, { endStream: true });
    // What is still being sent is not wanted any more.
    if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
    return true;
  }
}

/** Says why, and closes the connection whatever is still open on it. */
function end(session: ServerHttp2Session, code: number): void {
  if (session.destroyed) return;
  session.goaway(code);
  // Destroyed a moment later, so that what was said is sent.
  setImmediate(() => session.destroy(undefined, code));
}

const EMPTY_FRAME = Buffer.alloc(FRAME_HEAD);
const ACCEPTED = "identity,gzip,deflate";
/** As a list, which Node takes as it is. */
const TAKEN = [
  ":status",
  "200",
  "content-type",
  "application/grpc",
  "grpc-accept-encoding",
  ACCEPTED,
];

/** A message with its five bytes before it: the answer of nearly every call is empty. */
function answerFrame(outcome: ExportOutcome): Buffer {
  if (outcome.rejected === 0 && outcome.message === "") return EMPTY_FRAME;
  const message = exportResponse(outcome);
  const frame = Buffer.alloc(FRAME_HEAD + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, FRAME_HEAD);
  return frame;
}

function sendOk(this: ServerHttp2Stream): void {
  this.sendTrailers({ "grpc-status": "0" });
}

/**
 * The one message of a unary call with its five bytes before it.
 *
 * By events: an async iterator over the stream costs as much as the rest of a call. The stream is not destroyed when this
 * ends early, for the status goes over it; what still comes is let go.
 */
async function readFrame(
  stream: ServerHttp2Stream,
  maxBytes: number,
  timeoutMs: number,
  admitted: Admitted,
): Promise<Buffer> {
  if (stream.destroyed) throw badBody("the call was given up");
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const chunks: Buffer[] = [];
  let size = 0;
  const take = (chunk: Buffer): void => {
    size += chunk.length;
    try {
      if (size > maxBytes + FRAME_HEAD) throw tooLong(maxBytes);
      admitted.grow(chunk.length);
      chunks.push(chunk);
    } catch (error) {
      reject(error);
    }
  };
  const givenUp = (): void => reject(badBody("the call was given up"));
  const timer = setTimeout(() => {
    const message = `the message did not come within ${timeoutMs} ms`;
    reject(new RequestRefusal("FLX_INGEST_BODY", 408, message));
  }, timeoutMs);
  stream.on("data", take).once("end", resolve).once("close", givenUp);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    stream.off("data", take).off("end", resolve).off("close", givenUp);
  }
  if (stream.aborted) throw badBody("the call was given up");
  return checkedFrame(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size), maxBytes);
}

function checkedFrame(frame: Buffer, maxBytes: number): Buffer {
  if (frame.length < FRAME_HEAD || frame[0]! > 1) throw badBody("a call without a message");
  const length = frame.readUInt32BE(1);
  if (length > maxBytes) throw tooLong(maxBytes);
  if (length !== frame.length - FRAME_HEAD) {
    throw badBody(`a message of ${frame.length - FRAME_HEAD} bytes that claims ${length}`);
  }
  return frame;
}

function badBody(message: string): RequestRefusal {
  return new RequestRefusal("FLX_INGEST_BODY", 400, message);
}

function tooLong(maxBytes: number): RequestRefusal {
  return new RequestRefusal(
    "FLX_INGEST_BODY_LIMIT",
    413,
    `the message is larger than ${maxBytes} bytes`,
  );
}

/** A grpc-timeout in milliseconds; what is none is as if it were not there. */
function deadline(text: string | string[] | undefined): number | undefined {
  const match = typeof text === "string" ? /^(\d{1,8})([HMSmun])$/.exec(text) : null;
  if (match === null) return undefined;
  return Number(match[1]) * UNITS.get(match[2]!)!;
}

function percentEncoded(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll("%20", " ");
}
