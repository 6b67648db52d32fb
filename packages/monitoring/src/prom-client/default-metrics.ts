// The metrics of process and runtime, under the names that dashboards for Node services know.
//
//   process_*    CPU time, start, memory, descriptors
//   nodejs_*     event loop lag and utilisation, active resources, heap, version, collections of garbage
//
// A group is one function; one metric of a group reads the facts and sets the others, so that each fact is read once an
// exposition. Every collection of garbage is counted (../system/gc.ts says why that is worth a sentence).

import { readFileSync, readdirSync } from "node:fs";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { getHeapSpaceStatistics } from "node:v8";
import { GcMonitor } from "../system/gc.ts";
import { Counter } from "./counter.ts";
import { Gauge } from "./gauge.ts";
import { Histogram } from "./histogram.ts";
import type { LabelRecord } from "./label-series.ts";
import type { Registry } from "./registry.ts";
import { Summary } from "./summary.ts";

const MICROSECONDS = 1e6;
const NANOSECONDS = 1e9;
const KILOBYTE = 1_024;

const GC_BUCKETS: readonly number[] = [0.001, 0.01, 0.1, 1, 2, 5];
const UTILIZATION_BUCKETS: readonly number[] = [
  0.01, 0.05, 0.1, 0.25, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.99, 1,
];
const UTILIZATION_PERCENTILES: readonly number[] = [0.01, 0.05, 0.5, 0.9, 0.95, 0.99, 0.999];
const UTILIZATION_HELP =
  "Ratio of time the event loop is not idling in the event provider to the total time the event loop is running.";

const startedSeconds = Math.round(Date.now() / 1000 - process.uptime());

/** What `collectDefaultMetrics` is told. */
export interface DefaultMetricsConfiguration {
  readonly register?: Registry | undefined;
  readonly prefix?: string | undefined;
  readonly labels?: object | undefined;
  readonly gcDurationBuckets?: readonly number[] | undefined;
  /** Interval of the timer that measures lag, in milliseconds; default 10. */
  readonly eventLoopMonitoringPrecision?: number | undefined;
  /** Milliseconds between two looks at the utilisation; default 100. */
  readonly eventLoopUtilizationTimeout?: number | undefined;
  readonly eventLoopUtilizationBuckets?: readonly number[] | undefined;
  readonly eventLoopUtilizationPercentiles?: readonly number[] | undefined;
  readonly eventLoopUtilizationAgeBuckets?: number | undefined;
  readonly eventLoopUtilizationMaxAgeSeconds?: number | undefined;
}

/** A configuration with what every group needs of it worked out. */
interface Setting {
  readonly config: DefaultMetricsConfiguration;
  readonly labels: LabelRecord;
  /** What every metric of the group is declared with. */
  readonly metric: (
    name: string,
    help: string,
    moreLabels?: readonly string[],
  ) => {
    readonly name: string;
    readonly help: string;
    readonly labelNames: readonly string[];
    readonly registers?: readonly Registry[];
  };
}

const groups: Readonly<Record<string, (setting: Setting) => void>> = {
  processCpuTotal,
  processStartTime,
  osMemoryHeap,
  processOpenFileDescriptors,
  processMaxFileDescriptors,
  eventLoopLag,
  eventLoopUtilization,
  processResources,
  processHandles,
  processRequests,
  heapSizeAndUsed,
  heapSpacesSizeAndUsed,
  version,
  gc,
};

/** Registers the default metrics; `metricsList` names their groups. */
export const collectDefaultMetrics: {
  (config?: DefaultMetricsConfiguration | null): void;
  readonly metricsList: string[];
} = Object.assign(registerDefaultMetrics, { metricsList: Object.keys(groups) });

function registerDefaultMetrics(config?: DefaultMetricsConfiguration | null): void {
  if (config !== null && config !== undefined && typeof config !== "object") {
    throw new TypeError("config must be null, undefined, or an object");
  }
  const { prefix = "", labels = {}, register } = config ?? {};
  const setting: Setting = {
    config: config ?? {},
    labels: labels as LabelRecord,
    metric: (name, help, moreLabels = []) => ({
      name: prefix + name,
      help,
      labelNames: [...moreLabels, ...Object.keys(labels)],
      ...(register === undefined ? {} : { registers: [register] }),
    }),
  };
  for (const group of Object.values(groups)) group(setting);
}

function processCpuTotal({ metric, labels }: Setting): void {
  let last = process.cpuUsage();
  const user = new Counter({
    ...metric("process_cpu_user_seconds_total", "Total user CPU time spent in seconds."),
    collect() {
      const now = process.cpuUsage();
      const userMicros = now.user - last.user;
      const systemMicros = now.system - last.system;
      last = now;
      user.inc(labels, userMicros / MICROSECONDS);
      system.inc(labels, systemMicros / MICROSECONDS);
      both.inc(labels, (userMicros + systemMicros) / MICROSECONDS);
    },
  });
  const system = new Counter(
    metric("process_cpu_system_seconds_total", "Total system CPU time spent in seconds."),
  );
  const both = new Counter(
    metric("process_cpu_seconds_total", "Total user and system CPU time spent in seconds."),
  );
}

