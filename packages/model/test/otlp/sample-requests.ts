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
