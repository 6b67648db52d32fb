// Remote write 2.0 against protobufjs, which reads the messages as they are drawn below, against our own reader, and
// against 1.0.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import protobuf from "protobufjs";
import { Labels } from "../labels.ts";
import { NativeHistogram } from "../native-histogram.ts";
import type { UnixMs } from "../units.ts";
import { writeRequestToV1, writeRequestToV2 } from "./convert.ts";
import { joinWriteRequestsV2 } from "./join-v2.ts";
import { readWriteRequest } from "./read-v1.ts";
import { readWriteRequestV2 } from "./read-v2.ts";
import { encodeSeriesLabels, WriteRequestWriter } from "./write-v1.ts";
import { WriteRequestV2Writer } from "./write-v2.ts";

const RequestMessage = protobuf
  .parse(
    `syntax = "proto3";
package io.prometheus.write.v2;
message Request { reserved 1 to 3; repeated string symbols = 4; repeated TimeSeries timeseries = 5; }
message TimeSeries {
  repeated uint32 labels_refs = 1; repeated Sample samples = 2; repeated Histogram histograms = 3;
  repeated Exemplar exemplars = 4; Metadata metadata = 5;
}
message Exemplar { repeated uint32 labels_refs = 1; double value = 2; int64 timestamp = 3; }
message Sample { double value = 1; int64 timestamp = 2; int64 start_timestamp = 3; }
message Metadata {
  enum MetricType { UNSPECIFIED = 0; COUNTER = 1; GAUGE = 2; HISTOGRAM = 3; GAUGEHISTOGRAM = 4; SUMMARY = 5; INFO = 6;
    STATESET = 7; }
  MetricType type = 1; uint32 help_ref = 3; uint32 unit_ref = 4;
}
message Histogram {
  enum ResetHint { UNKNOWN = 0; YES = 1; NO = 2; GAUGE = 3; }
  oneof count { uint64 count_int = 1; double count_float = 2; }
  double sum = 3; sint32 schema = 4; double zero_threshold = 5;
  oneof zero_count { uint64 zero_count_int = 6; double zero_count_float = 7; }
  repeated BucketSpan negative_spans = 8; repeated sint64 negative_deltas = 9; repeated double negative_counts = 10;
  repeated BucketSpan positive_spans = 11; repeated sint64 positive_deltas = 12; repeated double positive_counts = 13;
  ResetHint reset_hint = 14; int64 timestamp = 15; repeated double custom_values = 16; int64 start_timestamp = 17;
}
message BucketSpan { sint32 offset = 1; uint32 length = 2; }`,
    { keepCase: true },
  )
  .root.lookupType("io.prometheus.write.v2.Request");

interface Decoded {
  readonly symbols: readonly string[];
  readonly timeseries?: readonly Record<string, unknown>[];
}

function decoded(request: Uint8Array): Decoded {
  const message = RequestMessage.decode(request);
  return RequestMessage.toObject(message, { longs: Number, enums: String }) as Decoded;
}

const lag = Labels.from({ __name__: "lag", job: "größe" });
const said = { type: "histogram", help: "Verzögerung", unit: "s" } as const;
const whole = NativeHistogram.from({
  schema: 3,
  sum: -7.5,
  count: 20,
  zeroCount: 2,
  zeroThreshold: 1e-9,
  positive: { indexes: [-4, -3, 0, 9], counts: [1, 5, 3, 4] },
  negative: { indexes: [1_000, 1_001], counts: [2, 3] },
});
const halves = NativeHistogram.from({
  schema: 0,
  sum: 6,
  zeroCount: 0.5,
  positive: { indexes: [0, 1], counts: [0.25, 4] },
  counterResetHint: "gauge",
});
const custom = NativeHistogram.from({
  schema: -53,
  sum: 6,
  positive: { indexes: [0, 2], counts: [4, 1] },
  customBounds: [0.5, 1, 100],
  counterResetHint: "reset",
});
const withNaN = NativeHistogram.from({
  schema: 0,
  sum: NaN,
  count: 6,
  positive: { indexes: [0], counts: [5] },
});
const moreThanBuckets = NativeHistogram.from({
  schema: 0,
  sum: 1,
  count: 6,
  positive: { indexes: [0], counts: [5] },
});

/** A request with everything that one can have. */
function written(): Uint8Array {
  const writer = new WriteRequestV2Writer();
  const up = Labels.from({ __name__: "up", job: "größe" });
  writer.beginSeries(up, undefined);
  writer.sample(13, 2, 0x7ff00000, 0);
  writer.sample(-14, 0, 0x3ff80000, -5);
  const exemplar = { labels: Labels.from({ trace_id: "a1" }), value: 3 };
  writer.exemplar({ ...exemplar, timestampMs: 11 as UnixMs }, 13);
  writer.exemplar({ labels: Labels.empty, value: 4 }, 13);
  writer.endSeries();
  writer.beginSeries(lag, said);
  for (const [i, each] of [whole, halves, custom, withNaN, moreThanBuckets].entries()) {
    writer.histogram(20 + i, each, i === 0 ? 7 : 0);
  }
  writer.endSeries();
  return writer.take();
}

