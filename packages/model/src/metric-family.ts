// A metric family: all series of one name, with what is known about them.
//
//   MetricFamily  http_request_duration_seconds   histogram   unit seconds   "How long ..."
//   └── points    one per label set (and per timestamp, when a source keeps several)
//       ├── labels       {method="GET"}     without the name, without le, quantile or the state's label
//       ├── value        by type: a number, a histogram, quantiles, states ...
//       └── timestampMs  only when the source said so
//
// The name is the family's, without the suffixes a format adds to its samples (_total, _bucket, _sum, _count,
// _created, _info ...). Types and their rules: OpenMetrics 1.0 section 5; the text format 0.0.4 knows
// counter, gauge, histogram, summary and untyped (our unknown).

import type { ClassicHistogram } from "./classic-histogram.ts";
import type { Exemplar } from "./exemplar.ts";
import type { Labels } from "./labels.ts";
import type { NativeHistogram } from "./native-histogram.ts";
import type { UnixMs } from "./units.ts";

/** The kind of a metric family, in OpenMetrics' words. */
export type MetricType =
  | "counter"
  | "gauge"
  | "histogram"
  | "gaugehistogram"
  | "summary"
  | "info"
  | "stateset"
  | "unknown";

/** What is said once about all series of a name. */
export interface MetricMetadata {
  /** The family's name, without sample suffixes. */
  readonly name: string;
  readonly type: MetricType;
  /** Base unit such as `seconds` or `bytes`; when given, the name ends with `_` and the unit. */
  readonly unit?: string;
  /** One sentence for people. Absent when the source gave none. */
  readonly help?: string;
}

/** The value of one label set at one time. */
export interface MetricPoint<Value> {
  /** The labels without the metric name. */
  readonly labels: Labels;
  readonly value: Value;
  /** When the value was true; absent means "when it was read". */
  readonly timestampMs?: UnixMs;
}

/** A count that only grows until it starts again at zero. */
export interface CounterValue {
  readonly total: number;
  /** When it started counting. */
  readonly createdMs?: UnixMs;
  readonly exemplar?: Exemplar;
}

/** A histogram: its classic form, and the native one when there is one, with what the formats keep beside the counts. */
export interface HistogramValue {
  /** One that is only native has no bounds here: its count and sum. */
  readonly histogram: ClassicHistogram;
  /** The same observations in exponential buckets; same count and sum. Only protobuf carries it, texts leave it out. */
  readonly native?: NativeHistogram;
  /** Exemplars of the native form, which has no place for them in its buckets. */
  readonly nativeExemplars?: readonly Exemplar[];
  readonly createdMs?: UnixMs;
  /** The exemplar of each bucket that has one, by the bucket's position (the last is +Inf). */
  readonly exemplars?: ReadonlyMap<number, Exemplar>;
}

/** Quantiles computed by the source, which cannot be aggregated, with sum and count when given. */
export interface SummaryValue {
  /** Quantile (0 to 1, strictly ascending) and its value (NaN when nothing was observed). */
  readonly quantiles: readonly { readonly quantile: number; readonly value: number }[];
  readonly sum?: number;
  readonly count?: number;
  readonly createdMs?: UnixMs;
}

/** Which of the named states hold. */
export type StateSetValue = ReadonlyMap<string, boolean>;

/** The family of one type with the values of that type. */
export interface FamilyOf<Type extends MetricType, Value> extends MetricMetadata {
  readonly type: Type;
  readonly points: readonly MetricPoint<Value>[];
}

/** Counters. */
export interface CounterFamily extends FamilyOf<"counter", CounterValue> {
  /**
   * The samples carry the family's name without `_total`: a counter of format 0.0.4 that does not keep the naming
   * rule. OpenMetrics has no such counters and calls them unknown.
   */
  readonly bareName?: true;
}

/** A metric family with its points; switch on `type`. */
export type MetricFamily =
  | CounterFamily
  | FamilyOf<"gauge", number>
  | FamilyOf<"histogram", HistogramValue>
  | FamilyOf<"gaugehistogram", HistogramValue>
  | FamilyOf<"summary", SummaryValue>
  | FamilyOf<"info", InfoValue>
  | FamilyOf<"stateset", StateSetValue>
  | FamilyOf<"unknown", number>;

/** An info metric says everything in its labels; its value is always 1. */
export type InfoValue = 1;