function processStartTime({ metric, labels }: Setting): void {
  const start = new Gauge({
    ...metric(
      "process_start_time_seconds",
      "Start time of the process since unix epoch in seconds.",
    ),
    aggregator: "omit",
    collect() {
      start.set(labels, startedSeconds);
    },
  });
}

function osMemoryHeap({ metric, labels }: Setting): void {
  const residentMetric = metric("process_resident_memory_bytes", "Resident memory size in bytes.");
  if (process.platform !== "linux") {
    const resident = new Gauge({
      ...residentMetric,
      collect() {
        resident.set(labels, process.memoryUsage.rss());
      },
    });
    return;
  }
  const resident = new Gauge({
    ...residentMetric,
    collect() {
      const status = readText("/proc/self/status");
      if (status === undefined) return;
      const bytes = (field: string) => {
        const kilobytes = new RegExp(String.raw`^${field}:\s+(\d+) kB`, "m").exec(status)?.[1];
        return Number(kilobytes ?? 0) * KILOBYTE;
      };
      resident.set(labels, bytes("VmRSS"));
      virtual.set(labels, bytes("VmSize"));
      heap.set(labels, bytes("VmData"));
    },
  });
  const virtual = new Gauge(
    metric("process_virtual_memory_bytes", "Virtual memory size in bytes."),
  );
  const heap = new Gauge(metric("process_heap_bytes", "Process heap size in bytes."));
}

function processOpenFileDescriptors({ metric, labels }: Setting): void {
  if (process.platform !== "linux") return;
  const open = new Gauge({
    ...metric("process_open_fds", "Number of open file descriptors."),
    collect() {
      try {
        // One less: the folder itself was open while it was read.
        open.set(labels, readdirSync("/proc/self/fd").length - 1);
      } catch {
        // No procfs here: the gauge keeps what it has.
      }
    },
  });
}

function processMaxFileDescriptors({ metric, labels }: Setting): void {
  const limits = readText("/proc/self/limits");
  const found = limits === undefined ? undefined : /^Max open files\s+(\S+)/m.exec(limits)?.[1];
  if (found === undefined) return;
  const limit = found === "unlimited" ? Infinity : Number(found);
  const max = new Gauge({
    ...metric("process_max_fds", "Maximum number of open file descriptors."),
    collect() {
      max.set(labels, limit);
    },
  });
}

function eventLoopLag({ metric, labels, config }: Setting): void {
  const delays = monitorEventLoopDelay({ resolution: config.eventLoopMonitoringPrecision ?? 10 });
  delays.enable();
  const lag = new Gauge({
    ...metric("nodejs_eventloop_lag_seconds", "Lag of event loop in seconds."),
    aggregator: "average",
    collect() {
      const start = process.hrtime.bigint();
      setImmediate(() => {
        lag.set(labels, Number(process.hrtime.bigint() - start) / NANOSECONDS);
      });
      for (const [gauge, read] of parts) gauge.set(labels, read() / NANOSECONDS);
      delays.reset();
    },
  });
  const part = (name: string, what: string, aggregator: string, read: () => number) => {
    const declared = metric(`nodejs_eventloop_lag_${name}_seconds`, `The ${what}.`);
    return [new Gauge({ ...declared, aggregator }), read] as const;
  };
  const percentile = (p: number) =>
    part(`p${p}`, `${p}th percentile of the recorded event loop delays`, "average", () =>
      delays.percentile(p),
    );
  const parts = [
    part("min", "minimum recorded event loop delay", "min", () => delays.min),
    part("max", "maximum recorded event loop delay", "max", () => delays.max),
    part("mean", "mean of the recorded event loop delays", "average", () => delays.mean),
    part(
      "stddev",
      "standard deviation of the recorded event loop delays",
      "average",
      () => delays.stddev,
    ),
    percentile(50),
    percentile(90),
    percentile(99),
  ];
}

