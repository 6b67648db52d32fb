// The protobuf format against protobufjs, which reads and writes the messages as they are drawn below and in
// docs/formats/protobuf.md, and against itself.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import protobuf from "protobufjs";
import { ClassicHistogram } from "../classic-histogram.ts";
import { Labels } from "../labels.ts";
import type { HistogramValue, MetricFamily, MetricPoint } from "../metric-family.ts";
import { NativeHistogram } from "../native-histogram.ts";
import type { UnixMs } from "../units.ts";
import {
  parseProtobufExposition,
  parseProtobufExpositionStrict,
  type ProtobufLimits,
} from "./protobuf-read.ts";
import { columnsOf, countsOf, spansOf } from "./protobuf-spans.ts";
import { ProtobufReader, ProtobufWriter } from "./protobuf-wire.ts";
import { ProtobufExposition, writeProtobufExposition } from "./protobuf-write.ts";
import { writeExposition } from "./write.ts";

const { root } = protobuf.parse(
  `syntax = "proto2";
package io.prometheus.client;
message Timestamp { optional int64 seconds = 1; optional int32 nanos = 2; }
message LabelPair { optional string name = 1; optional string value = 2; }
enum MetricType { COUNTER = 0; GAUGE = 1; SUMMARY = 2; UNTYPED = 3; HISTOGRAM = 4; GAUGE_HISTOGRAM = 5; }
message Gauge { optional double value = 1; }
message Untyped { optional double value = 1; }
message Exemplar { repeated LabelPair label = 1; optional double value = 2; optional Timestamp timestamp = 3; }
message Counter { optional double value = 1; optional Exemplar exemplar = 2; optional Timestamp created_timestamp = 3; }
message Quantile { optional double quantile = 1; optional double value = 2; }
message Summary {
  optional uint64 sample_count = 1; optional double sample_sum = 2;
  repeated Quantile quantile = 3; optional Timestamp created_timestamp = 4;
}
message Bucket {
  optional uint64 cumulative_count = 1; optional double cumulative_count_float = 4;
  optional double upper_bound = 2; optional Exemplar exemplar = 3;
}
message BucketSpan { optional sint32 offset = 1; optional uint32 length = 2; }
message Histogram {
  optional uint64 sample_count = 1; optional double sample_count_float = 4; optional double sample_sum = 2;
  repeated Bucket bucket = 3; optional Timestamp created_timestamp = 15;
  optional sint32 schema = 5; optional double zero_threshold = 6;
  optional uint64 zero_count = 7; optional double zero_count_float = 8;
  repeated BucketSpan negative_span = 9; repeated sint64 negative_delta = 10; repeated double negative_count = 11;
  repeated BucketSpan positive_span = 12; repeated sint64 positive_delta = 13; repeated double positive_count = 14;
  repeated Exemplar exemplars = 16;
}
message Metric {
  repeated LabelPair label = 1; optional Gauge gauge = 2; optional Counter counter = 3; optional Summary summary = 4;
  optional Untyped untyped = 5; optional Histogram histogram = 7; optional int64 timestamp_ms = 6;
}
message MetricFamily {
  optional string name = 1; optional string help = 2; optional MetricType type = 3;
  repeated Metric metric = 4; optional string unit = 5;
}`,
  { keepCase: true },
);
const FamilyMessage = root.lookupType("io.prometheus.client.MetricFamily");

/** What protobufjs reads in a body. */
function oracleRead(body: Uint8Array): object[] {
  const reader = protobuf.Reader.create(body);
  const families: object[] = [];
  while (reader.pos < reader.len) {
    const message = FamilyMessage.decodeDelimited(reader);
    families.push(FamilyMessage.toObject(message, { longs: Number, enums: String }));
  }
  return families;
}

/** A body of what protobufjs writes. */
function oracleWrite(...families: object[]): Uint8Array {
  const parts = families.map((family) =>
    FamilyMessage.encodeDelimited(FamilyMessage.fromObject(family)).finish(),
  );
  return Buffer.concat(parts);
}

