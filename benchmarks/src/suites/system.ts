// A snapshot of the system: ours beside systeminformation.
//
//   the same facts   CPU by mode, memory, load, room of the disks, traffic of all interfaces, disk I/O
//   ours, besides    pressure, control group, process, descriptors, event loop, garbage collector, heap: they are
//                    part of a snapshot and so of what is timed
//
// systeminformation starts programs (df, sh) and its CPU figure is of the main thread only: theirs costs the machine
// more than is shown. Its wall time contains waiting for them, ours the waiting for libuv's pool.
//
// A long op runs once a round, after everything else has used the caches: like a sample every few seconds. The loop
// case runs warm. What holds the event loop is less than a sample's wall time, so a budget on that covers both.

import systeminformation from "systeminformation";
import type { DurationMs } from "@flx/model";
import { SystemSampler } from "@flx/monitoring/system";
import { contender, suite, type Suite } from "../harness/suite.ts";

/** So seldom that the sampler's own timer does not disturb. */
const intervalMs = 86_400_000 as DurationMs;

/** What both know exactly, to be compared. (systeminformation leaves out some virtual interfaces.) */
type Shared = { memoryBytes: number; rootBytes: number; hasLoopback: boolean };

const sampler = (): SystemSampler => new SystemSampler({ intervalMs });

function sharedByOurs(one: SystemSampler): Shared {
  const { host, filesystems } = one.snapshot();
  return {
    memoryBytes: host.memory?.totalBytes ?? 0,
    rootBytes: filesystems.find(({ mountPoint }) => mountPoint === "/")?.room?.sizeBytes ?? 0,
    hasLoopback: host.network?.some(({ name }) => name === "lo") ?? false,
  };
}

type Theirs = {
  readonly library: typeof systeminformation;
  facts:
    | readonly [
        load: systeminformation.Systeminformation.CurrentLoadData,
        memory: systeminformation.Systeminformation.MemData,
        disks: systeminformation.Systeminformation.FsSizeData[],
        network: systeminformation.Systeminformation.NetworkStatsData[],
        io: systeminformation.Systeminformation.DisksIoData,
      ]
    | undefined;
};

function sharedByTheirs({ facts }: Theirs): Shared {
  const [, memory, disks = [], network = []] = facts ?? [];
  return {
    memoryBytes: memory?.total ?? 0,
    rootBytes: disks.find(({ mount }) => mount === "/")?.size ?? 0,
    hasLoopback: network.some(({ iface }) => iface === "lo"),
  };
}

export const system: Suite = suite("system", {
  title: "A snapshot of machine, container, process and runtime",
  cases: [
    {
      name: "snapshot, once in a while",
      kind: "long",
      async: true,
      contenders: [
        contender({
          name: "ours",
          setup: sampler,
          op: (one) => one.sample(),
          check: sharedByOurs,
        }),
        contender({
          name: "systeminformation",
          package: "systeminformation",
          setup: (): Theirs => ({ library: systeminformation, facts: undefined }),
          op: async (state) => {
            const { library } = state;
            state.facts = await Promise.all([
              library.currentLoad(),
              library.mem(),
              library.fsSize(),
              library.networkStats("*"),
              library.disksIO(),
            ]);
          },
          check: sharedByTheirs,
        }),
      ],
      budgets: [{ against: "systeminformation", atLeast: 10 }, { atMost: 1 }],
    },
    {
      name: "snapshot, warm",
      kind: "loop",
      async: true,
      checkOps: 10,
      contenders: [
        contender({
          name: "ours",
          setup: sampler,
          op: (one) => one.sample(),
          check: sharedByOurs,
        }),
      ],
      budgets: [{ atMost: 500_000 }],
    },
    {
      name: "the latest snapshot",
      kind: "loop",
      contenders: [
        contender({
          name: "ours",
          setup: sampler,
          op: (one) => one.snapshot(),
          check: (one) => one.snapshot().host.memory?.totalBytes,
        }),
      ],
      budgets: [{ atMost: 5_000 }, { garbageAtMost: 0 }],
    },
  ],
});
