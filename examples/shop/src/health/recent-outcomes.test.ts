import assert from "node:assert/strict";
import { test } from "node:test";
import { RecentOutcomes } from "./recent-outcomes.ts";

test("RecentOutcomes.check() judges by the share of failures, and only by those of late", () => {
  const f = (well: number, failed: number, laterMs: number, want: string | undefined) => {
    let nowMs = 0;
    const outcomes = new RecentOutcomes("orders", () => nowMs);
    for (let i = 0; i < well; i++) outcomes.note(true);
    for (let i = 0; i < failed; i++) outcomes.note(false);
    nowMs = laterMs;
    assert.equal(outcomes.check().status, want, `${well} well, ${failed} failed, ${laterMs} ms`);
  };

  f(0, 0, 0, undefined);
  f(10, 0, 0, undefined);
  f(0, 1, 0, undefined);
  f(8, 2, 0, "degraded");
  f(9, 2, 0, undefined);
  f(0, 4, 0, "degraded");
  f(0, 5, 0, "unhealthy");
  f(1, 9, 0, "unhealthy");
  f(2, 9, 0, "degraded");
  f(0, 9, 10_000, "unhealthy");
  f(0, 9, 10_001, undefined);
});

test("RecentOutcomes.check() says how many of how many", () => {
  const outcomes = new RecentOutcomes("orders", () => 0);
  for (const well of [true, false, false]) outcomes.note(well);
  assert.equal(outcomes.check().message, "2 of 3 orders failed in the last 10 s");
});