/** Classes with private fields as plain values, which deepEqual sees into. */
function plain(value: unknown): unknown {
  if (value instanceof Labels) return { labels: value.pairs };
  if (value instanceof ClassicHistogram) {
    return { bounds: [...value.upperBounds], counts: [...value.cumulativeCounts], sum: value.sum };
  }
  if (value instanceof NativeHistogram) {
    const { schema, zeroThreshold, zeroCount, count, sum, counterResetHint } = value;
    const sides = [value.positive, value.negative].map((side) => [
      [...side.indexes],
      [...side.counts],
    ]);
    return { schema, zeroThreshold, zeroCount, count, sum, counterResetHint, sides };
  }
  if (value instanceof Map) return [...value].map(([k, v]) => [k, plain(v)]);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
  }
  return value;
}

const at = 1_520_879_607_789 as UnixMs;
const exemplar = { labels: Labels.from({ trace_id: "4bf9" }), value: 0.25, timestampMs: at };
const classic = ClassicHistogram.from({
  upperBounds: [0.5, 1],
  cumulativeCounts: [1, 2, 8],
  sum: 7.5,
});
const native = NativeHistogram.from({
  schema: 3,
  zeroThreshold: 0.001,
  zeroCount: 1,
  sum: 7.5,
  positive: { indexes: [-3, -2, 0, 7], counts: [2, 1, 1, 1] },
  negative: { indexes: [5], counts: [2] },
});
const noLabels = Labels.empty;

const gauge = (value: number, extra: object = {}): MetricFamily => {
  return { name: "g", type: "gauge", points: [{ labels: noLabels, value }], ...extra };
};
const histogramOf = (value: HistogramValue, type = "histogram"): MetricFamily => {
  return { name: "h", type, points: [{ labels: noLabels, value }] } as MetricFamily;
};

test("writeProtobufExposition() writes what protobufjs reads", () => {
  const f = (family: MetricFamily, want: object) => {
    assert.deepEqual(oracleRead(writeProtobufExposition([family])), [want]);
  };
  const time = { seconds: 1_520_879_607, nanos: 789_000_000 };
  const wireExemplar = {
    label: [{ name: "trace_id", value: "4bf9" }],
    value: 0.25,
    timestamp: time,
  };
  const buckets = [
    { cumulative_count: 1, upper_bound: 0.5, exemplar: wireExemplar },
    { cumulative_count: 2, upper_bound: 1 },
  ];

  f(gauge(-0.5, { name: "g_seconds", help: "Help ü", unit: "seconds" }), {
    name: "g_seconds",
    help: "Help ü",
    type: "GAUGE",
    unit: "seconds",
    metric: [{ gauge: { value: -0.5 } }],
  });
  f(
    {
      name: "c",
      type: "counter",
      points: [
        {
          labels: Labels.from({ a: "1" }),
          value: { total: 5, createdMs: at, exemplar },
          timestampMs: at,
        },
      ],
    },
    {
      name: "c_total",
      type: "COUNTER",
      metric: [
        {
          label: [{ name: "a", value: "1" }],
          counter: { value: 5, exemplar: wireExemplar, created_timestamp: time },
          timestamp_ms: at,
        },
      ],
    },
  );
  f(
    {
      name: "bare",
      type: "counter",
      bareName: true,
      points: [{ labels: noLabels, value: { total: 1 } }],
    },
    { name: "bare", type: "COUNTER", metric: [{ counter: { value: 1 } }] },
  );
  f(
    {
      name: "s",
      type: "summary",
      points: [
        { labels: noLabels, value: { quantiles: [{ quantile: 0.5, value: 3 }], sum: 7, count: 2 } },
      ],
    },
    {
      name: "s",
      type: "SUMMARY",
      metric: [
        { summary: { sample_count: 2, sample_sum: 7, quantile: [{ quantile: 0.5, value: 3 }] } },
      ],
    },
  );
  f(histogramOf({ histogram: classic, exemplars: new Map([[0, exemplar]]), createdMs: at }), {
    name: "h",
    type: "HISTOGRAM",
    metric: [
      { histogram: { sample_count: 8, sample_sum: 7.5, bucket: buckets, created_timestamp: time } },
    ],
  });
  f(
    histogramOf({
      histogram: ClassicHistogram.from({ upperBounds: [], cumulativeCounts: [0.5], sum: 1 }),
      exemplars: new Map([[0, exemplar]]),
    }),
    {
      name: "h",
      type: "HISTOGRAM",
      metric: [
        {
          histogram: {
            sample_count_float: 0.5,
            sample_sum: 1,
            bucket: [
              { cumulative_count_float: 0.5, upper_bound: Infinity, exemplar: wireExemplar },
            ],
          },
        },
      ],
    },
  );
  const both = { histogram: classic, native, nativeExemplars: [exemplar] };
  f(histogramOf(both, "gaugehistogram"), {
    name: "h",
    type: "GAUGE_HISTOGRAM",
    metric: [
      {
        histogram: {
          sample_count: 8,
          sample_sum: 7.5,
          bucket: [{ cumulative_count: 1, upper_bound: 0.5 }, buckets[1]],
          schema: 3,
          zero_threshold: 0.001,
          zero_count: 1,
          negative_span: [{ offset: 5, length: 1 }],
          negative_delta: [2],
          positive_span: [
            { offset: -3, length: 4 },
            { offset: 6, length: 1 },
          ],
          positive_delta: [2, -1, -1, 1, 0],
          exemplars: [wireExemplar],
        },
      },
    ],
  });
  f(
    histogramOf({
      histogram: ClassicHistogram.from({ upperBounds: [], cumulativeCounts: [1.5], sum: 3 }),
      native: NativeHistogram.from({
        schema: 0,
        sum: 3,
        positive: { indexes: [1, 2], counts: [1, 0.5] },
      }),
    }),
    {
      name: "h",
      type: "HISTOGRAM",
      metric: [
        {
          histogram: {
            sample_count_float: 1.5,
            sample_sum: 3,
            schema: 0,
            zero_threshold: 0,
            zero_count_float: 0,
            positive_span: [{ offset: 1, length: 2 }],
            positive_count: [1, 0.5],
          },
        },
      ],
    },
  );
  f(
    { name: "build", type: "info", points: [{ labels: Labels.from({ v: "1" }), value: 1 }] },
    {
      name: "build_info",
      type: "GAUGE",
      metric: [{ label: [{ name: "v", value: "1" }], gauge: { value: 1 } }],
    },
  );
  f(
    {
      name: "st",
      type: "stateset",
      points: [{ labels: noLabels, value: new Map([["on", true]]) }],
    },
    {
      name: "st",
      type: "GAUGE",
      metric: [{ label: [{ name: "st", value: "on" }], gauge: { value: 1 } }],
    },
  );
  f(
    {
      name: "u",
      type: "unknown",
      points: [{ labels: noLabels, value: 1, timestampMs: -1500 as UnixMs }],
    },
    { name: "u", type: "UNTYPED", metric: [{ untyped: { value: 1 }, timestamp_ms: -1500 }] },
  );
});

