import assert from "node:assert/strict";
import { test } from "node:test";
import { Labels } from "@flx/model";
import { floatHistogram, type QueryValue } from "@flx/promql";
import { numberText, resultJson, timeJson } from "./result-json.ts";

const text = (value: QueryValue): string => [...resultJson(value)].join("");

test("numberText() writes numbers as Go's JSON does", () => {
  const f = (value: number, want: string) => assert.equal(numberText(value), want);

  f(1, "1");
  f(0.1, "0.1");
  f(-0, "-0");
  f(1e20, "100000000000000000000");
  f(1e21, "1e+21");
  f(0.000001, "0.000001");
  f(1e-7, "1e-07");
  f(1.5e-10, "1.5e-10");
  f(1e300, "1e+300");
  f(Number.NaN, "NaN");
  f(Infinity, "+Inf");
  f(-Infinity, "-Inf");
});

test("timeJson() writes milliseconds as seconds", () => {
  const f = (ms: number, want: string) => assert.equal(timeJson(ms), want);

  f(1_435_781_430_781, "1435781430.781");
  f(1_435_781_430_000, "1435781430");
  f(1_050, "1.050");
  f(7, "0.007");
  f(-500, "-0.500");
  f(-1_500, "-1.500");
  f(0, "0");
});

test("resultJson() writes each kind of result", () => {
  const labels = Labels.from({ __name__: "up", path: 'a"\\\n\u2028' });
  assert.equal(
    text({ kind: "scalar", timeMs: 1_500, value: 2 }),
    '{"resultType":"scalar","result":[1.500,"2"]}',
  );
  assert.equal(
    text({ kind: "string", timeMs: 0, value: 'x"' }),
    '{"resultType":"string","result":[0,"x\\""]}',
  );
  const vector = text({
    kind: "vector",
    samples: [
      { labels, timeMs: 1_000, value: Number.NaN, histogram: undefined },
      { labels: Labels.empty, timeMs: 1_000, value: 1, histogram: undefined },
    ],
  });
  assert.deepEqual(JSON.parse(vector), {
    resultType: "vector",
    result: [
      { metric: { __name__: "up", path: 'a"\\\n\u2028' }, value: [1, "NaN"] },
      { metric: {}, value: [1, "1"] },
    ],
  });
  const matrix = text({
    kind: "matrix",
    series: [
      {
        labels,
        timestamps: Float64Array.of(1_000, 2_000, 3_000),
        values: Float64Array.of(1, 0, Infinity),
        histograms: [
          undefined,
          floatHistogram({
            count: 7,
            sum: 5,
            zeroThreshold: 0.001,
            zeroCount: 1,
            positive: { counts: [1, 0, 3] },
            negative: { counts: [2] },
          }),
          undefined,
        ],
      },
    ],
  });
  assert.deepEqual(JSON.parse(matrix), {
    resultType: "matrix",
    result: [
      {
        metric: { __name__: "up", path: 'a"\\\n\u2028' },
        values: [
          [1, "1"],
          [3, "+Inf"],
        ],
        histograms: [
          [
            2,
            {
              count: "7",
              sum: "5",
              buckets: [
                [1, "-1", "-0.5", "2"],
                [3, "-0.001", "0.001", "1"],
                [0, "0.5", "1", "1"],
                [0, "2", "4", "3"],
              ],
            },
          ],
        ],
      },
    ],
  });
});
