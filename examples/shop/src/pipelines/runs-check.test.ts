import assert from "node:assert/strict";
import { test } from "node:test";
import type { CheckResult } from "@flx/monitoring/health";
import { openDatabase } from "../database/open.ts";
import { noRows } from "./row-counts.ts";
import { RunRecord } from "./runs.ts";
import { runsCheck } from "./runs-check.ts";

test("runsCheck() is degraded while the latest run of a pipeline is one that failed", () => {
  using runs = new RunRecord(openDatabase(":memory:"));
  const look = () => {
    const context = { signal: new AbortController().signal, timeoutMs: 1000 };
    return runsCheck(runs)(context) as CheckResult;
  };
  const run = (pipeline: string, error?: string) => {
    const id = runs.begin(pipeline, 0);
    runs.end(id, 1, error === undefined ? noRows : new Error(error));
  };

  assert.deepEqual(look(), {});
  run("restock");
  run("nightly-import", "row 2");
  assert.deepEqual(look(), { status: "degraded", message: "nightly-import failed: row 2" });
  run("restock");
  runs.begin("nightly-import", 0);
  assert.equal(look().status, "degraded", "one that is running has not yet gone well");
  run("nightly-import");
  assert.deepEqual(look(), {});
});
