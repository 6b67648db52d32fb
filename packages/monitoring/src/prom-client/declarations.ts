// The public types: what a TypeScript program that was written for the peer compiles against, and the classes under them.
//
// They stand together and apart from the classes because they name each other in a circle (a registry gives metrics,
// metrics are declared with registries), and because what they allow is narrower than what the classes cope with.

import type {
  OpenMetricsContentType,
  PrometheusContentType,
  RegistryContentType,
} from "./content-type.ts";
import { ClusterRegistry as ClusterRegistryClass } from "./cluster-registry.ts";
import { Counter as CounterClass } from "./counter.ts";
import { collectDefaultMetrics as collectDefaults } from "./default-metrics.ts";
import { Gauge as GaugeClass } from "./gauge.ts";
import { Histogram as HistogramClass } from "./histogram.ts";
import { Pushgateway as PushgatewayClass } from "./pushgateway.ts";
import { globalRegistry, Registry as RegistryClass } from "./registry.ts";
import { Summary as SummaryClass } from "./summary.ts";
import { WorkerRegistry as WorkerRegistryClass } from "./worker-registry.ts";

/** Container for metrics. */
export interface Registry<
  BoundRegistryContentType extends RegistryContentType = RegistryContentType,
> {
  /** The exposition. */
  metrics(): Promise<string>;
  /** Takes all metrics and default labels away. */
  clear(): void;
  /** Resets all metrics. */
  resetMetrics(): void;
  /** @throws {Error} when the name is in use */
  registerMetric<T extends string>(metric: Metric<T>): void;
  /** All metrics as objects, or those of one aggregator. */
  getMetricsAsJSON(aggregator?: string): Promise<MetricObjectWithValues<MetricValue<string>>[]>;
  /** The exposition of one metric. */
  getMetricsAsString<T extends string>(metric: Metric<T>): Promise<string>;
  /** All metrics, or those of one aggregator. */
  getMetricsAsArray(aggregator?: string): MetricObject[];
  removeSingleMetric(name: string): void;
  getSingleMetric<T extends string>(name: string): Metric<T> | undefined;
  /** Labels for every series that does not have them itself. */
  setDefaultLabels(labels: object): void;
  /** The exposition of one metric by its name. */
  getSingleMetricAsString(name: string): Promise<string>;
  /** For the header Content-Type. */
  readonly contentType: PrometheusContentType | OpenMetricsContentType;
  setContentType(contentType: PrometheusContentType | OpenMetricsContentType): void;
  /** Never there: keeps the parameter of the type in use. */
  readonly boundContentType?: BoundRegistryContentType;
}

/** The class of registries. */
export interface RegistryConstructor {
  new <T extends RegistryContentType = RegistryContentType>(
    regContentType?: RegistryContentType,
  ): Registry<T>;
  readonly prototype: Registry;
  /** One registry with the metrics of several. */
  merge(registers: Registry[]): Registry;
  /** One registry from the JSON forms of several. */
  aggregate<T extends RegistryContentType>(
    metricsArr: Array<object>,
    registryType?: RegistryContentType,
  ): Registry<T>;
  readonly PROMETHEUS_CONTENT_TYPE: PrometheusContentType;
  readonly OPENMETRICS_CONTENT_TYPE: OpenMetricsContentType;
}

export const Registry: RegistryConstructor = RegistryClass as unknown as RegistryConstructor;

type Registries =
  | Array<Registry<PrometheusContentType> | Registry<OpenMetricsContentType>>
  | Registry<PrometheusContentType>
  | Registry<OpenMetricsContentType>;

/** The metrics of all workers of a cluster. */
export interface ClusterRegistry<T extends RegistryContentType> extends Registry<T> {
  /** The exposition of primary and workers. */
  clusterMetrics(): Promise<string>;
  /** In a worker: hands its sums to the primary, before `process.exit()`. */
  shutdown(timeout?: number): Promise<void>;
}

/** The class of cluster registries. */
export interface ClusterRegistryConstructor extends Omit<RegistryConstructor, "prototype"> {
  new <T extends RegistryContentType = RegistryContentType>(
    regContentType?: RegistryContentType,
  ): ClusterRegistry<T>;
  // oxlint-disable-next-line typescript/no-explicit-any -- as a class declares it
  readonly prototype: ClusterRegistry<any>;
  /** The registries this process contributes. */
  setRegistries(regs: Registries): void;
}

