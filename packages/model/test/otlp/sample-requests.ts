// Requests that use every field, for tests and benchmarks: as objects that protobufjs encodes.

type Plain = Readonly<Record<string, unknown>>;

const text = (key: string, value: string): Plain => ({ key, value: { stringValue: value } });
const NOW = "1767225600123456789";
const START = "1767225000000000000";

const oddAttributes: readonly Plain[] = [
  text("größe", "köln"),
  { key: "flag", value: { boolValue: true } },
  { key: "port", value: { intValue: "8080" } },
  { key: "big", value: { intValue: "-9007199254740993" } },
  { key: "ratio", value: { doubleValue: 0.25 } },
  { key: "list", value: { arrayValue: { values: [{ stringValue: "a" }, { intValue: "1" }, {}] } } },
  { key: "map", value: { kvlistValue: { values: [text("__proto__", "x"), text("k", "v")] } } },
  { key: "raw", value: { bytesValue: Uint8Array.of(0, 255, 3) } },
  { key: "none" },
  text("long", "x".repeat(200)),
];

const exemplar: Plain = {
  filteredAttributes: [text("user", "7")],
  timeUnixNano: NOW,
  asDouble: 0.5,
  spanId: Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]),
  traceId: Uint8Array.from({ length: 16 }, (_, i) => i),
};
const times: Plain = { startTimeUnixNano: START, timeUnixNano: NOW };

function request(metrics: readonly Plain[], attributes: readonly Plain[]): Plain {
  return {
    resourceMetrics: [
      {
        resource: { attributes, droppedAttributesCount: 1 },
        scopeMetrics: [
          {
            scope: { name: "s", version: "1", attributes: [text("a", "b")] },
            metrics,
            schemaUrl: "u",
          },
        ],
        schemaUrl: "https://example.org/1",
      },
    ],
  };
}

/** Small requests of every kind. */
export function sampleMetrics(): Plain[] {
  const service = [text("service.name", "orders"), text("service.instance.id", "i-1")];
  const labels = [text("method", "GET"), text("status", "200")];
  return [
    request(
      [
        {
          name: "http.requests",
          description: "Requests",
          unit: "1",
          sum: {
            dataPoints: [
              { ...times, attributes: labels, asInt: "-5", flags: 1, exemplars: [exemplar] },
              { ...times, attributes: oddAttributes, asDouble: 1.5 },
            ],
            aggregationTemporality: 2,
            isMonotonic: true,
          },
          metadata: [text("m", "n")],
        },
      ],
      service,
    ),
    request(
      [{ name: "temp", gauge: { dataPoints: [{ ...times, asDouble: 21.5 }] } }],
      oddAttributes,
    ),
    request(
      [
        {
          name: "latency",
          unit: "s",
          histogram: {
            dataPoints: [
              {
                ...times,
                attributes: labels,
                count: "6",
                sum: 3.5,
                bucketCounts: ["1", "2", "3"],
                explicitBounds: [0.1, 1],
                exemplars: [exemplar],
                min: 0.01,
                max: 2,
              },
              { ...times, count: "0", bucketCounts: [], explicitBounds: [] },
            ],
            aggregationTemporality: 1,
          },
        },
      ],
      service,
    ),
    request(
      [
        {
          name: "sizes",
          unit: "By",
          exponentialHistogram: {
            dataPoints: [
              {
                ...times,
                attributes: labels,
                count: "10",
                sum: 12,
                scale: -1,
                zeroCount: "1",
                zeroThreshold: 0.001,
                positive: { offset: -3, bucketCounts: ["1", "300", "5"] },
                negative: { offset: 2, bucketCounts: ["2", "0", "1"] },
                exemplars: [exemplar],
                min: -1,
                max: 4,
                flags: 1,
              },
            ],
            aggregationTemporality: 2,
          },
        },
      ],
      [],
    ),
    request(
      [
        {
          name: "quantiles",
          summary: {
            dataPoints: [
              {
                ...times,
                attributes: labels,
                count: "4",
                sum: 8,
                quantileValues: [
                  { quantile: 0.5, value: 1 },
                  { quantile: 1, value: 4 },
                ],
              },
            ],
          },
        },
        { name: "empty" },
      ],
      service,
    ),
  ];
}

const traceId = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const spanId = Uint8Array.from([9, 8, 7, 6, 5, 4, 3, 2]);
const END = "1767225600223456789";

/** Requests of traces that use every field. */
export function sampleTraces(): Plain[] {
  const span: Plain = {
    traceId,
    spanId,
    parentSpanId: Uint8Array.from([1, 1, 1, 1, 1, 1, 1, 1]),
    traceState: "vendor=1",
    name: "GET /käse",
    kind: 2,
    startTimeUnixNano: NOW,
    endTimeUnixNano: END,
    attributes: oddAttributes,
    droppedAttributesCount: 3,
    events: [
      {
        timeUnixNano: NOW,
        name: "exception",
        attributes: oddAttributes,
        droppedAttributesCount: 1,
      },
      {},
    ],
    droppedEventsCount: 4,
    links: [
      { traceId, spanId, traceState: "a=b", attributes: oddAttributes, flags: 257 },
      { traceId: Uint8Array.of(1), droppedAttributesCount: 2 },
    ],
    droppedLinksCount: 5,
    status: { message: "broken", code: 2 },
    flags: 257,
  };
  const small = (name: string, id: number): Plain => ({
    traceId,
    spanId: Uint8Array.from([id, 0, 0, 0, 0, 0, 0, 0]),
    name,
    kind: id,
    startTimeUnixNano: END,
    endTimeUnixNano: NOW,
    attributes: [text("http.route", "/orders"), text("odd", "\u0000\u0001\u0002")],
    status: { code: 1 },
  });
  return [
    groups("Spans", "spans", [span]),
    groups("Spans", "spans", [small("a", 1), small("", 3)]),
  ];
}

/** Requests of logs that use every field. */
export function sampleLogs(): Plain[] {
  const record: Plain = {
    timeUnixNano: NOW,
    observedTimeUnixNano: END,
    severityNumber: 17,
    severityText: "ERROR",
    body: { stringValue: "order declined" },
    attributes: oddAttributes,
    droppedAttributesCount: 2,
    flags: 1,
    traceId,
    spanId,
    eventName: "order.declined",
  };
  const bodies: readonly Plain[] = [
    { kvlistValue: { values: [text("a", "b")] } },
    { intValue: "-7" },
    { doubleValue: 0.5 },
    {},
  ];
  const others = bodies.map((body): Plain => ({ observedTimeUnixNano: NOW, body }));
  return [groups("Logs", "logRecords", [record]), groups("Logs", "logRecords", others)];
}

/** Records under a resource and a scope that have everything. */
function groups(what: "Spans" | "Logs", field: string, records: readonly Plain[]): Plain {
  const attributes = [text("service.name", "orders"), ...oddAttributes];
  const scope = { name: "s", version: "1", attributes: [text("a", "b")] };
  return {
    [`resource${what}`]: [
      {
        resource: { attributes, droppedAttributesCount: 1 },
        [`scope${what}`]: [{ scope, [field]: records, schemaUrl: "u" }],
        schemaUrl: "https://example.org/1",
      },
    ],
  };
}
