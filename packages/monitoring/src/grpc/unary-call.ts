// One gRPC call with one answer, over a connection of its own: what a health check needs, without a gRPC library.
//
//   connect ──► HTTP/2 settings ──► POST /package.Service/Method ──► 200, message, trailer grpc-status ──► close
//      │              │                            │
//      │              │                            └─ FLX_GRPC_STATUS, or FLX_GRPC_PROTOCOL when it is no gRPC
//      │              └─ FLX_GRPC_PROTOCOL: HTTP/1, TLS where plain text was spoken, garbage
//      └─ FLX_GRPC_UNREACHABLE: refused, no such host, not trusted
//
// Why a connection of its own: it is what the next client would have to make, so it notices a full accept queue, a name
// that moved and a certificate that ran out; and there is no state between two checks that could go wrong. It costs a
// handshake per check.
//
// The server is not trusted: the answer is bounded, the whole call has a deadline, and the connection is destroyed at
// the end of it, whatever came.
//
// Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md

import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { connect as connectPlain, isIP, type Socket } from "node:net";
import type { connect as connectTls } from "node:tls";
import { GrpcCallError, grpcStatusName } from "./call-error.ts";
import { authorityOf, type GrpcEndpoint } from "./endpoint.ts";
import { frameMessage, MessageFrame } from "./message-frame.ts";
import type { TlsMaterial } from "./tls-material.ts";

/** How the server is told from others. */
export interface CallTls extends TlsMaterial {
  /** The name the certificate must have, when it is not the host's. */
  readonly serverName?: string;
  /** Takes any certificate: the connection is encrypted, and nobody knows with whom. */
  readonly insecure?: boolean;
}

/** A call. */
export interface UnaryCall {
  readonly endpoint: GrpcEndpoint;
  /** undefined: plain text. */
  readonly tls: CallTls | undefined;
  /** "/grpc.health.v1.Health/Check" */
  readonly method: string;
  readonly message: Uint8Array;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Milliseconds for everything, the connection included. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
  /** The longest answer that is taken, in bytes. */
  readonly maxAnswerBytes: number;
}

const MAX_HEADER_BYTES = 16 * 1024;

/**
 * Makes the call.
 *
 * @returns the answer's message
 * @throws {GrpcCallError} `FLX_GRPC_UNREACHABLE`, `FLX_GRPC_DEADLINE`, `FLX_GRPC_PROTOCOL`, `FLX_GRPC_STATUS`
 */
export async function callUnary(call: UnaryCall): Promise<Buffer> {
  const [{ connect }, tls] = await Promise.all([
    import("node:http2"),
    call.tls === undefined ? undefined : import("node:tls"),
  ]);
  const authority = authorityOf(call.endpoint);
  const where = "path" in call.endpoint ? call.endpoint.path : authority;
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  let session: ClientHttp2Session | undefined;
  const stop = watchTheClock(call, where, reject);
  try {
    const socket = tls === undefined ? plainSocket(call.endpoint) : tlsSocket(tls.connect, call);
    session = connect(`${tls === undefined ? "http" : "https"}://${authority}`, {
      createConnection: () => socket,
      settings: { enablePush: false, maxHeaderListSize: MAX_HEADER_BYTES },
      maxHeaderListPairs: 100,
      maxSessionMemory: 1,
    });
    ask(session, call, where).then(resolve, reject);
    return await promise;
  } finally {
    stop();
    session?.destroy();
  }
}

/** Rejects at the deadline and when the signal is aborted; the answer ends the watch. */
function watchTheClock(
  { deadlineMs, signal }: UnaryCall,
  where: string,
  reject: (error: GrpcCallError) => void,
): () => void {
  const expire = (): void =>
    reject(
      new GrpcCallError(
        "FLX_GRPC_DEADLINE",
        "DEADLINE_EXCEEDED",
        `${where} has not answered within ${deadlineMs} ms`,
      ),
    );
  const abort = (): void =>
    reject(
      new GrpcCallError("FLX_GRPC_DEADLINE", "CANCELLED", `the call to ${where} was given up`, {
        cause: signal?.reason,
      }),
    );
  const timer = setTimeout(expire, deadlineMs);
  if (signal?.aborted === true) abort();
  else signal?.addEventListener("abort", abort, { once: true });
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  };
}

