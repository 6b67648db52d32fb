// A registry: the metrics that are exposed together, each name once.
//
// Registering the same metric twice (same name, type, help, labels) gives the one that is there, so that hot reload and a
// package loaded twice go on counting into the same series. Anything else under a name in use is an error that
// names both.
//
// A family without series is left out, HELP and TYPE lines too, as the clients for Go and C++ do (in Go's model of the format an
// empty family is even an error): of 300 metrics of which 20 were used, 20 are read. The clients for Python and JavaScript write
// the lines nevertheless. `catalogue()` says what is declared.
//
// Declarations are counted: what declared a metric and goes takes its own declaration back (`release`), and the metric stays as
// long as somebody else has one.
//
// An exposition runs in slices of a few milliseconds with the event loop let in between, so that a scrape of 100,000
// series never holds a request back. Series that are removed meanwhile could make another one appear twice, so a metric to
// which that happens is written once more, in one go. A metric that fails (its `collect` callback throws or takes too
// long) costs itself only.

import {
  type EscapingScheme,
  FlxError,
  Labels,
  type MetricFamily,
  type MetricType,
} from "@flx/model/write";
import { setImmediate as letOthersRun } from "node:timers/promises";
import { withDefaultLabels } from "./default-labels.ts";
import type { ExposedMetric } from "./exposed-metric.ts";
import { type ExpositionSink, expositionSink } from "./exposition-sink.ts";
import { labelString } from "./label-values.ts";
import { defaultMisusePolicy, Misuse, type MisusePolicy } from "./misuse.ts";
import type { ExposedFormat } from "./negotiation.ts";
import { SharedWork } from "./shared-work.ts";

/** How long an exposition works before it lets other work in. */
const SLICE_MS = 2;

/** How long a `collect` callback may take when the scraper does not say. */
const COLLECT_TIMEOUT_MS = 5_000;

/** The registry's own metrics, by what they count. */
const SELF = {
  misuse: {
    name: "flx_metrics_misuse",
    help: "Wrong calls of metrics that did nothing",
    label: "reason",
  },
  overflow: {
    name: "flx_metrics_overflow",
    help: "Calls counted in the overflow series",
    label: "metric",
  },
  failures: {
    name: "flx_metrics_collect_failures",
    help: "Expositions of a metric that failed or took too long",
    label: "metric",
  },
} as const;

/** Labels that types write themselves. */
const RESERVED_LABELS: ReadonlySet<string> = new Set(["le", "quantile"]);

/** Callbacks under way, which expositions at the same time share. */
const collecting = new WeakMap<ExposedMetric, Promise<void>>();

/** How a registry behaves. */
export interface RegistryOptions {
  /** What a wrong call does; by default it throws, and in production (NODE_ENV) it is counted. */
  readonly misuse?: MisusePolicy;
  /** Whether OpenMetrics gets a `_created` line for each counter, histogram and summary (default false: created-series.ts). */
  readonly createdSeries?: boolean;
}

/** One exposition. */
export interface ExpositionRequest {
  /** Default "text". */
  readonly format?: ExposedFormat;
  /** What the reader makes of names outside the classic characters; by default ("allow-utf-8") it takes them. */
  readonly escaping?: EscapingScheme | undefined;
  /** Only the metrics with these names; the name of one of its samples will do. */
  readonly names?: readonly string[] | undefined;
  /** Whether OpenMetrics gets `_created` lines; default: as the registry says. */
  readonly createdSeries?: boolean | undefined;
  /** How long `collect` callbacks may take, in milliseconds (default 5,000). */
  readonly collectTimeoutMs?: number | undefined;
  /** When it is aborted, the exposition stops, unless somebody else waits for the same one. */
  readonly signal?: AbortSignal | undefined;
}

/** What a metric is, without its values. */
export interface CatalogueEntry {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string | undefined;
  readonly labelNames: readonly string[];
}

/** Told of a metric that is registered (`true`) or no longer (`false`). */
export type MetricWatcher = (metric: ExposedMetric, registered: boolean) => void;

/** What a registry counts of its own troubles. */
export interface Troubles {
  /** Wrong calls that did nothing, by error code. */
  readonly misuse: ReadonlyMap<string, number>;
  /** Calls counted in the overflow series, by metric. */
  readonly overflow: ReadonlyMap<string, number>;
  /** Expositions of a metric that failed or took too long, by metric. */
  readonly failures: ReadonlyMap<string, number>;
}

