import assert from "node:assert/strict";
import { test } from "node:test";
import { median, pairedRatio, quantile, relativeSpread, rotated } from "./statistics.ts";

test("quantile() and median() interpolate and ignore the order", () => {
  const f = (values: readonly number[], q: number, want: number) =>
    assert.equal(quantile(values, q), want);

  f([3, 1, 2], 0.5, 2);
  f([4, 1, 3, 2], 0.5, 2.5);
  f([0, 10], 0.25, 2.5);
  f([10, 9, 100], 1, 100);
  f([7], 0.9, 7);
  f([], 0.5, Number.NaN);
  assert.equal(median([5, 1, 9]), 5);
});

test("relativeSpread() is the middle half's width over the median", () => {
  assert.equal(relativeSpread([5, 5, 5]), 0);
  assert.equal(relativeSpread([0, 0]), 0);
  assert.equal(relativeSpread([1, 2, 3, 4, 5]), 2 / 3);
});

test("pairedRatio() compares within rounds, so a slow phase of the machine cancels out", () => {
  assert.deepEqual(pairedRatio([1, 1, 5, 5], [3, 3, 15, 15]), { median: 3, spread: 0 });
  assert.equal(pairedRatio([1, 2], [2, 8]).median, 3);
});

test("rotated() puts everybody first in turn", () => {
  const f = (by: number, want: string) => assert.equal(rotated(["a", "b", "c"], by).join(""), want);

  f(0, "abc");
  f(1, "bca");
  f(5, "cab");
  assert.deepEqual(rotated([], 3), []);
});
