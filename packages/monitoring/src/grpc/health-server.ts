// Health over gRPC without a gRPC library: a small server of its own, for services that have none.
//
//   startGrpcHealthServer({ health, port })      HTTP/2 in plain text, or with TLS
//   ├── /grpc.health.v1.Health/Check, List       one message in, one out
//   ├── /grpc.health.v1.Health/Watch             one in, one out per change
//   └── /flx.v1.FlxService/HealthCheck           one in, one out
//
// It is guarded as something that strangers reach: requests of at most 4 KiB, a time in which they must be complete, few
// connections with few streams each, idle ones closed. Nothing else has business on that port, so loopback sees components
// unless `trustLoopback` is false. And it is unref'ed: a service that is done ends.
//
// Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md

import type {
  Http2SecureServer,
  Http2Server,
  Http2Session,
  IncomingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { FlxError } from "@flx/model/errors";
import type { HealthSource } from "../health/health-source.ts";
import { type CertificateErrorListener, CertificateReload } from "./certificate-reload.ts";
import { GrpcRefusal } from "./grpc-refusal.ts";
import {
  HEALTH_PATHS,
  HealthAnswers,
  type HealthMethod,
  type HealthServiceOptions,
  MAX_REQUEST_BYTES,
} from "./health-answers.ts";
import type { HealthCaller } from "./health-caller.ts";
import { writeServingStatus } from "./health-messages.ts";
import { frameMessage, MessageFrame } from "./message-frame.ts";
import type { TlsFiles, TlsMaterial } from "./tls-material.ts";

/** The certificates of a server. */
export interface ServerTls extends TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** Who signs the certificates of clients; with it, a client without one is refused (mTLS). */
  readonly caFile?: string;
  /** Milliseconds after which the files are looked at again (default: never). */
  readonly reloadEveryMs?: number;
  /** Told of new files that cannot be used; the old ones stay. */
  readonly onReloadError?: CertificateErrorListener;
}

/** How the server is started. */
export interface GrpcHealthServerOptions extends HealthServiceOptions {
  readonly health: HealthSource;
  /** 0 for any free one. */
  readonly port: number;
  /** Address to listen on (default: loopback). */
  readonly host?: string;
  /** Default: plain text. */
  readonly tls?: ServerTls;
  /** Connections at the same time (default 1,000). */
  readonly maxConnections?: number;
}

/** A running health server. */
export interface GrpcHealthServer extends AsyncDisposable {
  readonly port: number;
  /** Calls of Watch that are going on. */
  readonly watchers: number;
  /** Ends the calls of Watch, stops listening, and closes what is left after `graceMs` (default 1,000). */
  close(graceMs?: number): Promise<void>;
}

/** HTTP/2's code for a stream that is not needed any more. */
const CANCEL = 8;
const REQUEST_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 300_000;
const SESSION = {
  settings: { maxConcurrentStreams: 100, maxHeaderListSize: 16 * 1024, enablePush: false },
  maxSessionMemory: 1,
  maxHeaderListPairs: 100,
  // How many streams that the peer resets are borne: beyond, the connection is closed (rapid reset).
  streamResetBurst: 200,
  streamResetRate: 20,
} as const;

/**
 * Starts the server.
 *
 * @throws {FlxError} `FLX_GRPC_LISTEN` when it cannot listen, `FLX_GRPC_TLS_FILES` when the certificates cannot be used,
 *   `FLX_HEALTH_OPTION` for a token that is too short
 */
export async function startGrpcHealthServer(
  options: GrpcHealthServerOptions,
): Promise<GrpcHealthServer> {
  const { health, port, host = "127.0.0.1", tls, maxConnections = 1_000 } = options;
  const { createServer, createSecureServer } = await import("node:http2");
  const reload =
    tls === undefined
      ? undefined
      : await CertificateReload.start(tls, tls.reloadEveryMs, tls.onReloadError);
  const server =
    reload === undefined
      ? createServer(SESSION)
      : createSecureServer({ ...SESSION, ...contextOf(reload.material) });
  const stopReload = reload?.subscribe((material) =>
    (server as Http2SecureServer).setSecureContext(contextOf(material)),
  );
  server.maxConnections = maxConnections;
  const answers = new HealthAnswers(health, { trustLoopback: true, ...options });
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session: ServerHttp2Session) => keep(session, sessions));
  server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) =>
    serve(answers, stream, headers),
  );
  // A handshake or a session that fails is its client's matter.
  for (const event of ["sessionError", "tlsClientError"]) server.on(event, () => {});
  server.on("connection", (socket: Socket) => socket.unref());
  try {
    await listen(server, port, host);
  } catch (error) {
    stopReload?.();
    throw error;
  }
  server.unref();
  return running(server, answers, sessions, stopReload);
}

/** TLS as a server wants it: a CA means that clients show a certificate. */
function contextOf(material: TlsMaterial) {
  const wantsCertificate = material.ca !== undefined;
  return {
    ...material,
    requestCert: wantsCertificate,
    rejectUnauthorized: wantsCertificate,
    ALPNProtocols: ["h2"],
  };
}

function keep(session: ServerHttp2Session, sessions: Set<ServerHttp2Session>): void {
  sessions.add(session);
  session.once("close", () => sessions.delete(session));
  session.on("error", () => {});
  session.setTimeout(IDLE_TIMEOUT_MS, () => {
    // A Watch may be silent for long; a session without one has nothing to wait for.
    if (!watched.has(session)) session.close();
  });
}

