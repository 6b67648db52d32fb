import assert from "node:assert/strict";
import { test } from "node:test";
import { Labels } from "@flx/model";
import { chart } from "./chart.ts";

const times = { startMs: 0, endMs: 100_000, stepMs: 10_000 };

function series(values: readonly number[], from = 0) {
  return {
    labels: Labels.empty,
    timestamps: Float64Array.from(values, (_, i) => from + i * 10_000),
    values: Float64Array.from(values),
  };
}

function paths(...values: readonly (readonly number[])[]): string[] {
  const drawn = chart(
    values.map((each) => series(each)),
    values.map((_, i) => `s${i}`),
    times,
  );
  return [...(drawn?.text ?? "").matchAll(/ d="([^"]*)"/g)].map(([, path]) => path!);
}

test("chart() draws from the left to the right, the largest value on top", () => {
  assert.deepEqual(paths([0, 5, 10]), ["M56 274h0L149.2 142L242.4 10"]);
  assert.equal(paths([1], [2]).length, 2);
});

test("chart() leaves gaps open, and out what is no number", () => {
  assert.deepEqual(paths([0, NaN, NaN, 10]), ["M56 274h0M335.6 10h0"]);
  assert.deepEqual(paths([0, Infinity, 10]), ["M56 274h0M242.4 10h0"]);
  assert.deepEqual(paths([NaN]), []);
  assert.deepEqual(paths(), []);
});

test("chart() has only numbers in its paths, whatever the values", () => {
  for (const values of [
    [Number.MAX_VALUE, -Number.MAX_VALUE],
    [5e-324, 1e-323],
    [1e300, 1e300 * (1 + 2 ** -52)],
    [7],
  ]) {
    for (const path of paths(values)) {
      assert.match(path, /^(?:[ML]-?\d+(?:\.\d)? -?\d+(?:\.\d)?(?:h0)?)+$/, values.join(" "));
    }
  }
});

test("chart() escapes the names of series", () => {
  const drawn = chart([series([1, 2])], ['</title><script>"'], times);
  assert.match(drawn!.text, /<title>&lt;\/title&gt;&lt;script&gt;&quot;<\/title>/);
});
