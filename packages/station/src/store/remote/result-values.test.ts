import assert from "node:assert/strict";
import { test } from "node:test";
import { FlxError } from "@flx/model";
import { readQueryValue } from "./result-values.ts";

type Bucket = readonly [edges: number, lower: string, upper: string, count: string];

function histogramOf(buckets: readonly Bucket[]) {
  const histogram = [1, { count: "9", sum: "1", buckets }];
  const value = readQueryValue({ resultType: "vector", result: [{ metric: {}, histogram }] });
  assert.ok(value.kind === "vector");
  return value.samples[0]!.histogram!;
}

test("readQueryValue() finds the schema of a histogram by its buckets, and custom bounds that are of none", () => {
  const f = (buckets: readonly Bucket[], schema: number, indexes: number[], bounds: number[]) => {
    const found = histogramOf(buckets);
    assert.equal(found.schema, schema);
    assert.deepEqual([...found.positive.indexes], indexes);
    assert.deepEqual([...found.customBounds], bounds);
  };

  f([[0, "1", "2", "9"]], 0, [1], []);
  f([[0, "1", "1.189207115002721", "9"]], 2, [1], []);
  // A bit more than our own bound.
  f([[0, "1", "1.1892071150027213", "9"]], 2, [1], []);
  f([[0, "1", "65536", "9"]], -4, [1], []);
  // The zero bucket cuts the next one.
  f(
    [
      [3, "-0.75", "0.75", "4"],
      [0, "0.75", "1", "4"],
      [0, "1", "2", "1"],
    ],
    0,
    [0, 1],
    [],
  );
  f([[0, "1", "100", "9"]], -53, [1], [1, 100]);
  f([[0, "100", "+Inf", "9"]], -53, [1], [100]);
  f([[0, "-Inf", "-5", "9"]], -53, [0], [-5]);
  f(
    [
      [0, "-Inf", "0.5", "4"],
      [0, "1", "3", "5"],
    ],
    -53,
    [0, 2],
    [0.5, 1, 3],
  );
  const below = histogramOf([
    [1, "-4", "-2", "8"],
    [1, "-2", "-1", "1"],
  ]);
  assert.deepEqual([...below.negative.indexes], [1, 2]);
  assert.throws(() => histogramOf([[0, "one", "2", "9"]]), FlxError);
});
