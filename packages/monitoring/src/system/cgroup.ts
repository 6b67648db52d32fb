// What the control group of this process may use, and uses: the truth in a container, where /proc tells the host's.
//
//                    v2                                   v1
//   CPU quota        cpu.max                              cpu.cfs_quota_us / cpu.cfs_period_us
//   CPU set          cpuset.cpus.effective                cpuset.effective_cpus, else cpuset.cpus
//   CPU used         cpu.stat usage_usec ...              cpuacct.usage, cpuacct.stat
//   throttled        cpu.stat nr_throttled ...            cpu.stat nr_throttled, throttled_time
//   memory limit     memory.max, memory.high              memory.limit_in_bytes, hierarchical_memory_limit
//   memory used      memory.current                       memory.usage_in_bytes
//   out of memory    memory.events oom_kill               memory.oom_control oom_kill
//   tasks            pids.current, pids.max               the same
//   pressure         {cpu,memory,io}.pressure             -
//
// Limits are the smallest on the way up; what is used is that of the own group. `undefined` is "not known",
// `Infinity` never leaves this file: no limit is `undefined` too, since there is nothing to compare with.
//
// The working set is what cannot be dropped at once: used minus inactive_file, as Kubernetes evicts by it.
// memory.high is where the kernel begins to slow the group down, memory.max where it kills.
//
// All files stay open (kept-file.ts), so a limit that is changed while the process runs is seen at the next
// reading. A process that is moved to another group is found out by the sampler, which then makes a new reader.
//
// Sources: see cgroup-values.ts. Used by reader.ts.

import type { Bytes } from "@flx/model/write";
import type { CgroupFolders, CgroupLocation } from "./cgroup-location.ts";
import { parseCfsQuota, parseCpuMax, parseLimit, parseSingleNumber } from "./cgroup-values.ts";
import { countCpuList } from "./cpu-list.ts";
import { KeptFile, type KeptFileContext } from "./kept-file.ts";
import { KeyedNumbers } from "./keyed-numbers.ts";
import { parsePressure, type Pressure } from "./pressure.ts";

const MICROSECONDS = 1_000_000;
const NANOSECONDS = 1_000_000_000;
const TICKS_PER_SECOND = 100;

/** What a control group may use of the CPUs, and used. Counters are since the group was made. */
export interface CgroupCpu {
  /** CPUs' worth of time by quota; undefined without a quota. */
  readonly quotaCpus: number | undefined;
  /** How many CPUs the group may run on; undefined when the kernel does not tell. */
  readonly cpusetCpus: number | undefined;
  readonly usageSeconds: number | undefined;
  readonly userSeconds: number | undefined;
  readonly systemSeconds: number | undefined;
  /** Periods in which something of the group wanted to run. */
  readonly periods: number | undefined;
  /** Periods in which the quota was used up. */
  readonly throttledPeriods: number | undefined;
  readonly throttledSeconds: number | undefined;
}

/** What a control group may use of the memory, and uses. */
export interface CgroupMemory {
  /** More is killed; undefined without a limit. */
  readonly limitBytes: Bytes | undefined;
  /** More is slowed down; undefined without such a limit, and on v1. */
  readonly highBytes: Bytes | undefined;
  readonly usageBytes: Bytes | undefined;
  /** Usage without file pages that can be dropped at once. */
  readonly workingSetBytes: Bytes | undefined;
  readonly anonymousBytes: Bytes | undefined;
  /** File pages. */
  readonly fileBytes: Bytes | undefined;
  readonly swapLimitBytes: Bytes | undefined;
  readonly swapUsageBytes: Bytes | undefined;
  /** Processes of the group that were killed for want of memory. */
  readonly oomKills: number | undefined;
}

/** Processes and threads of a control group. */
export interface CgroupTasks {
  readonly current: number | undefined;
  /** undefined without a limit. */
  readonly limit: number | undefined;
}

/** The control group of this process. */
export interface CgroupFacts {
  readonly version: CgroupLocation["version"];
  readonly cpu: CgroupCpu;
  readonly memory: CgroupMemory;
  readonly tasks: CgroupTasks;
  readonly pressure: {
    readonly cpu: Pressure | undefined;
    readonly memory: Pressure | undefined;
    readonly io: Pressure | undefined;
  };
}

const cpuStatV2 = new KeyedNumbers([
  "usage_usec",
  "user_usec",
  "system_usec",
  "nr_periods",
  "nr_throttled",
  "throttled_usec",
]);
const cpuStatV1 = new KeyedNumbers(["nr_periods", "nr_throttled", "throttled_time"]);
const cpuacctStat = new KeyedNumbers(["user", "system"]);
const memoryStatV2 = new KeyedNumbers(["anon", "file", "inactive_file"]);
const memoryStatV1 = new KeyedNumbers([
  "hierarchical_memory_limit",
  "hierarchical_memsw_limit",
  "total_inactive_file",
  "total_rss",
  "total_cache",
  "total_swap",
]);
const memoryEvents = new KeyedNumbers(["oom_kill"]);

