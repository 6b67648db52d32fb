import assert from "node:assert/strict";
import { test } from "node:test";
import { bitsOf, isStale, markStale } from "./staleness.ts";

test("isStale() knows the marker from every other NaN", () => {
  const values = new Float64Array([1, Number.NaN, 0 / 0, Infinity, 0]);
  const bits = bitsOf(values);
  markStale(bits, 4);

  assert.deepEqual(
    [0, 1, 2, 3, 4].map((i) => isStale(bits, i)),
    [false, false, false, false, true],
  );
  assert.ok(Number.isNaN(values[4]));
});

test("bitsOf() sees the part of the buffer that the column covers", () => {
  const all = new Float64Array(8);
  const column = all.subarray(3, 6);
  markStale(bitsOf(column), 1);
  assert.equal(isStale(bitsOf(all), 4), true);
  assert.equal(isStale(bitsOf(all), 3), false);
});

test("the marker survives copies between typed arrays and its wire form", () => {
  const values = new Float64Array(2);
  markStale(bitsOf(values), 1);

  assert.ok(isStale(bitsOf(values.slice()), 1));
  const wire = new DataView(values.buffer);
  assert.equal(wire.getBigUint64(8, true).toString(16), "7ff0000000000002");
});
