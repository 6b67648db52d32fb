// OTLP over HTTP: POST /v1/metrics, /v1/traces, /v1/logs.
//
//   application/x-protobuf  ─┐                         200  all, or partial success
//   application/json        ─┴─ gzip, deflate, zstd    400  broken        413  too large     415  what is that
//                                                      429, 503  come again (Retry-After)    404  no such signal here
//
// The answer has the form of the question; errors are a google.rpc.Status in it.
//
// Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer, type Server as SecureServer } from "node:https";
import type { AddressInfo, Server as NetServer } from "node:net";
import { FlxError, otlpFromJson, type OtlpSignal } from "@flx/model";
import type { AccessControl } from "../../base/access/access-control.ts";
import { clientNetwork } from "../../base/access/client-network.ts";
import { callerOf } from "../../base/access/caller.ts";
import { contextOptions, serverOptions, type TlsMaterial } from "../../base/tls-files.ts";
import { byTurns } from "../../base/by-turns.ts";
import {
  type ConnectionLimit,
  DOOR_LIMITS,
  type DoorLimits,
  httpPatience,
  limitConnections,
} from "../../base/door-limits.ts";
import { endEarly } from "../../base/end-early.ts";
import { closeServer } from "../../base/close-server.ts";
import type { Admission } from "../admission.ts";
import { readBody, RequestRefusal, unpack } from "../body.ts";
import type { IngestMetrics } from "../ingest-metrics.ts";
import { refused } from "../refused.ts";
import { refusedHeaders } from "../write-refused.ts";
import type { ExportHandlers } from "./export-handler.ts";
import { exportResponse, exportResponseJson, rpcStatus } from "./status-message.ts";

/** Where and how to listen. */
export interface OtlpHttpSettings {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Before and after decompression. Default 64 MiB, as OTLP recommends. */
  readonly maxBodyBytes?: number;
  readonly limits?: DoorLimits;
  readonly onRefusedConnection?: (limit: ConnectionLimit) => void;
  /** With authorities of clients: a sender must have a certificate of theirs, unless `access` decides. */
  readonly tls?: TlsMaterial | undefined;
}

/** What the receivers of OTLP stand on. */
export interface OtlpReceiverParts {
  readonly handlers: ExportHandlers;
  readonly metrics: IngestMetrics;
  readonly admission: Admission;
  /** Who may send; without it, whoever can connect. */
  readonly access?: AccessControl;
}

/** The largest body OTLP recommends to take. */
export const DEFAULT_MAX_BODY: number = 64 * 1024 * 1024;

/** How long a receiver that ends waits for requests under way. */
export const CLOSE_GRACE_MS = 5_000;

const RECEIVER = "otlp-http";
const signals: ReadonlyMap<string, OtlpSignal> = new Map([
  ["/v1/metrics", "metrics"],
  ["/api/v1/otlp/v1/metrics", "metrics"],
  ["/v1/traces", "traces"],
  ["/v1/logs", "logs"],
]);

/** An OTLP/HTTP receiver with a server of its own; `handle` serves its paths inside another one. */
export class OtlpHttpReceiver implements AsyncDisposable {
  readonly #settings: OtlpHttpSettings;
  readonly #parts: OtlpReceiverParts;
  readonly #maxBytes: number;
  #server: Server | SecureServer | undefined;

  constructor(settings: OtlpHttpSettings, parts: OtlpReceiverParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#maxBytes = settings.maxBodyBytes ?? DEFAULT_MAX_BODY;
  }

