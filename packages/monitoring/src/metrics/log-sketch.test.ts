import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LogSketch, MAX_BINS, readQuantiles, RELATIVE_ERROR } from "./log-sketch.ts";

function sketchOf(values: Iterable<number>): LogSketch {
  const sketch = new LogSketch();
  for (const value of values) sketch.add(value);
  return sketch;
}

/** The true quantile: the smallest value that so many do not exceed. */
function exact(values: readonly number[], quantile: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(quantile * sorted.length)) - 1] ?? Number.NaN;
}

/** Whether a value is within the promised error, with a hair for rounding. */
function near(got: number, want: number): boolean {
  return Math.abs(got - want) <= Math.abs(want) * (RELATIVE_ERROR + 1e-9);
}

const quantiles = [0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.99, 1];

test("readQuantiles() answers from no number, one, and few", () => {
  const f = (values: number[], want: number[]) =>
    assert.deepEqual(readQuantiles([sketchOf(values)], [0, 0.5, 1]), want);

  f([], [Number.NaN, Number.NaN, Number.NaN]);
  f([0], [0, 0, 0]);
  f([5], [5, 5, 5]);
  f([-5], [-5, -5, -5]);
  f([5, 5, 5], [5, 5, 5]);
  f([-1e308, 0, 1e308], [-1e308, 0, 1e308]);
  f([5e-324], [5e-324, 5e-324, 5e-324]);
  f([Number.MAX_VALUE], [Number.MAX_VALUE, Number.MAX_VALUE, Number.MAX_VALUE]);
  assert.deepEqual(readQuantiles([], [0.5]), [Number.NaN]);
});

test("readQuantiles() is within 1 % of the exact quantile, over several sketches, in any order of size", () => {
  const magnitude = fc.double({ min: -12, max: 2, noNaN: true }).map((power) => 10 ** power);
  const value = fc.oneof(
    { weight: 5, arbitrary: magnitude },
    { weight: 2, arbitrary: magnitude.map((v) => -v) },
    { weight: 1, arbitrary: fc.constantFrom(0, -0, 1) },
  );
  const lists = fc.array(fc.array(value, { maxLength: 60 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(lists, (parts) => {
      const all = parts.flat();
      const got = readQuantiles(parts.map(sketchOf), quantiles);
      for (const [i, quantile] of quantiles.entries()) {
        const want = exact(all, quantile);
        assert.ok(
          all.length === 0 ? Number.isNaN(got[i]) : near(got[i]!, want),
          `${quantile}: ${got[i]} for ${want}`,
        );
      }
    }),
    { numRuns: 300 },
  );
});

test("LogSketch keeps the large quantiles exact when numbers span more than its bins", () => {
  const values: number[] = [];
  for (let power = -300; power <= 300; power++) values.push(10 ** power);
  for (const order of [values, values.toReversed()]) {
    const sketch = sketchOf(order);
    assert.ok(sketch.positive.counts.length <= MAX_BINS);
    assert.equal(sketch.count, values.length);
    const upper = [0.98, 0.99, 0.999, 1];
    for (const [i, got] of readQuantiles([sketch], upper).entries()) {
      assert.ok(near(got, exact(values, upper[i]!)), `${upper[i]}: ${got}`);
    }
    assert.equal(readQuantiles([sketch], [0])[0]! >= 1e-300, true);
  }
});

test("LogSketch keeps counts when bins are put together and moved", () => {
  const value = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).filter((v) => v > 0);
  fc.assert(
    fc.property(fc.array(value, { maxLength: 100 }), (values) => {
      const { counts } = sketchOf(values).positive;
      assert.ok(counts.length <= MAX_BINS);
      assert.equal(
        counts.reduce((a, b) => a + b, 0),
        values.length,
      );
    }),
    { numRuns: 200 },
  );
});

test("LogSketch.clear() forgets everything and goes on", () => {
  const sketch = sketchOf([-3, 0, 7]);
  sketch.clear();
  assert.deepEqual(readQuantiles([sketch], [0.5]), [Number.NaN]);
  sketch.add(2);
  assert.deepEqual(readQuantiles([sketch], [0, 1]), [2, 2]);
});
