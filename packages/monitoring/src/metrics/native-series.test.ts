import assert from "node:assert/strict";
import { test } from "node:test";
import { bucketIndex, NativeHistogram } from "@flx/model/write";
import fc from "fast-check";
import { DEFAULT_NATIVE, NativeSeries } from "./native-series.ts";

/** The histogram of values at a schema, counted the slow way. */
function slow(schema: number, zeroThreshold: number, values: readonly number[]): NativeHistogram {
  const side = (sign: number) => {
    const counts = new Map<number, number>();
    for (const value of values) {
      if (value * sign <= zeroThreshold) continue;
      const index = bucketIndex(schema, value * sign);
      counts.set(index, (counts.get(index) ?? 0) + 1);
    }
    const entries = [...counts].toSorted(([a], [b]) => a - b);
    return { indexes: entries.map(([i]) => i), counts: entries.map(([, n]) => n) };
  };
  return NativeHistogram.from({
    schema,
    zeroThreshold,
    zeroCount: values.filter((value) => Math.abs(value) <= zeroThreshold).length,
    sum: 0,
    positive: side(1),
    negative: side(-1),
  });
}

test("NativeSeries counts as a slow reference does, at whatever schema it ended", () => {
  const value = fc.oneof(
    fc.double({ noNaN: true, min: -1e3, max: 1e3 }),
    fc.double({ noNaN: true }),
    fc.constantFrom(0, -0, 1, -1, 2, 0.5, Infinity, -Infinity),
  );
  const settings = fc.record({
    schema: fc.integer({ min: -4, max: 8 }),
    maxBuckets: fc.integer({ min: 2, max: 40 }),
    zeroThreshold: fc.constantFrom(0, 2 ** -128, 0.5),
  });
  fc.assert(
    fc.property(settings, fc.array(value, { maxLength: 60 }), (chosen, values) => {
      const series = new NativeSeries(chosen);
      for (const each of values) series.observe(each);
      const histogram = series.histogram(0);
      assert.ok(
        histogram.equals(slow(series.schema, chosen.zeroThreshold, values)),
        histogram.toString(),
      );
      const buckets = histogram.positive.indexes.length + histogram.negative.indexes.length;
      assert.ok(buckets <= chosen.maxBuckets || series.schema === -4);
    }),
    { numRuns: 500 },
  );
});

test("NativeSeries keeps its resolution for values that fit, and halves it for those that do not", () => {
  const series = new NativeSeries(DEFAULT_NATIVE);
  for (let i = 1; i <= 1000; i++) series.observe(i / 1000);
  assert.equal(series.schema, 3);
  for (let i = -30; i <= 30; i++) series.observe(10 ** i);
  assert.ok(series.schema < 3);
  assert.equal(series.histogram(0).count, 1061);
});
