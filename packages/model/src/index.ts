// The public API of @flx/model, by name.

export { formatByteSize, parseByteSize } from "./byte-size.ts";
export { ClassicHistogram, type ClassicHistogramInit } from "./classic-histogram.ts";
export { formatDuration, parseDuration } from "./duration.ts";
export { FlxError, type FlxErrorCode } from "./errors.ts";
export type { Exemplar } from "./exemplar.ts";
export {
  bucketIndex,
  coarserIndex,
  CUSTOM_BOUNDS_SCHEMA,
  MAX_SCHEMA,
  MIN_SCHEMA,
  upperBound,
} from "./exponential-buckets.ts";
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
export type { BucketColumns } from "./bucket-columns.ts";
export {
  type Bucket,
  type CounterResetHint,
  NativeHistogram,
  type NativeHistogramInit,
} from "./native-histogram.ts";
export type { Sample } from "./sample.ts";
export { bitsOf, isStale, markStale, STALE_NAN_BITS } from "./staleness.ts";
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
