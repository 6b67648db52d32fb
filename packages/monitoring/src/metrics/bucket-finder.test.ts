import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BucketFinder } from "./bucket-finder.ts";

/** The bucket found the slow way. */
function slow(bounds: readonly number[], value: number): number {
  const found = bounds.findIndex((bound) => value <= bound);
  return found < 0 ? bounds.length : found;
}

const anyNumber = fc.double({ noNaN: true });
const ascending = fc
  .uniqueArray(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 20 })
  .map((list) => list.map((n) => (n === 0 ? 0 : n)).toSorted((a, b) => a - b));

test("BucketFinder.find() finds the bucket a linear search finds, for all doubles", () => {
  fc.assert(
    fc.property(ascending, fc.array(anyNumber, { maxLength: 20 }), (list, values) => {
      const bounds = [...new Set(list)];
      const finder = new BucketFinder(bounds);
      for (const value of [...values, ...bounds, 0, -0, Infinity, -Infinity, 5e-324]) {
        assert.equal(finder.find(value), slow(bounds, value), `${value} in ${bounds.join(" ")}`);
      }
    }),
    { numRuns: 500 },
  );
});

test("BucketFinder.find() is exact beside every bound", () => {
  for (const bounds of [
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    [1, 2, 4, 8, 16, 32],
    [-1, 0, 1],
    [1e-300, 1, 1e300],
    [],
  ]) {
    const finder = new BucketFinder(bounds);
    for (const bound of bounds) {
      const ulp = Math.abs(bound) * 2 ** -53 || 5e-324;
      for (const value of [bound - ulp, bound - 2 * ulp, bound, bound + ulp, bound + 2 * ulp]) {
        assert.equal(finder.find(value), slow(bounds, value), `${value} in ${bounds.join(" ")}`);
      }
    }
  }
});
