// The public API of @flx/monitoring/system, by name.

export { type Activity, type CountsByType, readActivity } from "./activity.ts";
export type { CgroupCpu, CgroupFacts, CgroupMemory, CgroupTasks } from "./cgroup.ts";
export {
  DiskWatch,
  type DiskWatchOptions,
  type FilesystemFacts,
  type FilesystemRoom,
  type FilesystemState,
  type Statfs,
  type StatfsNumbers,
} from "./disk.ts";
export {
  type EventLoopDelay,
  EventLoopMonitor,
  type EventLoopTime,
  readEventLoopTime,
} from "./event-loop.ts";
export { GC_KINDS, type GcKind, GcMonitor, type GcTotals, type OnGcPause } from "./gc.ts";
export { type HeapFacts, type HeapSpace, readHeap } from "./heap.ts";
export type { HostFacts } from "./host.ts";
export type { Mount } from "./mounts.ts";
export type { NetworkInterface, NetworkTraffic } from "./network.ts";
export type { Pressure, Stall } from "./pressure.ts";
export type { BlockDevice } from "./proc-diskstats.ts";
export type { LoadAverage } from "./proc-loadavg.ts";
export type { MemoryInfo } from "./proc-meminfo.ts";
export type { ProcSelfIo } from "./proc-self-io.ts";
export {
  CPU_MODES,
  type CpuMode,
  type CpuSeconds,
  type CpuTimes,
  type ProcStat,
} from "./proc-stat.ts";
export type { ProcessFacts } from "./process-facts.ts";
export type { ReadErrorCount, ReadErrorKind } from "./read-errors.ts";
export { type SystemClock, SystemSampler, type SystemSamplerOptions } from "./sampler.ts";
export type { RuntimeFacts, SystemSnapshot } from "./snapshot.ts";
export type { UsageFacts } from "./usage.ts";
export { readVersions, type VersionFacts } from "./versions.ts";
