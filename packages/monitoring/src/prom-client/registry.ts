// A registry with the behaviour of the peer's, that a failing metric cannot break.
//
//   metrics()    every collect() at once, each at most COLLECT_TIMEOUT_MS  ──►  lines, in slices of a few milliseconds
//                one fails or hangs: the others are exposed, and flx_metrics_collect_failures_total{metric} counts it
//
// Two metrics whose samples would have the same name (histogram `h`, counter `h_count`) are refused, with the message for
// a name in use: such an exposition is invalid, and the scraper would drop all of it.

import { setImmediate as letOthersRun } from "node:timers/promises";
import { aggregateMetrics } from "./aggregators.ts";
import {
  isContentType,
  openMetricsContentType,
  prometheusContentType,
  type OpenMetricsContentType,
  type PrometheusContentType,
  type RegistryContentType,
} from "./content-type.ts";
import {
  type DefaultLabels,
  familyName,
  headerText,
  isLineWriter,
  type LineOptions,
  linesOf,
  type LineWriter,
  type MetricObject,
  type RegisteredMetric,
  withDefaults,
} from "./exposition.ts";

/** How long a `collect` may take before an exposition goes on without its metric. */
const COLLECT_TIMEOUT_MS = 5_000;
/** How long lines are written before other work is let in. */
const SLICE_MS = 2;

const FAILURES = {
  name: "flx_metrics_collect_failures_total",
  help: "Expositions of a metric that failed or took too long",
};

/** The metrics that are exposed together. */
export class Registry {
  #metrics = new Map<string, RegisteredMetric>();
  #defaultLabels: Readonly<Record<string, unknown>> = {};
  #contentType: RegistryContentType;
  readonly #failures = new Map<string, number>();

  static get PROMETHEUS_CONTENT_TYPE(): PrometheusContentType {
    return prometheusContentType;
  }

  static get OPENMETRICS_CONTENT_TYPE(): OpenMetricsContentType {
    return openMetricsContentType;
  }

  /** The registry that metrics join when nothing else is said. */
  static get globalRegistry(): Registry {
    return globalRegistry;
  }

  /** @throws {TypeError} when the content type is none of the two */
  constructor(regContentType: string = prometheusContentType) {
    if (!isContentType(regContentType)) {
      throw new TypeError(`Content type ${regContentType} is unsupported`);
    }
    this.#contentType = regContentType;
  }

