import assert from "node:assert/strict";
import { test } from "node:test";
import { ReportGate } from "./report-gate.ts";

const report = (group: string, message = "no"): string[] => [
  "orders │ ",
  `orders │   \u001b[1;41m TypeError \u001b[0m ${message}`,
  "orders │   at f  a.ts:1:2",
  `orders │   \u001b[2merror 0123456789abcdef   group ${group}\u001b[0m`,
];
const A = "aaaaaaaaaaaaaaaa";
const B = "bbbbbbbbbbbbbbbb";

function shown(gate: ReportGate, lines: readonly string[], nowMs = 0): readonly string[] {
  return lines.flatMap((line) => gate.take(line, nowMs) ?? []);
}

test("take() shows a report whole, and then counts it for a minute", () => {
  const gate = new ReportGate();
  assert.deepEqual(shown(gate, report(A)), report(A));
  assert.deepEqual(shown(gate, report(B)), report(B));
  assert.deepEqual(shown(gate, report(A)), [`orders │   the same error again: group ${A}`]);
  assert.deepEqual(shown(gate, report(A)), [
    `orders │   the same error again, 2 times: group ${A}`,
  ]);
  assert.deepEqual(shown(gate, report(A), 60_000), report(A));
});

test("take() leaves other lines alone, and loses none of a report without an end", () => {
  const gate = new ReportGate();
  assert.equal(gate.take("2026-01-05T12:30:01.020Z ERROR orders failed", 0), undefined);
  const again = "orders │   TypeError again: 15 more of group aaaaaaaaaaaaaaaa were not written";
  assert.deepEqual(gate.take(again, 0), [again]);
  const begun = report(A).slice(0, 2);
  assert.deepEqual(shown(gate, begun), []);
  assert.deepEqual(gate.take("2026-01-05T12:30:01.020Z INFO  orders ready", 0), [
    ...begun,
    "2026-01-05T12:30:01.020Z INFO  orders ready",
  ]);
  const endless = Array.from({ length: 1_000 }, () => "orders │ ");
  assert.ok(shown(gate, endless).length >= 600);
});
