import assert from "node:assert/strict";
import { test } from "node:test";
import { rehearse } from "./rehearsal.ts";
import type { FullReport } from "./report.ts";
import { errorRedactor } from "./secret-filter.ts";

test("rehearse() makes reports whose frames are mapped and have code, as real ones", () => {
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
  const reports: FullReport[] = [];
  let steps = 0;
  for (const _ of rehearse(settings, [(report) => reports.push(report)])) steps++;
  assert.equal(steps, reports.length * 2);
  const last = reports.at(-1)!.frames.filter((entry) => entry.kind === "frame");
  assert.equal(last.length, 20);
  assert.ok(last.every(({ code }) => code !== undefined));
  const mapped = last.filter(({ file }) => file?.endsWith(".ts"));
  assert.ok(mapped.length > 10, `${mapped.length} of 20 are mapped`);
});
