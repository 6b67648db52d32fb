import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { isRunning, thisProcess } from "./process-mark.ts";

test("isRunning() knows this process, and one that has ended", () => {
  assert.equal(isRunning(thisProcess()), true);
  const { pid } = spawnSync(process.execPath, ["--version"]);
  assert.equal(isRunning({ pid, startTicks: 1 }), false);
});

test("isRunning() tells two holders of a number apart by when they began", (t) => {
  const { pid, startTicks } = thisProcess();
  if (startTicks === undefined) {
    t.skip("there is no /proc");
    return;
  }
  assert.equal(isRunning({ pid, startTicks: startTicks - 1 }), false);
  assert.equal(
    isRunning({ pid, startTicks: undefined }),
    false,
    "our own number, of someone before us",
  );
});

test("isRunning() takes a mark that is none as nobody's", () => {
  assert.equal(isRunning(undefined), false);
  for (const pid of [0, -1, 1.5, Number.NaN, 2 ** 60, "1" as unknown as number]) {
    assert.equal(isRunning({ pid, startTicks: 1 }), false, String(pid));
  }
});