export const ClusterRegistry: ClusterRegistryConstructor =
  ClusterRegistryClass as unknown as ClusterRegistryConstructor;

/** @deprecated use ClusterRegistry */
export type AggregatorRegistry<T extends RegistryContentType> = ClusterRegistry<T>;

/** @deprecated use ClusterRegistry */
export const AggregatorRegistry: ClusterRegistryConstructor = ClusterRegistry;

/** The metrics of all worker threads. */
export interface WorkerRegistry<T extends RegistryContentType> extends Registry<T> {
  /** The exposition of all threads. */
  workerMetrics(): Promise<string>;
  /** In a worker: hands its sums to the primary, before the thread ends. */
  shutdown(timeout?: number): Promise<void>;
}

/** The class of worker registries. */
export interface WorkerRegistryConstructor extends Omit<RegistryConstructor, "prototype"> {
  new <T extends RegistryContentType = RegistryContentType>(
    regContentType?: RegistryContentType,
    primary?: boolean,
  ): WorkerRegistry<T>;
  // oxlint-disable-next-line typescript/no-explicit-any -- as a class declares it
  readonly prototype: WorkerRegistry<any>;
  /** The registries this thread contributes. */
  setRegistries(regs: Registries): void;
  /** How many threads the primary knows. */
  workerCount(): number;
}

export const WorkerRegistry: WorkerRegistryConstructor =
  WorkerRegistryClass as unknown as WorkerRegistryConstructor;

export type Collector = () => void;

type NoLabelNameType = never;

/** Any metric. */
export type Metric<T extends string = NoLabelNameType> =
  | Counter<T>
  | Gauge<T>
  | Summary<T>
  | Histogram<T>;

/** How metrics of several processes become one. */
export type Aggregator = "omit" | "sum" | "first" | "min" | "max" | "average";

/** The type of a metric object. */
export type MetricType = "counter" | "gauge" | "histogram" | "summary";

/** Called before each exposition. */
export type CollectFunction<T> = (this: T) => void | Promise<void>;

/** A metric as `getMetricsAsArray` gives it. */
export interface MetricObject {
  name: string;
  help: string;
  type: MetricType;
  aggregator: Aggregator;
  // oxlint-disable-next-line typescript/no-explicit-any -- as the peer declares it: any metric may be `this`
  collect: CollectFunction<any>;
}

/** A metric as `get` gives it. */
export interface MetricObjectWithValues<T extends MetricValue<string>> extends MetricObject {
  values: T[];
}

export type MetricValue<T extends string> = { value: number; labels: LabelValues<T> };

export type MetricValueWithName<T extends string> = MetricValue<T> & { metricName?: string };

/** Labels of a metric: each may be left out, none may be added. */
export type LabelValues<T extends string> = T extends NoLabelNameType
  ? Partial<Record<string, never>>
  : Partial<Record<T, string | number>>;

/** How a metric is declared. */
export interface MetricConfiguration<T extends string> {
  name: string;
  help: string;
  labelNames?: T[] | readonly T[];
  registers?: (Registry<PrometheusContentType> | Registry<OpenMetricsContentType>)[] | undefined;
  aggregator?: Aggregator;
  // oxlint-disable-next-line typescript/no-explicit-any -- narrowed by the configuration of each type
  collect?: CollectFunction<any>;
  enableExemplars?: boolean;
}

export interface CounterConfiguration<T extends string> extends MetricConfiguration<T> {
  collect?: CollectFunction<Counter<T>>;
}

export interface IncreaseDataWithExemplar<T extends string> {
  value?: number;
  labels?: LabelValues<T>;
  exemplarLabels?: LabelValues<T>;
}

export interface ObserveDataWithExemplar<T extends string> {
  value: number;
  labels?: LabelValues<T>;
  exemplarLabels?: LabelValues<T>;
}

/** What only grows. */
export interface Counter<T extends string = NoLabelNameType> {
  inc(labels: LabelValues<T>, value?: number): void;
  inc(value?: number): void;
  inc(incData: IncreaseDataWithExemplar<T>): void;
  get(): Promise<MetricObjectWithValues<MetricValue<T>>>;
  /** The counter of one label set. */
  labels(...values: string[]): Counter.Internal;
  labels(labels: LabelValues<T>): Counter.Internal;
  reset(): void;
  remove(...values: string[]): void;
  remove(labels: LabelValues<T>): void;
}

