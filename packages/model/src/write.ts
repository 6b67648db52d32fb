// What a process that measures needs: labels, histograms, errors, and the writers of exposition and OTLP. No reader is in it:
// a service that only tells of itself does not pay for those (100 KB of code) at its start.

export { ClassicHistogram, type ClassicHistogramInit } from "./classic-histogram.ts";
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
  CounterFamily,
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
export { escapeHelp, escapeLabelValue } from "./exposition/escape.ts";
export {
  type ExpositionFormat,
  expositionFormat,
  OPENMETRICS_CONTENT_TYPE,
  OPENMETRICS_UTF8_CONTENT_TYPE,
  TEXT_CONTENT_TYPE,
  TEXT_UTF8_CONTENT_TYPE,
} from "./exposition/format.ts";
export {
  ESCAPING_SCHEMES,
  escapeFamily,
  escapeLabelName,
  escapeMetricName,
  type EscapingScheme,
} from "./exposition/name-escaping.ts";
export { canonicalNumber, formatNumber } from "./exposition/number-text.ts";
export { PROTOBUF_CONTENT_TYPE } from "./exposition/protobuf-fields.ts";
export { ProtobufRows, type ProtobufRowsOptions } from "./exposition/protobuf-rows.ts";
export { ProtobufExposition, writeProtobufExposition } from "./exposition/protobuf-write.ts";
export { formatSeconds } from "./exposition/timestamp-text.ts";
export {
  expositionChunks,
  type ExpositionWriteOptions,
  writeExposition,
} from "./exposition/write.ts";
export { isLegacyLabelName, isLegacyMetricName } from "./names.ts";
export {
  type Bucket,
  type CounterResetHint,
  NativeHistogram,
  type NativeHistogramInit,
} from "./native-histogram.ts";
export type { Sample } from "./sample.ts";
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
export {
  DEFAULT_VALUE_LIMITS,
  type ValueLimits,
  writeAnyValue,
  writeAttribute,
} from "./otlp/any-value.ts";
export { type OtlpLogRecord, writeLogRecord } from "./otlp/log-record.ts";
export { MessageWriter } from "./otlp/message-writer.ts";
export { type MetricsContext, type Temporality, writeMetrics } from "./otlp/metrics.ts";
export {
  encodeRequest,
  encodeResource,
  encodeScope,
  type OtlpScope,
  type ScopeRecords,
  writeRequest,
} from "./otlp/request.ts";
export {
  type AttributeColumns,
  type OtlpEvent,
  type OtlpLink,
  type OtlpSpan,
  type SpanIds,
  type TraceIdWords,
  writeSpan,
} from "./otlp/span.ts";
