// flx promql as a process: scripts that pass and fail, queries laid out, what is wrong shown where it is.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "@flx/testkit";

async function promql(args: readonly string[], input = "") {
  const main = join(import.meta.dirname, "../src/main.ts");
  const child = spawn(process.execPath, ["--conditions=@flx/source", main, "promql", ...args]);
  child.stdin.end(input);
  let [out, error] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (error += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out, error };
}

test("flx promql test runs scripts and tells what is not as expected", async () => {
  await using folder = await temporaryFolder("promql-command");
  const good = folder.file("good.test");
  const bad = folder.file("bad.test");
  const broken = folder.file("broken.test");
  await writeFile(good, "load 1m\n  x 1 2 3\n\neval instant at 2m x\n  x 3\n");
  await writeFile(bad, "load 1m\n  x 1 2 3\n\neval instant at 2m x\n  x 4\n");
  await writeFile(broken, "load 1m\n  x 1 2 3\n\nevel instant at 2m x\n");

  const passed = await promql(["test", good]);
  assert.deepEqual([passed.code, passed.out], [0, `ok    ${good} (1 evaluations)\n`]);
  const failed = await promql(["test", "--quiet", good, bad, broken]);
  assert.equal(failed.code, 1);
  assert.match(failed.out, /FAIL {2}.*bad\.test\n.*bad\.test:4: x\n[^]*1 of 1 failed/);
  assert.match(failed.out, /broken\.test:4:/);
  assert.ok(!failed.out.includes("good.test"));
  assert.equal((await promql(["test", folder.file("none.test")])).code, 64);
});

test("flx promql format lays a query out, and shows what is wrong where it is", async () => {
  const given = await promql(["format", "sum(rate(x[5m]))by(job)"]);
  assert.deepEqual([given.code, given.out], [0, "sum by (job) (rate(x[5m]))\n"]);
  const piped = await promql(["format", "-"], "a+b");
  assert.deepEqual([piped.code, piped.out], [0, "a + b\n"]);
  const wrong = await promql(["format", "rate(x)"]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.error, /\^/);
  assert.match(wrong.error, /hint: /);
});

test("flx promql explain shows the plan", async () => {
  const { code, out } = await promql(["explain", "sum(rate(x[5m]))"]);
  assert.equal(code, 0);
  assert.match(out, /x/);
});
