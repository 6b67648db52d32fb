import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { WorstFirst } from "./worst-first.ts";

/** The k largest values, as topk takes them. */
function largest(values: readonly number[], k: number): number[] {
  const kept = new WorstFirst((a, b) => Number.isNaN(values[a]!) || values[a]! < values[b]!);
  for (const [row, value] of values.entries()) {
    if (kept.rows.length < k) kept.push(row);
    else if (values[kept.rows[0]!]! < value) kept.replaceWorst(row);
  }
  return kept.inOrder();
}

test("WorstFirst keeps the best ones, best first", () => {
  assert.deepEqual(largest([3, 1, 4, 1, 5, 9, 2, 6], 3), [5, 7, 4]);
  assert.deepEqual(largest([1, 2], 5), [1, 0]);
  assert.deepEqual(largest([], 5), []);
});

test("WorstFirst keeps of equal ones those that came first, ordered as the heap has them", () => {
  assert.deepEqual(largest([7, 7, 7, 7], 2), [0, 1]);
  assert.deepEqual(largest([7, 8, 8, 8], 2), [2, 1]);
});

test("WorstFirst keeps what sorting would keep", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ max: 20, min: 0 })),
      fc.integer({ max: 20, min: 1 }),
      (values, k) => {
        const got = largest(values, k).map((row) => values[row]!);
        assert.deepEqual(got, values.toSorted((a, b) => b - a).slice(0, k));
      },
    ),
  );
});
