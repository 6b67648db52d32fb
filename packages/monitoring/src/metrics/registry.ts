// A registry: the metrics that are exposed together, each name once.
//
// Registering the same metric twice (same name, type, help, labels) gives the one that is there, so that hot reload and a
// package loaded twice go on counting into the same series. Anything else under a name in use is an error that
// names both.
//
// An exposition runs in slices of a few milliseconds with the event loop let in between, so that a scrape of 100,000
// series never holds a request back. A `collect` callback that fails or hangs costs its own metric only.

import { FlxError, type ExpositionFormat, type MetricFamily, type MetricType } from "@flx/model";
import { setImmediate as letOthersRun } from "node:timers/promises";
import type { ExposedMetric } from "./exposed-metric.ts";
import { labelString } from "./label-values.ts";
import { defaultMisusePolicy, Misuse, type MisusePolicy } from "./misuse.ts";
import { headerText } from "./series-text.ts";
import { TextChunks } from "./text-chunks.ts";

/** How long an exposition works before it lets other work in. */
const SLICE_MS = 2;

/** How long a `collect` callback may take when the scraper does not say. */
const COLLECT_TIMEOUT_MS = 5_000;

/** How a registry behaves. */
export interface RegistryOptions {
  /** What a wrong call does; by default it throws, and in production (NODE_ENV) it is counted. */
  readonly misuse?: MisusePolicy;
}

/** One exposition. */
export interface ExpositionRequest {
  /** Default "text". */
  readonly format?: ExpositionFormat;
  /** Only the metrics with these names. */
  readonly names?: readonly string[] | undefined;
  /** How long `collect` callbacks may take, in milliseconds (default 5,000). */
  readonly collectTimeoutMs?: number | undefined;
}

/** What a metric is, without its values. */
export interface CatalogueEntry {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string | undefined;
  readonly labelNames: readonly string[];
}

/** The metrics that are exposed together. */
export class Registry {
  readonly misuse: Misuse;
  readonly #metrics = new Map<string, ExposedMetric>();
  readonly #sampleNames = new Map<string, string>();
  readonly #running = new Map<string, Promise<readonly Uint8Array[]>>();
  /** `collect` callbacks that failed or took too long, by metric. */
  readonly #collectFailures = new Map<string, number>();
  #defaultLabels: ReadonlyMap<string, string> = new Map();

  constructor(options: RegistryOptions = {}) {
    this.misuse = new Misuse(options.misuse ?? defaultMisusePolicy());
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
      if (existing.definition === metric.definition) return existing;
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
    for (const name of metric.sampleNames) this.#sampleNames.set(name, metric.name);
    this.#metrics.set(metric.name, metric);
    return metric;
  }

  /** Takes a metric out; what holds it goes on working, unexposed. */
  unregister(name: string): void {
    const metric = this.#metrics.get(name);
    if (metric === undefined) return;
    this.#metrics.delete(name);
    for (const sample of metric.sampleNames) this.#sampleNames.delete(sample);
  }

  /** The metric of a name. */
  get(name: string): ExposedMetric | undefined {
    return this.#metrics.get(name);
  }

  /** Takes all metrics out. */
  clear(): void {
    this.#metrics.clear();
    this.#sampleNames.clear();
  }

  /** Every value of every metric back to zero. */
  resetMetrics(): void {
    for (const metric of this.#metrics.values()) metric.reset();
  }

  /**
   * Labels that every series gets which does not have them itself.
   *
   * @throws {FlxError} `FLX_METRIC_LABELS` when a value has no text
   */
  setDefaultLabels(labels: Readonly<Record<string, unknown>>): void {
    const texts = new Map<string, string>();
    for (const [name, value] of Object.entries(labels)) {
      const text = labelString(value);
      if (text === undefined || name === "") {
        throw new FlxError(
          "FLX_METRIC_LABELS",
          `default label ${JSON.stringify(name)} has no text`,
        );
      }
      texts.set(name, text);
    }
    this.#defaultLabels = texts;
  }

  /** What is registered: name, type, help, unit, labels. */
  catalogue(): CatalogueEntry[] {
    return [...this.#metrics.values()].map(({ name, type, help, unit, labelNames }) => {
      return { name, type, help, unit, labelNames };
    });
  }

