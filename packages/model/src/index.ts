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
  type ExpositionFamilyOptions,
  ExpositionParser,
  type ParsedExposition,
  parseExposition,
  parseExpositionStrict,
} from "./exposition/family-parser.ts";
export {
  type ExpositionFormat,
  expositionFormat,
  OPENMETRICS_CONTENT_TYPE,
  OPENMETRICS_UTF8_CONTENT_TYPE,
  TEXT_CONTENT_TYPE,
  TEXT_UTF8_CONTENT_TYPE,
} from "./exposition/format.ts";
export { DEFAULT_EXPOSITION_LIMITS, type ExpositionLimits } from "./exposition/limits.ts";
export {
  ExpositionLineParser,
  type ExpositionReadOptions,
  type ExpositionSink,
} from "./exposition/line-parser.ts";
export type { MetadataKind } from "./exposition/metadata-line.ts";
export {
  ESCAPING_SCHEMES,
  escapeFamily,
  escapeLabelName,
  escapeMetricName,
  type EscapingScheme,
} from "./exposition/name-escaping.ts";
export { canonicalNumber, formatNumber } from "./exposition/number-text.ts";
export {
  ExpositionError,
  type ExpositionProblem,
  type ExpositionProblemCode,
} from "./exposition/problem.ts";
export { PROTOBUF_CONTENT_TYPE } from "./exposition/protobuf-fields.ts";
export {
  type ParsedProtobuf,
  parseProtobufExposition,
  parseProtobufExpositionStrict,
  type ProtobufLimits,
  type ProtobufProblem,
} from "./exposition/protobuf-read.ts";
export { ProtobufRows, type ProtobufRowsOptions } from "./exposition/protobuf-rows.ts";
export { ProtobufExposition, writeProtobufExposition } from "./exposition/protobuf-write.ts";
export { SeriesCache } from "./exposition/series-cache.ts";
export { formatSeconds } from "./exposition/timestamp-text.ts";
export {
  expositionChunks,
  type ExpositionWriteOptions,
  writeExposition,
} from "./exposition/write.ts";
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
export { type CheckedRecords, checkRecords, type RecordLimits } from "./otlp/check-records.ts";
export { otlpFromJson, type OtlpSignal } from "./otlp/from-json.ts";
export {
  CUMULATIVE,
  DELTA,
  EXPONENTIAL,
  GAUGE,
  HAS_MAX,
  HAS_MIN,
  HAS_SUM,
  HAS_VALUE,
  HISTOGRAM,
  IS_INT,
  NO_RECORDED_VALUE,
  type OtlpExemplar,
  type OtlpMetric,
  OtlpMetrics,
  readExemplar,
  readMetricsRequest,
  SUM,
  SUMMARY,
} from "./otlp/read-metrics.ts";
export {
  type AttributeRanges,
  decodeAttributes,
  DEFAULT_OTLP_READ_LIMITS,
  type OtlpReadLimits,
  type OtlpResource,
  type OtlpScopeColumns,
} from "./otlp/read-parts.ts";
export { type OtlpValue, readAnyValue, valueText } from "./otlp/read-value.ts";
export {
  DEFAULT_REMOTE_WRITE_LIMITS,
  type LabelIdentity,
  type LabelSource,
  RemoteWriteBatch,
  type RemoteWriteLimits,
  type WrittenHistogram,
  type WrittenMetadata,
} from "./remote-write/batch.ts";
export { readWriteRequest } from "./remote-write/read-v1.ts";
export { readWriteRequestV2 } from "./remote-write/read-v2.ts";
export { encodeSeriesLabels, WriteRequestWriter } from "./remote-write/write-v1.ts";
export { readSnappy, writeSnappy } from "./wire/snappy.ts";
export { WireReader } from "./wire/wire-reader.ts";
