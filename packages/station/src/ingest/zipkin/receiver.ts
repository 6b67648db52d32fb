// Zipkin's spans: POST /api/v2/spans, as its own server takes them, for clients that speak nothing else.
//
//   application/json, plain or compressed ─► zipkin-json.ts ─► zipkin-to-otlp.ts ─► the handler of OTLP's traces
//
//   202   everything is durable                     400   something in it is no span: nothing was taken; where and why
//   413 415 429 503   as their names say            429 and 503 with Retry-After
//
// A list is taken whole or not at all: Zipkin's answer has no words for a part of it.

import type { IncomingMessage, ServerResponse } from "node:http";
import { clientNetwork } from "../../base/access/client-network.ts";
import { endEarly } from "../../base/end-early.ts";
import type { Admission } from "../admission.ts";
import { readBody, RequestRefusal, unpack } from "../body.ts";
import type { IngestMetrics } from "../ingest-metrics.ts";
import type { ExportHandler } from "../otlp/export-handler.ts";
import { refused } from "../refused.ts";
import { refusedHeaders } from "../write-refused.ts";
import { readZipkinJson } from "./zipkin-json.ts";
import { zipkinToOtlp } from "./zipkin-to-otlp.ts";

/** What the receiver stands on. */
export interface ZipkinParts {
  /** Of one request, before and after decompression. */
  readonly maxBodyBytes: number;
  /** Takes traces as OTLP. */
  readonly traces: ExportHandler;
  readonly metrics: IngestMetrics;
  readonly admission: Admission;
  /** Unix milliseconds. */
  readonly now: () => number;
}

const RECEIVER = "zipkin";
/** JSON takes many times its size when it is read: a list of spans has some 100 KB. */
const MAX_JSON = 16 * 1024 * 1024;

/** The receiver; mount `handle` at /api/v2/spans. */
export class ZipkinReceiver {
  readonly #parts: ZipkinParts;
  readonly #maxBytes: number;

  constructor(parts: ZipkinParts) {
    this.#parts = parts;
    this.#maxBytes = Math.min(parts.maxBodyBytes, MAX_JSON);
  }

  /** Answers one request. Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) {
        throw new RequestRefusal(
          "FLX_INGEST_ENCODING",
          415,
          "the content type must be application/json: spans of Zipkin's version 2",
        );
      }
      const { headers, socket } = request;
      const address = clientNetwork(socket.remoteAddress ?? "");
      using admitted = this.#parts.admission.open(address, "traces");
      const body = await readBody(request, this.#maxBytes, admitted);
      const plain = await unpack(body, headers["content-encoding"], this.#maxBytes, admitted);
      const { bytes } = this.#parts.metrics;
      bytes.inc({ receiver: RECEIVER, form: "wire" }, body.length);
      bytes.inc({ receiver: RECEIVER, form: "plain" }, plain.length);
      const spans = readZipkinJson(plain);
      await this.#parts.traces(zipkinToOtlp(spans, this.#parts.now()), RECEIVER);
      this.#answer(response, 202, "");
    } catch (error) {
      const told = refused(error);
      refusedHeaders(request, response, told);
      this.#answer(response, told.httpStatus, `${told.message}\n`);
    }
  }

  #answer(response: ServerResponse, status: number, text: string): void {
    this.#parts.metrics.requests.inc({ receiver: RECEIVER, status: String(status) });
    const type = { "Content-Type": "text/plain; charset=utf-8" };
    response.writeHead(status, text === "" ? { "Content-Length": 0 } : type);
    endEarly(response, text);
  }
}
