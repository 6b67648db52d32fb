import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { isRunning, SILENT_MS, thisProcess } from "./process-mark.ts";

test("isRunning() knows this process, and one that has ended", () => {
  assert.equal(isRunning(thisProcess(), 0), true);
  const { pid } = spawnSync(process.execPath, ["--version"]);
  assert.equal(isRunning({ ...thisProcess(), pid, startTicks: 1 }, 0), false);
});

test("isRunning() tells two holders of a number apart by when they began", (t) => {
  const { startTicks } = thisProcess();
  if (startTicks === undefined) {
    t.skip("there is no /proc");
    return;
  }
  assert.equal(isRunning({ ...thisProcess(), startTicks: startTicks - 1 }, 0), false);
  assert.equal(
    isRunning({ ...thisProcess(), startTicks: undefined }, 0),
    false,
    "our own number, of someone before us",
  );
});

test("isRunning() takes a mark that is none as nobody's", () => {
  assert.equal(isRunning(undefined, 0), false);
  for (const pid of [0, -1, 1.5, Number.NaN, 2 ** 60, "1" as unknown as number]) {
    assert.equal(isRunning({ ...thisProcess(), pid, startTicks: 1 }, 0), false, String(pid));
  }
});

test("isRunning() goes by the last sign of life where the number of a process says nothing", () => {
  const elsewhere = { ...thisProcess(), space: "another machine" };
  assert.equal(isRunning(elsewhere, 0), true);
  assert.equal(isRunning(elsewhere, SILENT_MS), false);
  assert.equal(isRunning({ ...elsewhere, pid: 2 ** 22 - 1 }, 0), true);
});
