import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { WorkerRegistry } from "@flx/monitoring/prom-client";

test("`WorkerRegistry` sums real threads, and keeps what those that ended have counted", async (t) => {
  const registry = new WorkerRegistry();
  assert.equal(await registry.workerMetrics(), "");
  const start = async (count: number) => {
    const worker = new Worker(join(import.meta.dirname, "thread-worker.ts"), { workerData: count });
    t.after(() => worker.terminate());
    await once(worker, "message", { signal: AbortSignal.timeout(20_000) });
    return worker;
  };
  const ending = await start(3);
  await start(4);
  assert.equal(WorkerRegistry.workerCount(), 2);
  const expected = "# HELP jobs_total Jobs\n# TYPE jobs_total counter\njobs_total 7\n";
  assert.equal(await registry.workerMetrics(), expected);

  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  ending.postMessage("end");
  await once(ending, "exit");
  assert.equal(WorkerRegistry.workerCount(), 1);
  assert.equal(await registry.workerMetrics(), expected);
});
