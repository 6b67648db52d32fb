// What is kept of a series, and when it may be asked.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bitsOf, isStale, Labels, markStale } from "@flx/model";
import fc from "fast-check";
import { resolutionFor, thinSeries, weightsOf } from "./rollup.ts";

const HOUR = 3_600_000;
const MINUTE = 60_000;
const labels = Labels.from({ __name__: "a" });

function thin(
  samples: readonly (readonly [minute: number, value: number | "stale"])[],
  minutes = 5,
) {
  const timestamps = Float64Array.from(samples, ([at]) => at * MINUTE);
  const values = Float64Array.from(samples, ([, value]) => (value === "stale" ? 0 : value));
  for (const [i, [, value]] of samples.entries())
    if (value === "stale") markStale(bitsOf(values), i);
  const series = thinSeries({ labels, timestamps, values, exemplars: [] }, minutes * MINUTE);
  assert.ok("pieces" in series);
  const bits = bitsOf(series.values);
  return {
    kept: Array.from(series.timestamps, (time, i) => [
      time / MINUTE,
      isStale(bits, i) ? "stale" : series.values[i],
    ]),
    weights: [...weightsOf(series.values, series.pieces)],
    lost: [...series.lost],
  };
}

test("thinSeries() keeps first, last, lowest and highest of each piece, and says what the others were", () => {
  const f = (
    ...[samples, kept, weights, lost]: [Parameters<typeof thin>[0], unknown[], number[], number[]]
  ) => {
    assert.deepEqual(thin(samples), { kept, weights, lost });
  };
  f(
    [
      [1, 3],
      [2, 5],
      [3, 1],
      [4, 4],
      [5, 4],
    ],
    [
      [1, 3],
      [2, 5],
      [3, 1],
      [5, 4],
    ],
    [0, 3, 2, 0],
    [0, 0, 5, 0],
  );
  // A sample at the border belongs to the piece that ends there.
  f(
    [
      [0, 9],
      [1, 1],
      [5, 2],
      [6, 3],
    ],
    [
      [0, 9],
      [1, 1],
      [5, 2],
      [6, 3],
    ],
    [1, 1, 1, 1],
    [0, 9, 0, 0],
  );
  f(
    [
      [1, 7],
      [2, 7],
      [3, 7],
      [4, 7],
    ],
    [
      [1, 7],
      [4, 7],
    ],
    [4, 0],
    [0, 0],
  );
  // What was lost between samples that were left out is said by the next one.
  f(
    [
      [1, 0],
      [2, 8],
      [3, 2],
      [4, 6],
      [4.5, 3],
      [5, 9],
    ],
    [
      [1, 0],
      [5, 9],
    ],
    [6 - 28 / 9, 28 / 9],
    [0, 14],
  );
  f(
    [
      [1, 1],
      [2, 2],
      [3, "stale"],
      [4, 0],
      [5, 1],
    ],
    [
      [1, 1],
      [2, 2],
      [3, "stale"],
      [4, 0],
      [5, 1],
    ],
    [1, 1, 0, 1, 1],
    [0, 0, 0, 2, 0],
  );
  f(
    [
      [1, 1],
      [2, Number.NaN],
      [3, 2],
      [4, 3],
    ],
    [
      [1, 1],
      [2, Number.NaN],
      [3, 2],
      [4, 3],
    ],
    [1, 1, 1, 1],
    [0, 0, 0, 0],
  );
});

test("thinSeries() loses neither number nor sum, extremes nor resets of any piece", () => {
  const value = fc.oneof(
    fc.integer({ min: -50, max: 50 }),
    fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  );
  const samples = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), value), {
    minLength: 1,
    maxLength: 80,
  });
  fc.assert(
    fc.property(samples, (steps) => {
      let minute = 0;
      const given = steps.map(([step, each]) => [(minute += step), each] as const);
      const { kept, weights, lost } = thin(given, 10);
      for (let end = 10; end <= minute + 10; end += 10) {
        const isIn = (at: number): boolean => at > end - 10 && at <= end;
        const all = given.filter(([at]) => isIn(at)).map(([, each]) => each);
        const places = kept.flatMap(([at], i) => (isIn(at as number) ? [i] : []));
        const values = places.map((i) => kept[i]![1] as number);
        const sum = (numbers: readonly number[]): number =>
          numbers.reduce((total, each) => total + each, 0);
        assert.ok(Math.abs(sum(places.map((i) => weights[i]!)) - all.length) < 1e-9);
        const weighted = sum(places.map((i, n) => weights[i]! * values[n]!));
        assert.ok(Math.abs(weighted - sum(all)) <= 1e-9 * (1 + sum(all.map(Math.abs))));
        assert.deepEqual(
          [values[0], values.at(-1), Math.min(...values), Math.max(...values)],
          [all[0], all.at(-1), Math.min(...all), Math.max(...all)],
        );
        assert.ok(values.length <= 4 || values.length === all.length);
      }
      const resets = given.reduce(
        (total, [, each], i) => total + (i > 0 && each < given[i - 1]![1] ? given[i - 1]![1] : 0),
        0,
      );
      const told = lost.reduce((total, each) => total + each, 0);
      assert.ok(Math.abs(told - resets) <= 1e-6);
    }),
  );
});

test("resolutionFor() chooses the coarsest pieces that a question is made of", () => {
  const day = { startMs: 0, endMs: 24 * HOUR };
  const f = (
    stepMs: number,
    rangeMs: number,
    firstMs: number | undefined,
    func: string,
    want: string | undefined,
    range = day,
  ) => {
    const hints = { stepMs, rangeMs, func, firstMs, grouping: [], by: false };
    assert.equal(resolutionFor(range, hints)?.name, want);
  };
  f(HOUR, HOUR, 0, "rate", "1h");
  f(6 * HOUR, 2 * HOUR, 3 * HOUR, "sum_over_time", "1h");
  f(HOUR, 5 * MINUTE, 0, "rate", "5m");
  f(HOUR, HOUR, 5 * MINUTE, "rate", "5m");
  f(HOUR, 0, 0, "sum", "1h");
  f(0, 24 * HOUR, 0, "max_over_time", "1h");
  f(0, 0, 0, "", undefined);
  f(MINUTE, HOUR, 0, "rate", undefined);
  f(HOUR, HOUR, MINUTE, "rate", undefined);
  f(HOUR, HOUR, undefined, "rate", undefined);
  f(HOUR, HOUR, 0, "irate", undefined);
  f(HOUR, HOUR, 0, "rate", undefined, { startMs: 0, endMs: 24 * HOUR - 1 });
});
