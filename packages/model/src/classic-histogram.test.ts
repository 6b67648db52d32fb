import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ClassicHistogram } from "./classic-histogram.ts";

/** A histogram of observations, counted the slow way. */
function observed(upperBounds: readonly number[], values: readonly number[]): ClassicHistogram {
  return ClassicHistogram.from({
    upperBounds,
    cumulativeCounts: [...upperBounds, Infinity].map((le) => values.filter((v) => v <= le).length),
    sum: values.reduce((a, b) => a + b, 0),
  });
}

const bounds = fc.uniqueArray(fc.integer({ min: -50, max: 50 }), { maxLength: 6 });
const values = fc.array(fc.integer({ min: -60, max: 60 }), { maxLength: 20 });

test("ClassicHistogram.from() refuses bounds and counts that are none", () => {
  const f = (upperBounds: number[], cumulativeCounts: number[], code: string) => {
    assert.throws(() => ClassicHistogram.from({ upperBounds, cumulativeCounts }), { code });
  };

  f([2, 1], [0, 0, 0], "FLX_HISTOGRAM_BOUNDS");
  f([1, 1], [0, 0, 0], "FLX_HISTOGRAM_BOUNDS");
  f([1, Infinity], [0, 0, 0], "FLX_HISTOGRAM_BOUNDS");
  f([Number.NaN], [0, 0], "FLX_HISTOGRAM_BOUNDS");
  f([1], [1], "FLX_HISTOGRAM_COUNTS");
  f([1], [2, 1], "FLX_HISTOGRAM_COUNTS");
  f([1], [-1, 1], "FLX_HISTOGRAM_COUNTS");
  f([1], [0, Number.NaN], "FLX_HISTOGRAM_COUNTS");
});

test("ClassicHistogram.quantile() estimates as histogram_quantile does", () => {
  const f = (q: number, want: number) => {
    const histogram = ClassicHistogram.from({
      upperBounds: [1, 2, 4],
      cumulativeCounts: [1, 2, 3, 4],
    });
    assert.equal(histogram.quantile(q), want);
  };

  f(0, 0);
  f(0.25, 1);
  f(0.375, 1.5);
  f(0.5, 2);
  f(0.75, 4);
  f(0.9, 4); // above the highest finite bound
  f(1, 4);
  f(-1, -Infinity);
  f(1.5, Infinity);
  f(Number.NaN, Number.NaN);
});

test("ClassicHistogram.quantile() knows the edges", () => {
  const f = (upperBounds: number[], cumulativeCounts: number[], q: number, want: number) => {
    assert.equal(ClassicHistogram.from({ upperBounds, cumulativeCounts }).quantile(q), want);
  };

  f([1], [0, 0], 0.5, Number.NaN);
  f([], [5], 0.5, Number.NaN);
  f([-1, 1], [2, 4, 4], 0.25, -1); // the first bucket has no lower end when its bound is not positive
  f([1, 2], [1, 4, 4], 0, 0);
});

test("ClassicHistogram.add() counts as if all had been observed in one", () => {
  fc.assert(
    fc.property(bounds, values, values, (le, a, b) => {
      const sorted = le.toSorted((x, y) => x - y);
      const both = observed(sorted, a).add(observed(sorted, b));
      assert.ok(both.equals(observed(sorted, [...a, ...b])));
      assert.ok(both.subtract(observed(sorted, a)).equals(observed(sorted, b)));
    }),
    { numRuns: 300 },
  );
});

test("ClassicHistogram.merge() keeps the bounds all have, with exact counts", () => {
  fc.assert(
    fc.property(bounds, bounds, values, values, (leA, leB, a, b) => {
      const shared = leA.filter((le) => leB.includes(le)).toSorted((x, y) => x - y);
      const merged = ClassicHistogram.merge([
        observed(
          leA.toSorted((x, y) => x - y),
          a,
        ),
        observed(
          leB.toSorted((x, y) => x - y),
          b,
        ),
      ]);
      assert.ok(merged?.equals(observed(shared, [...a, ...b])));
    }),
    { numRuns: 300 },
  );
  assert.equal(ClassicHistogram.merge([]), undefined);
});

test("ClassicHistogram.subtract() refuses a counter that started again", () => {
  const before = observed([1, 2], [0.5, 1.5, 3]);
  const after = observed([1, 2], [0.5]);
  assert.throws(() => after.subtract(before), { code: "FLX_HISTOGRAM_COUNTS" });
});

test("ClassicHistogram.downscale() drops bounds and keeps counts", () => {
  const histogram = observed([1, 2, 4], [0.5, 1.5, 3, 9]);
  assert.ok(histogram.downscale([2]).equals(observed([2], [0.5, 1.5, 3, 9])));
  assert.throws(() => histogram.downscale([3]), { code: "FLX_HISTOGRAM_BOUNDS" });
  assert.throws(() => histogram.downscale([4, 2]), { code: "FLX_HISTOGRAM_BOUNDS" });
});

test("ClassicHistogram is not changed through the arrays it was made from", () => {
  const counts = [1, 2];
  const histogram = ClassicHistogram.from({ upperBounds: [1], cumulativeCounts: counts });
  counts[0] = 9;
  assert.deepEqual([...histogram.cumulativeCounts], [1, 2]);
  assert.equal(histogram.sum, undefined);
  assert.equal(histogram.count, 2);
});
