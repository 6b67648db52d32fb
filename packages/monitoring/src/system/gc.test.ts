import assert from "node:assert/strict";
import { PerformanceObserver } from "node:perf_hooks";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { GC_KINDS, type GcKind, GcMonitor } from "./gc.ts";

/**
 * Makes some 300 MB of garbage, several times what the young generation can have grown to (64 MB): several
 * collections in one turn of the loop make one batch.
 */
function makeGarbage(): void {
  let kept: unknown[] = [];
  for (let i = 0; i < 3_000_000; i++) {
    if (i % 50_000 === 0) kept = [];
    kept.push({ i, text: `${i}` });
  }
}

/** Until Node has handed out what is queued. */
async function turns(): Promise<void> {
  for (let i = 0; i < 5; i++) await turn();
}

const sum = (counts: Readonly<Record<GcKind, { count: number }>>) =>
  GC_KINDS.reduce((total, kind) => total + counts[kind].count, 0);

test("GcMonitor counts every collection that a plain observer is told of, in batches too", async () => {
  const told: number[] = [];
  const plain = new PerformanceObserver((list) => told.push(list.getEntries().length));
  const pauses: [GcKind, number][] = [];
  using monitor = new GcMonitor({ onPause: (kind, seconds) => pauses.push([kind, seconds]) });
  plain.observe({ entryTypes: ["gc"] });
  makeGarbage();
  await turns();
  // In one go: what waits in both queues now counts for both.
  const totals = monitor.totals();
  told.push(plain.takeRecords().length);
  plain.disconnect();

  const all = told.reduce((total, count) => total + count, 0);
  assert.ok(Math.max(...told) > 1, "a batch of several");
  assert.equal(sum(totals), all);
  assert.equal(pauses.length, all);
  for (const kind of GC_KINDS) {
    const seconds = pauses.filter(([of]) => of === kind).map(([, pause]) => pause);
    assert.equal(totals[kind].count, seconds.length);
    assert.equal(totals[kind].maxSeconds, Math.max(0, ...seconds));
    assert.ok(Math.abs(totals[kind].durationSeconds - seconds.reduce((a, b) => a + b, 0)) < 1e-9);
  }
});

test("close() keeps the totals and counts no more", async () => {
  const monitor = new GcMonitor();
  monitor.close();
  const before = sum(monitor.totals());
  makeGarbage();
  await turns();
  assert.equal(sum(monitor.totals()), before);
  monitor.close();
});