/** Reads the facts of one control group again and again. */
export class CgroupReader implements Disposable {
  readonly #location: CgroupLocation;
  readonly #context: KeptFileContext;
  readonly #files = new Map<string, KeptFile>();

  constructor(location: CgroupLocation, context: KeptFileContext) {
    this.#location = location;
    this.#context = context;
  }

  /** The facts as they are now; what cannot be read is undefined and counted. */
  read(): CgroupFacts {
    return {
      version: this.#location.version,
      cpu: this.#readCpu(),
      memory: this.#readMemory(),
      tasks: this.#readTasks(),
      pressure: this.#readPressure(),
    };
  }

  [Symbol.dispose](): void {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
  }

  #readCpu(): CgroupCpu {
    const { cpu, cpuset } = this.#location.controllers;
    return {
      quotaCpus: finite(
        cpu?.version === 1 ? this.#quotaV1(cpu) : this.#smallest(cpu, "cpu.max", parseCpuMax),
      ),
      cpusetCpus: this.#readCpuset(cpuset),
      ...(cpu?.version === 2 ? this.#cpuUsedV2(cpu) : this.#cpuUsedV1()),
    };
  }

  #quotaV1(cpu: CgroupFolders): number {
    let smallest = Infinity;
    for (const folder of cpu.folders) {
      const quota = this.#parse(`${folder}/cpu.cfs_quota_us`, parseCfsQuota);
      if (quota === undefined || quota === Infinity) continue;
      const period = this.#parse(`${folder}/cpu.cfs_period_us`, parseSingleNumber);
      if (period !== undefined && period > 0) smallest = Math.min(smallest, quota / period);
    }
    return smallest;
  }

  #readCpuset(cpuset: CgroupFolders | undefined): number | undefined {
    const own = cpuset?.folders[0];
    if (own === undefined) return undefined;
    if (cpuset?.version === 2) {
      // Only groups that the controller is enabled for have the file; the nearest one above holds for the others.
      for (const folder of cpuset.folders) {
        const count = this.#parse(`${folder}/cpuset.cpus.effective`, countCpuList);
        if (count !== undefined) return count;
      }
      return undefined;
    }
    return (
      this.#parse(`${own}/cpuset.effective_cpus`, countCpuList) ??
      this.#parse(`${own}/cpuset.cpus`, countCpuList)
    );
  }

  #cpuUsedV2({ folders }: CgroupFolders): Omit<CgroupCpu, "quotaCpus" | "cpusetCpus"> {
    const found = this.#parse(`${folders[0]}/cpu.stat`, atLeastOne(cpuStatV2));
    const seconds = (value: number | undefined) => divided(value, MICROSECONDS);
    return {
      usageSeconds: seconds(found?.get("usage_usec")),
      userSeconds: seconds(found?.get("user_usec")),
      systemSeconds: seconds(found?.get("system_usec")),
      periods: found?.get("nr_periods"),
      throttledPeriods: found?.get("nr_throttled"),
      throttledSeconds: seconds(found?.get("throttled_usec")),
    };
  }

  #cpuUsedV1(): Omit<CgroupCpu, "quotaCpus" | "cpusetCpus"> {
    const { cpu, cpuacct } = this.#location.controllers;
    const account = cpuacct?.version === 1 ? cpuacct.folders[0] : undefined;
    const usage =
      account === undefined
        ? undefined
        : this.#parse(`${account}/cpuacct.usage`, parseSingleNumber);
    const split =
      account === undefined
        ? undefined
        : this.#parse(`${account}/cpuacct.stat`, atLeastOne(cpuacctStat));
    const stat =
      cpu === undefined
        ? undefined
        : this.#parse(`${cpu.folders[0]}/cpu.stat`, atLeastOne(cpuStatV1));
    return {
      usageSeconds: divided(usage, NANOSECONDS),
      userSeconds: divided(split?.get("user"), TICKS_PER_SECOND),
      systemSeconds: divided(split?.get("system"), TICKS_PER_SECOND),
      periods: stat?.get("nr_periods"),
      throttledPeriods: stat?.get("nr_throttled"),
      throttledSeconds: divided(stat?.get("throttled_time"), NANOSECONDS),
    };
  }

  #readMemory(): CgroupMemory {
    const { memory } = this.#location.controllers;
    if (memory === undefined) return NO_MEMORY_FACTS;
    return memory.version === 2 ? this.#memoryV2(memory) : this.#memoryV1(memory);
  }

  #memoryV2(memory: CgroupFolders): CgroupMemory {
    const own = memory.folders[0]!;
    const usage = this.#parse(`${own}/memory.current`, parseSingleNumber);
    const stat = this.#parse(`${own}/memory.stat`, atLeastOne(memoryStatV2));
    const [anonymous, file, inactive] = [
      stat?.get("anon"),
      stat?.get("file"),
      stat?.get("inactive_file"),
    ];
    return {
      limitBytes: bytes(this.#smallest(memory, "memory.max", parseLimit)),
      highBytes: bytes(this.#smallest(memory, "memory.high", parseLimit)),
      usageBytes: bytes(usage),
      workingSetBytes: workingSet(usage, inactive),
      anonymousBytes: bytes(anonymous),
      fileBytes: bytes(file),
      swapLimitBytes: bytes(this.#smallest(memory, "memory.swap.max", parseLimit)),
      swapUsageBytes: bytes(this.#parse(`${own}/memory.swap.current`, parseSingleNumber)),
      oomKills: this.#parse(`${own}/memory.events`, atLeastOne(memoryEvents))?.get("oom_kill"),
    };
  }

  #memoryV1(memory: CgroupFolders): CgroupMemory {
    const own = memory.folders[0]!;
    const usage = this.#parse(`${own}/memory.usage_in_bytes`, parseSingleNumber);
    const stat = this.#parse(`${own}/memory.stat`, atLeastOne(memoryStatV1));
    // The kernel's own answer includes groups above what is mounted here.
    const hierarchical = unlimitedIfHuge(stat?.get("hierarchical_memory_limit"));
    const withSwap = unlimitedIfHuge(stat?.get("hierarchical_memsw_limit"));
    const swap = stat?.get("total_swap");
    const [anonymous, file] = [stat?.get("total_rss"), stat?.get("total_cache")];
    const inactive = stat?.get("total_inactive_file");
    const limit = Math.min(
      hierarchical,
      this.#smallest(memory, "memory.limit_in_bytes", parseLimit),
    );
    return {
      limitBytes: bytes(limit),
      highBytes: undefined,
      usageBytes: bytes(usage),
      workingSetBytes: workingSet(usage, inactive),
      anonymousBytes: bytes(anonymous),
      fileBytes: bytes(file),
      swapLimitBytes: withSwap >= limit ? bytes(withSwap - limit) : undefined,
      swapUsageBytes: bytes(swap),
      oomKills: this.#parse(`${own}/memory.oom_control`, atLeastOne(memoryEvents))?.get("oom_kill"),
    };
  }

  #readTasks(): CgroupTasks {
    const { pids } = this.#location.controllers;
    if (pids === undefined) return { current: undefined, limit: undefined };
    return {
      current: this.#parse(`${pids.folders[0]}/pids.current`, parseSingleNumber),
      limit: finite(this.#smallest(pids, "pids.max", parseLimit)),
    };
  }

  #readPressure(): CgroupFacts["pressure"] {
    const own = this.#location.unified?.folders[0];
    const read = (resource: string) =>
      own === undefined ? undefined : this.#parse(`${own}/${resource}.pressure`, parsePressure);
    return { cpu: read("cpu"), memory: read("memory"), io: read("io") };
  }

  /** The smallest limit on the way up, Infinity when there is none. */
  #smallest(
    group: CgroupFolders | undefined,
    name: string,
    parser: (bytes: Uint8Array) => number | undefined,
  ): number {
    let smallest = Infinity;
    for (const folder of group?.folders ?? []) {
      smallest = Math.min(smallest, this.#parse(`${folder}/${name}`, parser) ?? Infinity);
    }
    return smallest;
  }

  #parse<Facts>(path: string, parser: (bytes: Uint8Array) => Facts | undefined): Facts | undefined {
    let file = this.#files.get(path);
    if (file === undefined) {
      file = new KeptFile(path, this.#context);
      this.#files.set(path, file);
    }
    return file.parse(parser);
  }
}

