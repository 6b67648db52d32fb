// What startMonitoring gives: the one object that a service works with.

import type { RichErrorHandler } from "../errors/handler/rich-error-handler.ts";
import type { Exporter } from "../export/exporter.ts";
import type { HealthChecker } from "../health/health-checker.ts";
import type { AdminServer } from "../metrics/http/admin-server.ts";
import type { MetricsCollector } from "../metrics/collector/metrics-collector.ts";
import type { Tracing } from "../tracing/setup-tracing.ts";
import type { trace, traceAsync, traceSync } from "../tracing/traced.ts";
import type { Logger } from "pino";
import type { ExplainedConfig } from "./configuration.ts";

/** Errors of a service. */
export interface MonitoringErrors {
  readonly handler: RichErrorHandler;
  /** `errorContext` of the handler. */
  readonly context: RichErrorHandler["errorContext"];
  /** `withErrorContext` of the handler. */
  readonly wrap: RichErrorHandler["withErrorContext"];
  /** Reports, counts, logs and records an error, once. */
  readonly handle: RichErrorHandler["handle"];
}

/** Monitoring that runs. */
export interface Monitoring extends AsyncDisposable {
  /** Counters, gauges, histograms; pipelines, commands and gRPC requests. */
  readonly metrics: MetricsCollector;
  /** Checks of what the service stands on. */
  readonly health: HealthChecker;
  /** Reports of errors, and contexts around work that may fail. */
  readonly errors: MonitoringErrors;
  /** Structured lines that know their trace; pino, which is loaded when this is asked for first. */
  readonly logger: Logger;
  /** Changes the level of the logger and all its children. */
  setLogLevel(level: string): void;
  /** A function whose calls are spans. */
  readonly trace: typeof trace;
  readonly traceSync: typeof traceSync;
  readonly traceAsync: typeof traceAsync;
  /** Undefined where tracing is switched off. */
  readonly tracing: Tracing | undefined;
  /** Sends spans, metrics and logs; undefined where nothing is sent. */
  readonly exporter: Exporter | undefined;
  /** Undefined where it is switched off, or its default port was taken. */
  readonly admin: AdminServer | undefined;
  /** The attributes that say who this is. */
  readonly resource: Readonly<Record<string, unknown>>;
  /** What did not work and was not worth an end. */
  readonly problems: readonly string[];
  /** Each setting with its value and the place it comes from. */
  explainConfig(): ExplainedConfig;
  /**
   * Sends what there is, metrics as they are now. True: all of it is at the receiver or in the spool. False: the time was too
   * short, or something was refused, or is in memory only since nobody takes it and there is no spool.
   */
  flush(timeoutMs?: number): Promise<boolean>;
  /** The same, and takes everything down; also false when that took too long. Never rejects. */
  shutdown(timeoutMs?: number): Promise<boolean>;
}