// oxlint-disable-next-line typescript/no-namespace -- types only: programs name `Counter.Internal`
export declare namespace Counter {
  interface Internal {
    inc(value?: number): void;
  }
}

/** The class of counters. */
export interface CounterConstructor {
  new <T extends string = NoLabelNameType>(configuration: CounterConfiguration<T>): Counter<T>;
  // oxlint-disable-next-line typescript/no-explicit-any -- as a class declares it
  readonly prototype: Counter<any>;
}

export const Counter: CounterConstructor = CounterClass as unknown as CounterConstructor;

export interface GaugeConfiguration<T extends string> extends MetricConfiguration<T> {
  collect?: CollectFunction<Gauge<T>>;
}

/** What goes up and down. */
export interface Gauge<T extends string = NoLabelNameType> {
  inc(labels: LabelValues<T>, value?: number): void;
  inc(value?: number): void;
  dec(labels: LabelValues<T>, value?: number): void;
  dec(value?: number): void;
  set(labels: LabelValues<T>, value: number): void;
  set(value: number): void;
  get(): Promise<MetricObjectWithValues<MetricValue<T>>>;
  /** Sets Unix time in seconds. */
  setToCurrentTime(labels?: LabelValues<T>): void;
  /** Starts a timer; the function it gives sets the seconds since, and returns them. */
  startTimer(labels?: LabelValues<T>): (labels?: LabelValues<T>) => number;
  /** The gauge of one label set. */
  labels(...values: string[]): Gauge.Internal<T>;
  labels(labels: LabelValues<T>): Gauge.Internal<T>;
  reset(): void;
  remove(...values: string[]): void;
  remove(labels: LabelValues<T>): void;
}

// oxlint-disable-next-line typescript/no-namespace -- types only: programs name `Gauge.Internal`
export declare namespace Gauge {
  interface Internal<T extends string> {
    inc(value?: number): void;
    dec(value?: number): void;
    set(value: number): void;
    setToCurrentTime(): void;
    startTimer(): (labels?: LabelValues<T>) => number;
  }
}

/** The class of gauges. */
export interface GaugeConstructor {
  new <T extends string = NoLabelNameType>(configuration: GaugeConfiguration<T>): Gauge<T>;
  // oxlint-disable-next-line typescript/no-explicit-any -- as a class declares it
  readonly prototype: Gauge<any>;
}

export const Gauge: GaugeConstructor = GaugeClass as unknown as GaugeConstructor;

export interface HistogramConfiguration<T extends string> extends MetricConfiguration<T> {
  buckets?: number[];
  collect?: CollectFunction<Histogram<T>>;
}

/** Counts of observations by bucket. */
export interface Histogram<T extends string = NoLabelNameType> {
  observe(value: number): void;
  observe(labels: LabelValues<T>, value: number): void;
  observe(observeData: ObserveDataWithExemplar<T>): void;
  get(): Promise<MetricObjectWithValues<MetricValueWithName<T>>>;
  /** Starts a timer; the function it gives observes the seconds since, and returns them. */
  startTimer(labels?: LabelValues<T>): (labels?: LabelValues<T>) => number;
  startTimer(
    labels?: LabelValues<T>,
    exemplarLabels?: LabelValues<T>,
  ): (labels?: LabelValues<T>, exemplarLabels?: LabelValues<T>) => number;
  reset(): void;
  /** The series of a label set from zero. */
  zero(labels: LabelValues<T>): void;
  /** The histogram of one label set. */
  labels(...values: string[]): Histogram.Internal<T>;
  labels(labels: LabelValues<T>): Histogram.Internal<T>;
  remove(...values: string[]): void;
  remove(labels: LabelValues<T>): void;
}

// oxlint-disable-next-line typescript/no-namespace -- types only: programs name `Histogram.Internal`
export declare namespace Histogram {
  interface Internal<T extends string> {
    observe(value: number): void;
    startTimer(): (labels?: LabelValues<T>) => void;
  }

  interface Config {
    buckets?: number[];
  }
}

/** The class of histograms. */
export interface HistogramConstructor {
  new <T extends string = NoLabelNameType>(configuration: HistogramConfiguration<T>): Histogram<T>;
  // oxlint-disable-next-line typescript/no-explicit-any -- as a class declares it
  readonly prototype: Histogram<any>;
}

export const Histogram: HistogramConstructor = HistogramClass as unknown as HistogramConstructor;