/** The metrics that are exposed together. */
export class Registry {
  readonly misuse: Misuse;
  readonly #metrics = new Map<string, ExposedMetric>();
  readonly #sampleNames = new Map<string, string>();
  /** How often each metric was declared. */
  readonly #declarations = new Map<string, number>();
  readonly #running = new SharedWork<readonly Uint8Array[]>();
  /** `collect` callbacks that failed or took too long, by metric. */
  readonly #collectFailures = new Map<string, number>();
  /** Whether OpenMetrics gets `_created` lines. */
  readonly createdSeries: boolean;
  readonly #watchers = new Set<MetricWatcher>();
  #defaultLabels: ReadonlyMap<string, string> = new Map();

  constructor(options: RegistryOptions = {}) {
    this.createdSeries = options.createdSeries ?? false;
    this.misuse = new Misuse(options.misuse ?? defaultMisusePolicy());
    this.#reserveOwnNames();
  }

  /**
   * Takes a metric in, or gives the identical one that is there.
   *
   * @throws {FlxError} `FLX_METRIC_CLASH` when the name, or a sample name, belongs to another metric
   */
  register(metric: ExposedMetric): ExposedMetric {
    const existing = this.#metrics.get(metric.name);
    if (existing === metric) return metric;
    if (existing !== undefined) {
      if (isSame(existing, metric)) {
        this.#declarations.set(metric.name, this.#declarations.get(metric.name)! + 1);
        return existing;
      }
      throw new FlxError(
        "FLX_METRIC_CLASH",
        `metric ${metric.name} is already registered as ${existing.definition}, not ${metric.definition}`,
      );
    }
    for (const name of metric.sampleNames) {
      const owner = this.#sampleNames.get(name);
      if (owner !== undefined) {
        throw new FlxError(
          "FLX_METRIC_CLASH",
          `${metric.type} ${metric.name} and ${owner} would both have samples named ${name}; rename one of them`,
        );
      }
    }
    for (const name of metric.sampleNames)
      this.#sampleNames.set(name, `${metric.type} ${metric.name}`);
    this.#metrics.set(metric.name, metric);
    this.#declarations.set(metric.name, 1);
    for (const watcher of this.#watchers) watcher(metric, true);
    return metric;
  }

  /** Takes a metric out; what holds it goes on working, unexposed. */
  unregister(name: string): void {
    const metric = this.#metrics.get(name);
    if (metric === undefined) return;
    this.#metrics.delete(name);
    this.#declarations.delete(name);
    for (const sample of metric.sampleNames) this.#sampleNames.delete(sample);
    for (const watcher of this.#watchers) watcher(metric, false);
  }

  /** Takes one declaration of a metric back; with the last one the metric goes. */
  release(name: string): void {
    const left = (this.#declarations.get(name) ?? 1) - 1;
    if (left > 0) this.#declarations.set(name, left);
    else this.unregister(name);
  }

  /** Calls a function with every metric there is, and each that comes or goes, until the function it gives is called. */
  watch(watcher: MetricWatcher): () => void {
    this.#watchers.add(watcher);
    for (const metric of this.#metrics.values()) watcher(metric, true);
    return () => {
      this.#watchers.delete(watcher);
    };
  }

  /** The metric of a name. */
  get(name: string): ExposedMetric | undefined {
    return this.#metrics.get(name);
  }

  /** Takes all metrics out. */
  clear(): void {
    for (const metric of this.#metrics.values()) {
      for (const watcher of this.#watchers) watcher(metric, false);
    }
    this.#metrics.clear();
    this.#declarations.clear();
    this.#sampleNames.clear();
    this.#reserveOwnNames();
  }

  /** Every value of every metric back to zero. */
  resetMetrics(): void {
    for (const metric of this.#metrics.values()) metric.reset();
  }

  /**
   * Labels that every series gets which does not have them itself.
   *
   * @throws {FlxError} `FLX_METRIC_LABELS` when a value has no text, or the name is none a label may have
   */
  setDefaultLabels(labels: Readonly<Record<string, unknown>>): void {
    const texts = new Map<string, string>();
    for (const [name, value] of Object.entries(labels)) {
      const text = labelString(value);
      const reserved = name.startsWith("__") || RESERVED_LABELS.has(name);
      if (text === undefined || name === "" || !name.isWellFormed() || reserved) {
        throw new FlxError(
          "FLX_METRIC_LABELS",
          `default label ${JSON.stringify(name)} has no text, or its name is reserved`,
        );
      }
      texts.set(name, text);
    }
    this.#defaultLabels = texts;
  }

  /** Labels that every series gets which does not have them itself. */
  get defaultLabels(): ReadonlyMap<string, string> {
    return this.#defaultLabels;
  }

  /** Brings all values up to date, as an exposition does first. */
  async refresh(collectTimeoutMs?: number): Promise<void> {
    await this.#collect([...this.#metrics.values()], collectTimeoutMs);
  }

  /** The registry's own troubles: how often what has happened, by reason or metric. */
  troubles(): Troubles {
    const overflow = new Map<string, number>();
    for (const metric of this.#metrics.values()) {
      if (metric.overflowed > 0) overflow.set(metric.name, metric.overflowed);
    }
    return { misuse: this.misuse.counts, overflow, failures: this.#collectFailures };
  }

  /** What is registered: name, type, help, unit, labels. */
  catalogue(): CatalogueEntry[] {
    return [...this.#metrics.values()].map(({ name, type, help, unit, labelNames }) => {
      return { name, type, help, unit, labelNames };
    });
  }

  /** The metrics with their values, as the model has them; those without series are left out. */
  async families(request: ExpositionRequest = {}): Promise<MetricFamily[]> {
    const metrics = this.#selected(request.names);
    const failed = await this.#collect(metrics, request.collectTimeoutMs);
    const families = this.#familiesOf(metrics.filter((metric) => !failed.has(metric)));
    if (request.names === undefined) families.push(...this.#ownFamilies());
    return families;
  }

  #familiesOf(metrics: readonly ExposedMetric[]): MetricFamily[] {
    const families: MetricFamily[] = [];
    for (const metric of metrics) {
      if (metric.series === 0) continue;
      try {
        families.push(withDefaultLabels(metric.family(), this.#defaultLabels, metric.labelNames));
      } catch {
        this.#countFailure(metric);
      }
    }
    return families;
  }

  /** As `families`, at once: what a `collect` callback needs time for is as it was. For a process that ends. */
  familiesNow(): MetricFamily[] {
    const metrics = [...this.#metrics.values()];
    for (const metric of metrics) {
      try {
        collect(metric)?.catch(() => undefined);
      } catch {
        this.#countFailure(metric);
      }
    }
    return [...this.#familiesOf(metrics), ...this.#ownFamilies()];
  }

  /** The exposition as one string. */
  async metrics(request: ExpositionRequest = {}): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    for (const chunk of await this.expose(request)) text += decoder.decode(chunk, { stream: true });
    return text;
  }

  /**
   * The exposition as bytes, in chunks. Equal requests at the same time share one exposition.
   *
   * @throws the reason of the request's signal
   */
  async expose(request: ExpositionRequest = {}): Promise<readonly Uint8Array[]> {
    const { format, escaping, names, createdSeries, collectTimeoutMs, signal } = request;
    const key = JSON.stringify([format, escaping, names, createdSeries, collectTimeoutMs]);
    return this.#running.join(key, signal, (stop) => this.#expose(request, stop));
  }

  async #expose(
    {
      format = "text",
      escaping = "allow-utf-8",
      names,
      createdSeries = this.createdSeries,
      collectTimeoutMs,
    }: ExpositionRequest,
    stop: AbortSignal,
  ): Promise<readonly Uint8Array[]> {
    const metrics = this.#selected(names);
    const failed = await this.#collect(metrics, collectTimeoutMs);
    const defaultLabels = this.#defaultLabels;
    const sink = expositionSink({ format, escaping, defaultLabels, createdSeries });
    const slice = { startedMs: performance.now() };
    for (const metric of metrics) {
      stop.throwIfAborted();
      if (failed.has(metric) || metric.series === 0) continue;
      try {
        await exposeMetric(metric, sink, slice, stop);
      } catch {
        if (!stop.aborted) this.#countFailure(metric);
      }
    }
    stop.throwIfAborted();
    return sink.finish(names === undefined ? this.#ownFamilies() : []);
  }

  #selected(names: readonly string[] | undefined): ExposedMetric[] {
    if (names === undefined || names.length === 0) return [...this.#metrics.values()];
    const metrics = new Set<ExposedMetric>();
    for (const name of names) {
      const metric =
        this.#metrics.get(name) ??
        this.#metrics.values().find(({ sampleNames }) => sampleNames.includes(name));
      if (metric !== undefined) metrics.add(metric);
    }
    return [...metrics];
  }

  /** Runs the `collect` callbacks side by side and takes idle series away; gives the metrics that failed. */
  async #collect(
    metrics: readonly ExposedMetric[],
    timeoutMs: number = COLLECT_TIMEOUT_MS,
  ): Promise<ReadonlySet<ExposedMetric>> {
    const failed = new Set<ExposedMetric>();
    const waiting: Promise<void>[] = [];
    for (const metric of metrics) {
      if (metric.collect === undefined) continue;
      const fail = () => {
        // One that hangs is given up, so that the next exposition can succeed.
        collecting.delete(metric);
        failed.add(metric);
        this.#countFailure(metric);
      };
      try {
        const pending = collecting.get(metric) ?? collect(metric);
        if (pending !== undefined) waiting.push(within(pending, timeoutMs).catch(fail));
      } catch {
        fail();
      }
    }
    await Promise.all(waiting);
    for (const metric of metrics) if (!failed.has(metric)) metric.expire?.();
    return failed;
  }

  #countFailure(metric: ExposedMetric): void {
    this.#collectFailures.set(metric.name, (this.#collectFailures.get(metric.name) ?? 0) + 1);
  }

  #reserveOwnNames(): void {
    for (const { name } of Object.values(SELF)) {
      for (const ending of ["", "_total", "_created"]) {
        this.#sampleNames.set(name + ending, "the registry itself");
      }
    }
  }

  /** The registry's own troubles, only those that there are. */
  #ownFamilies(): MetricFamily[] {
    const { misuse, overflow, failures } = this.troubles();
    return [
      ownFamily(SELF.misuse, misuse),
      ownFamily(SELF.overflow, overflow),
      ownFamily(SELF.failures, failures),
    ]
      .filter(({ points }) => points.length > 0)
      .map((family) => withDefaultLabels(family, this.#defaultLabels, []));
  }
}

/** Whether two declarations are of one metric. */
function isSame(one: ExposedMetric, other: ExposedMetric): boolean {
  if (one.definition === other.definition) return true;
  return one.declaration !== undefined && one.declaration === other.declaration;
}

function ownFamily(
  { name, help, label }: (typeof SELF)[keyof typeof SELF],
  counts: ReadonlyMap<string, number>,
): MetricFamily {
  const points = [...counts].map(([value, total]) => {
    return { labels: Labels.from({ [label]: value }), value: { total } };
  });
  return { name, type: "counter", help, points };
}

/** Writes one metric, letting other work in after each slice. */
async function exposeMetric(
  metric: ExposedMetric,
  sink: ExpositionSink,
  slice: { startedMs: number },
  stop: AbortSignal,
): Promise<void> {
  const { epoch } = metric;
  for (const _ of sink.metric(metric)) {
    if (performance.now() - slice.startedMs < SLICE_MS) continue;
    await letOthersRun();
    slice.startedMs = performance.now();
    stop.throwIfAborted();
    // Leaving the loop takes back what was written.
    if (metric.epoch !== epoch) break;
  }
  if (metric.epoch === epoch) return;
  for (const _ of sink.metric(metric)) continue;
}

/** Calls a metric's callback; what it gives is under way until it settles. */
function collect(metric: ExposedMetric): Promise<void> | undefined {
  const pending = metric.collect?.();
  if (pending === undefined) return undefined;
  const run = Promise.resolve(pending).finally(() => {
    if (collecting.get(metric) === run) collecting.delete(metric);
  });
  collecting.set(metric, run);
  return run;
}

async function within(pending: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((_, reject) => {
    timer = setTimeout(() => {
      reject(new FlxError("FLX_METRIC_COLLECT", `collect took longer than ${timeoutMs} ms`));
    }, timeoutMs);
  });
  try {
    await Promise.race([pending, late]);
  } finally {
    clearTimeout(timer);
  }
}