/** Sessions with a Watch. */
const watched = new WeakSet<Http2Session>();

const METHODS: ReadonlyMap<string, HealthMethod | "watch"> = new Map(
  Object.entries(HEALTH_PATHS).map(([method, path]) => [path, method as HealthMethod | "watch"]),
);

/** Reads the request of a stream, then answers it. */
function serve(
  answers: HealthAnswers,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): void {
  stream.on("error", () => {});
  if (!/^application\/grpc(?:$|[+;])/.test(headers["content-type"] ?? "")) {
    stream.respond({ ":status": 415 }, { endStream: true });
    return;
  }
  const method = METHODS.get(String(headers[":path"]));
  if (method === undefined) {
    refuse(stream, new GrpcRefusal("UNIMPLEMENTED", "this server has health and nothing else"));
    return;
  }
  const frame = new MessageFrame(MAX_REQUEST_BYTES);
  const late = setTimeout(() => stream.close(CANCEL), REQUEST_TIMEOUT_MS);
  late.unref();
  stream.once("close", () => clearTimeout(late));
  stream.on("data", (chunk: Buffer) => {
    if (stream.headersSent) return;
    try {
      frame.push(chunk);
    } catch {
      refuse(stream, new GrpcRefusal("RESOURCE_EXHAUSTED", "the request is too long"));
    }
  });
  stream.once("end", () => {
    clearTimeout(late);
    if (stream.headersSent || stream.destroyed) return;
    try {
      const message = messageOf(frame);
      if (method === "watch") watch(answers, stream, message);
      else send(stream, answers.answer(method, message, callerOf(stream, headers)));
    } catch (error) {
      refuse(stream, error);
    }
  });
}

function messageOf(frame: MessageFrame): Buffer {
  try {
    return frame.take() ?? Buffer.alloc(0);
  } catch (error) {
    throw new GrpcRefusal("INVALID_ARGUMENT", (error as Error).message);
  }
}

const HEAD = { ":status": 200, "content-type": "application/grpc" } as const;

function send(stream: ServerHttp2Stream, message: Buffer): void {
  stream.respond(HEAD, { waitForTrailers: true });
  stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(frameMessage(message));
}

function watch(answers: HealthAnswers, stream: ServerHttp2Stream, request: Buffer): void {
  const { session } = stream;
  let hasBegun = false;
  const begin = (): void => {
    if (hasBegun) return;
    hasBegun = true;
    stream.respond(HEAD, { waitForTrailers: true });
    stream.once("wantTrailers", () =>
      stream.sendTrailers(
        trailersOf(new GrpcRefusal("UNAVAILABLE", "the server is shutting down")),
      ),
    );
  };
  const watching = answers.watch(request, {
    send: (status) => {
      begin();
      return stream.write(frameMessage(writeServingStatus(status)));
    },
    end: () => stream.end(),
  });
  if (session !== undefined) watched.add(session);
  stream.on("drain", () => watching.resume());
  stream.once("close", () => watching.stop());
}

/** Answers with a status and no message. */
function refuse(stream: ServerHttp2Stream, error: unknown): void {
  if (stream.headersSent || stream.destroyed) return;
  const refusal =
    error instanceof GrpcRefusal
      ? error
      : new GrpcRefusal("INTERNAL", "the health could not be read");
  stream.respond({ ...HEAD, ...trailersOf(refusal) }, { endStream: true });
}

function trailersOf({ code, details }: GrpcRefusal): Record<string, string> {
  return { "grpc-status": String(code), "grpc-message": encodeURIComponent(details) };
}

function callerOf(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): HealthCaller {
  const socket = stream.session?.socket as TLSSocket | undefined;
  return {
    remoteAddress: socket?.remoteAddress,
    localAddress: socket?.localAddress,
    // Only a server with a CA asks for certificates, and then `authorized` is about the client's.
    hasVerifiedCertificate: socket?.authorized === true && hasCertificate(socket),
    host: headers[":authority"] ?? headers.host ?? "",
    headers,
  };
}

function hasCertificate(socket: TLSSocket): boolean {
  return Object.keys(socket.getPeerCertificate()).length > 0;
}

async function listen(server: Http2Server | Http2SecureServer, port: number, host: string) {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ port, host }, () => {
        server.off("error", reject);
        server.on("error", () => {});
        resolve();
      });
    });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new FlxError(
      "FLX_GRPC_LISTEN",
      code === "EADDRINUSE"
        ? `port ${port} on ${host} is taken; choose another one with \`port\` (0 for any that is free)`
        : `cannot listen on ${host}, port ${port}: ${code ?? (cause as Error).message}`,
      { cause },
    );
  }
}

function running(
  server: Http2Server | Http2SecureServer,
  answers: HealthAnswers,
  sessions: ReadonlySet<ServerHttp2Session>,
  stopReload: (() => void) | undefined,
): GrpcHealthServer {
  let closing: Promise<void> | undefined;
  const closeNow = async (graceMs: number): Promise<void> => {
    stopReload?.();
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    answers.close();
    for (const session of sessions) session.close();
    const timer = setTimeout(() => {
      for (const session of sessions) session.destroy();
    }, graceMs);
    await closed;
    clearTimeout(timer);
  };
  const close = (graceMs = 1_000) => (closing ??= closeNow(graceMs));
  return {
    port: (server.address() as AddressInfo).port,
    get watchers() {
      return answers.watchers;
    },
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}
