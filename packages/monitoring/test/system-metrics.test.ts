// Collecting system metrics in a process of its own: it starts nothing when imported, and lets the process end.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startProcess } from "@flx/testkit";

/** Runs a script to its end and gives what it printed. */
async function run(script: string): Promise<string> {
  await using child = await startProcess({
    name: "collector",
    command: process.execPath,
    args: ["--conditions=@flx/source", "--input-type=module", "-e", script],
    cwd: import.meta.dirname,
  });
  const { code } = await child.exited;
  assert.equal(code, 0, child.log());
  return child.log();
}

const countOpen = `
  import { readdirSync } from "node:fs";
  const open = () => process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0;`;

test("importing system metrics opens and registers nothing", async () => {
  const log = await run(`${countOpen}
    // What loading any module opens is open before.
    const { register } = await import("@flx/monitoring/metrics");
    const before = open();
    await import("@flx/monitoring/system-metrics");
    console.log("opened", open() - before, "registered", register.catalogue().length);`);
  assert.match(log, /opened 0 registered 0/);
});

test("collectSystemMetrics() lets the process end, closed or not", async () => {
  const log = await run(`
    import { collectSystemMetrics } from "@flx/monitoring/system-metrics";
    import { Registry } from "@flx/monitoring/metrics";
    const registry = new Registry();
    collectSystemMetrics({ registry });
    console.log((await registry.metrics()).includes("flx_process_cpu_seconds_total{"));`);
  assert.match(log, /true/);
});

test("close() gives back every descriptor and timer", async () => {
  const log = await run(`${countOpen}
    import { collectSystemMetrics } from "@flx/monitoring/system-metrics";
    import { Registry } from "@flx/monitoring/metrics";
    const before = [open(), process.getActiveResourcesInfo().length];
    const registry = new Registry();
    const metrics = collectSystemMetrics({ registry });
    await registry.metrics();
    const between = open();
    metrics.close();
    const opened = open() - before[0];
    await new Promise((resolve) => setTimeout(resolve, 50));
    const active = process.getActiveResourcesInfo().length - before[1];
    console.log("had", between > before[0] || process.platform !== "linux", "opened", opened, "active", active);`);
  assert.match(log, /had true opened 0 active 0/);
});