const NO_MEMORY_FACTS: CgroupMemory = {
  limitBytes: undefined,
  highBytes: undefined,
  usageBytes: undefined,
  workingSetBytes: undefined,
  anonymousBytes: undefined,
  fileBytes: undefined,
  swapLimitBytes: undefined,
  swapUsageBytes: undefined,
  oomKills: undefined,
};

/** A parser that gives the numbers themselves, valid until the next file with the same keys is read. */
function atLeastOne<Key extends string>(
  numbers: KeyedNumbers<Key>,
): (bytes: Uint8Array) => KeyedNumbers<Key> | undefined {
  return (bytes) => (numbers.read(bytes) === 0 ? undefined : numbers);
}

const finite = (value: number): number | undefined => (Number.isFinite(value) ? value : undefined);

const bytes = (value: number | undefined): Bytes | undefined =>
  value === undefined || !Number.isFinite(value) ? undefined : (value as Bytes);

const divided = (value: number | undefined, by: number): number | undefined =>
  value === undefined ? undefined : value / by;

const unlimitedIfHuge = (value: number | undefined): number =>
  value === undefined || value >= 2 ** 62 ? Infinity : value;

function workingSet(usage: number | undefined, inactive: number | undefined): Bytes | undefined {
  if (usage === undefined || inactive === undefined) return undefined;
  return Math.max(0, usage - inactive) as Bytes;
}
