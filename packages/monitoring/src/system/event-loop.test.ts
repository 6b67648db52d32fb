import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { DurationMs } from "@flx/model/write";
import { EventLoopMonitor, readEventLoopTime } from "./event-loop.ts";

const resolutionMs = 1 as DurationMs;

test("EventLoopMonitor.take() sees that the loop was held, and starts anew", async () => {
  using monitor = new EventLoopMonitor({ resolutionMs });
  await sleep(5);
  const until = performance.now() + 30;
  while (performance.now() < until);
  await sleep(5);

  const held = monitor.take();
  assert.ok(held.count > 0);
  assert.ok(held.maxSeconds! >= 0.025, `${held.maxSeconds} s`);
  assert.ok(held.minSeconds! <= held.p50Seconds! && held.p50Seconds! <= held.p99Seconds!);
  assert.equal(held.resolutionSeconds, 0.001);
  assert.equal(monitor.take().count, 0);
});

test("EventLoopMonitor.take() gives undefined, not 0, when nothing was measured", () => {
  using monitor = new EventLoopMonitor({ resolutionMs });
  const { count, resolutionSeconds, ...delays } = monitor.take();
  assert.deepEqual([count, resolutionSeconds], [0, 0.001]);
  assert.deepEqual(new Set(Object.values(delays)), new Set([undefined]));
});

test("EventLoopMonitor measures nothing after its disposal", async () => {
  const monitor = new EventLoopMonitor({ resolutionMs });
  monitor[Symbol.dispose]();
  monitor.take();
  await sleep(5);
  assert.equal(monitor.take().count, 0);
});

test("readEventLoopTime() counts the time the loop is busy", () => {
  const { activeSeconds } = readEventLoopTime();
  const until = performance.now() + 10;
  while (performance.now() < until);
  const after = readEventLoopTime();
  assert.ok(after.activeSeconds - activeSeconds >= 0.009);
  assert.ok(after.utilizationRatio >= 0 && after.utilizationRatio <= 1);
});