function eventLoopUtilization({ metric, config }: Setting): void {
  const summary = new Summary({
    ...metric("nodejs_eventloop_utilization_summary", UTILIZATION_HELP),
    maxAgeSeconds: config.eventLoopUtilizationMaxAgeSeconds ?? 60,
    ageBuckets: config.eventLoopUtilizationAgeBuckets ?? 5,
    percentiles: config.eventLoopUtilizationPercentiles ?? UTILIZATION_PERCENTILES,
  });
  const histogram = new Histogram({
    ...metric("nodejs_eventloop_utilization_histogram", UTILIZATION_HELP),
    buckets: config.eventLoopUtilizationBuckets ?? UTILIZATION_BUCKETS,
  });
  const intervalMs = config.eventLoopUtilizationTimeout ?? 100;
  let before = performance.eventLoopUtilization();
  let startMs = performance.now();
  setInterval(() => {
    const now = performance.eventLoopUtilization();
    const nowMs = performance.now();
    const { utilization } = performance.eventLoopUtilization(now, before);
    // A blocked loop missed its turns: each of them had this utilisation.
    const intervals = Math.round((nowMs - startMs) / intervalMs);
    for (let i = 0; i < intervals; i++) {
      summary.observe(utilization);
      histogram.observe(utilization);
    }
    before = now;
    startMs = nowMs;
  }, intervalMs).unref();
}

function processResources(setting: Setting): void {
  countedByType(
    setting,
    "nodejs_active_resources",
    "Number of active resources that are currently keeping the event loop alive, grouped by async resource type.",
    "Total number of active resources.",
    () => process.getActiveResourcesInfo(),
  );
}

function processHandles(setting: Setting): void {
  const { _getActiveHandles: list } = process as { _getActiveHandles?: () => unknown[] };
  if (list === undefined) return;
  countedByType(
    setting,
    "nodejs_active_handles",
    "Number of active libuv handles grouped by handle type. Every handle type is C++ class name.",
    "Total number of active handles.",
    () => list.call(process).map(className),
  );
}

function processRequests(setting: Setting): void {
  const { _getActiveRequests: list } = process as { _getActiveRequests?: () => unknown[] };
  if (list === undefined) return;
  countedByType(
    setting,
    "nodejs_active_requests",
    "Number of active libuv requests grouped by request type. Every request type is C++ class name.",
    "Total number of active requests.",
    () => list.call(process).map(className),
  );
}

/** A gauge by type and one of all types together. */
function countedByType(
  { metric, labels }: Setting,
  name: string,
  help: string,
  totalHelp: string,
  types: () => readonly string[],
): void {
  const byType = new Gauge({
    ...metric(name, help, ["type"]),
    collect() {
      byType.reset();
      for (const type of types()) byType.inc({ type, ...labels });
    },
  });
  const total = new Gauge({
    ...metric(`${name}_total`, totalHelp),
    collect() {
      total.set(labels, types().length);
    },
  });
}

function heapSizeAndUsed({ metric, labels }: Setting): void {
  const total = new Gauge({
    ...metric("nodejs_heap_size_total_bytes", "Process heap size from Node.js in bytes."),
    collect() {
      const usage = process.memoryUsage();
      total.set(labels, usage.heapTotal);
      used.set(labels, usage.heapUsed);
      external.set(labels, usage.external);
    },
  });
  const used = new Gauge(
    metric("nodejs_heap_size_used_bytes", "Process heap size used from Node.js in bytes."),
  );
  const external = new Gauge(
    metric("nodejs_external_memory_bytes", "Node.js external memory size in bytes."),
  );
}

function heapSpacesSizeAndUsed({ metric, labels }: Setting): void {
  const gauge = (what: string) =>
    new Gauge(
      metric(
        `nodejs_heap_space_size_${what}_bytes`,
        `Process heap space size ${what} from Node.js in bytes.`,
        ["space"],
      ),
    );
  const total = gauge("total");
  const used = gauge("used");
  const available = gauge("available");
  total.collect = () => {
    for (const facts of getHeapSpaceStatistics()) {
      const space = facts.space_name.replace(/_space.*/, "");
      total.set({ space, ...labels }, facts.space_size);
      used.set({ space, ...labels }, facts.space_used_size);
      available.set({ space, ...labels }, facts.space_available_size);
    }
  };
}

function version({ metric, labels }: Setting): void {
  const [major, minor, patch] = process.version.slice(1).split(".").map(Number);
  const info = new Gauge({
    ...metric("nodejs_version_info", "Node.js version info.", [
      "version",
      "major",
      "minor",
      "patch",
    ]),
    aggregator: "first",
    collect() {
      info.set({ version: process.version, major, minor, patch, ...labels }, 1);
    },
  });
}

function gc({ metric, labels, config }: Setting): void {
  const durations = new Histogram({
    ...metric(
      "nodejs_gc_duration_seconds",
      "Garbage collection duration by kind, one of major, minor, incremental or weakcb.",
      ["kind"],
    ),
    buckets: config.gcDurationBuckets ?? GC_BUCKETS,
    collect() {
      // Counts what is queued.
      monitor.totals();
    },
  });
  const monitor = new GcMonitor({
    onPause: (kind, seconds) => {
      durations.observe({ kind, ...labels }, seconds);
    },
  });
}

function className(object: unknown): string {
  return (object as object | undefined)?.constructor?.name ?? "Object";
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
