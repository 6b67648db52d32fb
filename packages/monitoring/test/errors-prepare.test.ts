// What is done before the first error: when a process has time, in pieces, and never because of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { runProgram } from "./run-program.ts";

async function run(program: string): Promise<string> {
  const { stdout, stderr, code } = await runProgram(program);
  assert.equal(code, 0, stderr);
  return stdout;
}

const pieces = `
  import { whenIdle } from "../src/errors/handler/when-idle.ts";
  let done = 0;
  const count = { next: () => ({ done: ++done === 10, value: undefined }) };
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const busy = (ms) => { for (const end = performance.now() + ms; performance.now() < end;); };`;

test("whenIdle() does all pieces of an idle process", async () => {
  const out = await run(`${pieces}
    whenIdle(count);
    for (let i = 0; i < 500 && done < 10; i++) await wait(50);
    await wait(200);
    console.log(done);`);
  assert.equal(out, "10\n");
});

test("whenIdle() does none while the loop is busy, and none after it was disposed of", async () => {
  const out = await run(`${pieces}
    const preparing = whenIdle(count);
    for (let i = 0; i < 40; i++) { busy(40); await wait(1); }
    preparing[Symbol.dispose]();
    console.log(done);
    await wait(1_500);
    console.log(done);`);
  assert.equal(out, "0\n0\n");
});

test("a process with errors handled ends when it has nothing to do", async () => {
  const out = await run(`
    import { installErrorHandler } from "@flx/monitoring/errors";
    installErrorHandler();
    console.log(process.getActiveResourcesInfo().filter((each) => each === "Timeout").length);`);
  assert.equal(out, "0\n");
});
