// What a SystemSampler knows at one moment: plain facts, from which metric families and health checks are made.
//
//   SystemSnapshot
//   ├── host            the machine                    counters and sizes as the kernel has them
//   ├── filesystems     the room of each mount
//   ├── cgroup          limits and use of the container
//   ├── process         this process
//   ├── runtime         event loop, garbage collector, heap
//   ├── usage           percentages, computed from this reading and an earlier one
//   ├── versions
//   └── readErrors      why something is undefined
//
// Counters are cumulative: rates over other windows are somebody else's work. `undefined` is "not known here", never 0.

import type { DurationMs, UnixMs } from "@flx/model/write";
import type { CgroupFacts } from "./cgroup.ts";
import type { FilesystemFacts } from "./disk.ts";
import type { EventLoopDelay, EventLoopTime } from "./event-loop.ts";
import type { GcKind, GcTotals } from "./gc.ts";
import type { HeapFacts } from "./heap.ts";
import type { HostFacts } from "./host.ts";
import type { ProcessFacts } from "./process-facts.ts";
import type { ReadErrorCount } from "./read-errors.ts";
import type { UsageFacts } from "./usage.ts";
import type { VersionFacts } from "./versions.ts";

/** What the JavaScript engine and the event loop of this thread do. */
export interface RuntimeFacts {
  readonly eventLoopTime: EventLoopTime;
  /** Delays of the last window of at least 10 s that is over; its count is 0 until then. */
  readonly eventLoopDelay: EventLoopDelay;
  readonly gc: Readonly<Record<GcKind, GcTotals>>;
  readonly heap: HeapFacts;
}

/** All facts of one moment. */
export interface SystemSnapshot {
  readonly timestampMs: UnixMs;
  /** How long reading them held the event loop. */
  readonly readMs: DurationMs;
  readonly host: HostFacts;
  readonly filesystems: readonly FilesystemFacts[];
  /** undefined where there are no control groups. */
  readonly cgroup: CgroupFacts | undefined;
  readonly process: ProcessFacts;
  readonly runtime: RuntimeFacts;
  readonly usage: UsageFacts;
  readonly versions: VersionFacts;
  readonly readErrors: readonly ReadErrorCount[];
}
