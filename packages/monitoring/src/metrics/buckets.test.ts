import assert from "node:assert/strict";
import { test } from "node:test";
import { exponentialBuckets, linearBuckets } from "./buckets.ts";

test("linearBuckets() and exponentialBuckets() refuse lists that do not grow", () => {
  for (const wrong of [
    () => linearBuckets(0, 1, 0),
    () => linearBuckets(0, 0, 3),
    () => linearBuckets(0, Number.NaN, 3),
    () => exponentialBuckets(0, 2, 3),
    () => exponentialBuckets(1, 1, 3),
    () => exponentialBuckets(1, 2, 0),
  ]) {
    assert.throws(wrong, { code: "FLX_METRIC_BUCKETS" });
  }
});
