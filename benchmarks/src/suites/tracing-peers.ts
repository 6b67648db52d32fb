// The tracers that the suite `tracing` compares, each as a service would set it up, all in one process.
//
//   ours      setupTracing, spans to the export worker, sent over OTLP/HTTP, not compressed as OpenTelemetry's are not
//   OpenTelemetry   TracerProvider, BatchSpanProcessor with room for a whole round, OTLP over HTTP or an exporter that does nothing
//   dd-trace        its own agent protocol, to the same receiver
//
// OpenTelemetry's API has one context manager for a process, so each contender puts its own there before its rounds (`use`).

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { setupTracing, type Tracing } from "@flx/monitoring/tracing";
import type { ContextManager, Tracer } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import {
  AlwaysOffSampler,
  BatchSpanProcessor,
  InMemorySpanExporter,
  TracerProvider,
} from "@opentelemetry/sdk-trace";

/** A tracer, and how it becomes the one of the process. */
export interface TracerUnderTest {
  readonly tracer: Tracer;
  /** Makes its context manager the active one, and waits until nothing of earlier rounds is left to be sent. */
  readonly use: () => Promise<void>;
  /** Sends everything. */
  readonly flush: () => Promise<unknown>;
}

/** What is done with spans. */
export type Fate = "unsampled" | "to nobody" | "over OTLP";

/** A process that takes every request and says yes. */
const RECEIVER = `
  const http = process.getBuiltinModule("node:http");
  const server = http.createServer((request, response) => {
    request.resume().on("end", () => response.end());
  });
  server.listen(0, "127.0.0.1", () => process.stdout.write(server.address().port + "\\n"));
  process.stdin.on("end", () => process.exit()).resume();`;

let receiver: Promise<string> | undefined;

/** The address of the receiver; it ends with this process. */
export function receiverUrl(): Promise<string> {
  receiver ??= startReceiver();
  return receiver;
}

async function startReceiver(): Promise<string> {
  const child = spawn(process.execPath, ["--eval", RECEIVER], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [port] = (await once(child.stdout, "data")) as [Buffer];
  child.unref();
  for (const stream of [child.stdin, child.stdout])
    (stream as unknown as { unref(): void }).unref();
  return `http://127.0.0.1:${port.toString().trim()}`;
}

interface GlobalApi {
  context?: ContextManager;
}

function globalApi(): GlobalApi {
  return (globalThis as Record<symbol, unknown>)[Symbol.for("opentelemetry.js.api.1")] as GlobalApi;
}

let shared: Tracing | undefined;

/** Ours. There is one provider a process: what the spans' fate is belongs to `use`. */
export async function ourTracer(fate: Fate): Promise<TracerUnderTest> {
  shared ??= setupTracing({ service: "bench", endpoint: await receiverUrl(), compression: "none" });
  const { exporter, provider } = shared;
  const use = async (): Promise<void> => {
    await exporter?.flush();
    setupTracing({
      exporter: exporter!,
      sampling: fate === "unsampled" ? 0 : 1,
    });
  };
  await use();
  return { tracer: provider.getTracer("bench"), use, flush: async () => await exporter?.flush() };
}

/** OpenTelemetry's. */
export async function otelTracer(fate: Fate): Promise<TracerUnderTest> {
  const url = `${await receiverUrl()}/v1/traces`;
  const exporter = fate === "over OTLP" ? new OTLPTraceExporter({ url }) : new NoExporter();
  const processor = new BatchSpanProcessor({ exporter, maxQueueSize: 1_000_000 });
  const provider = new TracerProvider({
    spanProcessors: [processor],
    ...(fate === "unsampled" ? { sampler: new AlwaysOffSampler() } : {}),
  });
  const manager = new AsyncLocalStorageContextManager().enable();
  return {
    tracer: provider.getTracer("bench"),
    use: async () => {
      await provider.forceFlush();
      globalApi().context = manager;
    },
    flush: () => provider.forceFlush(),
  };
}

class NoExporter extends InMemorySpanExporter {
  override export(_: unknown, done: (result: { code: number }) => void): void {
    done({ code: 0 });
  }
}

/** dd-trace's, as far as it is used. */
export interface DatadogTracer {
  startSpan(
    name: string,
    options?: object,
  ): { finish(): void; setTag(key: string, value: unknown): void };
  trace<Result>(name: string, fn: () => Result): Result;
}

let datadog: DatadogTracer | undefined;

/** dd-trace: one for a process; it samples nothing, or everything. */
export async function datadogTracer(): Promise<DatadogTracer> {
  if (datadog !== undefined) return datadog;
  const env = {
    DD_INSTRUMENTATION_TELEMETRY_ENABLED: "false",
    DD_REMOTE_CONFIGURATION_ENABLED: "false",
    DD_TRACE_STARTUP_LOGS: "false",
    DD_TRACE_OTEL_ENABLED: "false",
  };
  Object.assign(process.env, env);
  const require = createRequire(import.meta.url);
  const tracer = require("dd-trace") as { init(options: object): DatadogTracer };
  datadog = tracer.init({ plugins: false, url: await receiverUrl(), runtimeMetrics: false });
  return datadog;
}
