import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CaptureBudget } from "./capture-budget.ts";

const SETTINGS = { perSecond: 5, share: 0.02, burstMs: 100 };

test("takeCapture() gives five in any second, however they come", () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(gaps, (list) => {
      const budget = new CaptureBudget(SETTINGS, 0);
      const taken: number[] = [];
      let nowMs = 0;
      for (const gap of list) {
        nowMs += gap;
        if (budget.takeCapture(nowMs)) taken.push(nowMs);
      }
      const within = (from: number) => taken.filter((at) => at >= from && at < from + 1_000);
      assert.ok(taken.every((from) => within(from).length <= 5));
      // It refuses nobody for whom there is room.
      assert.ok(taken.length >= Math.min(5, list.length));
    }),
  );
});

test("waitMs() keeps what is spent to its share of the time, beside one burst", () => {
  const costs = fc.array(fc.double({ min: 0.1, max: 40, noNaN: true }), { maxLength: 200 });
  fc.assert(
    fc.property(costs, (list) => {
      const budget = new CaptureBudget(SETTINGS, 0);
      let [nowMs, spentMs, last] = [0, 0, 0];
      for (const cost of list) {
        const waitMs = budget.waitMs(1, nowMs);
        nowMs += waitMs;
        assert.equal(budget.waitMs(1, nowMs), 0);
        budget.spend(cost, nowMs);
        spentMs += cost;
        last = cost;
      }
      assert.ok(spentMs - last <= 100 + 0.02 * nowMs + 1e-6, `${spentMs} ms of ${nowMs}`);
    }),
  );
});
