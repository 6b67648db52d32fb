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

test("Schedule tries a failed job again once, however often it failed meanwhile", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  let runs = 0;
  const schedule = new Schedule<string>(async () => {
    runs += 1;
    return runs >= 3;
  });
  schedule.runNow("a");
  schedule.runNow("a");
  await settle();
  assert.equal(runs, 2);
  t.mock.timers.tick(60_000);
  await settle();
  assert.equal(runs, 3);
  await schedule.stop();
});