export interface SummaryConfiguration<T extends string> extends MetricConfiguration<T> {
  percentiles?: number[];
  maxAgeSeconds?: number;
  ageBuckets?: number;
  pruneAgedBuckets?: boolean;
  compressCount?: number;
  collect?: CollectFunction<Summary<T>>;
}

/** Quantiles of observations. */
export interface Summary<T extends string = NoLabelNameType> {
  observe(value: number): void;
  observe(labels: LabelValues<T>, value: number): void;
  get(): Promise<MetricObjectWithValues<MetricValueWithName<T>>>;
  /** Starts a timer; the function it gives observes the seconds since, and returns them. */
  startTimer(labels?: LabelValues<T>): (labels?: LabelValues<T>) => number;
  reset(): void;
  /** The summary of one label set. */
  labels(...values: string[]): Summary.Internal<T>;
  labels(labels: LabelValues<T>): Summary.Internal<T>;
  remove(...values: string[]): void;
  remove(labels: LabelValues<T>): void;
}

// oxlint-disable-next-line typescript/no-namespace -- types only: programs name `Summary.Internal`
export declare namespace Summary {
  interface Internal<T extends string> {
    observe(value: number): void;
    startTimer(): (labels?: LabelValues<T>) => number;
  }

  interface Config {
    percentiles?: number[];
  }
}

/** The class of summaries. */
export interface SummaryConstructor {
  new <T extends string = NoLabelNameType>(configuration: SummaryConfiguration<T>): Summary<T>;
  // oxlint-disable-next-line typescript/no-explicit-any -- as a class declares it
  readonly prototype: Summary<any>;
}

export const Summary: SummaryConstructor = SummaryClass as unknown as SummaryConstructor;

/** A Pushgateway. */
export interface Pushgateway<T extends RegistryContentType> {
  /** Adds metrics to the group; those of the same name are replaced. */
  pushAdd(params: Pushgateway.Parameters): Promise<{ resp?: unknown; body?: unknown }>;
  /** Replaces the group. */
  push(params: Pushgateway.Parameters): Promise<{ resp?: unknown; body?: unknown }>;
  /** Deletes the group. */
  delete(params: Pushgateway.Parameters): Promise<{ resp?: unknown; body?: unknown }>;
  /** Never there: keeps the parameter of the type in use. */
  readonly boundContentType?: T;
}

// oxlint-disable-next-line typescript/no-namespace -- types only: programs name `Pushgateway.Options`
export declare namespace Pushgateway {
  interface Options {
    requireJobName?: boolean;
    [key: string]: unknown;
  }

  interface Parameters {
    jobName: string;
    groupings?: { [key: string]: string };
  }
}

/** The class of Pushgateways. */
export interface PushgatewayConstructor {
  new <T extends RegistryContentType = RegistryContentType>(
    url: string,
    registry: Registry<T>,
  ): Pushgateway<T>;
  new <T extends RegistryContentType = RegistryContentType>(
    url: string,
    options?: Pushgateway.Options | null,
    registry?: Registry<T>,
  ): Pushgateway<T>;
  // oxlint-disable-next-line typescript/no-explicit-any -- as a class declares it
  readonly prototype: Pushgateway<any>;
}

export const Pushgateway: PushgatewayConstructor =
  PushgatewayClass as unknown as PushgatewayConstructor;

export interface DefaultMetricsCollectorConfiguration<T extends RegistryContentType> {
  register?: Registry<T>;
  prefix?: string;
  gcDurationBuckets?: number[];
  eventLoopMonitoringPrecision?: number;
  eventLoopUtilizationTimeout?: number;
  eventLoopUtilizationBuckets?: number[];
  eventLoopUtilizationPercentiles?: number[];
  eventLoopUtilizationAgeBuckets?: number;
  eventLoopUtilizationMaxAgeSeconds?: number;
  labels?: object;
}

/** `collectDefaultMetrics` with the names of its groups. */
export interface CollectDefaultMetrics {
  <T extends RegistryContentType>(config?: DefaultMetricsCollectorConfiguration<T>): void;
  /** The groups there are. */
  metricsList: string[];
}

/** Registers the metrics of process and runtime. */
export const collectDefaultMetrics: CollectDefaultMetrics =
  collectDefaults as unknown as CollectDefaultMetrics;

/** The registry that metrics join when nothing else is said. */
export const register: Registry = globalRegistry as unknown as Registry;
