import assert from "node:assert/strict";
import { test } from "node:test";
import { RateLimit } from "./rate-limit.ts";

test("RateLimit lets a key try until its tries are gone, and again when they come back", () => {
  const limit = new RateLimit({ tries: 3, refillMs: 1_000 });
  for (let i = 0; i < 3; i++) {
    assert.equal(limit.waitMs("a", 0), 0);
    limit.take("a", 0);
  }
  assert.equal(limit.waitMs("a", 0), 1_000);
  assert.equal(limit.waitMs("a", 400), 600);
  assert.equal(limit.waitMs("a", 1_000), 0);
  assert.equal(limit.waitMs("b", 0), 0, "others are heard");
  limit.take("a", 1_000);
  assert.equal(limit.waitMs("a", 1_000), 1_000);
  assert.equal(limit.waitMs("a", 100_000), 0);
});

test("RateLimit holds a bounded number of keys", () => {
  const limit = new RateLimit({ tries: 1, refillMs: 1_000, maxKeys: 2 });
  limit.take("a", 10_000);
  assert.equal(limit.waitMs("a", 0), 1_000);
  limit.take("b", 10_000);
  limit.take("c", 10_000);
  assert.equal(limit.waitMs("a", 10_000), 0, "the oldest is forgotten");
  assert.equal(limit.waitMs("c", 10_000), 1_000);
});
