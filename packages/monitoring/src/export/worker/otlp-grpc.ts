// OTLP over gRPC: unary calls on one HTTP/2 connection, spoken with node:http2 and no gRPC library.
//
//   POST /opentelemetry.proto.collector.trace.v1.TraceService/Export
//     OK                                                   accepted; the message may say that some were rejected
//     CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE,
//     UNAVAILABLE, DATA_LOSS                               not now
//     RESOURCE_EXHAUSTED with RetryInfo                    not now, after so long; without it: refused
//     everything else                                      refused
//     no connection, no gRPC, broken in the middle         not now
//
// A connection that breaks or says GOAWAY is replaced by the next call. The answer is hostile: 64 KB of it are read.
//
// Source: https://opentelemetry.io/docs/specs/otlp/#otlpgrpc and grpc/doc/PROTOCOL-HTTP2.md

import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from "node:http2";
import { faultReason } from "./fault-reason.ts";
import type { OtlpEndpoint } from "../export-settings.ts";
import type { Signal } from "../signal.ts";
import { boundedWork } from "./bounded-work.ts";
import { type CertificateListener, ClientTls, type TlsParts } from "./client-tls.ts";
import { compressed } from "./compression.ts";
import { readPartialSuccess } from "./partial-success.ts";
import { retryDelayMs } from "./retry-info.ts";
import type { Sender, SendResult } from "./sender.ts";

const SERVICES: Readonly<Record<Signal, string>> = {
  traces: "trace.v1.TraceService",
  logs: "logs.v1.LogsService",
  metrics: "metrics.v1.MetricsService",
};

const MAX_ANSWER_BYTES = 64 * 1024;
const HEAD_BYTES = 5;
const OK = 0;
const RESOURCE_EXHAUSTED = 8;
const RETRYABLE: ReadonlySet<number> = new Set([1, 4, 10, 11, 14, 15]);
/** UNAVAILABLE: what a server that speaks HTTP and no gRPC just now (a proxy's 502) comes to. */
const HTTP_RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Sends to an OTLP/gRPC receiver. */
export class OtlpGrpcSender implements Sender {
  readonly isDoneWithBody: boolean;
  readonly #endpoint: OtlpEndpoint;
  readonly #path: string;
  readonly #origin: string;
  readonly #tls: ClientTls | undefined;
  #parts: TlsParts | undefined;
  #session: ClientHttp2Session | undefined;

  /** @param tell told why renewed certificates are not used, and undefined when they are */
  constructor(endpoint: OtlpEndpoint, signal: Signal, tell: CertificateListener = () => {}) {
    // A stream that is answered early may still have the message itself, but has only what was compressed.
    this.isDoneWithBody = endpoint.compression !== "none";
    this.#endpoint = endpoint;
    this.#path = `/opentelemetry.proto.collector.${SERVICES[signal]}/Export`;
    this.#origin = new URL(endpoint.url).origin;
    const isSecure = this.#origin.startsWith("https:");
    this.#tls = isSecure && endpoint.tls ? new ClientTls(endpoint.tls, tell) : undefined;
  }

  async send(body: Uint8Array<ArrayBuffer>, stop: AbortSignal): Promise<SendResult> {
    const { compression, timeoutMs, url } = this.#endpoint;
    try {
      const message = await compressed(body, compression);
      const call = (signal: AbortSignal) => this.#call(message, signal);
      const result = this.#result(await boundedWork(timeoutMs, stop, call));
      // A server that does not want the client's certificate ends the connection, without a word about the call.
      if (result.kind === "retry") this.#tls?.doubt();
      return result;
    } catch (error) {
      this.#drop();
      this.#tls?.doubt();
      return { kind: "retry", reason: `${url}: ${faultReason(error)}` };
    }
  }

  close(): void {
    this.#drop();
  }