  /** The exposition. */
  async metrics(): Promise<string> {
    const options = this.#lineOptions();
    const metrics = this.getMetricsAsArray();
    const slice = { startedMs: performance.now() };
    const texts: string[] = [];
    for (const { metric, value } of await this.#collected(metrics)) {
      texts.push(await metricText(metric, value, options, slice));
    }
    if (this.#failures.size > 0) texts.push(this.#failuresText(options));
    if (options.openMetrics) return `${texts.join("")}# EOF\n`;
    return texts.length === 0 ? "\n" : texts.join("\n");
  }

  /** The exposition of one metric, without the last line feed. */
  async getMetricsAsString(metric: RegisteredMetric): Promise<string> {
    const value = await prepare(metric);
    const text = await metricText(metric, value, this.#lineOptions(), undefined);
    return text.slice(0, -1);
  }

  getSingleMetricAsString(name: string): Promise<string> {
    const metric = this.#metrics.get(name);
    if (metric === undefined) {
      return Promise.reject(new TypeError(`No metric with the name ${name} is registered.`));
    }
    return this.getMetricsAsString(metric);
  }

  /** The metrics with their values, as objects fit for JSON. */
  async getMetricsAsJSON(aggregator?: string): Promise<MetricObject[]> {
    const defaults = this.#defaults();
    const found: MetricObject[] = [];
    const waiting = this.getMetricsAsArray(aggregator).map((metric) =>
      this.#guarded(metric, () => metric.get()),
    );
    for (const result of await Promise.all(waiting)) {
      if (result === undefined) continue;
      const object = result.value;
      if (defaults.length > 0 && object.values !== undefined) {
        for (const sample of object.values) {
          sample.labels = withDefaults(sample.labels ?? {}, defaults);
        }
      }
      found.push(object);
    }
    return found;
  }

  /** The metrics; with an aggregator only those that have it ("sum" where nothing is said). */
  getMetricsAsArray(aggregator?: string): RegisteredMetric[] {
    const metrics = [...this.#metrics.values()];
    if (aggregator === undefined) return metrics;
    return metrics.filter((metric) => aggregator === (metric.aggregator ?? "sum"));
  }

  /** @throws {Error} when another metric has the name, or one of its samples' names */
  registerMetric(metric: RegisteredMetric): void {
    const existing = this.#metrics.get(metric.name);
    if (existing === metric) return;
    const clash = existing === undefined ? this.#clashOf(metric) : metric.name;
    if (clash !== undefined) {
      throw new Error(`A metric with the name ${clash} has already been registered.`);
    }
    this.#metrics.set(metric.name, metric);
  }

  getSingleMetric(name: string): RegisteredMetric | undefined {
    return this.#metrics.get(name);
  }

  removeSingleMetric(name: string): void {
    this.#metrics.delete(name);
  }

  /** Takes all metrics and the default labels away. */
  clear(): void {
    this.#metrics = new Map();
    this.#defaultLabels = {};
    this.#failures.clear();
  }

  resetMetrics(): void {
    for (const metric of this.#metrics.values()) metric.reset?.();
  }

  /** Labels for every series that does not have them itself; the object is read at each exposition. */
  setDefaultLabels(labels: object): void {
    this.#defaultLabels = labels as Readonly<Record<string, unknown>>;
  }

  get contentType(): RegistryContentType {
    return this.#contentType;
  }

  /** @throws {Error} when the content type is none of the two */
  setContentType(contentType: string): void {
    if (!isContentType(contentType)) {
      throw new Error(`Content type ${contentType} is unsupported`);
    }
    this.#contentType = contentType;
  }

  /**
   * One registry with the metrics of several.
   *
   * @throws {Error} when content types differ, or two have a metric of the same name
   */
  static merge(registers: readonly Registry[]): Registry {
    const contentType = registers[0]!.contentType;
    if (registers.some((registry) => registry.contentType !== contentType)) {
      throw new Error("Registers can only be merged if they have the same content type");
    }
    const merged = new Registry(contentType);
    for (const registry of registers) {
      for (const metric of registry.getMetricsAsArray()) merged.registerMetric(metric);
    }
    return merged;
  }

  /**
   * One registry from the JSON forms of several, each metric put together as its `aggregator` says.
   *
   * @throws {Error} when an aggregator is not known
   */
  static aggregate(
    metricsArr: readonly (readonly MetricObject[])[],
    registryType: string = prometheusContentType,
  ): Registry {
    const aggregated = new Registry();
    aggregated.setContentType(registryType);
    for (const metric of aggregateMetrics(metricsArr)) {
      aggregated.registerMetric({ get: () => metric, ...metric });
    }
    return aggregated;
  }

  #lineOptions(): LineOptions {
    const openMetrics = this.contentType === openMetricsContentType;
    return { openMetrics, defaults: this.#defaults() };
  }

  #defaults(): DefaultLabels {
    return Object.entries(this.#defaultLabels);
  }

  /** The metrics that could be brought up to date, in order. */
  async #collected(metrics: readonly RegisteredMetric[]): Promise<readonly Prepared[]> {
    const waiting = metrics.map((metric) => this.#guarded(metric, () => prepare(metric)));
    const prepared: Prepared[] = [];
    for (const [i, result] of (await Promise.all(waiting)).entries()) {
      if (result !== undefined) prepared.push({ metric: metrics[i]!, value: result.value });
    }
    return prepared;
  }

  /** Runs what a metric does for an exposition; undefined and counted when it throws or takes too long. */
  async #guarded<Result>(
    { name }: RegisteredMetric,
    run: () => Result | Promise<Result>,
  ): Promise<{ readonly value: Result } | undefined> {
    try {
      const pending = run();
      return { value: pending instanceof Promise ? await within(pending) : pending };
    } catch {
      this.#failures.set(name, (this.#failures.get(name) ?? 0) + 1);
      return undefined;
    }
  }

  #failuresText(options: LineOptions): string {
    const { name, help } = FAILURES;
    const values = [...this.#failures].map(([metric, value]) => ({ labels: { metric }, value }));
    const family = familyName(name, "counter", options.openMetrics);
    const lines = linesOf({ name, help, type: "counter", values }, options);
    return headerText(family, help, "counter") + lines;
  }

  /** The name of a sample that another metric has already. */
  #clashOf(metric: RegisteredMetric): string | undefined {
    const others = [...this.#metrics.values()];
    const names = partNames(metric);
    const part = names.find((name) => this.#metrics.has(name));
    if (part !== undefined) return part;
    return others.some((other) => partNames(other).includes(metric.name)) ? metric.name : undefined;
  }
}

// Under a global symbol, so that two copies of this package share one and no metric silently goes missing.
const key = Symbol.for("@flx/monitoring/prom-client.register");
const shared = globalThis as { [key]?: Registry };

/** The registry that metrics join when nothing else is said. */
export const globalRegistry: Registry = (shared[key] ??= new Registry());

interface Prepared {
  readonly metric: RegisteredMetric;
  /** Undefined when the metric writes its lines itself. */
  readonly value: MetricObject | undefined;
}

/** Brings a metric up to date, and takes its values when it does not write lines itself. */
function prepare(
  metric: RegisteredMetric,
): MetricObject | undefined | Promise<MetricObject | undefined> {
  if (isLineWriter(metric)) {
    const pending = metric.bringUpToDate();
    return pending === undefined ? undefined : pending.then(() => undefined);
  }
  return metric.getForPromString === undefined ? metric.get() : metric.getForPromString();
}

/** The lines of one metric with HELP and TYPE; ends with a line feed. */
async function metricText(
  metric: RegisteredMetric,
  value: MetricObject | undefined,
  options: LineOptions,
  slice: { startedMs: number } | undefined,
): Promise<string> {
  const { name, help, type } = value ?? metric;
  const header = headerText(familyName(name, type, options.openMetrics), help, type);
  if (value !== undefined) return header + linesOf(value, options);
  const writer = metric as LineWriter;
  const layout = writer.rowLayout;
  let text = header;
  for (const piece of writer.writeLines(options)) {
    text += piece;
    if (slice === undefined || performance.now() - slice.startedMs < SLICE_MS) continue;
    await letOthersRun();
    slice.startedMs = performance.now();
    // A series that moved meanwhile could be missing or stand there twice: once more, in one go.
    if (writer.rowLayout !== layout) return header + [...writer.writeLines(options)].join("");
  }
  return text;
}

/** The names of the samples that a histogram or summary has besides its own. */
function partNames({ name, type }: RegisteredMetric): readonly string[] {
  if (type === "histogram") return [`${name}_bucket`, `${name}_sum`, `${name}_count`];
  return type === "summary" ? [`${name}_sum`, `${name}_count`] : [];
}

async function within<Result>(pending: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`collect took longer than ${COLLECT_TIMEOUT_MS} ms`));
    }, COLLECT_TIMEOUT_MS);
  });
  try {
    return await Promise.race([pending, late]);
  } finally {
    clearTimeout(timer);
  }
}
