// The messages of OTLP as their JSON form needs them: field names, numbers, kinds.
//
// Source: the .proto files of opentelemetry-proto 1.x and https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding

/** How a field's JSON value is written to the wire. */
export type JsonKind =
  | "text"
  | "base64"
  /** trace and span ids: hexadecimal instead of base64 */
  | "hex"
  | "bool"
  | "double"
  | "fixed32"
  | "fixed64"
  | "sfixed64"
  | "uint32"
  | "uint64"
  | "int64"
  | "sint32"
  /** enums are integers in OTLP/JSON */
  | "enum";

/** One field: its number, what it holds, whether it is a list. */
export interface JsonField {
  readonly number: number;
  readonly kind: JsonKind | (() => JsonMessage);
  readonly list: boolean;
}

/** The fields of a message by their lowerCamelCase names. A Map, for names such as `constructor` come from outside. */
export type JsonMessage = ReadonlyMap<string, JsonField>;

type Kind = JsonField["kind"];

const one = (number: number, kind: Kind): JsonField => ({ number, kind, list: false });
const many = (number: number, kind: Kind): JsonField => ({ number, kind, list: true });
const message = (fields: Readonly<Record<string, JsonField>>): JsonMessage =>
  new Map(Object.entries(fields));

const anyValue: JsonMessage = message({
  stringValue: one(1, "text"),
  boolValue: one(2, "bool"),
  intValue: one(3, "int64"),
  doubleValue: one(4, "double"),
  arrayValue: one(5, () => arrayValue),
  kvlistValue: one(6, () => keyValueList),
  bytesValue: one(7, "base64"),
});
/** An attribute. */
export const keyValue: JsonMessage = message({
  key: one(1, "text"),
  value: one(2, () => anyValue),
});
const arrayValue = message({ values: many(1, () => anyValue) });
const keyValueList = message({ values: many(1, () => keyValue) });
const attributes = (number: number): JsonField => many(number, () => keyValue);
const resource = message({ attributes: attributes(1), droppedAttributesCount: one(2, "uint32") });
const scope = message({
  name: one(1, "text"),
  version: one(2, "text"),
  attributes: attributes(3),
  droppedAttributesCount: one(4, "uint32"),
});

const exemplar = message({
  timeUnixNano: one(2, "fixed64"),
  asDouble: one(3, "double"),
  spanId: one(4, "hex"),
  traceId: one(5, "hex"),
  asInt: one(6, "sfixed64"),
  filteredAttributes: attributes(7),
});
const times = { startTimeUnixNano: one(2, "fixed64"), timeUnixNano: one(3, "fixed64") };
const numberPoint = message({
  ...times,
  asDouble: one(4, "double"),
  exemplars: many(5, () => exemplar),
  asInt: one(6, "sfixed64"),
  attributes: attributes(7),
  flags: one(8, "uint32"),
});
const histogramPoint = message({
  ...times,
  count: one(4, "fixed64"),
  sum: one(5, "double"),
  bucketCounts: many(6, "fixed64"),
  explicitBounds: many(7, "double"),
  exemplars: many(8, () => exemplar),
  attributes: attributes(9),
  flags: one(10, "uint32"),
  min: one(11, "double"),
  max: one(12, "double"),
});
const buckets = message({ offset: one(1, "sint32"), bucketCounts: many(2, "uint64") });
const exponentialPoint = message({
  attributes: attributes(1),
  ...times,
  count: one(4, "fixed64"),
  sum: one(5, "double"),
  scale: one(6, "sint32"),
  zeroCount: one(7, "fixed64"),
  positive: one(8, () => buckets),
  negative: one(9, () => buckets),
  flags: one(10, "uint32"),
  exemplars: many(11, () => exemplar),
  min: one(12, "double"),
  max: one(13, "double"),
  zeroThreshold: one(14, "double"),
});
const quantile = message({ quantile: one(1, "double"), value: one(2, "double") });
const summaryPoint = message({
  ...times,
  count: one(4, "fixed64"),
  sum: one(5, "double"),
  quantileValues: many(6, () => quantile),
  attributes: attributes(7),
  flags: one(8, "uint32"),
});
const data = (point: JsonMessage): JsonMessage =>
  message({
    dataPoints: many(1, () => point),
    aggregationTemporality: one(2, "enum"),
    isMonotonic: one(3, "bool"),
  });
const gauge = data(numberPoint);
const sum = data(numberPoint);
const histogram = data(histogramPoint);
const exponentialHistogram = data(exponentialPoint);
const summary = data(summaryPoint);
const metric = message({
  name: one(1, "text"),
  description: one(2, "text"),
  unit: one(3, "text"),
  gauge: one(5, () => gauge),
  sum: one(7, () => sum),
  histogram: one(9, () => histogram),
  exponentialHistogram: one(10, () => exponentialHistogram),
  summary: one(11, () => summary),
  metadata: attributes(12),
});

const status = message({ message: one(2, "text"), code: one(3, "enum") });
const event = message({
  timeUnixNano: one(1, "fixed64"),
  name: one(2, "text"),
  attributes: attributes(3),
  droppedAttributesCount: one(4, "uint32"),
});
const link = message({
  traceId: one(1, "hex"),
  spanId: one(2, "hex"),
  traceState: one(3, "text"),
  attributes: attributes(4),
  droppedAttributesCount: one(5, "uint32"),
  flags: one(6, "fixed32"),
});
const span = message({
  traceId: one(1, "hex"),
  spanId: one(2, "hex"),
  traceState: one(3, "text"),
  parentSpanId: one(4, "hex"),
  name: one(5, "text"),
  kind: one(6, "enum"),
  startTimeUnixNano: one(7, "fixed64"),
  endTimeUnixNano: one(8, "fixed64"),
  attributes: attributes(9),
  droppedAttributesCount: one(10, "uint32"),
  events: many(11, () => event),
  droppedEventsCount: one(12, "uint32"),
  links: many(13, () => link),
  droppedLinksCount: one(14, "uint32"),
  status: one(15, () => status),
  flags: one(16, "fixed32"),
});

const logRecord = message({
  timeUnixNano: one(1, "fixed64"),
  severityNumber: one(2, "enum"),
  severityText: one(3, "text"),
  body: one(5, () => anyValue),
  attributes: attributes(6),
  droppedAttributesCount: one(7, "uint32"),
  flags: one(8, "fixed32"),
  traceId: one(9, "hex"),
  spanId: one(10, "hex"),
  observedTimeUnixNano: one(11, "fixed64"),
  eventName: one(12, "text"),
});

function request(group: string, scopes: string, records: string, record: JsonMessage): JsonMessage {
  const scoped = message({
    scope: one(1, () => scope),
    [records]: many(2, () => record),
    schemaUrl: one(3, "text"),
  });
  const grouped = message({
    resource: one(1, () => resource),
    [scopes]: many(2, () => scoped),
    schemaUrl: one(3, "text"),
  });
  return message({ [group]: many(1, () => grouped) });
}

/** The export requests. */
export const metricsRequest: JsonMessage = request(
  "resourceMetrics",
  "scopeMetrics",
  "metrics",
  metric,
);
export const tracesRequest: JsonMessage = request("resourceSpans", "scopeSpans", "spans", span);
export const logsRequest: JsonMessage = request(
  "resourceLogs",
  "scopeLogs",
  "logRecords",
  logRecord,
);
