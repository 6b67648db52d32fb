import assert from "node:assert/strict";
import { test } from "node:test";
import { rehearse } from "./rehearsal.ts";
import type { FullReport } from "./report.ts";
import { errorRedactor } from "./secret-filter.ts";

const settings = {
  maxFrames: 20,
  suppress: [],
  showNode: false,
  showCode: true,
  around: 3,
  redactor: errorRedactor(),
  rules: [],
  localsOf: () => undefined,
};

test("rehearse() makes a step of each piece that is slow, and of many that are quick", () => {
  const f = (pieceMs: number): [number, number] => {
    let nowMs = 0;
    let reports = 0;
    let steps = 0;
    const clock = () => (nowMs += pieceMs);
    for (const _ of rehearse(settings, [() => reports++], clock)) steps++;
    return [steps, reports];
  };

  const [slow, reports] = f(10);
  assert.equal(slow, reports * 2);
  const [quick, same] = f(0.5);
  assert.equal(same, reports);
  assert.ok(quick > 5 && quick <= slow / 3, `${quick} of ${slow}`);
});

test("rehearse() makes reports whose frames are mapped and have code, as real ones", () => {
  const reports: FullReport[] = [];
  for (const _ of rehearse(settings, [(report) => reports.push(report)])) {
    // Each is one step.
  }
  const last = reports.at(-1)!.frames.filter((entry) => entry.kind === "frame");
  assert.equal(last.length, 20);
  assert.ok(last.every(({ code }) => code !== undefined));
  const mapped = last.filter(({ file }) => file?.endsWith(".ts"));
  assert.ok(mapped.length > 10, `${mapped.length} of 20 are mapped`);
});
