// The fault `slow-db`: a badly written stock report keeps the write lock of orders.db most of the time.
//
//   report   ■■■■■■■■■■ 500 ms ■■■■■■■■■■         250 ms         ■■■■■■■■■■ 500 ms ■■■■■■■■■■
//   orders       └─ UPDATE waits ───────> goes through
//
// The report is a thread of its own: SQLite lets a writer wait by blocking its thread, so a holder on the thread of the
// importer could not let go while the importer waits for it.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Log } from "../log.ts";
import type { FaultSwitches } from "./switches.ts";

/** Runs the stock report while the fault is on. */
export function holdWriteLock(faults: FaultSwitches, dataFolder: string, log: Log): void {
  let report: Worker | undefined;
  faults.onChange("slow-db", (on) => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
    report?.postMessage("stop");
    report = undefined;
    if (!on) return;
    report = new Worker(new URL("stock-report.ts", import.meta.url), {
      workerData: { dataFolder },
    });
    report.unref();
    once(report, "exit").catch((error: unknown) => log.error("the stock report failed", {}, error));
  });
}
