// The one object a service works with: the metric families every service has, and the making of its own.
//
//   new MetricsCollector(registry)
//   ├── flx_app_info  flx_cpu_usage_percent  flx_memory_usage_percent  flx_disk_usage_percent
//   ├── flx_pipeline_*  flx_command_*  flx_grpc_*     counted by trackers: around a function, or as decorators
//   ├── counter() gauge() histogram() ...             instruments of every kind in the same registry
//   └── define({...})                                 a typed catalogue of business metrics
//
// Two collectors on one registry share the families; nothing is registered twice. Percentages are NaN until they are known:
// 0 would be a machine that idles.

import type { ContextLabels } from "../context-labels.ts";
import { Counter, type CounterOptions } from "../counter.ts";
import { defaultRegistry } from "../default-registry.ts";
import { Gauge, type GaugeOptions } from "../gauge.ts";
import { Histogram, type HistogramOptions } from "../histogram.ts";
import { Info, type InfoOptions } from "../info.ts";
import type { DeclaredValues } from "../label-types.ts";
import type { Registry } from "../registry.ts";
import { StateSet, type StateSetOptions } from "../state-set.ts";
import { Summary, type SummaryOptions } from "../summary.ts";
import { defineMetrics } from "./define-metrics.ts";
import type { BusinessMetrics, MetricDeclarations } from "./metric-declaration.ts";
import { RunMeters } from "./run-meter.ts";
import { executionStatus, grpcStatus } from "./run-status.ts";
import { followedCall } from "../../calls/followed-call.ts";
import { createTracker, type Tracker } from "../../calls/wrapper.ts";

/** Seconds, for pipelines and commands: a millisecond to an hour. */
const EXECUTION_BUCKETS: readonly number[] = [
  0.001, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600,
];

/** Who the service is. */
export interface CollectorOptions {
  readonly service?: string | undefined;
  /** The label `version` of flx_app_info. */
  readonly version?: string | undefined;
  /** The label `env` of flx_app_info. */
  readonly environment?: string | undefined;
  /** Labels that counters, histograms and summaries made here have beside their own: from baggage, for example. */
  readonly contextLabels?: ContextLabels | undefined;
  /** Milliseconds that never go back; default `performance.now()`. */
  readonly clock?: (() => number) | undefined;
}

/** How full the system is, as whoever measures it knows; what is not known is left out. */
export interface SystemUsage {
  /** 0..100. */
  readonly cpuPercent?: number | undefined;
  /** 0..100. */
  readonly memoryPercent?: number | undefined;
  /** The mounts there are now; those of before that are not among them are taken away. */
  readonly disks?: readonly DiskUsage[] | undefined;
}

/** How full a mount is. */
export interface DiskUsage {
  readonly mountpoint: string;
  /** 0..100; undefined is not known. */
  readonly usedPercent: number | undefined;
}

/**
 * The metrics of a service.
 *
 *     const metrics = new MetricsCollector(registry, { version: "1.4.0", environment: "production" });
 *     await metrics.trackPipeline("nightly-import", async () => { ... });
 */
export class MetricsCollector {
  readonly registry: Registry;
  readonly service: string | undefined;
  /** flx_app_info{version,env}: 1. */
  readonly appInfo: Gauge<"version" | "env">;
  /** flx_cpu_usage_percent, 0..100. */
  readonly cpuUsage: Gauge;
  /** flx_memory_usage_percent, 0..100. */
  readonly memoryUsage: Gauge;
  /** flx_disk_usage_percent{mountpoint}, 0..100. */
  readonly diskUsage: Gauge<"mountpoint">;
  /** flx_pipeline_runs_total{pipeline_name,status}; status: success, failure, cancelled. */
  readonly pipelineRunsTotal: Counter<"pipeline_name" | "status">;
  /** flx_pipeline_duration_seconds{pipeline_name}. */
  readonly pipelineDurationSeconds: Histogram<"pipeline_name">;
  /** flx_command_executions_total{command,status}; status: success, failure, cancelled. */
  readonly commandExecutionsTotal: Counter<"command" | "status">;
  /** flx_command_duration_seconds{command}. */
  readonly commandDurationSeconds: Histogram<"command">;
  /** flx_grpc_requests_total{method,status}; status: OK, CANCELLED, UNKNOWN, ... as gRPC names them. */
  readonly grpcRequestsTotal: Counter<"method" | "status">;
  /** flx_grpc_request_duration_seconds{method}. */
  readonly grpcRequestDurationSeconds: Histogram<"method">;

