// The machine: CPUs, memory, load, pressure, network, block devices.
//
// On Linux all of it comes from /proc; elsewhere from Node's os module, which knows less: what it does not know is
// undefined, not 0. In a container these are the host's figures, but for the network, which is the container's.

import { cpus, freemem, loadavg, platform as platformOfNode, totalmem, uptime } from "node:os";
import type { Bytes } from "@flx/model/write";
import { KeptFile, type KeptFileContext } from "./kept-file.ts";
import { type NetworkInterface, parseNetworkDevices } from "./network.ts";
import { parsePressure, type Pressure } from "./pressure.ts";
import { type BlockDevice, parseDiskstats } from "./proc-diskstats.ts";
import { type LoadAverage, parseLoadavg } from "./proc-loadavg.ts";
import { type MemoryInfo, parseMeminfo } from "./proc-meminfo.ts";
import { type CpuSeconds, type CpuTimes, parseProcStat, type ProcStat } from "./proc-stat.ts";

/** The machine; undefined is what could not be read or what this platform does not tell. */
export interface HostFacts {
  /** CPU time, boot, scheduler. */
  readonly stat: ProcStat | undefined;
  readonly memory: MemoryInfo | undefined;
  readonly load: LoadAverage | undefined;
  readonly pressure: {
    readonly cpu: Pressure | undefined;
    readonly memory: Pressure | undefined;
    readonly io: Pressure | undefined;
    readonly irq: Pressure | undefined;
  };
  readonly network: readonly NetworkInterface[] | undefined;
  readonly blockDevices: readonly BlockDevice[] | undefined;
}

/** Reads the facts of a Linux machine again and again. */
export class LinuxHost implements Disposable {
  readonly #stat: KeptFile;
  readonly #memory: KeptFile;
  readonly #load: KeptFile;
  readonly #network: KeptFile;
  readonly #blockDevices: KeptFile;
  readonly #pressure: Readonly<Record<"cpu" | "memory" | "io" | "irq", KeptFile>>;

  /** @param prefix where the machine's root folder is seen, "" for "/" */
  constructor(prefix: string, context: KeptFileContext) {
    const file = (path: string) => new KeptFile(`${prefix}/proc/${path}`, context);
    this.#stat = file("stat");
    this.#memory = file("meminfo");
    this.#load = file("loadavg");
    this.#network = file("net/dev");
    this.#blockDevices = file("diskstats");
    this.#pressure = {
      cpu: file("pressure/cpu"),
      memory: file("pressure/memory"),
      io: file("pressure/io"),
      irq: file("pressure/irq"),
    };
  }

  read(): HostFacts {
    return {
      stat: this.#stat.parse(parseProcStat),
      memory: this.#memory.parse(parseMeminfo),
      load: this.#load.parse(parseLoadavg),
      pressure: {
        cpu: this.#pressure.cpu.parse(parsePressure),
        memory: this.#pressure.memory.parse(parsePressure),
        io: this.#pressure.io.parse(parsePressure),
        irq: this.#pressure.irq.parse(parsePressure),
      },
      network: this.#network.parse(parseNetworkDevices),
      blockDevices: this.#blockDevices.parse(parseDiskstats),
    };
  }

  [Symbol.dispose](): void {
    const { cpu, memory, io, irq } = this.#pressure;
    const others = [this.#stat, this.#memory, this.#load, this.#network, this.#blockDevices];
    for (const file of [cpu, memory, io, irq, ...others]) file.close();
  }
}

const MILLISECONDS = 1_000;

/** What Node's os module knows of any machine. */
export function readHostFromNode(platform: string = platformOfNode()): HostFacts {
  return {
    stat: statFromNode(),
    memory: memoryFromNode(),
    load: platform === "win32" ? undefined : loadFromNode(),
    pressure: { cpu: undefined, memory: undefined, io: undefined, irq: undefined },
    network: undefined,
    blockDevices: undefined,
  };
}

function statFromNode(): ProcStat | undefined {
  const all = cpus().map((each, cpu): CpuTimes => ({
    cpu,
    seconds: {
      ...NO_TIME,
      user: each.times.user / MILLISECONDS,
      nice: each.times.nice / MILLISECONDS,
      system: each.times.sys / MILLISECONDS,
      idle: each.times.idle / MILLISECONDS,
      irq: each.times.irq / MILLISECONDS,
    },
  }));
  if (all.length === 0) return undefined;
  return {
    total: all.reduce<CpuSeconds>((sum, { seconds }) => added(sum, seconds), NO_TIME),
    cpus: all,
    bootTimeSeconds: Math.round(Date.now() / MILLISECONDS - uptime()),
    interrupts: undefined,
    contextSwitches: undefined,
    forks: undefined,
    processesRunning: undefined,
    processesBlocked: undefined,
  };
}

const NO_TIME: CpuSeconds = {
  user: 0,
  nice: 0,
  system: 0,
  idle: 0,
  iowait: 0,
  irq: 0,
  softirq: 0,
  steal: 0,
  guest: 0,
  guestNice: 0,
};

function added(sum: CpuSeconds, one: CpuSeconds): CpuSeconds {
  return {
    ...sum,
    user: sum.user + one.user,
    nice: sum.nice + one.nice,
    system: sum.system + one.system,
    idle: sum.idle + one.idle,
    irq: sum.irq + one.irq,
  };
}

function memoryFromNode(): MemoryInfo {
  const free = freemem() as Bytes;
  return {
    totalBytes: totalmem() as Bytes,
    freeBytes: free,
    // On macOS and Windows Node's "free" is what can be had.
    availableBytes: free,
    buffersBytes: undefined,
    cachedBytes: undefined,
    activeBytes: undefined,
    inactiveBytes: undefined,
    anonymousBytes: undefined,
    mappedBytes: undefined,
    sharedBytes: undefined,
    dirtyBytes: undefined,
    writebackBytes: undefined,
    slabBytes: undefined,
    slabReclaimableBytes: undefined,
    slabUnreclaimableBytes: undefined,
    kernelStackBytes: undefined,
    pageTablesBytes: undefined,
    commitLimitBytes: undefined,
    committedBytes: undefined,
    swapTotalBytes: undefined,
    swapFreeBytes: undefined,
    swapCachedBytes: undefined,
  };
}

function loadFromNode(): LoadAverage {
  const [oneMinute = 0, fiveMinutes = 0, fifteenMinutes = 0] = loadavg();
  return { oneMinute, fiveMinutes, fifteenMinutes, threadsRunnable: undefined, threads: undefined };
}