function plainSocket(endpoint: GrpcEndpoint): Socket {
  return connectPlain({ ...endpoint, noDelay: true });
}

function tlsSocket(connect: typeof connectTls, { endpoint, tls }: UnaryCall): Socket {
  const { ca, cert, key, serverName, insecure = false } = tls ?? {};
  const name = serverName ?? ("host" in endpoint ? endpoint.host : "localhost");
  return connect({
    ...endpoint,
    ALPNProtocols: ["h2"],
    rejectUnauthorized: !insecure,
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  });
}

/** Sends the request on a session that is being opened. */
function ask(session: ClientHttp2Session, call: UnaryCall, where: string): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const progress = { isConnected: false, speaksHttp2: false };
  session.once("connect", () => {
    progress.isConnected = true;
  });
  session.once("remoteSettings", () => {
    progress.speaksHttp2 = true;
  });
  const fail = (error: unknown): void => reject(connectionError(error, where, call, progress));
  session.on("error", fail);
  session.once("close", () => fail(undefined));
  const stream = session.request({
    ":method": "POST",
    ":path": call.method,
    "content-type": "application/grpc",
    te: "trailers",
    "grpc-timeout": `${Math.min(Math.ceil(call.deadlineMs), 99_999_999)}m`,
    "user-agent": "flx-health",
    ...call.metadata,
  });
  stream.on("error", fail);
  stream.once("close", () => fail(undefined));
  answerOf(stream, call.maxAnswerBytes, where).then(resolve, reject);
  stream.end(frameMessage(call.message));
  return promise;
}

/** Reads the answer to its end. */
function answerOf(stream: ClientHttp2Stream, maxBytes: number, where: string): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const frame = new MessageFrame(maxBytes);
  let head: IncomingHttpHeaders | undefined;
  let trailers: IncomingHttpHeaders = {};
  const refuse = (error: unknown): void =>
    reject(
      error instanceof GrpcCallError ? error : notGrpc(where, (error as Error).message, error),
    );
  stream.once("response", (headers) => {
    head = headers;
    const problem = headProblem(headers);
    if (problem !== undefined) refuse(notGrpc(where, problem));
  });
  stream.once("trailers", (headers) => {
    trailers = headers;
  });
  stream.on("data", (chunk: Buffer) => {
    try {
      frame.push(chunk);
    } catch (error) {
      stream.pause();
      refuse(error);
    }
  });
  stream.once("end", () => {
    // Without a head the stream was reset or the connection lost; `ask` knows why.
    if (head === undefined) return;
    try {
      resolve(messageOf(frame, head, trailers, where));
    } catch (error) {
      refuse(error);
    }
  });
  return promise;
}

/** What in the head of an answer shows that it is none of gRPC. */
function headProblem(head: IncomingHttpHeaders): string | undefined {
  const status = (head as Record<string, unknown>)[":status"];
  if (status !== 200) return `it answers HTTP ${String(status)}`;
  const type = head["content-type"] ?? "";
  if (/^application\/grpc(?:$|[+;])/.test(type)) return undefined;
  return `it answers ${type === "" ? "without a content type" : printable(type, 100)}`;
}