test("writeProtobufExposition() marks a native histogram without buckets by an empty span", () => {
  const empty = NativeHistogram.from({ schema: 0, sum: 0 });
  const histogram = ClassicHistogram.from({ upperBounds: [], cumulativeCounts: [0], sum: 0 });
  const body = writeProtobufExposition([histogramOf({ histogram, native: empty })]);
  const [family] = oracleRead(body) as { metric: { histogram: { positive_span: object } }[] }[];
  assert.deepEqual(family?.metric[0]?.histogram.positive_span, [{ offset: 0, length: 0 }]);
  const [read] = parseProtobufExpositionStrict(body);
  const value = read?.points[0]?.value as HistogramValue | undefined;
  assert.ok(value?.native?.equals(empty));
});

test("writeProtobufExposition() refuses what has no form", () => {
  const f = (code: string, ...families: MetricFamily[]) => {
    assert.throws(() => writeProtobufExposition(families), { code });
  };
  const custom = { schema: -53, customBounds: [1], sum: 7.5 };
  const far = { ...exemplar, value: 9 };
  const long = { ...exemplar, labels: Labels.from({ a: "x".repeat(128) }) };
  const named = { ...exemplar, labels: Labels.from({ __name__: "x" }) };
  const counted = (count: number): MetricFamily => {
    return {
      name: "s",
      type: "summary",
      points: [{ labels: noLabels, value: { quantiles: [], count } }],
    };
  };

  f("FLX_EXPOSITION_HISTOGRAM", histogramOf({ histogram: classic, native: native.scale(2) }));
  f(
    "FLX_EXPOSITION_HISTOGRAM",
    histogramOf({ histogram: classic, native: NativeHistogram.from({ ...custom, count: 8 }) }),
  );
  f("FLX_EXPOSITION_EXEMPLAR", histogramOf({ histogram: classic, exemplars: new Map([[0, far]]) }));
  f(
    "FLX_EXPOSITION_LIMIT_EXEMPLAR",
    histogramOf({ histogram: classic, exemplars: new Map([[0, long]]) }),
  );
  f("FLX_EXPOSITION_LABEL", histogramOf({ histogram: classic, exemplars: new Map([[0, named]]) }));
  f("FLX_EXPOSITION_SUMMARY", counted(1.5));
  f(
    "FLX_EXPOSITION_TIMESTAMP",
    gauge(1, { points: [{ labels: noLabels, value: 1, timestampMs: 1e300 }] }),
  );
  f("FLX_EXPOSITION_UNIT", gauge(1, { unit: "seconds" }));
  f("FLX_EXPOSITION_CLASH", gauge(1), gauge(2));
});

