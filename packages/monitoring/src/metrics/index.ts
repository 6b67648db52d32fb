// The public API of @flx/monitoring/metrics, by name.

export { exponentialBuckets, linearBuckets } from "./buckets.ts";
export { BoundCounter, Counter, type CounterOptions } from "./counter.ts";
export { defaultRegistry as register } from "./default-registry.ts";
export { BoundGauge, Gauge, type GaugeOptions } from "./gauge.ts";
export { BoundHistogram, DEFAULT_BUCKETS, Histogram, type HistogramOptions } from "./histogram.ts";
export { Info, type InfoOptions } from "./info.ts";
export type { InstrumentOptions } from "./instrument.ts";
export type { DeclaredValues, LabelsOf, LabelValue } from "./label-types.ts";
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