  /** The port it listens on, after `start`. */
  get port(): number {
    return (this.#server?.address() as AddressInfo | null)?.port ?? 0;
  }

  /** The paths it answers; each needs the role write. */
  get paths(): readonly string[] {
    return [...signals].flatMap(([path, signal]) =>
      this.#parts.handlers[signal] === undefined ? [] : [path],
    );
  }

  /** Listens. Rejects with `FLX_INGEST_LISTEN` when it cannot. */
  async start(): Promise<void> {
    const { tls, host, port } = this.#settings;
    const { limits = DOOR_LIMITS, onRefusedConnection } = this.#settings;
    const answer = byTurns(
      (request, response) => {
        // Once it is answered, the other end must read.
        response.once("prefinish", () => request.socket.setTimeout(limits.idleMs));
        void this.handle(request, response);
      },
      () => onRefusedConnection?.("pipelined"),
    );
    const patience = httpPatience(limits);
    const server =
      tls === undefined
        ? createServer(patience, answer)
        : createSecureServer(
            { ...patience, ...serverOptions(tls, this.#parts.access !== undefined) },
            answer,
          );
    limitConnections(server, limits, onRefusedConnection);
    await listen(server, host, port);
    this.#server = server;
  }

  /** New certificates for connections from now on. */
  reloadTls(tls: TlsMaterial): void {
    if (this.#server !== undefined && "setSecureContext" in this.#server) {
      this.#server.setSecureContext(contextOptions(tls));
    }
  }

  /** Answers what is under way and stops; senders that do not finish are cut off. */
  async [Symbol.asyncDispose](): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server !== undefined) await closeServer(server, CLOSE_GRACE_MS);
  }

  /** Answers one request. Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const json = /^application\/json\b/i.test(request.headers["content-type"] ?? "");
    try {
      const signal = signalOf(request.url ?? "");
      const handler = signal === undefined ? undefined : this.#parts.handlers[signal];
      if (signal === undefined || handler === undefined) {
        throw new RequestRefusal("FLX_INGEST_PATH", 404, `nothing is taken at ${request.url}`);
      }
      if (request.method !== "POST") {
        response.setHeader("Allow", "POST");
        throw new RequestRefusal("FLX_INGEST_METHOD", 405, "only POST is taken here");
      }
      if (!json && !/^application\/x-protobuf\b/i.test(request.headers["content-type"] ?? "")) {
        const message = "the content type must be application/x-protobuf or application/json";
        throw new RequestRefusal("FLX_INGEST_ENCODING", 415, message);
      }
      const { headers, method, socket } = request;
      await this.#parts.access?.admit(callerOf(method, headers, socket), "write");
      using admitted = this.#parts.admission.open(
        clientNetwork(socket.remoteAddress ?? ""),
        signal,
      );
      const body = await readBody(request, this.#maxBytes, admitted);
      const plain = await unpack(body, headers["content-encoding"], this.#maxBytes, admitted);
      const { bytes } = this.#parts.metrics;
      bytes.inc({ receiver: RECEIVER, form: "wire" }, body.length);
      bytes.inc({ receiver: RECEIVER, form: "plain" }, plain.length);
      const outcome = await handler(json ? otlpFromJson(signal, plain) : plain, RECEIVER);
      const answer = json ? exportResponseJson(signal, outcome) : exportResponse(outcome);
      this.#answer(response, 200, json, answer);
    } catch (error) {
      this.#refuse(request, response, json, error);
    }
  }

  #refuse(request: IncomingMessage, response: ServerResponse, json: boolean, error: unknown): void {
    const told = refused(error);
    refusedHeaders(request, response, told);
    const { httpStatus, grpcStatus: code, message, retryAfterMs } = told;
    const body = json ? JSON.stringify({ code, message }) : rpcStatus(code, message, retryAfterMs);
    this.#answer(response, httpStatus, json, body);
  }

  #answer(
    response: ServerResponse,
    status: number,
    json: boolean,
    body: string | Uint8Array,
  ): void {
    this.#parts.metrics.requests.inc({ receiver: RECEIVER, status: String(status) });
    const type = json ? "application/json" : "application/x-protobuf";
    response.writeHead(status, { "Content-Type": type, "Content-Length": Buffer.byteLength(body) });
    endEarly(response, body);
  }
}

function signalOf(url: string): OtlpSignal | undefined {
  return signals.get(url.split("?", 1)[0]!);
}

/** Listens, or says why not. */
export async function listen(server: NetServer, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("listening", resolve);
  server.once("error", reject);
  server.listen(port, host);
  try {
    await promise;
  } catch (cause) {
    throw new FlxError("FLX_INGEST_LISTEN", `cannot listen on ${host}:${port}`, { cause });
  } finally {
    server.off("listening", resolve);
    server.off("error", reject);
  }
}