  /** What instruments made here are given beside what their options say. */
  readonly #common: {
    readonly registers: readonly Registry[];
    readonly contextLabels?: ContextLabels;
  };
  readonly #pipelines: RunMeters;
  readonly #commands: RunMeters;
  readonly #grpc: RunMeters;
  #mountpoints: ReadonlySet<string> = new Set();

  /**
   * @param registry where the metrics are exposed; default: the registry of the process
   * @throws {FlxError} `FLX_METRIC_CLASH` when a family's name belongs to another metric
   */
  constructor(registry: Registry = defaultRegistry, options: CollectorOptions = {}) {
    this.registry = registry;
    this.service = options.service;
    const { contextLabels } = options;
    this.#common = { registers: [registry], ...(contextLabels !== undefined && { contextLabels }) };
    this.appInfo = this.#appInfo(options);
    this.cpuUsage = this.#percent("flx_cpu_usage_percent", "CPU in use, of what may be used");
    this.memoryUsage = this.#percent(
      "flx_memory_usage_percent",
      "Memory in use, of what may be used",
    );
    this.diskUsage = this.gauge({
      name: "flx_disk_usage_percent",
      help: "Room in use of a mounted file system",
      unit: "percent",
      labelNames: ["mountpoint"],
    });
    this.pipelineRunsTotal = this.counter({
      name: "flx_pipeline_runs_total",
      help: "Runs of a pipeline, by how they ended",
      labelNames: ["pipeline_name", "status"],
    });
    this.pipelineDurationSeconds = this.histogram({
      name: "flx_pipeline_duration_seconds",
      help: "How long runs of a pipeline took",
      unit: "seconds",
      labelNames: ["pipeline_name"],
      buckets: EXECUTION_BUCKETS,
    });
    this.commandExecutionsTotal = this.counter({
      name: "flx_command_executions_total",
      help: "Executions of a command, by how they ended",
      labelNames: ["command", "status"],
    });
    this.commandDurationSeconds = this.histogram({
      name: "flx_command_duration_seconds",
      help: "How long executions of a command took",
      unit: "seconds",
      labelNames: ["command"],
      buckets: EXECUTION_BUCKETS,
    });
    this.grpcRequestsTotal = this.counter({
      name: "flx_grpc_requests_total",
      help: "gRPC requests, by status code",
      labelNames: ["method", "status"],
    });
    this.grpcRequestDurationSeconds = this.histogram({
      name: "flx_grpc_request_duration_seconds",
      help: "How long gRPC requests took",
      unit: "seconds",
      labelNames: ["method"],
    });

    const clock = options.clock ?? (() => performance.now());
    const execution = {
      statusOf: executionStatus,
      firstStatuses: ["success", "failure"],
      isCallbackStyle: false,
      clock,
    };
    this.#pipelines = new RunMeters({
      ...execution,
      counterOf: (name, status) => this.pipelineRunsTotal.labels(name, status),
      durationOf: (name) => this.pipelineDurationSeconds.labels(name),
    });
    this.#commands = new RunMeters({
      ...execution,
      counterOf: (name, status) => this.commandExecutionsTotal.labels(name, status),
      durationOf: (name) => this.commandDurationSeconds.labels(name),
    });
    this.#grpc = new RunMeters({
      statusOf: grpcStatus,
      firstStatuses: ["OK"],
      isCallbackStyle: true,
      clock,
      counterOf: (name, status) => this.grpcRequestsTotal.labels(name, status),
      durationOf: (name) => this.grpcRequestDurationSeconds.labels(name),
    });
  }

  /** A counter in this registry; as `new Counter`. */
  counter<const Names extends string = never, const Values extends DeclaredValues<Names> = {}>(
    options: CounterOptions<Names, Values>,
  ): Counter<Names, Values> {
    return new Counter<Names, Values>({ ...this.#common, ...options });
  }

  /** A gauge in this registry; as `new Gauge`. */
  gauge<const Names extends string = never, const Values extends DeclaredValues<Names> = {}>(
    options: GaugeOptions<Names, Values>,
  ): Gauge<Names, Values> {
    return new Gauge<Names, Values>({ registers: [this.registry], ...options });
  }

  /** A histogram in this registry; as `new Histogram`. */
  histogram<const Names extends string = never, const Values extends DeclaredValues<Names> = {}>(
    options: HistogramOptions<Names, Values>,
  ): Histogram<Names, Values> {
    return new Histogram<Names, Values>({ ...this.#common, ...options });
  }

  /** A summary in this registry; as `new Summary`. */
  summary<const Names extends string = never, const Values extends DeclaredValues<Names> = {}>(
    options: SummaryOptions<Names, Values>,
  ): Summary<Names, Values> {
    return new Summary<Names, Values>({ ...this.#common, ...options });
  }

  /** An info in this registry; as `new Info`. */
  info<const Names extends string = never, const Values extends DeclaredValues<Names> = {}>(
    options: InfoOptions<Names, Values>,
  ): Info<Names, Values> {
    return new Info<Names, Values>({ registers: [this.registry], ...options });
  }

  /** A state set in this registry; as `new StateSet`. */
  stateSet<
    const State extends string,
    const Names extends string = never,
    const Values extends DeclaredValues<Names> = {},
  >(options: StateSetOptions<State, Names, Values>): StateSet<State, Names, Values> {
    return new StateSet<State, Names, Values>({ registers: [this.registry], ...options });
  }

  /**
   * Declares business metrics once, typed; see define-metrics.ts.
   *
   * @throws {FlxError} `FLX_METRIC_*`, `FLX_MONEY_CURRENCY` when a declaration is wrong
   */
  define<const Declared extends MetricDeclarations>(
    declarations: Declared,
  ): BusinessMetrics<Declared> {
    return defineMetrics(this.registry, declarations, this.#common.contextLabels);
  }

  /**
   * Counts and times runs of a pipeline: `track(fn)` wraps a function, `@track` decorates a method.
   *
   * @throws {FlxError} in development: `FLX_METRIC_LABELS` when the name is no text
   */
  trackPipelineExecution(name: string): Tracker {
    return createTracker(this.#pipelines.meter(name));
  }

  /** The same for a command. */
  trackCommandExecution(name: string): Tracker {
    return createTracker(this.#commands.meter(name));
  }

  /**
   * The same for a gRPC method, as "/shop.v1.Orders/Place"; also for handlers with a callback or a stream to write to.
   * The status is the name of the status code.
   */
  trackGrpcRequest(method: string): Tracker {
    return createTracker(this.#grpc.meter(method));
  }

  /** Runs a pipeline now, counted and timed; gives what `run` gives, throws what it throws. */
  trackPipeline<Result>(name: string, run: () => Result): Result {
    return followedCall(this.#pipelines.meter(name), run, undefined, []) as Result;
  }

  /** Executes a command now, counted and timed. */
  trackCommand<Result>(name: string, run: () => Result): Result {
    return followedCall(this.#commands.meter(name), run, undefined, []) as Result;
  }

  /** Makes a gRPC request now, counted and timed. */
  trackGrpc<Result>(method: string, run: () => Result): Result {
    return followedCall(this.#grpc.meter(method), run, undefined, []) as Result;
  }

  /** Sets the usage gauges; called by whoever samples the system. */
  setSystemUsage({ cpuPercent, memoryPercent, disks }: SystemUsage): void {
    this.cpuUsage.set(cpuPercent ?? Number.NaN);
    this.memoryUsage.set(memoryPercent ?? Number.NaN);
    if (disks === undefined) return;
    const now = new Set(disks.map(({ mountpoint }) => mountpoint));
    for (const mountpoint of this.#mountpoints.difference(now)) this.diskUsage.remove(mountpoint);
    this.#mountpoints = now;
    for (const { mountpoint, usedPercent } of disks) {
      this.diskUsage.set({ mountpoint }, usedPercent ?? Number.NaN);
    }
  }

  #appInfo({ version, environment }: CollectorOptions): Gauge<"version" | "env"> {
    const info = this.gauge({
      name: "flx_app_info",
      help: "The service that runs here; the value is always 1",
      labelNames: ["version", "env"],
    });
    if (version === undefined && environment === undefined) return info;
    // One service, one series: the newest that says who it is.
    info.reset();
    info.set({ version: version ?? "unknown", env: environment ?? "unknown" }, 1);
    return info;
  }

  #percent(name: string, help: string): Gauge {
    const isNew = this.registry.get(name) === undefined;
    const gauge = this.gauge({ name, help, unit: "percent" });
    if (isNew) gauge.set(Number.NaN);
    return gauge;
  }
}