  #result(answer: Answer): SendResult {
    const { httpStatus, status, statusText, details, message } = answer;
    const { url } = this.#endpoint;
    if (status === OK) return { kind: "accepted", ...readPartialSuccess(message) };
    if (status === undefined) {
      const reason = `${url} answered HTTP ${httpStatus} and no gRPC status`;
      // 0: the stream was reset before there was any answer, as a server does that is about to end.
      return HTTP_RETRYABLE.has(httpStatus) || httpStatus === 200 || httpStatus === 0
        ? { kind: "retry", reason }
        : { kind: "refused", reason };
    }
    const reason = `${url} answered gRPC status ${status}${statusText === "" ? "" : `: ${statusText}`}`;
    const afterMs = details === undefined ? undefined : retryDelayMs(details);
    if (RETRYABLE.has(status) || (status === RESOURCE_EXHAUSTED && afterMs !== undefined)) {
      return { kind: "retry", reason, afterMs };
    }
    return { kind: "refused", reason };
  }

  async #call(message: Uint8Array, signal: AbortSignal): Promise<Answer> {
    const { compression, headers, timeoutMs } = this.#endpoint;
    const stream = this.#connected().request(
      {
        ...headers,
        [constants.HTTP2_HEADER_METHOD]: "POST",
        [constants.HTTP2_HEADER_PATH]: this.#path,
        "content-type": "application/grpc",
        te: "trailers",
        "grpc-timeout": `${Math.min(timeoutMs, 99_999_999)}m`,
        "user-agent": "flx-monitoring",
        ...(compression === "none" ? {} : { "grpc-encoding": compression }),
      },
      { signal },
    );
    const head = Buffer.alloc(HEAD_BYTES);
    head[0] = compression === "none" ? 0 : 1;
    head.writeUInt32BE(message.length, 1);
    stream.write(head);
    stream.end(message);
    let answered: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    stream.on("response", (received) => {
      answered = received;
    });
    stream.on("trailers", (received) => {
      trailers = received;
    });
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > MAX_ANSWER_BYTES) throw new Error("the answer is too long");
      chunks.push(chunk);
    }
    return answerOf(answered, trailers, Buffer.concat(chunks));
  }

  #connected(): ClientHttp2Session {
    const session = this.#session;
    const parts = this.#tls?.parts;
    if (session !== undefined && !session.closed && !session.destroyed) {
      if (parts === this.#parts) return session;
      session.close();
    }
    this.#parts = parts;
    const fresh = connect(this.#origin, parts);
    // What breaks a call is told by the call; without a listener it would end the worker.
    fresh.on("error", () => undefined);
    fresh.on("goaway", () => {
      if (this.#session === fresh) this.#session = undefined;
      fresh.close();
    });
    this.#session = fresh;
    return fresh;
  }

  #drop(): void {
    this.#session?.destroy();
    this.#session = undefined;
  }
}

interface Answer {
  readonly httpStatus: number;
  readonly status: number | undefined;
  readonly statusText: string;
  /** google.rpc.Status, when the server sent one. */
  readonly details: Uint8Array | undefined;
  readonly message: Uint8Array;
}

/** A server that answers with an error may put everything into the first headers. */
function answerOf(
  headers: IncomingHttpHeaders,
  trailers: IncomingHttpHeaders,
  body: Buffer,
): Answer {
  const find = (name: string): string | undefined => {
    const value = trailers[name] ?? headers[name];
    return typeof value === "string" ? value : undefined;
  };
  const status = find("grpc-status");
  const details = find("grpc-status-details-bin");
  const whole = body.length >= HEAD_BYTES && body[0] === 0;
  return {
    httpStatus: Number(headers[":status"] ?? 0),
    status: status === undefined || !/^\d{1,3}$/.test(status) ? undefined : Number(status),
    statusText: decoded(find("grpc-message") ?? ""),
    details: details === undefined ? undefined : Buffer.from(details, "base64"),
    message: whole ? body.subarray(HEAD_BYTES) : new Uint8Array(0),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text).slice(0, 1024);
  } catch {
    return text.slice(0, 1024);
  }
}
