// The public API of @flx/model, by name.

export { ClassicHistogram, type ClassicHistogramInit } from "./classic-histogram.ts";
export { FlxError, type FlxErrorCode } from "./errors.ts";
export type { Exemplar } from "./exemplar.ts";
export { Labels, METRIC_NAME, type LabelsInput } from "./labels.ts";
export type {
  CounterValue,
  FamilyOf,
  HistogramValue,
  InfoValue,
  MetricFamily,
  MetricMetadata,
  MetricPoint,
  MetricType,
  StateSetValue,
  SummaryValue,
} from "./metric-family.ts";
export { isLegacyLabelName, isLegacyMetricName } from "./names.ts";
export { compareUtf8 } from "./text-order.ts";
export {
  type Bytes,
  DAY,
  type DurationMs,
  GIB,
  HOUR,
  KIB,
  MIB,
  MILLISECOND,
  MINUTE,
  SECOND,
  type UnixMs,
  WEEK,
  YEAR,
} from "./units.ts";
