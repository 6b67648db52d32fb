// The end of a process whose export worker has not even begun: a thread takes a twentieth of a second to start, or seconds on a
// machine that has much else to do, and a short program may end before. The service's thread then does what only takes a
// moment: it puts what is in the ring on disk, where the next start finds it.
//
// Loaded when it is needed, by `require`, as nothing else is possible in an exit handler.

import { ExportCounters } from "../export-counters.ts";
import { RingReader } from "../shared-ring.ts";
import { DiskSpool, SpoolFolder } from "./disk-spool.ts";
import { Intake, SIGNALS } from "./intake.ts";

import type { WorkerStart } from "./worker-start.ts";

/** Puts on disk what is in the ring; what the disk does not take is counted as lost. The ring must be the caller's. */
export function rescue(start: WorkerStart): void {
  const counters = new ExportCounters(start.counters);
  const intake = new Intake(start, counters);
  const { spool: settings } = start.settings;
  const folder = settings === undefined ? undefined : new SpoolFolder(settings.folder);
  intake.drain(new RingReader(start.memory), Infinity);
  for (const signal of SIGNALS) {
    const batches = intake.cut(signal);
    if (batches.length === 0) continue;
    const spool = folder && settings && new DiskSpool(folder, signal, settings, counters);
    for (const batch of batches) {
      const isKept = spool?.add(batch) !== undefined;
      counters.add(signal, isKept ? "spooled" : "expired", batch.records);
    }
  }
}
