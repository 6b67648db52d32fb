// What startMonitoring takes: the typed form of the settings, and what only code can give.

import type { RichErrorHandlerOptions } from "../errors/handler/handler-options.ts";
import type { OtlpProtocol } from "../export/export-settings.ts";
import type { HealthChecker } from "../health/health-checker.ts";
import type { HealthSettings } from "../health/health-settings.ts";
import type { AdminHandler } from "../metrics/http/admin-server.ts";
import type { Registry } from "../metrics/registry.ts";
import type { RedactionSettings } from "../redaction/redaction-rules.ts";
import type { DetectorName } from "../resource/detect-resource.ts";
import type { Sampler } from "../tracing/sampler.ts";
import type { SamplingRule } from "../tracing/rule-sampler.ts";
import type { DestinationStream } from "pino";
import type { PropagatorName, SAMPLER_NAMES } from "./settings.ts";

/** Where and how records are sent. */
export interface OtlpOptions {
  /** Default http://localhost:4318, with gRPC http://localhost:4317. */
  readonly endpoint?: string | undefined;
  /** Default http/protobuf. */
  readonly protocol?: OtlpProtocol | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Default gzip. */
  readonly compression?: "none" | "gzip" | "zstd" | undefined;
  /** Milliseconds for one request (default 10,000). */
  readonly timeoutMs?: number | undefined;
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

/** One signal's own receiver, where it is the whole address; `false`: it is not sent. */
export type SignalOptions = false | (OtlpOptions & { readonly exporter?: "otlp" | "none" });

/** The receiver, for all signals and for each. */
export interface AllOtlpOptions extends OtlpOptions {
  readonly traces?: SignalOptions | undefined;
  readonly metrics?: SignalOptions | undefined;
  readonly logs?: SignalOptions | undefined;
}

/** The server of metrics and probes. */
export interface AdminOptions {
  /** Default 9464; 0 for any free one. */
  readonly port?: number | undefined;
  /** Default loopback, and all interfaces inside a container. */
  readonly host?: string | undefined;
  /** Further routes. */
  readonly handlers?: Readonly<Record<string, AdminHandler>> | undefined;
}

/** How spans are made. */
export interface TracingOptions {
  /** The part of all traces that is kept, a sampler's name, rules, or a sampler. Default: all, as parents decide. */
  readonly sampling?: number | (typeof SAMPLER_NAMES)[number] | Sampler | undefined;
  /** The first rule that fits a root decides; before `sampling`. */
  readonly rules?: readonly SamplingRule[] | undefined;
  /** The part that the samplers with a ratio keep. */
  readonly samplingRatio?: number | undefined;
  /** Keeps failed and slow traces beyond a base rate. */
  readonly tail?:
    | {
        readonly ratio: number;
        readonly slowMs?: number | Readonly<Record<string, number>> | undefined;
        readonly maxBytes?: number | undefined;
      }
    | undefined;
  /** Default tracecontext, baggage. */
  readonly propagators?: readonly PropagatorName[] | undefined;
  /** Entries of baggage that become attributes of spans and logs. */
  readonly baggage?: readonly string[] | undefined;
  readonly limits?:
    | {
        readonly attributes?: number | undefined;
        readonly events?: number | undefined;
        readonly links?: number | undefined;
        readonly attributesPerEvent?: number | undefined;
        readonly attributesPerLink?: number | undefined;
        readonly valueLength?: number | undefined;
        readonly valueDepth?: number | undefined;
      }
    | undefined;
}

/** How metrics are kept and pushed. */
export interface MetricsOptions {
  /** Default: the registry of the process. */
  readonly registry?: Registry | undefined;
  /** Machine, container, process and runtime (default true). */
  readonly system?: boolean | undefined;
  /** Exemplars from the active span (default true). */
  readonly exemplars?: boolean | undefined;
  /**
   * Entries of baggage that become labels of the counters, histograms and summaries of `flx.metrics`, beside those that calls
   * give. A label is a series: the limit of series of each metric holds for them, too.
   */
  readonly baggage?: readonly string[] | undefined;
  /** How often metrics are pushed (default 60,000). */
  readonly intervalMs?: number | undefined;
  readonly temporality?: "cumulative" | "delta" | undefined;
}

/** How health is watched. */
export interface HealthOptions {
  /** A checker of the service's own. */
  readonly checker?: HealthChecker | undefined;
  /** `false`: checks begin when the service calls `health.start()` itself, once it is ready (default true). */
  readonly start?: boolean | undefined;
  /** Limits of the machine's check. */
  readonly limits?: Partial<HealthSettings> | undefined;
}

/** How lines are logged. */
export interface LoggingOptions {
  /** "trace", "debug", "info" (default), "warn", "error", "fatal", "silent". */
  readonly level?: string | undefined;
  /** Lines for people; default: on a terminal that is not production's. */
  readonly pretty?: boolean | undefined;
  /** Whether lines that repeat are held back and counted; default: in production. */
  readonly duplicates?: boolean | undefined;
  /** Where lines go; default: standard output. */
  readonly destination?: DestinationStream | undefined;
}

/** How errors are handled. */
export interface ErrorsOptions extends Omit<
  RichErrorHandlerOptions,
  "exporter" | "counter" | "redaction"
> {
  /** Whether what nobody catches is reported, and ends the process (default true). */
  readonly install?: boolean | undefined;
  /** Whether an unhandled rejection ends the process, as Node has it (default true). */
  readonly exitOnRejection?: boolean | undefined;
  /** Whether warnings of Node are reported (default false). */
  readonly warnings?: boolean | undefined;
}

/** What startMonitoring takes; everything has a default. */
export interface MonitoringOptions {
  readonly service?: string | undefined;
  readonly version?: string | undefined;
  readonly environment?: string | undefined;
  /** Further attributes of the service. */
  readonly resource?: Readonly<Record<string, unknown>> | undefined;
  readonly resourceDetectors?: readonly DetectorName[] | undefined;
  /** Nothing is sent, recorded or served. */
  readonly disabled?: boolean | undefined;
  /** A file of OpenTelemetry's declarative configuration; default: OTEL_CONFIG_FILE. */
  readonly configFile?: string | undefined;
  readonly admin?: false | AdminOptions | undefined;
  readonly otlp?: false | AllOtlpOptions | undefined;
  readonly tracing?: false | TracingOptions | undefined;
  readonly metrics?: MetricsOptions | undefined;
  readonly health?: false | HealthOptions | undefined;
  readonly logging?: LoggingOptions | undefined;
  readonly errors?: false | ErrorsOptions | undefined;
  /** What is a secret beside the usual: in lines, errors, health, exceptions of spans, and what monitoring says of itself. */
  readonly redaction?: RedactionSettings | undefined;
  readonly export?:
    | {
        readonly delayMs?: number | undefined;
        readonly maxRecords?: number | undefined;
        readonly exitTimeoutMs?: number | undefined;
      }
    | undefined;
  /** Where records wait while the receiver is down: by default in this user's state folder; false: nowhere. */
  readonly spool?:
    | false
    | {
        readonly enabled?: boolean | undefined;
        readonly folder?: string | undefined;
        readonly maxBytes?: number | undefined;
        readonly maxAgeMs?: number | undefined;
      }
    | undefined;
  /** Told what does not work and is not worth an end: default one line each on standard error. */
  readonly onProblem?: ((problem: string) => void) | undefined;
}
