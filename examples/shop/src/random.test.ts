import assert from "node:assert/strict";
import { test } from "node:test";
import { between, pick, pickWeighted, seededRandom } from "./random.ts";

test("seededRandom() gives the same numbers for the same seed, spread over 0 to 1", () => {
  const take = (seed: number): number[] => Array.from({ length: 2000 }, seededRandom(seed));
  assert.deepEqual(take(7), take(7));
  assert.notDeepEqual(take(7), take(8));
  assert.ok(take(7).every((value) => value >= 0 && value < 1));
  const mean = take(7).reduce((sum, value) => sum + value, 0) / 2000;
  assert.ok(Math.abs(mean - 0.5) < 0.03, `mean ${mean}`);
});

test("between() includes both ends", () => {
  const random = seededRandom(1);
  const seen = new Set(Array.from({ length: 100 }, () => between(random, 1, 3)));
  assert.deepEqual(
    [...seen].toSorted((a, b) => a - b),
    [1, 2, 3],
  );
});

test("pickWeighted() follows the weights", () => {
  const random = seededRandom(1);
  const picked = Array.from({ length: 1000 }, () =>
    pickWeighted(random, [
      ["often", 9],
      ["never", 0],
      ["rare", 1],
    ] as const),
  );
  const count = (what: string): number => picked.filter((each) => each === what).length;
  assert.equal(count("never"), 0);
  assert.ok(count("rare") > 50 && count("rare") < 150, `rare ${count("rare")}`);
});

test("pick() and pickWeighted() refuse an empty list", () => {
  assert.throws(() => pick(Math.random, []), RangeError);
  assert.throws(() => pickWeighted(Math.random, []), RangeError);
});
