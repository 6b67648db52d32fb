// A signal ends a process that nobody else ends, after what it has to say was handed over; whoever listens has the last word.

import assert from "node:assert/strict";
import { test } from "node:test";
import { runProgram } from "./run-program.ts";

const start = `
  import { startMonitoring } from "@flx/monitoring";
  const start = () => startMonitoring({ service: "orders", admin: false, health: false, otlp: { endpoint: "http://127.0.0.1:1", metrics: false } });
  const end = () => setTimeout(() => { console.log("ended in order"); process.exit(0); }, 50);
  setTimeout(() => {}, 30_000);`;

test("a signal leaves the end to those who listen, once or always, before or after the start", async () => {
  for (const listen of ["on", "once"]) {
    const before = await runProgram(`${start}
      process.${listen}("SIGTERM", end);
      await start();
      process.kill(process.pid, "SIGTERM");`);
    assert.deepEqual([before.stdout, before.code], ["ended in order\n", 0], `${listen}, before`);
    const after = await runProgram(`${start}
      await start();
      process.${listen}("SIGTERM", end);
      process.kill(process.pid, "SIGTERM");`);
    assert.deepEqual([after.stdout, after.code], ["ended in order\n", 0], `${listen}, after`);
  }
});

test("a signal that nobody listens to ends the process", async () => {
  const { stdout, code } = await runProgram(`${start}
    await start();
    process.kill(process.pid, "SIGTERM");`);
  assert.deepEqual([stdout, code], ["", null]);
});
