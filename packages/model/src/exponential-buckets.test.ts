import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  bucketIndex,
  coarserIndex,
  MAX_SCHEMA,
  MIN_SCHEMA,
  upperBound,
} from "./exponential-buckets.ts";

// Normal doubles: below them, the bounds of fine schemas lie closer together than the doubles do.
const positiveDouble = fc.double({ min: 2 ** -1021, noNaN: true, noDefaultInfinity: true });
const schema = fc.integer({ min: MIN_SCHEMA, max: MAX_SCHEMA });

/** The double after a positive one. */
function next(value: number): number {
  const bits = new BigUint64Array(new Float64Array([value]).buffer);
  bits[0]! += 1n;
  return new Float64Array(bits.buffer)[0]!;
}

test("upperBound() gives the powers of two, and roots of two between them", () => {
  const f = (s: number, index: number, want: number) => assert.equal(upperBound(s, index), want);

  f(0, 0, 1);
  f(0, 1, 2);
  f(0, -1, 0.5);
  f(1, 1, Math.SQRT2);
  f(1, 2, 2);
  f(3, 8, 2);
  f(-1, 1, 4);
  f(-4, 1, 65_536);
  f(-4, 0, 1);
  f(0, 1024, Number.MAX_VALUE);
  f(8, 1024 * 256, Number.MAX_VALUE);
  f(-4, 64, Number.MAX_VALUE);
  f(0, 1025, Infinity);
  f(8, 1024 * 256 + 1, Infinity);
  f(0, -1074, 5e-324);
  f(8, -1074 * 256, 5e-324);
});

test("upperBound() is correctly rounded: squaring the bounds of one octave meets the next coarser schema", () => {
  for (let s = 1; s <= MAX_SCHEMA; s++) {
    for (let i = 1; i < 1 << s; i += 2) {
      const bound = upperBound(s, i);
      const square = upperBound(s - 1, i);
      // 2^(i/2^s) squared is 2^(i/2^(s-1)): exact to the last place of the root, either side of it.
      const ulp = next(bound) - bound;
      assert.ok(Math.abs(bound - Math.sqrt(square)) <= ulp, `schema ${s} index ${i}`);
    }
  }
});

test("bucketIndex() puts bounds into the bucket they close", () => {
  for (let s = MIN_SCHEMA; s <= MAX_SCHEMA; s++) {
    for (let i = -40; i <= 40; i++) {
      const bound = upperBound(s, i);
      assert.equal(bucketIndex(s, bound), i, `schema ${s}, bound ${i}`);
      assert.equal(bucketIndex(s, next(bound)), i + 1, `schema ${s}, after bound ${i}`);
    }
  }
});

test("bucketIndex() holds the value between the bounds of its bucket, for every double", () => {
  fc.assert(
    fc.property(schema, positiveDouble, (s, value) => {
      const index = bucketIndex(s, value);
      assert.ok(value <= upperBound(s, index));
      assert.ok(
        value > upperBound(s, index - 1) || upperBound(s, index - 1) === upperBound(s, index),
      );
    }),
    { numRuns: 2000 },
  );
});

test("bucketIndex() equals the index a slow search over all bounds finds", () => {
  const slow = (s: number, value: number) => {
    let index = s > 0 ? -1100 * 2 ** s : -1100;
    while (upperBound(s, index) < value) index++;
    return index;
  };
  for (const value of [1e-300, 1e-9, 0.1, 0.5, 1, 1.5, 3, 1e9, 1e300, Number.MAX_VALUE]) {
    for (const s of [-4, -1, 0, 1, 3])
      assert.equal(bucketIndex(s, value), slow(s, value), `${s} ${value}`);
  }
  for (const value of [5e-324, 1e-323, 1e-310, 2 ** -1022]) {
    for (const s of [-4, -1, 0])
      assert.equal(bucketIndex(s, value), slow(s, value), `${s} ${value}`);
  }
});

test("bucketIndex() keeps infinity in a bucket of its own", () => {
  for (let s = MIN_SCHEMA; s <= MAX_SCHEMA; s++) {
    assert.equal(bucketIndex(s, Infinity), bucketIndex(s, Number.MAX_VALUE) + 1);
    assert.equal(upperBound(s, bucketIndex(s, Number.MAX_VALUE)), Number.MAX_VALUE);
    assert.equal(upperBound(s, bucketIndex(s, Infinity)), Infinity);
  }
});

test("coarserIndex() gives the bucket that contains a finer one", () => {
  fc.assert(
    fc.property(schema, fc.integer({ min: 0, max: 12 }), positiveDouble, (s, steps, value) => {
      const coarse = s - steps;
      if (coarse < MIN_SCHEMA) return;
      assert.equal(coarserIndex(bucketIndex(s, value), steps), bucketIndex(coarse, value));
    }),
    { numRuns: 2000 },
  );
});
