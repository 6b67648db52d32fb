// The public API of @flx/monitoring/metrics, by name.

export { exponentialBuckets, linearBuckets } from "./buckets.ts";
export type { Currency } from "./collector/currency.ts";
export type {
  BusinessMetrics,
  DeclaredLabels,
  EventArguments,
  MetricDeclaration,
  MetricDeclarations,
  MetricOf,
} from "./collector/metric-declaration.ts";
export {
  type CollectorOptions,
  type DiskUsage,
  MetricsCollector,
  type SystemUsage,
} from "./collector/metrics-collector.ts";
export {
  MoneyCounter,
  MoneyGauge,
  type MoneyLabels,
  type MoneyOptions,
} from "./collector/money.ts";
export type { ContextLabels } from "./context-labels.ts";
export type { AnyFunction } from "../calls/followed-call.ts";
export type { Tracker } from "../calls/wrapper.ts";
export { BoundCounter, Counter, type CounterOptions } from "./counter.ts";
export { defaultRegistry as register } from "./default-registry.ts";
export {
  type ExemplarSource,
  type ExemplarSourceOptions,
  setExemplarSource,
} from "./exemplar-source.ts";
export { BoundGauge, Gauge, type GaugeOptions } from "./gauge.ts";
export { BoundHistogram, DEFAULT_BUCKETS, Histogram, type HistogramOptions } from "./histogram.ts";
export { Info, type InfoOptions } from "./info.ts";
export type { InstrumentOptions } from "./instrument.ts";
export type { DeclaredValues, LabelsOf, LabelValue } from "./label-types.ts";
export type { NativeOptions } from "./native-series.ts";
export type { MisusePolicy } from "./misuse.ts";
export {
  type Observable,
  type ObservableOptions,
  observableCounter,
  observableGauge,
  type Observe,
} from "./observable.ts";
export {
  type CatalogueEntry,
  type ExpositionRequest,
  Registry,
  type RegistryOptions,
} from "./registry.ts";
export { BoundStateSet, type NewStates, StateSet, type StateSetOptions } from "./state-set.ts";
export { BoundSummary, DEFAULT_PERCENTILES, Summary, type SummaryOptions } from "./summary.ts";
export {
  type AdminHandler,
  type AdminServer,
  type AdminServerOptions,
  DEFAULT_ADMIN_PORT,
  startAdminServer,
} from "./http/admin-server.ts";
export { expressMetrics, type ExpressMiddleware } from "./http/express.ts";
export { fastifyMetrics, type FastifyLike } from "./http/fastify.ts";
export { type HonoContext, honoMetrics, webMetrics } from "./http/hono.ts";
export { type KoaContext, koaMetrics } from "./http/koa.ts";
export { metricsHandler, type NodeHandler } from "./http/metrics-handler.ts";
export type { MountOptions } from "./http/mount.ts";
export { Pushgateway, type PushgatewayOptions, type PushGroup } from "./http/pushgateway.ts";
export type { MetricsHandlerOptions } from "./http/scrape-endpoint.ts";
export {
  type ContentCoding,
  type ExposedFormat,
  negotiateCoding,
  type NegotiatedFormat,
  negotiateFormat,
} from "./negotiation.ts";