test("ProtobufExposition.add() given up, or failing, leaves nothing behind", () => {
  const exposition = new ProtobufExposition();
  const points = Array.from({ length: 200 }, (_, i) => {
    return { labels: Labels.from({ i: String(i) }), value: i };
  });
  const many = gauge(0, { points });
  for (const _ of exposition.add(many)) break;
  assert.deepEqual(exposition.chunks, []);
  assert.throws(() => exposition.addAll(gauge(1, { unit: "seconds" })));
  exposition.addAll(many);
  assert.deepEqual(Buffer.concat(exposition.chunks), Buffer.from(writeProtobufExposition([many])));
});

test("writeExposition() leaves native histograms out", () => {
  const value = { histogram: classic, native, nativeExemplars: [exemplar] };
  for (const format of ["text", "openmetrics"] as const) {
    assert.equal(
      writeExposition([histogramOf(value)], { format }),
      writeExposition([histogramOf({ histogram: classic })], { format }),
    );
  }
});

test("parseProtobufExposition() reads what protobufjs writes, unknown and unpacked fields included", () => {
  const f = (family: object, want: object) => {
    assert.deepEqual(plain(parseProtobufExpositionStrict(oracleWrite(family))), [plain(want)]);
  };

  f(
    { metric: [{ timestamp_ms: -5, gauge: { value: 1 } }], type: "GAUGE", name: "g" },
    gauge(1, { points: [{ labels: noLabels, value: 1, timestampMs: -5 }] }),
  );
  f(
    { name: "x", type: "COUNTER", metric: [{ counter: {} }] },
    {
      name: "x",
      type: "counter",
      bareName: true,
      points: [{ labels: noLabels, value: { total: 0 } }],
    },
  );
  f(
    {
      name: "h",
      type: "HISTOGRAM",
      metric: [
        {
          histogram: {
            sample_count: 3,
            sample_sum: 1,
            bucket: [
              { upper_bound: 1, cumulative_count: 2 },
              { upper_bound: Infinity, cumulative_count: 3 },
            ],
            positive_span: [{ offset: 1, length: 2 }],
            positive_delta: [1, 1],
          },
        },
      ],
    },
    histogramOf({
      histogram: ClassicHistogram.from({ upperBounds: [1], cumulativeCounts: [2, 3], sum: 1 }),
      native: NativeHistogram.from({
        schema: 0,
        sum: 1,
        positive: { indexes: [1, 2], counts: [1, 2] },
      }),
    }),
  );
});

