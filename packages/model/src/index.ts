// The public API of @flx/model, by name: what is written (write.ts), and what is read.

export * from "./write.ts";
export { formatByteSize, parseByteSize } from "./byte-size.ts";
export { formatDuration, parseDuration } from "./duration.ts";
export {
  type ExpositionFamilyOptions,
  ExpositionParser,
  type ParsedExposition,
  parseExposition,
  parseExpositionStrict,
} from "./exposition/family-parser.ts";
export { DEFAULT_EXPOSITION_LIMITS, type ExpositionLimits } from "./exposition/limits.ts";
export {
  ExpositionLineParser,
  type ExpositionReadOptions,
  type ExpositionSink,
} from "./exposition/line-parser.ts";
export type { MetadataKind } from "./exposition/metadata-line.ts";
export {
  ExpositionError,
  type ExpositionProblem,
  type ExpositionProblemCode,
} from "./exposition/problem.ts";
export {
  type ParsedProtobuf,
  parseProtobufExposition,
  parseProtobufExpositionStrict,
  type ProtobufLimits,
  type ProtobufProblem,
} from "./exposition/protobuf-read.ts";
export { SeriesCache } from "./exposition/series-cache.ts";
export type { BucketColumns } from "./bucket-columns.ts";
export { bitsOf, isStale, markStale, STALE_NAN_BITS } from "./staleness.ts";
export { compareUtf8 } from "./text-order.ts";
export { type CheckedRecords, checkRecords, type RecordLimits } from "./otlp/check-records.ts";
export { otlpFromJson, type OtlpSignal } from "./otlp/from-json.ts";
export { isJsonDeeper } from "./otlp/json-depth.ts";
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
  type LabelSource,
  RemoteWriteBatch,
  type RemoteWriteLimits,
  type WrittenHistogram,
  type WrittenMetadata,
} from "./remote-write/batch.ts";
export {
  readReadRequest,
  type RemoteReadHints,
  type RemoteReadMatcher,
  type RemoteReadQuery,
  type RemoteReadRequest,
} from "./remote-read/read-request.ts";
export {
  type StreamedChunk,
  writeChunkFrame,
  writeReadResponse,
} from "./remote-read/write-response.ts";
export { HistogramChunkWriter } from "./remote-read/histogram-chunk.ts";
export { XOR_CHUNK_SAMPLES, XorChunkWriter } from "./remote-read/xor-chunk.ts";
export { readWriteRequest } from "./remote-write/read-v1.ts";
export { readWriteRequestV2 } from "./remote-write/read-v2.ts";
export { writeRequestToV1, writeRequestToV2 } from "./remote-write/convert.ts";
export { familyOf } from "./remote-write/family-names.ts";
export { joinWriteRequestsV2 } from "./remote-write/join-v2.ts";
export { encodeSeriesLabels, WriteRequestWriter } from "./remote-write/write-v1.ts";
export { type SeriesMetadata, WriteRequestV2Writer } from "./remote-write/write-v2.ts";
export { readSnappy, writeSnappy } from "./wire/snappy.ts";
export { WireReader } from "./wire/wire-reader.ts";
