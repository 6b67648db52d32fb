// OTLP over HTTP: one POST a request, connections kept.
//
//   200                       accepted; the body may say that some records were rejected
//   429, 502, 503, 504        not now; Retry-After says when (seconds or a date)
//   connection refused, reset, timed out, an answer that is no HTTP    not now
//   everything else           refused for good (redirects, too: they would carry the headers' secrets elsewhere)
//
// The answer is hostile: at most 64 KB of it are read.
//
// Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp

import type Http from "node:http";
import type { Agent, IncomingMessage } from "node:http";
import type Https from "node:https";
import { faultReason } from "./fault-reason.ts";
import type { OtlpEndpoint } from "../export-settings.ts";
import type { Signal } from "../signal.ts";
import { boundedWork } from "./bounded-work.ts";
import { type CertificateListener, ClientTls, type TlsParts } from "./client-tls.ts";
import { compressed } from "./compression.ts";
import { requestAsJson } from "./otlp-json.ts";
import { readJsonPartialSuccess, readPartialSuccess } from "./partial-success.ts";
import type { Sender, SendResult } from "./sender.ts";

const MAX_ANSWER_BYTES = 64 * 1024;
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Sends to an OTLP/HTTP receiver. */
export class OtlpHttpSender implements Sender {
  readonly isDoneWithBody = true;
  readonly #endpoint: OtlpEndpoint;
  readonly #signal: Signal;
  readonly #url: URL;
  readonly #tls: ClientTls | undefined;
  #agent: Agent;
  #parts: TlsParts | undefined;
  readonly #http: typeof Http | typeof Https;

  /** @param tell told why renewed certificates are not used, and undefined when they are */
  constructor(endpoint: OtlpEndpoint, signal: Signal, tell: CertificateListener = () => {}) {
    this.#endpoint = endpoint;
    this.#signal = signal;
    this.#url = new URL(endpoint.url);
    const isSecure = this.#url.protocol === "https:";
    // An import of node:http would load a WebSocket client: 10 MB. And TLS takes 4 MB more.
    this.#http = process.getBuiltinModule(isSecure ? "node:https" : "node:http");
    this.#tls = isSecure && endpoint.tls ? new ClientTls(endpoint.tls, tell) : undefined;
    this.#parts = this.#tls?.parts;
    this.#agent = this.#newAgent();
  }

  async send(body: Uint8Array<ArrayBuffer>, stop: AbortSignal): Promise<SendResult> {
    const { compression, headers, timeoutMs } = this.#endpoint;
    try {
      const isJson = this.#endpoint.protocol === "http/json";
      const message = isJson ? requestAsJson(body, this.#signal) : body;
      const bytes = await compressed(message, compression);
      const sent = {
        ...headers,
        "content-type": isJson ? "application/json" : "application/x-protobuf",
        "content-length": String(bytes.length),
        ...(compression === "none" ? {} : { "content-encoding": compression }),
        "user-agent": "flx-monitoring",
      };
      const answer = await boundedWork(timeoutMs, stop, (signal) =>
        this.#post(bytes, sent, signal),
      );
      return this.#result(answer);
    } catch (error) {
      this.#tls?.doubt();
      return { kind: "retry", reason: `${this.#endpoint.url}: ${faultReason(error)}` };
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #newAgent(): Agent {
    const { timeoutMs: timeout } = this.#endpoint;
    return new this.#http.Agent({ keepAlive: true, maxSockets: 2, timeout, ...this.#parts });
  }

  /** Connections are kept as long as what they were made with. */
  #currentAgent(): Agent {
    const parts = this.#tls?.parts;
    if (parts === this.#parts) return this.#agent;
    this.#agent.destroy();
    this.#parts = parts;
    this.#agent = this.#newAgent();
    return this.#agent;
  }

  #result({ status, retryAfter, body }: Answer): SendResult {
    if (status >= 200 && status < 300) {
      const isJson = this.#endpoint.protocol === "http/json";
      const partial = isJson ? readJsonPartialSuccess(body) : readPartialSuccess(body);
      return { kind: "accepted", ...partial };
    }
    const reason = `${this.#endpoint.url} answered ${status} to ${this.#signal}`;
    if (!RETRYABLE.has(status)) return { kind: "refused", reason };
    return { kind: "retry", reason, afterMs: retryAfterMs(retryAfter, Date.now()) };
  }

  #post(
    body: Uint8Array,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = this.#http.request(
        this.#url,
        { method: "POST", agent: this.#currentAgent(), headers, signal },
        (response) => {
          readAnswer(response)
            // An answer before the end of the question: what is left of the body is not wanted.
            .finally(() => request.writableFinished || request.destroy())
            .then(resolve, reject);
        },
      );
      request.on("error", reject);
      request.end(body);
    });
  }
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: Uint8Array;
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) {
      response.destroy();
      break;
    }
    chunks.push(chunk);
  }
  return {
    status: response.statusCode ?? 0,
    retryAfter: response.headers["retry-after"],
    body: Buffer.concat(chunks),
  };
}

/** What `Retry-After` says, in milliseconds; undefined when it is missing or says nothing. */
export function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const dateMs = Date.parse(value);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}
