import assert from "node:assert/strict";
import { test } from "node:test";
import { Schedule, untilNext } from "./schedule.ts";

test("untilNext() is how long until the first of several hours", () => {
  const f = (hours: number[], elapsedMs: number, want: number) =>
    assert.equal(untilNext(hours, elapsedMs, 240_000), want);

  f([3, 9, 15, 21], 0, 60_000);
  f([10, 11], 0, 10_000);
  f([10, 11], 10_000, 10_000);
});

test("Schedule.runNow() runs one job at a time, and none after stop()", async () => {
  const seen: string[] = [];
  const schedule = new Schedule<string>(async (name) => {
    seen.push(`${name} begins`);
    await Promise.resolve();
    seen.push(`${name} ends`);
    return true;
  });
  schedule.runNow("a");
  schedule.runNow("b");
  await new Promise((resolve) => setImmediate(resolve));
  await schedule.stop();
  schedule.runNow("c");
  await schedule.stop();
  assert.deepEqual(seen, ["a begins", "a ends", "b begins", "b ends"]);
});
