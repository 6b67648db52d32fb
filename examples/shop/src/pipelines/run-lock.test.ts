import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { lockPipeline } from "./run-lock.ts";

test("lockPipeline() lets one run in at a time, and forgets a process that is gone", () => {
  const folder = mkdtempSync(join(tmpdir(), "shop-lock-"));
  try {
    const lock = lockPipeline(folder, "restock");
    assert.throws(() => lockPipeline(folder, "restock"), {
      code: "pipeline_busy",
      message: /already running/,
    });
    lockPipeline(folder, "nightly-import")[Symbol.dispose]();
    lock[Symbol.dispose]();
    writeFileSync(join(folder, "restock.lock"), "999999999");
    lockPipeline(folder, "restock")[Symbol.dispose]();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
