// Percentages: how much of what may be used is used.
//
//   CPU of the machine      busy ticks / all ticks between two readings; iowait and idle are not busy
//   CPU of the container    CPU seconds of the group / (elapsed seconds * CPUs it may use)
//   CPU it may use          the smallest of quota, cpuset, affinity and the machine's CPUs
//   memory                  working set / the smallest of memory.max, memory.high and the machine's memory
//
//   reading ──── reading ──── reading            compared is with a reading that is old enough: ticks are 10 ms, and a
//      └───────────┴── >= 1 s ──┘                percentage of 50 ms would be 0, 20, 40, 60, 80 or 100
//
// Counters that went back (a CPU taken offline, idle time corrected) count as 0, percentages stay within 0..100
// where 100 is all there is. Pure: no clock, no I/O.

import type { Bytes, DurationMs } from "@flx/model/write";
import type { CgroupFacts } from "./cgroup.ts";
import type { EventLoopTime } from "./event-loop.ts";
import type { HostFacts } from "./host.ts";
import type { ProcessFacts } from "./process-facts.ts";
import { CPU_MODES, type CpuMode, type CpuSeconds } from "./proc-stat.ts";

/** What percentages are computed from; one reading. */
export interface UsageReading {
  /** Of a clock that never goes back. */
  readonly monotonicMs: number;
  readonly host: HostFacts;
  readonly cgroup: CgroupFacts | undefined;
  readonly process: ProcessFacts;
  readonly eventLoopTime: EventLoopTime;
  /** All pauses so far. */
  readonly gcSeconds: number;
}

/** Percentages, 0..100 unless said otherwise; undefined is not known (yet). */
export interface UsageFacts {
  /** The time between the two readings that were compared; undefined at the first one. */
  readonly windowMs: DurationMs | undefined;
  /** The one figure for "CPU": of the container's limit where there is a quota, else of the machine. */
  readonly cpuPercent: number | undefined;
  /** The one figure for "memory": of the container's limit where there is one, else of the machine. */
  readonly memoryPercent: number | undefined;
  readonly hostCpuPercent: number | undefined;
  /** Where the machine's CPU time went; adds up to 100. */
  readonly hostCpuModePercent: Readonly<Record<CpuMode, number>> | undefined;
  readonly hostMemoryPercent: number | undefined;
  /** Of one CPU: 250 is two and a half CPUs. */
  readonly processCpuPercent: number | undefined;
  readonly processCpuPercentOfLimit: number | undefined;
  readonly cgroupCpuPercentOfLimit: number | undefined;
  /** Periods in which the quota was used up, of those in which something ran. */
  readonly cgroupThrottledPercent: number | undefined;
  readonly cgroupMemoryPercentOfLimit: number | undefined;
  /** CPUs' worth of time that this process may use. */
  readonly cpuLimit: number | undefined;
  /** Memory that this process may use: the smaller of the container's limit and the machine's memory. */
  readonly memoryLimitBytes: Bytes | undefined;
  readonly eventLoopPercent: number | undefined;
  /** Time that the event loop's thread stood still for garbage collections. */
  readonly gcPercent: number | undefined;
}

/** The percentages of `after`, and of the time since `before` where they need one. */
export function usageOf(after: UsageReading, before?: UsageReading): UsageFacts {
  const { host, cgroup } = after;
  const cpuLimit = cpuLimitOf(after);
  const memoryLimitBytes = memoryLimitOf(after);
  const modes = hostCpuModes(host.stat?.total, before?.host.stat?.total);
  const elapsed = before === undefined ? 0 : (after.monotonicMs - before.monotonicMs) / 1000;
  const hostCpuPercent = modes === undefined ? undefined : capped(100 - modes.idle - modes.iowait);
  const cgroupCpu = share(cgroup?.cpu.usageSeconds, before?.cgroup?.cpu.usageSeconds, elapsed);
  const cgroupCpuPercentOfLimit = capped(percentOf(cgroupCpu, cpuLimit));
  const processCpu = share(processSeconds(after), before && processSeconds(before), elapsed);
  const hostMemoryPercent = hostMemory(host);
  const used = cgroup?.memory.workingSetBytes ?? cgroup?.memory.usageBytes;
  const cgroupMemoryPercentOfLimit = capped(percentOf(used, memoryLimitBytes));
  const isCpuLimited = cgroup?.cpu.quotaCpus !== undefined;
  const isMemoryLimited = isBelow(memoryLimitBytes, host.memory?.totalBytes);
  return {
    windowMs: elapsed > 0 ? ((elapsed * 1000) as DurationMs) : undefined,
    cpuPercent: (isCpuLimited ? cgroupCpuPercentOfLimit : undefined) ?? hostCpuPercent,
    memoryPercent: (isMemoryLimited ? cgroupMemoryPercentOfLimit : undefined) ?? hostMemoryPercent,
    hostCpuPercent,
    hostCpuModePercent: modes,
    hostMemoryPercent,
    processCpuPercent: percentOf(processCpu, 1),
    processCpuPercentOfLimit: capped(percentOf(processCpu, cpuLimit)),
    cgroupCpuPercentOfLimit,
    cgroupThrottledPercent: throttled(cgroup, before?.cgroup),
    cgroupMemoryPercentOfLimit,
    cpuLimit,
    memoryLimitBytes,
    eventLoopPercent: eventLoop(after.eventLoopTime, before?.eventLoopTime),
    gcPercent: capped(percentOf(share(after.gcSeconds, before?.gcSeconds, elapsed), 1)),
  };
}

