// A small OTLP receiver (HTTP, JSON) for a shop that has nowhere else to send its traces: shows one of them now and then.
//
//   POST /v1/traces ─► spans by trace ─► quiet for a second ─► shown, when it is worth it
//
// Worth showing: an order being placed or a pipeline, one in twenty seconds; one that failed, one in five. With
// a station, or OTEL_EXPORTER_OTLP_ENDPOINT in the environment, the processes send there, and nothing is shown here.

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { createGunzip } from "node:zlib";
import { host } from "../settings.ts";
import { type ShownSpan, traceText } from "./trace-text.ts";

const quietMs = 1000;
const maxTraces = 500;
const pausesMs = { usual: 20_000, failed: 5000 };

type Attribute = { readonly key: string; readonly value: { readonly stringValue?: string } };

/** The part of an OTLP request that is read. */
type TraceRequest = {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly Attribute[] };
    readonly scopeSpans?: readonly {
      readonly spans?: readonly {
        readonly traceId: string;
        readonly spanId: string;
        readonly parentSpanId?: string;
        readonly name: string;
        readonly startTimeUnixNano: string;
        readonly endTimeUnixNano: string;
        readonly status?: { readonly code?: number };
      }[];
    }[];
  }[];
};

/** Takes spans, shows some traces. */
export class TraceReceiver {
  readonly #server: Server;
  readonly #show: (text: string) => void;
  readonly #traces = new Map<string, { readonly spans: ShownSpan[]; lastMs: number }>();
  readonly #timer: NodeJS.Timeout;
  #shownMs = -Infinity;

  private constructor(server: Server, show: (text: string) => void) {
    this.#server = server;
    this.#show = show;
    this.#timer = setInterval(() => this.#look(performance.now()), quietMs).unref();
  }

  /** Listens on a free port. */
  static async start(show: (text: string) => void): Promise<TraceReceiver> {
    const server = createServer((request, response) => {
      receiver.#take(request).then(
        () => response.setHeader("content-type", "application/json").end("{}"),
        () => response.writeHead(400).end(),
      );
    });
    const receiver = new TraceReceiver(server, show);
    server.listen(0, host);
    await once(server, "listening");
    return receiver;
  }

  /** The base address, for OTEL_EXPORTER_OTLP_ENDPOINT. */
  get url(): string {
    return `http://${host}:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Shows nothing more; what still comes is taken. */
  hush(): void {
    clearInterval(this.#timer);
  }

  async stop(): Promise<void> {
    this.hush();
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #take(request: IncomingMessage): Promise<void> {
    if (request.url !== "/v1/traces") {
      request.resume();
      return;
    }
    const zipped = request.headers["content-encoding"] === "gzip";
    const body = (await json(zipped ? request.pipe(createGunzip()) : request)) as TraceRequest;
    const nowMs = performance.now();
    for (const span of spansOf(body)) {
      const trace = this.#traces.get(span.traceId) ?? { spans: [], lastMs: nowMs };
      trace.spans.push(span);
      trace.lastMs = nowMs;
      this.#traces.set(span.traceId, trace);
    }
    for (const oldest of this.#traces.keys()) {
      if (this.#traces.size <= maxTraces) break;
      this.#traces.delete(oldest);
    }
  }

  /** Shows a trace that is complete, if there is one worth it; forgets the others that are. */
  #look(nowMs: number): void {
    for (const [id, { spans, lastMs }] of this.#traces) {
      if (nowMs - lastMs < quietMs) continue;
      this.#traces.delete(id);
      const failed = spans.some((span) => span.failed);
      const interesting = spans.some(({ name }) => /^POST \/orders|^pipeline /.test(name));
      const pauseMs = failed ? pausesMs.failed : pausesMs.usual;
      if ((!failed && !interesting) || nowMs - this.#shownMs < pauseMs) continue;
      this.#shownMs = nowMs;
      this.#show(traceText(spans));
    }
  }
}

function spansOf({ resourceSpans = [] }: TraceRequest): ShownSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans = [] }) => {
    const named = resource?.attributes?.find(({ key }) => key === "service.name");
    const service = named?.value.stringValue ?? "unknown";
    return scopeSpans.flatMap(({ spans = [] }) =>
      spans.map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? "",
        name: span.name,
        service,
        startNs: BigInt(span.startTimeUnixNano),
        endNs: BigInt(span.endTimeUnixNano),
        failed: span.status?.code === 2,
      })),
    );
  });
}
