// A thread of worker.test.ts: counts, then ends in order when it is told.

import { parentPort, workerData } from "node:worker_threads";
import { Counter, WorkerRegistry } from "@flx/monitoring/prom-client";

const registry = new WorkerRegistry();
const done = new Counter({ name: "jobs_total", help: "Jobs" });
done.inc(workerData as number);

const port = parentPort!;
port.once("message", () => {
  void registry.shutdown().finally(() => {
    port.close();
  });
});
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
port.postMessage("ready");
