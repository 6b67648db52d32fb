import assert from "node:assert/strict";
import { test } from "node:test";
import { runFigureCase } from "./figures.ts";
import { reportCase } from "./report.ts";
import type { FigureCase, FigureContender } from "./suite.ts";

test("runFigureCase() asks everyone in every round, the first one changing, and closes what it opened", async () => {
  const log: string[] = [];
  const contender = (name: string, figure: number): FigureContender => ({
    name,
    open: async () => ({
      measure: async (round) => {
        log.push(`${name}${round}`);
        return figure + round;
      },
      [Symbol.asyncDispose]: async () => void log.push(`${name} closed`),
    }),
  });
  const contenders = [contender("ours", 10), contender("peer", 20)];
  const budgets = [{ against: "peer", atLeast: 1.5 }, { atMost: 10 }];
  const each: FigureCase = { name: "p99", kind: "figure", unit: "ms", contenders, budgets };
  const results = await runFigureCase(each, { rounds: 3 });
  assert.deepEqual(log.slice(0, 8), [
    "ours-1",
    "peer-1",
    "ours0",
    "peer0",
    "peer1",
    "ours1",
    "ours2",
    "peer2",
  ]);
  assert.deepEqual(log.slice(8), ["peer closed", "ours closed"]);
  assert.deepEqual(results, [
    { name: "ours", figures: [10, 11, 12] },
    { name: "peer", figures: [20, 21, 22] },
  ]);
  const report = reportCase(each, results, () => undefined);
  assert.equal(report.unit, "ms");
  assert.deepEqual(
    report.verdicts.map(({ met }) => met),
    [true, false],
  );
});
