import assert from "node:assert/strict";
import { test } from "node:test";
import type { Bytes } from "@flx/model/write";
import type { CgroupFacts } from "./cgroup.ts";
import { readHostFromNode } from "./host.ts";
import { readProcess } from "./process-facts.ts";
import type { CpuSeconds } from "./proc-stat.ts";
import { usageOf, type UsageFacts, type UsageReading } from "./usage.ts";

const GIB = 2 ** 30;

type Numbers = {
  atMs?: number;
  cpu?: Partial<CpuSeconds>;
  cpus?: number;
  allowedCpus?: number;
  processSeconds?: number;
  quotaCpus?: number;
  cgroupSeconds?: number;
  periods?: number;
  throttledPeriods?: number;
  availableBytes?: number;
  limitBytes?: number;
  highBytes?: number;
  workingSetBytes?: number;
  active?: number;
  idle?: number;
  gcSeconds?: number;
};

/** A machine of 4 CPUs and 8 GiB with the numbers a case is about. */
function reading(n: Numbers): UsageReading {
  const base = readHostFromNode("linux");
  const nobody = {
    status: undefined,
    limits: undefined,
    io: undefined,
    openDescriptors: undefined,
  };
  const process = readProcess(nobody);
  const cpu = base.stat!.cpus[0]!;
  const zero: CpuSeconds = { ...cpu.seconds, user: 0, nice: 0, system: 0, idle: 0, irq: 0 };
  return {
    monotonicMs: n.atMs ?? 0,
    host: {
      ...base,
      stat: {
        ...base.stat!,
        total: { ...zero, ...n.cpu },
        cpus: Array.from({ length: n.cpus ?? 4 }, () => cpu),
      },
      memory: {
        ...base.memory!,
        totalBytes: (8 * GIB) as Bytes,
        availableBytes: (n.availableBytes ?? 6 * GIB) as Bytes,
      },
    },
    cgroup: cgroupOf(n),
    process: {
      ...process,
      cpuUserSeconds: n.processSeconds ?? 0,
      cpuSystemSeconds: 0,
      allowedCpus: n.allowedCpus,
    },
    eventLoopTime: { activeSeconds: n.active ?? 0, idleSeconds: n.idle ?? 0, utilizationRatio: 0 },
    gcSeconds: n.gcSeconds ?? 0,
  };
}

function cgroupOf(n: Numbers): CgroupFacts {
  const unknown = undefined;
  return {
    version: "v2",
    cpu: {
      quotaCpus: n.quotaCpus,
      cpusetCpus: unknown,
      usageSeconds: n.cgroupSeconds,
      userSeconds: unknown,
      systemSeconds: unknown,
      periods: n.periods,
      throttledPeriods: n.throttledPeriods,
      throttledSeconds: unknown,
    },
    memory: {
      limitBytes: n.limitBytes as Bytes | undefined,
      highBytes: n.highBytes as Bytes | undefined,
      usageBytes: unknown,
      workingSetBytes: n.workingSetBytes as Bytes | undefined,
      anonymousBytes: unknown,
      fileBytes: unknown,
      swapLimitBytes: unknown,
      swapUsageBytes: unknown,
      oomKills: unknown,
    },
    tasks: { current: unknown, limit: unknown },
    pressure: { cpu: unknown, memory: unknown, io: unknown },
  };
}

/** A table over one field: the readings before and after, what comes out. */
const table =
  (field: (usage: UsageFacts) => number | undefined) =>
  (before: Numbers | undefined, after: Numbers, want: number | undefined) => {
    const got = field(usageOf(reading(after), before && reading(before)));
    assert.equal(got === undefined ? got : Number(got.toFixed(6)), want);
  };

test("usageOf() gives the machine's CPU without idle and iowait", () => {
  const f = table(({ hostCpuPercent }) => hostCpuPercent);

  f({}, { cpu: { user: 1, system: 1, idle: 6 } }, 25);
  f({}, { cpu: { idle: 3, iowait: 1 } }, 0);
  f({}, { cpu: { steal: 1, idle: 1 } }, 50);
  f({ cpu: { idle: 10, user: 0 } }, { cpu: { idle: 9, user: 1 } }, 100); // idle went back
  f({ cpu: { user: 5 } }, { cpu: { user: 5 } }, undefined); // no tick has passed
  f(undefined, { cpu: { user: 1 } }, undefined);
});

