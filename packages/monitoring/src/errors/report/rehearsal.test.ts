import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { ReportBuilder } from "./build-report.ts";
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
const rehearsed = {
  report: (error: Error, builder: ReportBuilder) =>
    builder.build(error, settings, { errorId: "0000000000000000", timeMs: 0 }),
  brief: (error: Error, builder: ReportBuilder) => builder.brief(error, settings),
};

test("rehearse() makes a step of each piece that is slow, and of many that are quick", () => {
  const f = (pieceMs: number): [number, number] => {
    let nowMs = 0;
    let reports = 0;
    let steps = 0;
    const clock = () => (nowMs += pieceMs);
    for (const _ of rehearse({ ...rehearsed, writers: [() => reports++] }, clock)) steps++;
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
  for (const _ of rehearse({ ...rehearsed, writers: [(report) => reports.push(report)] })) {
    // Each is one step.
  }
  // The last one is small.
  const frames = reports.at(-2)!.frames.filter((entry) => entry.kind === "frame");
  assert.equal(frames.length, 20);
  const mapped = frames.filter(({ file }) => file?.endsWith(".ts"));
  // A line without words has no segments.
  assert.ok(mapped.length > 10 && mapped.length < 20, `${mapped.length} of 20 are mapped`);
  assert.ok(frames.every(({ code }) => code !== undefined));
  for (const { line, code } of mapped) {
    assert.ok(code !== undefined);
    const failing = code.lines.find(({ number }) => number === line)!;
    const text = failing.tokens.map((token) => token.text).join("");
    const { start, end } = code.mark;
    assert.match(text.slice(start, end), /^\w/, `${line}: ${text}`);
    assert.doesNotMatch(text.slice(0, start), /\w$/, `${line}: ${text}`);
  }
});

test("rehearse() keeps what it made last, for which V8 keeps compiled code, and nothing else", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const builders: WeakRef<ReportBuilder>[] = [];
  const report = (error: Error, builder: ReportBuilder): FullReport => {
    if (builders.at(-1)?.deref() !== builder) builders.push(new WeakRef(builder));
    return rehearsed.report(error, builder);
  };
  for (const _ of rehearse({ ...rehearsed, report, writers: [] })) {
    // Each is one step.
  }
  await turn();
  collect();
  const kept = builders.map((each) => each.deref() !== undefined);
  assert.deepEqual(
    [kept.indexOf(true), kept.lastIndexOf(true)],
    [kept.length - 1, kept.length - 1],
  );
});