/** The smallest of what is known, undefined when nothing is. */
function smallestOf(...values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined && value > 0) as number[];
  return known.length === 0 ? undefined : Math.min(...known);
}

function cpuLimitOf({ host, cgroup, process }: UsageReading): number | undefined {
  const { quotaCpus, cpusetCpus } = cgroup?.cpu ?? {};
  return smallestOf(quotaCpus, cpusetCpus, process.allowedCpus, host.stat?.cpus.length);
}

function memoryLimitOf({ host, cgroup }: UsageReading): Bytes | undefined {
  const { limitBytes, highBytes } = cgroup?.memory ?? {};
  return smallestOf(limitBytes, highBytes, host.memory?.totalBytes) as Bytes | undefined;
}

function hostCpuModes(
  after: CpuSeconds | undefined,
  before: CpuSeconds | undefined,
): Readonly<Record<CpuMode, number>> | undefined {
  if (after === undefined || before === undefined) return undefined;
  const spent = (mode: CpuMode): number => Math.max(0, after[mode] - before[mode]);
  const all = CPU_MODES.reduce((sum, mode) => sum + spent(mode), 0);
  if (!(all > 0)) return undefined;
  const percent = (mode: CpuMode): number => (100 * spent(mode)) / all;
  return {
    user: percent("user"),
    nice: percent("nice"),
    system: percent("system"),
    idle: percent("idle"),
    iowait: percent("iowait"),
    irq: percent("irq"),
    softirq: percent("softirq"),
    steal: percent("steal"),
  };
}

function hostMemory({ memory }: HostFacts): number | undefined {
  if (memory?.availableBytes === undefined || !(memory.totalBytes > 0)) return undefined;
  return capped(100 * (1 - memory.availableBytes / memory.totalBytes));
}

const processSeconds = ({ process }: UsageReading): number =>
  process.cpuUserSeconds + process.cpuSystemSeconds;

/** Seconds of a counter per second elapsed. */
function share(
  after: number | undefined,
  before: number | undefined,
  elapsed: number,
): number | undefined {
  if (after === undefined || before === undefined || !(elapsed > 0)) return undefined;
  return Math.max(0, after - before) / elapsed;
}

function throttled(
  after: CgroupFacts | undefined,
  before: CgroupFacts | undefined,
): number | undefined {
  const [periods, periodsBefore] = [after?.cpu.periods, before?.cpu.periods];
  const [count, countBefore] = [after?.cpu.throttledPeriods, before?.cpu.throttledPeriods];
  if (periods === undefined || periodsBefore === undefined) return undefined;
  if (count === undefined || countBefore === undefined) return undefined;
  return periods > periodsBefore
    ? capped((100 * Math.max(0, count - countBefore)) / (periods - periodsBefore))
    : 0;
}

function eventLoop(after: EventLoopTime, before: EventLoopTime | undefined): number | undefined {
  if (before === undefined) return undefined;
  const active = Math.max(0, after.activeSeconds - before.activeSeconds);
  const idle = Math.max(0, after.idleSeconds - before.idleSeconds);
  return active + idle > 0 ? (100 * active) / (active + idle) : undefined;
}

function percentOf(part: number | undefined, whole: number | undefined): number | undefined {
  return part === undefined || whole === undefined || !(whole > 0)
    ? undefined
    : (100 * part) / whole;
}

function capped(percent: number): number;
function capped(percent: number | undefined): number | undefined;
function capped(percent: number | undefined): number | undefined {
  return percent === undefined ? undefined : Math.min(100, Math.max(0, percent));
}

const isBelow = (value: number | undefined, bound: number | undefined): boolean =>
  value !== undefined && (bound === undefined || value < bound);