test("parseProtobufExposition() refuses the smallest thing that is wrong, and says why", () => {
  const f = (
    family: object,
    code: string,
    points: number | undefined,
    limits?: Partial<ProtobufLimits>,
  ) => {
    const good = { name: "good", type: "GAUGE", metric: [{ gauge: { value: 1 } }] };
    const body = oracleWrite({ name: "x", type: "GAUGE", ...family }, good);
    const { families, problems } = parseProtobufExposition(body, limits);
    assert.deepEqual(
      problems.map((problem) => problem.code),
      [code],
      problems[0]?.reason,
    );
    assert.equal(families.at(-1)?.name, limits === undefined ? "good" : families.at(-1)?.name);
    assert.equal(families.find(({ name }) => name === "x")?.points.length, points);
  };
  const one = { gauge: { value: 1 } };
  const label = (name: string, value: string) => ({ label: [{ name, value }] });
  const zeroBucket = { sample_count: 1, zero_threshold: 1 };
  const huge = [{ offset: 0, length: 4_000_000_000 }];

  f({ metric: [one, { counter: { value: 1 } }] }, "FLX_EXPOSITION_SAMPLE", 1);
  f({ metric: [one, one] }, "FLX_EXPOSITION_DUPLICATE", 1);
  f({ metric: [one, { ...one, ...label("", "a") }] }, "FLX_EXPOSITION_LABEL", 1);
  f({ metric: [one, { ...one, ...label("__name__", "a") }] }, "FLX_EXPOSITION_LABEL", 1);
  f(
    {
      metric: [
        {
          ...one,
          label: [
            { name: "a", value: "1" },
            { name: "a", value: "2" },
          ],
        },
      ],
    },
    "FLX_EXPOSITION_LABEL",
    0,
  );
  f({ metric: [one], unit: "seconds" }, "FLX_EXPOSITION_UNIT", 1);
  f({ metric: [one], name: "" }, "FLX_EXPOSITION_NAME", undefined);
  f({ metric: [one], name: "good" }, "FLX_EXPOSITION_CLASH", undefined);
  f({ type: "COUNTER", metric: [{ counter: { value: -1 } }] }, "FLX_EXPOSITION_VALUE", 0);
  f(
    {
      type: "HISTOGRAM",
      metric: [{ histogram: { bucket: [{ upper_bound: 1, cumulative_count: 2 }] } }],
    },
    "FLX_EXPOSITION_HISTOGRAM",
    0,
  );
  f(
    { type: "HISTOGRAM", metric: [{ histogram: { ...zeroBucket, positive_span: huge } }] },
    "FLX_EXPOSITION_HISTOGRAM",
    0,
  );
  f(
    { type: "HISTOGRAM", metric: [{ histogram: { ...zeroBucket, schema: 99 } }] },
    "FLX_EXPOSITION_HISTOGRAM",
    0,
  );
  f({ metric: [{ ...one, ...label("a", "12345") }] }, "FLX_EXPOSITION_LIMIT_VALUE", 0, {
    maxValueLength: 4,
  });
  f({ metric: [{ ...one, ...label("abcde", "1") }] }, "FLX_EXPOSITION_LIMIT_NAME", 0, {
    maxNameLength: 4,
  });
  f({ metric: [{ ...one, ...label("a", "1") }] }, "FLX_EXPOSITION_LIMIT_LABELS", 0, {
    maxLabels: 0,
  });
  f({ metric: [one] }, "FLX_EXPOSITION_LIMIT_BYTES", undefined, { maxBytes: 4 });
  f({ metric: [one] }, "FLX_EXPOSITION_LIMIT_FAMILIES", 1, { maxFamilies: 1 });
  f({ metric: [one] }, "FLX_EXPOSITION_LIMIT_SAMPLES", 1, { maxSamples: 1 });
});

test("parseProtobufExposition() keeps the families before a body is cut short", () => {
  const body = writeProtobufExposition([gauge(1), gauge(2, { name: "second" })]);
  const { families, problems } = parseProtobufExposition(body.subarray(0, -1));
  assert.deepEqual(
    families.map(({ name }) => name),
    ["g"],
  );
  assert.deepEqual(
    problems.map(({ code, offset }) => [code, offset > 0]),
    [["FLX_EXPOSITION_SYNTAX", true]],
  );
  assert.throws(() => parseProtobufExpositionStrict(body.subarray(0, -1)), {
    code: "FLX_EXPOSITION_SYNTAX",
  });
});

test("ProtobufWriter and ProtobufReader agree with protobufjs on every size of number", () => {
  for (const n of [0, 1, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 35 + 7, 2 ** 52]) {
    for (const value of [n, 0 - n]) {
      const writer = new ProtobufWriter(1);
      const want = protobuf.Writer.create().uint32(8).int64(value).uint32(16).sint64(value);
      writer.int(1, value);
      writer.sint(2, value);
      const bytes = writer.take();
      assert.deepEqual(Buffer.from(bytes), Buffer.from(want.finish()), String(value));
      const reader = new ProtobufReader(bytes);
      reader.next(bytes.length);
      assert.equal(reader.int(), value);
      reader.next(bytes.length);
      assert.equal(reader.sint(), value);
    }
  }
});

