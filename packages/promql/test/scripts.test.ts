// Our own test scripts (testdata/*.test.promql): every function, operator and modifier, with the answers that the
// documentation of PromQL gives.

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { formatFailure, promqlScriptEngine, runScript } from "@flx/promql";

const folder = join(import.meta.dirname, "../testdata");

for (const file of globSync("*.test.promql", { cwd: folder }).toSorted()) {
  test(`runScript() passes ${file}`, async () => {
    const text = readFileSync(join(folder, file), "utf8");
    const report = await runScript(text, promqlScriptEngine(), { file: basename(file) });
    assert.equal(report.failures.map(formatFailure).join("\n"), "");
    assert.ok(report.evaluations > 0);
  });
}
