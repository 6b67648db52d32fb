import assert from "node:assert/strict";
import { test } from "node:test";
import { axisBounds, roundTicks, shortNumber } from "./axis.ts";

test("shortNumber() is short", () => {
  const f = (value: number, want: string) => assert.equal(shortNumber(value), want);

  f(0, "0");
  f(0.25, "0.25");
  f(9_999, "9999");
  f(15_000, "15k");
  f(2_500_000, "2.5M");
  f(-3e9, "-3G");
  f(0.000_01, "1e-5");
});

test("roundTicks() gives few round numbers, and ends whatever the bounds are", () => {
  const f = (min: number, max: number, want: readonly number[]) =>
    assert.deepEqual(roundTicks(min, max, 4), want);

  f(0, 10, [0, 5, 10]);
  f(0, 1.2, [0, 0.5, 1]);
  f(-3, 3, [-2, 0, 2]);
  for (const [min, max] of [
    [1e300, 1e300 * (1 + 2 ** -52)],
    [-1.7e308, 1.7e308],
    [0, 5e-324],
    [-1e17, -1e17 + 16],
  ] as const) {
    const ticks = roundTicks(min, max, 4);
    assert.ok(ticks.length <= 9, `${ticks.length}`);
  }
});

test("axisBounds() leaves room around one value, and out what is no number", () => {
  assert.deepEqual(axisBounds([NaN, 4, Infinity]), { min: 2, max: 6 });
  assert.deepEqual(axisBounds([0]), { min: -1, max: 1 });
  assert.equal(axisBounds([NaN, -Infinity]), undefined);
});