test("spansOf() and columnsOf() are each other's inverse", () => {
  const f = (indexes: number[], spans: [number, number][]) => {
    const columns = {
      indexes: Int32Array.from(indexes),
      counts: new Float64Array(indexes.length).fill(1),
    };
    const got = spansOf(columns);
    assert.deepEqual(
      got.spans,
      spans.map(([offset, length]) => ({ offset, length })),
    );
    const back = columnsOf(got.spans, got.counts);
    const kept = back.indexes.filter((_, i) => back.counts[i] !== 0);
    assert.deepEqual(kept, indexes);
  };
  f([], []);
  f([0], [[0, 1]]);
  f([-3, -2, 0], [[-3, 4]]);
  f([1, 4], [[1, 4]]);
  f(
    [1, 5],
    [
      [1, 1],
      [3, 1],
    ],
  );
  assert.deepEqual(countsOf([2, 3, -4]), [2, 5, 1]);
});

// Generators.
const run = { numRuns: 150, seed: 4711 };
const text = fc.string({
  unit: fc.constantFrom(...Array.from('ab1_:.{}"\\\n\u0000é\ufeff😀')),
  maxLength: 70,
});
const name = text.filter((t) => t !== "");
const time = fc.integer({ min: -(10 ** 12), max: 2 * 10 ** 12 }).map((ms) => ms as UnixMs);
const wholeCount = fc.oneof(fc.nat(), fc.constantFrom(0, 2 ** 52));
const floatCount = fc.double({ min: 0, max: 1e300, noNaN: true }).map(Math.abs);
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const reserved = new Set(["le", "quantile", "__name__"]);
const labels = fc
  .uniqueArray(
    fc.tuple(
      name.filter((n) => !reserved.has(n)),
      text,
    ),
    { maxLength: 3, selector: ([n]) => n },
  )
  .map((pairs) => Labels.from(pairs));
const exemplarUpTo = (max: number) =>
  fc
    .record({
      labels: fc.constantFrom(noLabels, Labels.from({ trace_id: "ü".repeat(119) })),
      value: fc.double({ noNaN: true, max }),
      timestampMs: optional(time),
    })
    .map(defined);

function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T;
}

const side = (count: fc.Arbitrary<number>) =>
  fc
    .uniqueArray(
      fc.tuple(
        fc.integer({ min: -300, max: 300 }),
        count.filter((n) => n > 0),
      ),
      {
        maxLength: 6,
        selector: ([index]) => index,
      },
    )
    .map((buckets) => {
      const sorted = buckets.toSorted(([a], [b]) => a - b);
      return { indexes: sorted.map(([index]) => index), counts: sorted.map(([, n]) => n) };
    });

const histogramValue = (gaugeHistogram: boolean) =>
  fc.boolean().chain((float) => {
    const count = float ? floatCount : wholeCount;
    return fc
      .record({
        bounds: fc.uniqueArray(fc.double({ noNaN: true, noDefaultInfinity: true }), {
          maxLength: 3,
          selector: (bound) => bound + 0,
        }),
        shares: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
          minLength: 3,
          maxLength: 3,
        }),
        total: count,
        sum: fc.double(),
        isNative: fc.boolean(),
        native: fc.record({
          schema: fc.integer({ min: -4, max: 8 }),
          zeroThreshold: fc.double({ min: 0, max: 1, noNaN: true }).map(Math.abs),
          zeroCount: count,
          positive: side(count),
          negative: side(count),
        }),
        exemplar: optional(exemplarUpTo(-1e308)),
        nativeExemplar: optional(exemplarUpTo(Infinity)),
        createdMs: optional(time),
      })
      .map((parts) => {
        const { total, sum, isNative } = parts;
        const upperBounds = parts.bounds.toSorted((a, b) => a - b);
        const cumulativeCounts = parts.shares
          .slice(0, upperBounds.length)
          .map((share) => (float ? total * share : Math.floor(total * share)))
          .toSorted((a, b) => a - b);
        const histogram = ClassicHistogram.from({
          upperBounds,
          cumulativeCounts: [...cumulativeCounts, total],
          sum,
        });
        // The wire knows a float histogram by a count above zero.
        const exact = NativeHistogram.from({
          ...parts.native,
          sum,
          count: total,
          counterResetHint: gaugeHistogram ? "gauge" : "unknown",
        });
        const withNative = isNative && total > 0;
        const created = gaugeHistogram ? undefined : parts.createdMs;
        return defined({
          histogram,
          native: withNative ? exact : undefined,
          createdMs: created,
          exemplars:
            parts.exemplar === undefined || (upperBounds[0] ?? 0) < -1e307
              ? undefined
              : new Map([[0, parts.exemplar]]),
          nativeExemplars:
            parts.nativeExemplar === undefined || !withNative ? undefined : [parts.nativeExemplar],
        });
      });
  });