test("WriteRequestV2Writer writes what protobufjs reads", () => {
  // protobufjs leaves out what has its default, but for a `oneof`.
  const request = written();
  assert.equal(request[0], 0x22, "symbols stand first");
  const { symbols, timeseries } = decoded(request);
  assert.deepEqual(symbols, [
    "",
    "__name__",
    "up",
    "job",
    "größe",
    "trace_id",
    "a1",
    "lag",
    "Verzögerung",
    "s",
  ]);
  const [first, second] = timeseries!;
  assert.deepEqual(first, {
    labels_refs: [1, 2, 3, 4],
    samples: [
      { value: NaN, timestamp: 13 },
      { value: 1.5, timestamp: -14, start_timestamp: -5 },
    ],
    exemplars: [
      { labels_refs: [5, 6], value: 3, timestamp: 11 },
      { value: 4, timestamp: 13 },
    ],
  });
  assert.deepEqual(second, {
    labels_refs: [1, 7, 3, 4],
    metadata: { type: "HISTOGRAM", help_ref: 8, unit_ref: 9 },
    histograms: [
      {
        count_int: 20,
        sum: -7.5,
        schema: 3,
        zero_threshold: 1e-9,
        zero_count_int: 2,
        negative_spans: [{ offset: 1_000, length: 2 }],
        negative_deltas: [2, 1],
        // A gap of two buckets is written as empty ones.
        positive_spans: [
          { offset: -4, length: 5 },
          { offset: 8, length: 1 },
        ],
        positive_deltas: [1, 4, -5, 0, 3, 1],
        timestamp: 20,
        start_timestamp: 7,
      },
      {
        count_float: 4.75,
        sum: 6,
        zero_count_float: 0.5,
        positive_spans: [{ length: 2 }],
        positive_counts: [0.25, 4],
        reset_hint: "GAUGE",
        timestamp: 21,
      },
      {
        count_int: 5,
        sum: 6,
        schema: -53,
        zero_count_int: 0,
        positive_spans: [{ length: 3 }],
        positive_deltas: [4, -4, 1],
        reset_hint: "YES",
        timestamp: 22,
        custom_values: [0.5, 1, 100],
      },
      {
        count_int: 6,
        sum: NaN,
        zero_count_int: 0,
        positive_spans: [{ length: 1 }],
        positive_deltas: [5],
        timestamp: 23,
      },
      // Whole counts that do not add up would be refused: floats are not.
      {
        count_float: 6,
        sum: 1,
        zero_count_float: 0,
        positive_spans: [{ length: 1 }],
        positive_counts: [5],
        timestamp: 24,
      },
    ],
  });
});

test("readWriteRequestV2() reads what WriteRequestV2Writer writes, the bits of a staleness marker included", () => {
  const read = readWriteRequestV2(written());
  assert.deepEqual([...read.words.subarray(0, 4)], [2, 0x7ff00000, 0, 0x3ff80000]);
  assert.deepEqual([...read.startsMs!.subarray(0, 2)], [0, -5]);
  assert.deepEqual(
    read.histograms.map(({ startMs, histogram }) => [startMs, histogram]),
    [
      [7, whole],
      [0, halves],
      [0, custom],
      [0, withNaN],
      [0, moreThanBuckets],
    ],
  );
  assert.deepEqual(
    read.exemplars.map(({ exemplar }) => [exemplar.labels.toString(), exemplar.timestampMs]),
    [
      ['{trace_id="a1"}', 11],
      ["{}", 13],
    ],
  );
  assert.deepEqual(read.metadata, [{ name: "lag", ...said }]);
});

test("what 2.0 says of a series is said of its family", () => {
  const writer = new WriteRequestV2Writer();
  const add = (name: string, type: "histogram" | "summary" | "counter" | "gauge"): void => {
    writer.beginSeries(Labels.from({ __name__: name }), { type, help: `of ${name}`, unit: "" });
    writer.sample(1, 0, 0, 0);
    writer.endSeries();
  };
  add("lag_bucket", "histogram");
  add("lag_sum", "histogram");
  add("wait", "summary");
  add("wait_count", "summary");
  add("calls_total", "counter");
  add("cpu_count", "gauge");
  assert.deepEqual(
    readWriteRequestV2(writer.take()).metadata.map(({ name, help }) => `${name}: ${help}`),
    [
      "lag: of lag_bucket",
      "wait: of wait",
      "calls_total: of calls_total",
      "cpu_count: of cpu_count",
    ],
  );
});

