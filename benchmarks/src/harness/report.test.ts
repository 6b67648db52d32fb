import assert from "node:assert/strict";
import { test } from "node:test";
import { figure, reportCase, type CaseReport } from "./report.ts";
import type { TimedResult } from "./rounds.ts";
import { contender, type Budget, type LoopCase } from "./suite.ts";
import { caseTable } from "./table.ts";

const noop = { setup: () => 0, op: () => {}, check: () => 0 };

function timed(name: string, wallNs: readonly number[], cpuShare = 1): TimedResult {
  const cpuNs = wallNs.map((ns) => ns * cpuShare);
  return { name, wallNs, cpuNs, opsPerRound: 1000, garbageBytes: name === "ours" ? 0 : 82 };
}

function report(ours: TimedResult, theirs: TimedResult, budgets: readonly Budget[]): CaseReport {
  const each: LoopCase = {
    name: "counter.inc",
    kind: "loop",
    contenders: [
      contender({ name: "ours", ...noop }),
      contender({ name: "peer", package: "a-peer", ...noop }),
    ],
    budgets,
  };
  return reportCase(each, [ours, theirs], (name) => (name === "a-peer" ? "1.2.3" : undefined));
}

test("figure() shows about three digits that count", () => {
  const f = (value: number, want: string) => assert.equal(figure(value), want);

  f(0, "0");
  f(0.0712, "0.0712");
  f(2.4567, "2.46");
  f(27.53, "27.5");
  f(189, "189");
  f(1241.4, "1,241");
  f(Number.NaN, "-");
});

test("reportCase() judges budgets by ratio, value and garbage", () => {
  const f = (budget: Budget, text: string, met: boolean) => {
    const { verdicts } = report(timed("ours", [10, 10]), timed("peer", [34, 34]), [budget]);
    assert.deepEqual(verdicts, [{ text, met }]);
  };

  f({ against: "peer", atLeast: 3 }, ">= 3x peer: 3.40x", true);
  f({ against: "peer", atLeast: 4 }, ">= 4x peer: 3.40x", false);
  f({ atMost: 10 }, "<= 10 ns/op: 10", true);
  f({ atMost: 9 }, "<= 9 ns/op: 10", false);
  f({ garbageAtMost: 0 }, "garbage <= 0 B/op: 0", true);
});

test("reportCase() says when rounds differ or waited for a core", () => {
  const f = (ours: TimedResult, want: readonly string[]) =>
    assert.deepEqual(report(ours, timed("peer", [30, 30, 30, 30]), []).noise, want);

  f(timed("ours", [10, 10, 10, 10]), []);
  f(timed("ours", [10, 10, 10, 10], 0.7), ["ours: waited 30% of the time"]);
  f(timed("ours", [10, 10, 20, 20]), ["ours: spread 67%", "peer: spread of its ratio 67%"]);
});

test("caseTable() lines up contenders, versions, budgets and doubts", () => {
  const text = caseTable(
    report(timed("ours", [10, 10]), timed("peer", [1234, 1240], 0.5), [
      { against: "peer", atLeast: 200 },
    ]),
  );
  assert.equal(
    text,
    [
      "counter.inc (ns/op)",
      "        median    min  spread  cpu  garbage    x ours",
      "  ours      10     10      0%   10      0 B",
      "  peer   1,237  1,234      0%  619     82 B  124x ±0%  1.2.3",
      "  >= 200x peer: 124x   NOT MET",
      "  noisy: peer: waited 50% of the time",
    ].join("\n"),
  );
});
