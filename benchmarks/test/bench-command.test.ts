// The benchmark command from end to end with tiny suites; what the figures are does not matter here.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startProcess, temporaryFolder } from "@flx/testkit";

const program = fileURLToPath(new URL("fixture/main.ts", import.meta.url));
const short = ["--rounds=3", "--round-ms=2", "--copies=2"];

async function bench(args: readonly string[], env: Record<string, string> = {}) {
  await using run = await startProcess({
    command: process.execPath,
    args: ["--conditions=@flx/source", "--expose-gc", program, ...args],
    env,
  });
  const { code } = await run.exited;
  return { code, text: run.log() };
}

test("bench NAME measures, prints tables and writes the result", async () => {
  await using folder = await temporaryFolder("bench");
  const { code, text } = await bench(["tiny", ...short, `--out=${folder.path}`]);
  assert.equal(code, 0, text);
  for (const line of [
    /^add \(ns\/op\)$/m,
    /^ {2}fast-check .*x ±\d+% +\d+\.\d+\.\d+$/m,
    /^ {2}>= 1000000000x fast-check: .* NOT MET$/m,
    /^ {2}garbage <= 0 B\/op: 0 {3}met$/m,
    /^join \(ms\)$/m,
    /^numbers \(B\/object\)$/m,
    /^start \(MB\)$/m,
    /^1 budget not met$/m,
  ]) {
    assert.match(text, line);
  }

  const result = JSON.parse(readFileSync(folder.file("tiny.json"), "utf8"));
  const names = "suite,date,machine,commit,loadAfter,stolen,rounds,noisy,cases";
  assert.equal(Object.keys(result).join(), names);
  assert.equal(result.machine.node, process.versions.node);
  assert.match(result.commit.hash, /^[0-9a-f]{40}$/);
  const [add, wait, , numbers, start] = result.cases;
  assert.equal(add.rows[1].package, "fast-check");
  assert.equal(add.rows[0].rounds.length, 3);
  assert.ok(add.rows[0].median > 0);
  assert.ok(wait.rows[0].garbageBytes > 0, "a promise is garbage");
  assert.equal(Math.round(numbers.rows[0].median), 8, "a double takes 8 bytes");
  const { median } = start.rows[0];
  assert.ok(median > 60 && median < 80, `64 MB above a bare process, not ${median}`);
});

test("bench --strict fails on a missed budget, --case leaves others out", async () => {
  const { code, text } = await bench(["tiny", ...short, "--strict", "--case=add"]);
  assert.equal(code, 1, text);
  assert.doesNotMatch(text, /^join/m);
  assert.equal(existsSync("never-written"), false, "a part or short run is not kept");
});

test("bench aborts with the difference before anything is timed when a contender lies", async () => {
  await using folder = await temporaryFolder("bench");
  const { code, text } = await bench(["liar", ...short], { LOG: folder.file("log") });
  assert.equal(code, 1);
  assert.match(text, /count to ten: "liar" \(\+\) does not give what "ours" \(-\) gives/);
  assert.match(text, /^\+ {3}upTo: 9$/m);
  assert.match(text, /^- {3}upTo: 10$/m);
  assert.equal(existsSync(folder.file("log")), false, "nothing was timed");
});

test("bench aborts when a program did not start what it should have", async () => {
  const { code, text } = await bench(["idler", ...short]);
  assert.equal(code, 1);
  assert.match(text, /start: the proof of "idler" does not contain "listening"; it is\nnothing$/m);
});

test("bench without a name lists the suites, with a wrong one names the nearest", async () => {
  const f = async (args: readonly string[], code: number, text: RegExp) => {
    const got = await bench(args);
    assert.equal(got.code, code, got.text);
    assert.match(got.text, text);
  };

  await Promise.all([
    f([], 0, /^ {2}tiny {3}Tiny\n {2}liar {3}A liar\n {2}idler {3}An idler$/m),
    f(["tyni"], 2, /There is no benchmark "tyni"\. Did you mean "tiny"\?/),
    f(["tiny", "--case=nothing"], 2, /No case of "tiny" contains "nothing"/),
    f(["tiny", "--rounds=0"], 2, /--rounds must be a whole number above 0, got 0/),
    f(["tiny", "--sctrict"], 2, /Unknown option '--sctrict'/),
  ]);
});
