// A receiver of OTLP over HTTP with JSON, for tests: keeps what it gets and gives it back flat.
//
//   await using receiver = await startOtlpReceiver();
//   ... OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL=http/json ...
//   const spans = await receiver.spansWhen((all) => all.length === 3);
//
// Protobuf and gRPC are for independent receivers (conformance/): this one is to look into spans easily.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { waitUntil } from "./wait.ts";

/** A span as it came, attributes as an object. */
export interface ReceivedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentSpanId: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly {
    readonly name: string;
    readonly attributes: Readonly<Record<string, unknown>>;
  }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status: { readonly code?: number; readonly message?: string };
  /** The instrumentation that made it. */
  readonly scope: string;
  readonly resource: Readonly<Record<string, unknown>>;
}

/** A log record as it came. */
export interface ReceivedLog {
  readonly body: unknown;
  /** "" for what is no event. */
  readonly eventName: string;
  readonly severityNumber: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}

/** A running receiver. */
export interface OtlpReceiver extends AsyncDisposable {
  /** The base address, for OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  readonly logs: readonly ReceivedLog[];
  /** Metrics as they came. */
  readonly metrics: readonly ReceivedMetric[];
  /** The requests' headers. */
  readonly headers: readonly IncomingMessage["headers"][];
  /** Waits, bounded, until the spans are those that are waited for. */
  spansWhen(fits: (spans: readonly ReceivedSpan[]) => boolean): Promise<readonly ReceivedSpan[]>;
  close(): Promise<void>;
}

const MAX_BODY = 64 * 1024 * 1024;

/** Starts a receiver on a free port of loopback. */
export async function startOtlpReceiver(port = 0): Promise<OtlpReceiver> {
  const received = new Received();
  const server = createServer((request, response) => {
    void received.take(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(port, "127.0.0.1", resolve);
  });
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  };
  const { spans, logs, metrics, headers } = received;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    logs,
    metrics,
    headers,
    spansWhen: async (fits) => {
      await waitUntil(() => fits(spans), { what: "the spans to come", timeoutMs: 30_000 });
      return spans;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

// OTLP as JSON, as far as it is looked at.
interface AnyValueJson {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string;
  readonly doubleValue?: number;
  readonly bytesValue?: string;
  readonly arrayValue?: { readonly values?: readonly AnyValueJson[] };
  readonly kvlistValue?: { readonly values?: Attributed["attributes"] };
}
interface Attributed {
  readonly attributes?: readonly { readonly key: string; readonly value?: AnyValueJson }[];
}
interface SpanJson extends Attributed {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind: number;
  readonly events?: readonly (Attributed & { readonly name: string })[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status?: { readonly code?: number; readonly message?: string };
}
interface LogJson extends Attributed {
  readonly body?: AnyValueJson;
  readonly eventName?: string;
  readonly severityNumber?: number;
  readonly traceId?: string;
  readonly spanId?: string;
}
interface RequestJson {
  readonly resourceSpans?: readonly {
    readonly resource?: Attributed;
    readonly scopeSpans: readonly {
      readonly scope?: { readonly name?: string };
      readonly spans: readonly SpanJson[];
    }[];
  }[];
  readonly resourceLogs?: readonly {
    readonly resource?: Attributed;
    readonly scopeLogs: readonly { readonly logRecords: readonly LogJson[] }[];
  }[];
  readonly resourceMetrics?: readonly {
    readonly scopeMetrics: readonly { readonly metrics: readonly ReceivedMetric[] }[];
  }[];
}

/** A metric as it came. */
export type ReceivedMetric = Readonly<Record<string, unknown>>;

class Received {
  readonly spans: ReceivedSpan[] = [];
  readonly logs: ReceivedLog[] = [];
  readonly metrics: ReceivedMetric[] = [];
  readonly headers: IncomingMessage["headers"][] = [];

  async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = JSON.parse((await bodyOf(request)).toString()) as RequestJson;
      this.headers.push(request.headers);
      this.#spansOf(body);
      this.#logsOf(body);
      for (const { scopeMetrics } of body.resourceMetrics ?? []) {
        for (const { metrics } of scopeMetrics) this.metrics.push(...metrics);
      }
      response.setHeader("content-type", "application/json");
      response.end("{}");
    } catch (error) {
      response.statusCode = 400;
      response.end(String(error));
    }
  }

  #spansOf({ resourceSpans = [] }: RequestJson): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      for (const { scope, spans } of scopeSpans) {
        for (const span of spans) {
          const { name, traceId, spanId, parentSpanId = "", kind, status = {} } = span;
          this.spans.push({
            name,
            traceId,
            spanId,
            parentSpanId,
            kind,
            status,
            attributes: attributesOf(span),
            events: (span.events ?? []).map((event) => ({
              name: event.name,
              attributes: attributesOf(event),
            })),
            links: (span.links ?? []).map((link) => ({
              traceId: link.traceId,
              spanId: link.spanId,
            })),
            scope: scope?.name ?? "",
            resource: attributesOf(resource),
          });
        }
      }
    }
  }

  #logsOf({ resourceLogs = [] }: RequestJson): void {
    for (const { resource, scopeLogs } of resourceLogs) {
      for (const record of scopeLogs.flatMap(({ logRecords }) => logRecords)) {
        const { severityNumber = 0, traceId = "", spanId = "", eventName = "" } = record;
        this.logs.push({
          severityNumber,
          traceId,
          spanId,
          body: valueOf(record.body),
          eventName,
          attributes: attributesOf(record),
          resource: attributesOf(resource),
        });
      }
    }
  }
}

function attributesOf({ attributes = [] }: Attributed = {}): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, valueOf(value)]));
}

/** An AnyValue as JavaScript has it. */
function valueOf(value: AnyValueJson = {}): unknown {
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue } = value;
  if (intValue !== undefined) return Number(intValue);
  if (arrayValue !== undefined) return (arrayValue.values ?? []).map(valueOf);
  if (kvlistValue !== undefined) return attributesOf({ attributes: kvlistValue.values ?? [] });
  return stringValue ?? boolValue ?? doubleValue ?? value.bytesValue;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += (chunk as Buffer).length;
    if (length > MAX_BODY) throw new Error("the request is too large");
    chunks.push(chunk as Buffer);
  }
  const body = Buffer.concat(chunks);
  const coding = request.headers["content-encoding"];
  if (coding === "gzip") return gunzipSync(body, { maxOutputLength: MAX_BODY });
  return coding === "zstd" ? zstdDecompressSync(body, { maxOutputLength: MAX_BODY }) : body;
}
