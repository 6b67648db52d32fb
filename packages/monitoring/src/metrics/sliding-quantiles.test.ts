import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SlidingQuantiles } from "./sliding-quantiles.ts";

test("SlidingQuantiles.read() knows the last slices and nothing older", () => {
  const recent = new SlidingQuantiles(3, 10);
  const f = (slice: number, want: number[]) =>
    assert.deepEqual(
      recent.read([0, 1], slice),
      want.length === 0 ? [Number.NaN, Number.NaN] : want,
    );

  f(10, []);
  recent.observe(1, 10);
  recent.observe(2, 11);
  f(11, [1, 2]);
  recent.observe(3, 12);
  f(12, [1, 3]);
  f(13, [2, 3]);
  recent.observe(9, 13);
  f(14, [3, 9]);
  f(15, [9, 9]);
  f(16, []);
  recent.observe(4, 100);
  f(100, [4, 4]);
});

test("SlidingQuantiles keeps what a list of observations with their slices would", () => {
  const step = fc.record({ pass: fc.nat(6), value: fc.integer({ min: 1, max: 1_000 }) });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(step, { maxLength: 60 }),
      (slices, steps) => {
        const recent = new SlidingQuantiles(slices, 0);
        const model: { slice: number; value: number }[] = [];
        let slice = 0;
        for (const { pass, value } of steps) {
          // Most steps stay in their slice.
          slice += pass > 3 ? pass - 3 : 0;
          recent.observe(value, slice);
          model.push({ slice, value });
          const live = model
            .filter((seen) => seen.slice > slice - slices)
            .map((seen) => seen.value);
          assert.deepEqual(recent.read([0, 1], slice), [Math.min(...live), Math.max(...live)]);
        }
      },
    ),
    { numRuns: 200 },
  );
});