const text = fc.string({ minLength: 1, maxLength: 20, unit: "binary" });
const labels = fc.dictionary(text, text, { minKeys: 1, maxKeys: 4, noNullPrototype: true });
const word = fc.integer({ min: 0, max: 0xffff_ffff });
const time = fc.integer({ min: -(2 ** 52), max: 2 ** 52 });
const series = fc.record({
  labels,
  samples: fc.array(fc.tuple(time, word, word, time), { minLength: 1, maxLength: 4 }),
  exemplars: fc.array(fc.tuple(labels, time), { maxLength: 2 }),
  help: fc.option(text, { nil: undefined }),
});
type Given = typeof series extends fc.Arbitrary<infer T> ? T : never;

function requestOf(all: readonly Given[]): Uint8Array {
  const writer = new WriteRequestV2Writer();
  for (const { labels: given, samples, exemplars, help } of all) {
    const metadata = help === undefined ? undefined : ({ type: "gauge", help, unit: "" } as const);
    writer.beginSeries(Labels.from({ ...given, __name__: "m" }), metadata);
    for (const [at, low, high, start] of samples) writer.sample(at, low, high, start);
    for (const [pairs, at] of exemplars) {
      writer.exemplar({ labels: Labels.from(pairs), value: 1, timestampMs: at as UnixMs }, 0);
    }
    writer.endSeries();
  }
  return writer.take();
}

/** A request without its numbering of texts. */
function meaning(request: Uint8Array): unknown {
  const read = readWriteRequestV2(request);
  const named = (i: number): string => read.labelSource.labels(i).key;
  return {
    samples: Array.from({ length: read.samples }, (_, i) => [
      named(read.sampleSeries[i]!),
      read.timestampMs[i],
      ...read.words.subarray(2 * i, 2 * i + 2),
      read.startsMs?.[i] ?? 0,
    ]),
    histograms: read.histograms.map((each) => ({ ...each, series: named(each.series) })),
    exemplars: read.exemplars.map(({ series: i, exemplar }) => [
      named(i),
      exemplar.labels.key,
      exemplar.timestampMs,
    ]),
    metadata: read.metadata,
  };
}

test("joinWriteRequestsV2() makes one request of several: what was in them, each text once", () => {
  fc.assert(
    fc.property(fc.array(fc.array(series, { maxLength: 4 }), { maxLength: 4 }), (requests) => {
      const joined = joinWriteRequestsV2(requests.map(requestOf));
      assert.deepEqual(meaning(joined), meaning(requestOf(requests.flat())));
      const { symbols } = decoded(joined);
      assert.equal(symbols[0], "");
      assert.equal(new Set(symbols).size, symbols.length);
    }),
  );
  const all = written();
  assert.deepEqual(decoded(joinWriteRequestsV2([all])), decoded(all));
  assert.throws(() => joinWriteRequestsV2([Uint8Array.of(0x2a, 0x03, 0x0a, 0x01, 0x07)]), {
    code: "FLX_WIRE_MALFORMED",
    message: /no symbol 7/,
  });
});

test("a request is converted to the other version and back: only times since when are lost in 1.0", () => {
  const first = readWriteRequest(writeRequestToV1(written()));
  assert.deepEqual([...first.words.subarray(0, 4)], [2, 0x7ff00000, 0, 0x3ff80000]);
  assert.deepEqual(
    first.histograms.map(({ histogram }) => histogram),
    [whole, halves, custom, withNaN, moreThanBuckets],
  );
  assert.deepEqual(first.metadata, [{ name: "lag", ...said }]);
  const again = decoded(writeRequestToV2(writeRequestToV1(written())));
  const { timeseries } = decoded(written());
  const withoutStarts: unknown = JSON.parse(
    JSON.stringify(timeseries, (key, value: unknown) =>
      key === "start_timestamp" ? undefined : value,
    ),
  );
  assert.deepEqual(JSON.parse(JSON.stringify(again.timeseries)), withoutStarts);
});

test("what 1.0 has in places of its own goes to the series in 2.0", () => {
  const writer = new WriteRequestWriter();
  const begin = (name: string): void =>
    writer.beginSeries(encodeSeriesLabels(Labels.from({ __name__: name })));
  begin("lag_bucket");
  writer.sample(5, 0, 0);
  writer.endSeries();
  begin("both");
  writer.sample(6, 0, 0);
  writer.histogram(7, halves);
  writer.endSeries();
  begin("lag_bucket");
  writer.exemplar({ labels: Labels.empty, value: 9, timestampMs: 4 as UnixMs });
  writer.endSeries();
  begin("gone");
  writer.exemplar({ labels: Labels.empty, value: 9 });
  writer.endSeries();
  writer.metadata({ name: "lag", ...said });
  const { symbols, timeseries } = decoded(writeRequestToV2(writer.take()));
  assert.deepEqual(
    timeseries!.map((each) => [
      symbols[(each["labels_refs"] as number[])[1]!],
      Object.keys(each).filter((key) => key !== "labels_refs"),
    ]),
    [
      ["lag_bucket", ["samples", "exemplars", "metadata"]],
      ["both", ["samples"]],
      ["both", ["histograms"]],
    ],
  );
});