function messageOf(
  frame: MessageFrame,
  head: IncomingHttpHeaders,
  trailers: IncomingHttpHeaders,
  where: string,
): Buffer {
  const status = trailers["grpc-status"] ?? head["grpc-status"];
  if (typeof status !== "string" || !/^\d{1,3}$/.test(status)) {
    throw notGrpc(where, "its answer ends without a gRPC status");
  }
  if (Number(status) !== 0) {
    const name = grpcStatusName(Number(status));
    const text = statusText(trailers["grpc-message"] ?? head["grpc-message"]);
    throw new GrpcCallError(
      "FLX_GRPC_STATUS",
      name,
      `${where} answers ${name}${text === "" ? "" : `: ${text}`}`,
    );
  }
  const message = frame.take();
  if (message === undefined) throw notGrpc(where, "its answer is OK and has no message");
  return message;
}

function notGrpc(where: string, problem: string, cause?: unknown): GrpcCallError {
  return new GrpcCallError(
    "FLX_GRPC_PROTOCOL",
    "INTERNAL",
    `${where} does not speak gRPC: ${problem}`,
    {
      cause,
    },
  );
}

/** A connection that failed or was closed. */
function connectionError(
  error: unknown,
  where: string,
  { tls }: UnaryCall,
  { isConnected, speaksHttp2 }: { isConnected: boolean; speaksHttp2: boolean },
): GrpcCallError {
  const { code, message } = originOf(error);
  if (code.startsWith("ERR_HTTP2") && isConnected && !speaksHttp2) {
    const hint = tls === undefined ? "HTTP/1, or a TLS port" : "HTTP/1";
    return notGrpc(where, `the answer is not HTTP/2 (${hint}?)`, error);
  }
  const advice = isConnected && !speaksHttp2 ? silentAdvice(tls) : tlsAdvice(code);
  return new GrpcCallError(
    "FLX_GRPC_UNREACHABLE",
    "UNAVAILABLE",
    `cannot ask ${where}: ${reasonOf(code, message)}${advice}`,
    { cause: error },
  );
}

/** What happened underneath: a stream that was cancelled has the connection's error as its cause. */
function originOf(error: unknown): { readonly code: string; readonly message: string } {
  const { code = "", message = "", cause } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  if (code === "ERR_HTTP2_STREAM_CANCEL") return originOf(cause);
  return { code, message: message === "" ? "it closed the connection" : message };
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens there",
  ENOTFOUND: "there is no address for the host",
  EAI_AGAIN: "the name server does not answer",
  ENOENT: "there is no such socket",
  EACCES: "the socket may not be opened by this user",
  ECONNRESET: "it reset the connection",
  EHOSTUNREACH: "there is no route to the host",
  ENETUNREACH: "there is no route to the network",
  ETIMEDOUT: "the host does not answer",
};

function reasonOf(code: string, message: string): string {
  return REASONS[code] ?? printable(message, 300);
}

/** It took the connection and ended it without a word of HTTP/2. */
function silentAdvice(tls: CallTls | undefined): string {
  if (tls === undefined) return " before it spoke HTTP/2 (a TLS port?)";
  return tls.cert === undefined
    ? " before it spoke HTTP/2; it may want a client certificate (`certFile`, `keyFile`)"
    : " before it spoke HTTP/2; it may not trust the client certificate";
}

function tlsAdvice(code: string): string {
  if (code.includes("ALTNAME"))
    return "; give `serverName`, or a certificate with this host's name";
  if (code.includes("EXPIRED")) return "; its certificate is to be renewed";
  if (/SELF_SIGNED|SIGNATURE|ISSUER/.test(code))
    return "; name who signed its certificate in `caFile`";
  return "";
}

/** The text of a status, percent-encoded on the wire; what cannot be decoded is shown as it came. */
function statusText(value: unknown): string {
  if (typeof value !== "string") return "";
  let text = value.slice(0, 2_000);
  try {
    text = decodeURIComponent(text);
  } catch {
    // A percent sign that stands for itself.
  }
  return printable(text, 500);
}

/** Foreign text in one line of a log or terminal. */
function printable(text: string, maxLength: number): string {
  return text
    .replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, " ")
    .slice(0, maxLength)
    .trim();
}
