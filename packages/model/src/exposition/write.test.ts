// The writer: exact texts, and what it refuses. Round trips stand in exposition.property.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ClassicHistogram } from "../classic-histogram.ts";
import { FlxError } from "../errors.ts";
import { Labels } from "../labels.ts";
import type { MetricFamily, MetricPoint } from "../metric-family.ts";
import type { UnixMs } from "../units.ts";
import type { ExpositionFormat } from "./format.ts";
import { writeExposition } from "./write.ts";

const at = 1_520_879_607_789 as UnixMs;

function labels(record: Record<string, string>): Labels {
  return Labels.from(record);
}

const example: readonly MetricFamily[] = [
  {
    name: "wait_seconds",
    type: "counter",
    unit: "seconds",
    help: 'Back\\slash, line\nfeed, "quotes"',
    points: [
      {
        labels: labels({ b: 'x"\\\n', a: "1" }),
        value: {
          total: 5,
          createdMs: 1500 as UnixMs,
          exemplar: { labels: labels({ trace_id: "7" }), value: 0.5, timestampMs: at },
        },
        timestampMs: at,
      },
    ],
  },
  {
    name: "size",
    type: "histogram",
    points: [
      {
        labels: labels({ z: "1" }),
        value: {
          histogram: ClassicHistogram.from({
            upperBounds: [0.5, 1_000_000],
            cumulativeCounts: [1, 2, 3],
            sum: 4.5,
          }),
          exemplars: new Map([[0, { labels: Labels.empty, value: 0.25 }]]),
        },
      },
    ],
  },
  {
    name: "queue",
    type: "gaugehistogram",
    points: [
      {
        labels: Labels.empty,
        value: {
          histogram: ClassicHistogram.from({
            upperBounds: [-1],
            cumulativeCounts: [1, 1],
            sum: -2,
          }),
        },
      },
    ],
  },
  {
    name: "lag",
    type: "summary",
    points: [
      {
        labels: Labels.empty,
        value: { quantiles: [{ quantile: 1, value: Number.NaN }], sum: 2, count: 1 },
      },
    ],
  },
  { name: "app", type: "info", points: [{ labels: labels({ version: "1" }), value: 1 }] },
  {
    name: "my.state",
    type: "stateset",
    points: [
      {
        labels: labels({ "a.b": "c" }),
        value: new Map([
          ["on", true],
          ["off", false],
        ]),
      },
    ],
  },
  {
    name: "odd",
    type: "counter",
    bareName: true,
    points: [{ labels: Labels.empty, value: { total: 1 } }],
  },
  { name: "none", type: "unknown", points: [] },
];

test("writeExposition() writes format 0.0.4", () => {
  assert.equal(
    writeExposition(example, { format: "text" }),
    `# HELP wait_seconds_total Back\\\\slash, line\\nfeed, "quotes"
# TYPE wait_seconds_total counter
wait_seconds_total{a="1",b="x\\"\\\\\\n"} 5 1520879607789
# TYPE size histogram
size_bucket{z="1",le="0.5"} 1
size_bucket{z="1",le="1000000"} 2
size_bucket{z="1",le="+Inf"} 3
size_sum{z="1"} 4.5
size_count{z="1"} 3
# TYPE queue histogram
queue_bucket{le="-1"} 1
queue_bucket{le="+Inf"} 1
queue_sum -2
queue_count 1
# TYPE lag summary
lag{quantile="1"} NaN
lag_sum 2
lag_count 1
# TYPE app_info gauge
app_info{version="1"} 1
# TYPE "my.state" gauge
{"my.state","a.b"="c","my.state"="on"} 1
{"my.state","a.b"="c","my.state"="off"} 0
# TYPE odd counter
odd 1
# TYPE none untyped
`,
  );
});

test("writeExposition() writes OpenMetrics 1.0", () => {
  assert.equal(
    writeExposition(example, { format: "openmetrics" }),
    `# TYPE wait_seconds counter
# UNIT wait_seconds seconds
# HELP wait_seconds Back\\\\slash, line\\nfeed, \\"quotes\\"
wait_seconds_total{a="1",b="x\\"\\\\\\n"} 5 1520879607.789 # {trace_id="7"} 0.5 1520879607.789
wait_seconds_created{a="1",b="x\\"\\\\\\n"} 1.5 1520879607.789
# TYPE size histogram
size_bucket{z="1",le="0.5"} 1 # {} 0.25
size_bucket{z="1",le="1e+06"} 2
size_bucket{z="1",le="+Inf"} 3
size_sum{z="1"} 4.5
size_count{z="1"} 3
# TYPE queue gaugehistogram
queue_bucket{le="-1.0"} 1
queue_bucket{le="+Inf"} 1
queue_gsum -2
queue_gcount 1
# TYPE lag summary
lag{quantile="1.0"} NaN
lag_sum 2
lag_count 1
# TYPE app info
app_info{version="1"} 1
# TYPE "my.state" stateset
{"my.state","a.b"="c","my.state"="on"} 1
{"my.state","a.b"="c","my.state"="off"} 0
# TYPE odd unknown
odd 1
# TYPE none unknown
# EOF
`,
  );
});

test("writeExposition() leaves out the sum of a histogram with negative bounds, OpenMetrics", () => {
  const histogram = ClassicHistogram.from({ upperBounds: [-1], cumulativeCounts: [1, 1], sum: -2 });
  const family: MetricFamily = {
    name: "h",
    type: "histogram",
    points: [{ labels: Labels.empty, value: { histogram } }],
  };
  assert.equal(
    writeExposition([family], { format: "openmetrics" }),
    '# TYPE h histogram\nh_bucket{le="-1.0"} 1\nh_bucket{le="+Inf"} 1\n# EOF\n',
  );
});

