import assert from "node:assert/strict";
import { test } from "node:test";
import { plot } from "./plot.ts";

const options = { width: 40, height: 6, start: 0, end: 600, step: 60 };

test("plot() draws a rising line from the lower left to the upper right", () => {
  const points = Array.from({ length: 11 }, (_, i) => [i * 60, i] as const);
  const lines = plot([{ points }], options);
  assert.equal(lines.length, 8);
  const rows = lines.slice(0, 6).map((line) => line.slice(line.search(/[│┤]/) + 1));
  assert.match(rows[0]!, /^ +[⠀-⣿]+$/);
  assert.match(rows[5]!, /^[⠀-⣿]+ *$/);
  assert.ok(rows[0]!.search(/[⠀-⣿]/) > rows[5]!.search(/[⠀-⣿]/));
  assert.match(lines[7]!, /00:00/);
  assert.ok(
    lines.every((line) => line.length <= 40),
    lines.join("\n"),
  );
});

test("plot() leaves gaps open and what is no number out", () => {
  const dotsIn = (points: readonly (readonly [number, number])[]) =>
    plot([{ points }], options)
      .slice(0, 6)
      .join("")
      .replaceAll(/[^⠁-⣿]/g, "").length;

  const joined = dotsIn([
    [0, 1],
    [60, 2],
    [120, 1],
  ]);
  const open = dotsIn([
    [0, 1],
    [300, 2],
    [600, 1],
  ]);
  assert.ok(open <= 3 && joined > 3, `${open} ${joined}`);
  assert.ok(
    dotsIn([
      [0, 1],
      [60, Number.NaN],
      [120, 1],
    ]) <= 2,
  );
  assert.deepEqual(plot([{ points: [[0, Infinity]] }], options), ["(no numbers to plot)"]);
  assert.deepEqual(plot([], options), ["(no numbers to plot)"]);
});

test("plot() of one value has room above and below", () => {
  const lines = plot(
    [
      {
        points: [
          [0, 5],
          [600, 5],
        ],
      },
    ],
    options,
  );
  assert.match(lines.join("\n"), /5 ┤/);
});
