// The public API of @flx/monitoring/prom-client: what @prometheus-io/client 0.16 exports, by name and as a default.

import { aggregators } from "./aggregators.ts";
import { exponentialBuckets, linearBuckets } from "./bucket-generators.ts";
import {
  openMetricsContentType,
  prometheusContentType,
  type RegistryContentType,
} from "./content-type.ts";
import {
  AggregatorRegistry,
  ClusterRegistry,
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Pushgateway,
  register,
  Registry,
  Summary,
  WorkerRegistry,
} from "./declarations.ts";
import { validateMetricName } from "./metric.ts";

export type { AggregatorFunction } from "./aggregators.ts";
export type {
  Charset,
  OpenMetricsContentType,
  OpenMetricsMIME,
  OpenMetricsVersion,
  PrometheusContentType,
  PrometheusMetricsVersion,
  PrometheusMIME,
  RegistryContentType,
} from "./content-type.ts";
export type {
  Aggregator,
  CollectFunction,
  Collector,
  CounterConfiguration,
  DefaultMetricsCollectorConfiguration,
  GaugeConfiguration,
  HistogramConfiguration,
  IncreaseDataWithExemplar,
  LabelValues,
  Metric,
  MetricConfiguration,
  MetricObject,
  MetricObjectWithValues,
  MetricType,
  MetricValue,
  MetricValueWithName,
  ObserveDataWithExemplar,
  SummaryConfiguration,
} from "./declarations.ts";
export {
  AggregatorRegistry,
  aggregators,
  ClusterRegistry,
  collectDefaultMetrics,
  Counter,
  exponentialBuckets,
  Gauge,
  Histogram,
  linearBuckets,
  openMetricsContentType,
  prometheusContentType,
  Pushgateway,
  register,
  Registry,
  Summary,
  validateMetricName,
  WorkerRegistry,
};

/** The content type `register` begins with; `register.contentType` is the one it has now. */
export const contentType: RegistryContentType = prometheusContentType;

/** All of it as one object, as `require` gives the peer. */
export interface Client {
  readonly AggregatorRegistry: typeof AggregatorRegistry;
  readonly aggregators: typeof aggregators;
  readonly ClusterRegistry: typeof ClusterRegistry;
  readonly collectDefaultMetrics: typeof collectDefaultMetrics;
  readonly Counter: typeof Counter;
  readonly exponentialBuckets: typeof exponentialBuckets;
  readonly Gauge: typeof Gauge;
  readonly Histogram: typeof Histogram;
  readonly linearBuckets: typeof linearBuckets;
  readonly openMetricsContentType: typeof openMetricsContentType;
  readonly prometheusContentType: typeof prometheusContentType;
  readonly Pushgateway: typeof Pushgateway;
  readonly register: typeof register;
  readonly Registry: typeof Registry;
  readonly Summary: typeof Summary;
  readonly validateMetricName: typeof validateMetricName;
  readonly WorkerRegistry: typeof WorkerRegistry;
  /** The content type of `register`; setting it is `register.setContentType`. */
  contentType: RegistryContentType;
}

const client: Client = {
  AggregatorRegistry,
  aggregators,
  ClusterRegistry,
  collectDefaultMetrics,
  Counter,
  exponentialBuckets,
  Gauge,
  Histogram,
  linearBuckets,
  openMetricsContentType,
  prometheusContentType,
  Pushgateway,
  register,
  Registry,
  Summary,
  validateMetricName,
  WorkerRegistry,
  get contentType(): RegistryContentType {
    return register.contentType;
  },
  set contentType(value: RegistryContentType) {
    register.setContentType(value);
  },
};

// oxlint-disable-next-line import/no-default-export -- the peer is a CommonJS module: programs import all of it by one name
export default client;