test("usageOf() splits the machine's CPU by mode", () => {
  const after = reading({ cpu: { user: 2, nice: 1, system: 1, idle: 12, iowait: 2, steal: 2 } });
  const modes = usageOf(after, reading({})).hostCpuModePercent;
  assert.deepEqual(modes, {
    user: 10,
    nice: 5,
    system: 5,
    idle: 60,
    iowait: 10,
    irq: 0,
    softirq: 0,
    steal: 10,
  });
});

test("usageOf() gives the CPUs that may be used: the smallest of quota, affinity and machine", () => {
  const f = table(({ cpuLimit }) => cpuLimit);

  f(undefined, {}, 4);
  f(undefined, { quotaCpus: 0.5 }, 0.5);
  f(undefined, { quotaCpus: 16 }, 4);
  f(undefined, { allowedCpus: 2, quotaCpus: 3 }, 2);
  f(undefined, { cpus: 0 }, undefined);
});

test("usageOf() gives process and container CPU against what they may use", () => {
  const process = table(({ processCpuPercent }) => processCpuPercent);
  const ofLimit = table(({ processCpuPercentOfLimit }) => processCpuPercentOfLimit);
  const container = table(({ cgroupCpuPercentOfLimit }) => cgroupCpuPercentOfLimit);

  process({}, { atMs: 2000, processSeconds: 3 }, 150);
  process({ processSeconds: 1 }, { atMs: 0, processSeconds: 2 }, undefined); // no time has passed
  ofLimit({}, { atMs: 2000, processSeconds: 3 }, 37.5);
  ofLimit({}, { atMs: 2000, processSeconds: 1, quotaCpus: 0.5 }, 100);
  container({ cgroupSeconds: 1 }, { atMs: 1000, cgroupSeconds: 1.25, quotaCpus: 0.5 }, 50);
  container({ cgroupSeconds: 5 }, { atMs: 1000, cgroupSeconds: 1, quotaCpus: 0.5 }, 0); // another group
  container({}, { atMs: 1000, cgroupSeconds: 1 }, undefined);
});

test("usageOf() gives the share of throttled periods", () => {
  const f = table(({ cgroupThrottledPercent }) => cgroupThrottledPercent);

  f({ periods: 10, throttledPeriods: 2 }, { periods: 20, throttledPeriods: 7 }, 50);
  f({ periods: 10, throttledPeriods: 2 }, { periods: 10, throttledPeriods: 2 }, 0);
  f({}, { periods: 20, throttledPeriods: 7 }, undefined);
});

test("usageOf() gives memory against the smaller of limits and machine", () => {
  const limit = table(({ memoryLimitBytes }) => memoryLimitBytes);
  const percent = table(({ memoryPercent }) => memoryPercent);

  limit(undefined, {}, 8 * GIB);
  limit(undefined, { limitBytes: GIB }, GIB);
  limit(undefined, { limitBytes: 2 * GIB, highBytes: GIB }, GIB);
  limit(undefined, { limitBytes: 64 * GIB }, 8 * GIB);
  limit(undefined, { limitBytes: 0 }, 8 * GIB);
  percent(undefined, { workingSetBytes: GIB }, 25); // no limit: the machine's
  percent(undefined, { workingSetBytes: GIB / 2, limitBytes: GIB }, 50);
  percent(undefined, { workingSetBytes: GIB / 2, limitBytes: 64 * GIB }, 25);
  percent(undefined, { limitBytes: GIB }, 25); // what is used is not known
  percent(undefined, { workingSetBytes: 2 * GIB, limitBytes: GIB }, 100);
});

test("usageOf() gives one figure for CPU: of the quota where there is one", () => {
  const f = table(({ cpuPercent }) => cpuPercent);
  const busy = { user: 1, idle: 9 };

  f({ cgroupSeconds: 0 }, { atMs: 1000, cpu: busy, cgroupSeconds: 1 }, 10);
  f({ cgroupSeconds: 0 }, { atMs: 1000, cpu: busy, cgroupSeconds: 0.4, quotaCpus: 0.5 }, 80);
});

test("usageOf() gives the loop's and the collector's share of the time", () => {
  const loop = table(({ eventLoopPercent }) => eventLoopPercent);
  const gc = table(({ gcPercent }) => gcPercent);

  loop({ active: 1, idle: 1 }, { active: 2, idle: 4 }, 25);
  loop({ active: 1, idle: 1 }, { active: 1, idle: 1 }, undefined);
  gc({ gcSeconds: 1 }, { atMs: 2000, gcSeconds: 1.5 }, 25);
});