const values = {
  gauge: fc.double(),
  unknown: fc.double(),
  info: fc.constant(1),
  counter: fc
    .record({
      total: floatCount,
      createdMs: optional(time),
      exemplar: optional(exemplarUpTo(Infinity)),
    })
    .map(defined),
  summary: fc
    .record({
      quantiles: fc
        .uniqueArray(fc.double({ min: 0, max: 1, noNaN: true }).map(Math.abs), { maxLength: 3 })
        .map((all) =>
          all.toSorted((a, b) => a - b).map((quantile) => ({ quantile, value: -quantile })),
        ),
      sum: optional(fc.double()),
      count: optional(wholeCount),
      createdMs: optional(time),
    })
    .map(defined),
  histogram: histogramValue(false),
  gaugehistogram: histogramValue(true),
  stateset: fc
    .uniqueArray(fc.tuple(name, fc.boolean()), { minLength: 1, maxLength: 3, selector: ([s]) => s })
    .map((states) => new Map(states)),
};
type Type = keyof typeof values;

const family = (type: Type, familyName: string): fc.Arbitrary<MetricFamily> =>
  fc
    .record({
      points: fc.uniqueArray(
        fc
          .record({
            labels,
            value: values[type] as fc.Arbitrary<unknown>,
            timestampMs: optional(time),
          })
          .map(defined),
        { maxLength: 3, selector: (p) => p.labels.key },
      ),
      help: optional(name),
    })
    .map((rest) => defined({ name: familyName, type, ...rest }) as unknown as MetricFamily);
const families = fc
  .array(fc.tuple(fc.constantFrom(...(Object.keys(values) as Type[])), name), { maxLength: 4 })
  .chain((kinds) => fc.tuple(...kinds.map(([type, n], i) => family(type, `f${i}${n}x`))));

/** What is left of a family: infos and statesets are gauges. */
function onTheWire(f: MetricFamily): MetricFamily {
  if (f.type === "info") return { ...f, type: "gauge", name: `${f.name}_info` };
  if (f.type !== "stateset") return f;
  const points: MetricPoint<number>[] = [];
  for (const { labels: own, value, timestampMs } of f.points) {
    for (const [state, on] of value) {
      const point = { labels: own.with(f.name, state), value: on ? 1 : 0, timestampMs };
      points.push(defined(point) as MetricPoint<number>);
    }
  }
  return { ...f, type: "gauge", points };
}

test("parseProtobufExposition() of writeProtobufExposition() gives the families back", () => {
  fc.assert(
    fc.property(families, (want) => {
      const got = parseProtobufExpositionStrict(writeProtobufExposition(want));
      assert.deepEqual(plain(got), plain(want.map(onTheWire)));
    }),
    run,
  );
});

test("protobufjs, reading and writing again, changes nothing for the reader", () => {
  fc.assert(
    fc.property(families, (want) => {
      const body = writeProtobufExposition(want);
      const again = oracleWrite(...oracleRead(body));
      assert.deepEqual(
        plain(parseProtobufExpositionStrict(again)),
        plain(parseProtobufExpositionStrict(body)),
      );
    }),
    run,
  );
});

test("parseProtobufExposition() takes any bytes without crashing", () => {
  const damaged = families.chain((all) => {
    const body = writeProtobufExposition(all);
    return fc
      .array(fc.tuple(fc.nat({ max: Math.max(0, body.length - 1) }), fc.nat({ max: 255 })), {
        minLength: 1,
        maxLength: 8,
      })
      .map((changes) => {
        const bytes = body.slice();
        for (const [i, byte] of changes) bytes[i] = byte;
        return bytes;
      });
  });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), (bytes) => {
      const {
        families: read,
        problems,
        problemCount,
      } = parseProtobufExposition(bytes, { maxProblems: 3 });
      assert.equal(problems.length, Math.min(problemCount, 3));
      // What was taken is right: it can be written again.
      writeProtobufExposition(read.map(withoutInexact));
    }),
    { ...run, numRuns: 1500 },
  );
});

/** Summaries may have counts above 2^53 after damage, which were rounded; they are written without them. */
function withoutInexact(f: MetricFamily): MetricFamily {
  if (f.type !== "summary") return f;
  return { ...f, points: f.points.map((p) => ({ ...p, value: { quantiles: p.value.quantiles } })) };
}
