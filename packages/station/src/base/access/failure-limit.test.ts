import assert from "node:assert/strict";
import { test } from "node:test";
import { FailureLimit } from "./failure-limit.ts";

test("FailureLimit hears an address until its tries are gone, and again when they come back", () => {
  const limit = new FailureLimit(3, 1_000);
  for (let i = 0; i < 3; i++) {
    assert.equal(limit.waitMs("a", 0), 0);
    limit.fail("a", 0);
  }
  assert.equal(limit.waitMs("a", 0), 1_000);
  assert.equal(limit.waitMs("a", 400), 600);
  assert.equal(limit.waitMs("a", 1_000), 0);
  assert.equal(limit.waitMs("b", 0), 0, "others are heard");
  limit.fail("a", 1_000);
  assert.equal(limit.waitMs("a", 1_000), 1_000);
  assert.equal(limit.waitMs("a", 100_000), 0);
});

test("FailureLimit does not punish a clock that jumps back, and holds a bounded number of addresses", () => {
  const limit = new FailureLimit(1, 1_000, 2);
  limit.fail("a", 10_000);
  assert.equal(limit.waitMs("a", 0), 1_000);
  limit.fail("b", 10_000);
  limit.fail("c", 10_000);
  assert.equal(limit.waitMs("a", 10_000), 0, "the oldest is forgotten");
  assert.equal(limit.waitMs("c", 10_000), 1_000);
});