  /** The metrics with their values, as the model has them. */
  async families(request: ExpositionRequest = {}): Promise<MetricFamily[]> {
    const metrics = this.#selected(request.names);
    const failed = await this.#collect(metrics, request.collectTimeoutMs);
    return metrics.filter((metric) => !failed.has(metric)).map((metric) => metric.family());
  }

  /** The exposition as one string. */
  async metrics(request: ExpositionRequest = {}): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    for (const chunk of await this.expose(request)) text += decoder.decode(chunk, { stream: true });
    return text;
  }

  /** The exposition as bytes, in chunks. Equal requests at the same time share one exposition. */
  async expose(request: ExpositionRequest = {}): Promise<readonly Uint8Array[]> {
    const key = JSON.stringify([request.format, request.names, request.collectTimeoutMs]);
    let running = this.#running.get(key);
    if (running === undefined) {
      running = this.#expose(request).finally(() => this.#running.delete(key));
      this.#running.set(key, running);
    }
    return running;
  }

  async #expose(request: ExpositionRequest): Promise<readonly Uint8Array[]> {
    const format = request.format ?? "text";
    const metrics = this.#selected(request.names);
    const failed = await this.#collect(metrics, request.collectTimeoutMs);
    const out = new TextChunks();
    const options = { format, defaultLabels: this.#defaultLabels };
    let started = performance.now();
    for (const metric of metrics) {
      if (failed.has(metric)) continue;
      for (const _ of metric.expose(out, options)) {
        if (performance.now() - started < SLICE_MS) continue;
        await letOthersRun();
        started = performance.now();
      }
    }
    if (request.names === undefined) out.text(this.#selfText(format === "openmetrics"));
    if (format === "openmetrics") out.text("# EOF\n");
    return out.finish();
  }

  #selected(names: readonly string[] | undefined): ExposedMetric[] {
    if (names === undefined || names.length === 0) return [...this.#metrics.values()];
    return names.flatMap((name) => this.#metrics.get(name) ?? []);
  }

  /** Runs the `collect` callbacks side by side; gives those that failed or took too long. */
  async #collect(
    metrics: readonly ExposedMetric[],
    timeoutMs: number = COLLECT_TIMEOUT_MS,
  ): Promise<ReadonlySet<ExposedMetric>> {
    const failed = new Set<ExposedMetric>();
    const waiting: Promise<void>[] = [];
    for (const metric of metrics) {
      if (metric.collect === undefined) continue;
      const fail = () => {
        failed.add(metric);
        this.#collectFailures.set(metric.name, (this.#collectFailures.get(metric.name) ?? 0) + 1);
      };
      try {
        const pending = metric.collect();
        if (pending !== undefined) waiting.push(within(pending, timeoutMs).catch(fail));
      } catch {
        fail();
      }
    }
    await Promise.all(waiting);
    return failed;
  }

  /** The registry's own troubles, only those that there are. */
  #selfText(openMetrics: boolean): string {
    const overflowed = new Map<string, number>();
    for (const metric of this.#metrics.values()) {
      if (metric.overflowed > 0) overflowed.set(metric.name, metric.overflowed);
    }
    return (
      selfFamily(
        "flx_metrics_misuse",
        "Wrong calls of metrics that did nothing",
        "reason",
        this.misuse.counts,
        openMetrics,
      ) +
      selfFamily(
        "flx_metrics_overflow",
        "Calls counted in the overflow series",
        "metric",
        overflowed,
        openMetrics,
      ) +
      selfFamily(
        "flx_metrics_collect_failures",
        "Collect callbacks that failed or took too long",
        "metric",
        this.#collectFailures,
        openMetrics,
      )
    );
  }
}

function selfFamily(
  name: string,
  help: string,
  label: string,
  counts: ReadonlyMap<string, number>,
  openMetrics: boolean,
): string {
  if (counts.size === 0) return "";
  let text = headerText(
    openMetrics ? name : `${name}_total`,
    "counter",
    help,
    undefined,
    openMetrics,
  );
  for (const [value, count] of counts)
    text += `${name}_total{${label}=${JSON.stringify(value)}} ${count}\n`;
  return text;
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