test("writeExposition() refuses what no reader may accept", () => {
  const both: readonly ExpositionFormat[] = ["text", "openmetrics"];
  const f = (
    code: string,
    formats: readonly ExpositionFormat[],
    ...families: readonly unknown[]
  ): void => {
    for (const format of both) {
      const write = (): string => writeExposition(families as MetricFamily[], { format });
      if (!formats.includes(format)) {
        assert.equal(typeof write(), "string", `${code} ${format}`);
      } else {
        assert.throws(
          write,
          (error) => error instanceof FlxError && error.code === `FLX_EXPOSITION_${code}`,
          `${code} ${format}`,
        );
      }
    }
  };
  const gauge = (name: string, ...points: readonly Partial<MetricPoint<unknown>>[]): object =>
    family("gauge", name, ...points);
  const family = (
    type: string,
    name: string,
    ...points: readonly Partial<MetricPoint<unknown>>[]
  ): object => ({
    name,
    type,
    points: points.map((point) => Object.assign({ labels: Labels.empty, value: 1 }, point)),
  });
  const histogram = (
    upperBounds: number[],
    cumulativeCounts: number[],
    sum?: number,
    exemplars?: unknown,
  ): object =>
    family("histogram", "h", {
      value: {
        histogram: ClassicHistogram.from({ upperBounds, cumulativeCounts, sum }),
        exemplars,
      },
    });
  const exemplar = (value: number, text = "") => ({ labels: labels({ a: text }), value });

  f("NAME", both, gauge(""));
  f("NAME", both, gauge("\ud800"));
  f("NAME", both, family("counter", "a_total"));
  f("CLASH", both, gauge("a"), gauge("a"));
  f(
    "CLASH",
    both,
    family("histogram", "a"),
    family("counter", "a_count", { value: { total: 1 } }),
    gauge("a_sum"),
  );
  f("CLASH", both, family("histogram", "a"), gauge("a_count"));
  f("CLASH", both, gauge("a_sum"), family("summary", "a"));
  f("CLASH", both, gauge("a_total"), family("counter", "a"));
  f("CLASH", both, gauge("a_info"), family("info", "a"));
  f("CLASH", ["openmetrics"], gauge("a_created"), family("counter", "a"));
  f("CLASH", ["openmetrics"], gauge("a"), family("counter", "a"));
  f("UNIT", both, { name: "a", type: "gauge", unit: "seconds", points: [] });
  f("UNIT", both, { name: "a_b c", type: "gauge", unit: "b c", points: [] });
  f("UNIT", both, { name: "a_seconds", type: "info", unit: "seconds", points: [] });
  f("METADATA", both, { name: "a", type: "gauge", help: "\udc00", points: [] });
  f("DUPLICATE", both, gauge("a", {}, {}));
  f("DUPLICATE", both, gauge("a", { timestampMs: at }, {}));
  f("DUPLICATE", ["text"], gauge("a", { timestampMs: 1 as UnixMs }, { timestampMs: at }));
  f("DUPLICATE", both, gauge("a", { timestampMs: at }, { timestampMs: 1 as UnixMs }));
  f("LABEL", both, gauge("a", { labels: labels({ __name__: "b" }) }));
  f("LABEL", both, family("histogram", "a", { labels: labels({ le: "1" }) }));
  f("LABEL", both, family("summary", "a", { labels: labels({ quantile: "1" }) }));
  f("LABEL", both, family("stateset", "a", { labels: labels({ a: "1" }) }));
  f("TIMESTAMP", both, gauge("a", { timestampMs: Number.NaN as UnixMs }));
  f("TIMESTAMP", ["text"], gauge("a", { timestampMs: 1e300 as UnixMs }));
  f("VALUE", both, family("counter", "a", { value: { total: Number.NaN } }));
  f("VALUE", both, family("counter", "a", { value: { total: -1 } }));
  f("STATESET", both, family("stateset", "a", { value: new Map() }));
  f("STATESET", both, family("stateset", "a", { value: new Map([["", true]]) }));
  f("HISTOGRAM", ["openmetrics"], histogram([1], [0.5, 1], 1));
  f("HISTOGRAM", ["openmetrics"], histogram([1], [0.5, 1]));
  f("HISTOGRAM", ["openmetrics"], histogram([1], [1, 1], -1));
  f("HISTOGRAM", ["openmetrics"], histogram([1], [1, 1], Number.NaN));
  f("EXEMPLAR", ["openmetrics"], histogram([1], [1, 1], 1, new Map([[0, exemplar(2)]])));
  f("EXEMPLAR", both, histogram([1], [1, 1], 1, new Map([[2, exemplar(2)]])));
  const long = exemplar(1, "x".repeat(128));
  f(
    "LIMIT_EXEMPLAR",
    ["openmetrics"],
    family("counter", "a", { value: { total: 1, exemplar: long } }),
  );
  f("SUMMARY", both, family("summary", "a", { value: { quantiles: [{ quantile: 2, value: 1 }] } }));
  f("SUMMARY", both, family("summary", "a", { value: { quantiles: [], count: -1 } }));
  f("SUMMARY", ["openmetrics"], family("summary", "a", { value: { quantiles: [], sum: -1 } }));
});
