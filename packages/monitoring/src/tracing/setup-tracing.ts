// Sets tracing up: one call, and every span of the process (ours, and those of OpenTelemetry's instrumentations) is
// recorded, carried on and exported.
//
//   setupTracing(settings) ─► sampler, limits, propagator ─► FlxTracerProvider ─► OpenTelemetry's globals
//                                                        └─► Exporter (its own, or the one startMonitoring shares)

import type { TextMapPropagator } from "@opentelemetry/api";
import { Exporter } from "../export/exporter.ts";
import {
  DEFAULT_BATCH,
  DEFAULT_EXIT_TIMEOUT_MS,
  DEFAULT_RING_BYTES,
  type OtlpEndpoint,
  type OtlpProtocol,
} from "../export/export-settings.ts";
import { serviceResource } from "../resource/service-resource.ts";
import { AsyncContextManager } from "./context-manager.ts";
import { setCurrentTracing } from "./current-tracing.ts";
import { ExportingSink } from "./exporting-sink.ts";
import { CompositePropagator } from "./propagation/composite.ts";
import { W3CBaggagePropagator } from "./propagation/w3c-baggage.ts";
import { W3CTraceContextPropagator } from "./propagation/w3c-trace-context.ts";
import { registerGlobals } from "./register-globals.ts";
import { ALWAYS_ON, ParentBasedSampler, RatioSampler, type Sampler } from "./sampler.ts";
import type { OnException, SpanSink } from "./span.ts";
import { DEFAULT_SPAN_LIMITS, type SpanLimits } from "./span-limits.ts";
import {
  RecordingSampler,
  type TailCounts,
  TailSamplingSink,
  type TailSamplingSettings,
} from "./tail-sampling.ts";
import { FlxTracerProvider } from "./tracer-provider.ts";
import type { ProviderSettings } from "./tracer.ts";

/** How tracing is set up; every part has a default. */
export interface TracingSettings {
  /** `service.name`; default: that of the nearest package.json, or "unknown_service:node". */
  readonly service?: string | undefined;
  /** `service.version`. */
  readonly version?: string | undefined;
  /** `deployment.environment.name`. */
  readonly environment?: string | undefined;
  /** More about the service. */
  readonly resource?: Readonly<Record<string, unknown>> | undefined;
  /** The base address of an OTLP receiver; default http://localhost:4318, with gRPC http://localhost:4317. */
  readonly endpoint?: string | undefined;
  /** Default http/protobuf. */
  readonly protocol?: OtlpProtocol | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Default gzip. */
  readonly compression?: OtlpEndpoint["compression"] | undefined;
  /** The part of all traces that is kept, 0 to 1 (default 1), or a sampler. */
  readonly sampling?: number | Sampler | undefined;
  readonly limits?: Partial<SpanLimits> | undefined;
  /** Default: W3C trace context and baggage. */
  readonly propagators?: readonly TextMapPropagator[] | undefined;
  /** An exporter that other signals share; it is not shut down with tracing. `false`: spans go nowhere, contexts travel. */
  readonly exporter?: Exporter | false | undefined;
  /** Keeps traces with errors and slow ones beyond a base rate; takes the place of `sampling`. */
  readonly tail?: TailSamplingSettings | undefined;
  readonly onStart?: ProviderSettings["onStart"];
  readonly onException?: OnException | undefined;
}

/** What tail sampling has done, and what it holds. */
export interface TailState {
  readonly counts: Readonly<TailCounts>;
  /** By estimate. */
  readonly heldBytes: number;
}

/** Tracing that is set up. */
export interface Tracing extends AsyncDisposable {
  readonly provider: FlxTracerProvider;
  /** Undefined where spans go nowhere. */
  readonly exporter: Exporter | undefined;
  /** What became of spans beyond the base rate, with tail sampling. */
  readonly tail: TailState | undefined;
  /** Sends what there is; false when the time was too short. */
  flush(timeoutMs?: number): Promise<boolean>;
  /** Sends what there is, and takes tracing down. */
  shutdown(timeoutMs?: number): Promise<boolean>;
}

/** Sets tracing up for this process; what was set up before is replaced. */
export function setupTracing(settings: TracingSettings = {}): Tracing {
  const { exporter: given = ownExporter(settings) } = settings;
  const exporter = given === false ? undefined : given;
  const sink = exporter === undefined ? NOWHERE : new ExportingSink(exporter);
  const tail = settings.tail === undefined ? undefined : new TailSamplingSink(sink, settings.tail);
  const provider = processProvider({
    sampler:
      settings.tail === undefined
        ? samplerOf(settings.sampling)
        : new RecordingSampler(settings.tail.ratio),
    sink: tail ?? sink,
    limits: { ...DEFAULT_SPAN_LIMITS, ...settings.limits },
    scopeId: (scope) => exporter?.scopeId(scope) ?? 0,
    onStart: settings.onStart,
    onException: settings.onException,
  });
  const unregister = registerGlobals({
    provider,
    contextManager: new AsyncContextManager(),
    propagator: new CompositePropagator(
      settings.propagators ?? [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
    ),
  });
  setCurrentTracing({ provider, tracer: provider.getTracer("@flx/monitoring") });
  const shutdown = async (timeoutMs?: number): Promise<boolean> => {
    setCurrentTracing(undefined);
    provider.stop();
    unregister();
    if (exporter === undefined) return true;
    return settings.exporter === undefined
      ? await exporter.shutdown(timeoutMs)
      : await exporter.flush(timeoutMs);
  };
  return {
    provider,
    exporter,
    tail,
    flush: async (timeoutMs) => (await exporter?.flush(timeoutMs)) ?? true,
    shutdown,
    [Symbol.asyncDispose]: async () => {
      await shutdown();
    },
  };
}

/** The one provider of this process, set up. */
function processProvider(settings: ProviderSettings): FlxTracerProvider {
  if (known === undefined) known = new FlxTracerProvider(settings);
  else known.configure(settings);
  return known;
}

/** Where spans go that nobody wants. */
const NOWHERE: SpanSink = { ended: () => {} };

let known: FlxTracerProvider | undefined;

function samplerOf(sampling: number | Sampler | undefined): Sampler {
  if (sampling === undefined) return new ParentBasedSampler(ALWAYS_ON);
  return typeof sampling === "number"
    ? new ParentBasedSampler(new RatioSampler(sampling))
    : sampling;
}

function ownExporter(settings: TracingSettings): Exporter {
  const { protocol = "http/protobuf", headers = {}, compression = "gzip" } = settings;
  const isGrpc = protocol === "grpc";
  const base = settings.endpoint ?? `http://localhost:${isGrpc ? 4317 : 4318}`;
  const traces: OtlpEndpoint = {
    url: isGrpc ? base : `${base.replace(/\/$/, "")}/v1/traces`,
    protocol,
    headers,
    compression,
    timeoutMs: 10_000,
  };
  return new Exporter({
    endpoints: { traces },
    resource: serviceResource(settings),
    resourceSchemaUrl: "",
    batch: DEFAULT_BATCH,
    spool: undefined,
    ringBytes: DEFAULT_RING_BYTES,
    exitTimeoutMs: DEFAULT_EXIT_TIMEOUT_MS,
  });
}
