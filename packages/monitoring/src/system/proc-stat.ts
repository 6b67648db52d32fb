// /proc/stat: where the CPUs spent their time, when the machine was booted, what the scheduler did.
//
//   cpu  81329 34 28111 735670 1026 0 231 2171 0 0       all CPUs together
//   cpu0 39739 19 13422 369859  112 0  69 1139 0 0       user nice system idle iowait irq softirq steal guest guest_nice
//   intr 1234 0 9 ...                                    first number: interrupts served; thousands may follow
//   ctxt 5678     btime 1795000000     processes 90     procs_running 2     procs_blocked 0
//
// Times are in ticks of 1/100 s (USER_HZ is 100 on every architecture that Node runs on). Time of guests is
// contained in user and nice as well: do not add it to them.
// idle and iowait may go back a little from one reading to the next; whoever takes differences must allow for it.
//
// Source: the kernel's Documentation/filesystems/proc.rst, section 1.7.

import { ByteScanner, known, NO_NUMBER } from "./byte-scanner.ts";

const TICKS_PER_SECOND = 100;

/** Seconds since boot that a CPU spent in each mode. */
export interface CpuSeconds {
  /** In user mode at normal priority, guests included. */
  readonly user: number;
  /** In user mode at low priority, guests included. */
  readonly nice: number;
  readonly system: number;
  readonly idle: number;
  /** Idle while a disk request was pending. */
  readonly iowait: number;
  readonly irq: number;
  readonly softirq: number;
  /** Ready to run while the hypervisor ran somebody else. */
  readonly steal: number;
  /** Part of `user` that ran a virtual CPU. */
  readonly guest: number;
  /** Part of `nice` that ran a virtual CPU. */
  readonly guestNice: number;
}

/** The modes that add up to all time; guests are contained in user and nice. */
export const CPU_MODES = [
  "user",
  "nice",
  "system",
  "idle",
  "iowait",
  "irq",
  "softirq",
  "steal",
] as const;

/** A mode that a CPU's time is counted in. */
export type CpuMode = (typeof CPU_MODES)[number];

/** One CPU and its number. */
export interface CpuTimes {
  readonly cpu: number;
  readonly seconds: CpuSeconds;
}

/** What /proc/stat says. */
export interface ProcStat {
  /** All CPUs together. */
  readonly total: CpuSeconds;
  /** Each CPU that is online. */
  readonly cpus: readonly CpuTimes[];
  readonly bootTimeSeconds: number | undefined;
  readonly interrupts: number | undefined;
  readonly contextSwitches: number | undefined;
  /** Processes and threads started since boot. */
  readonly forks: number | undefined;
  readonly processesRunning: number | undefined;
  /** Processes that wait for a disk. */
  readonly processesBlocked: number | undefined;
}

/** @returns undefined when the line of all CPUs is missing or malformed; single malformed CPUs are left out */
export function parseProcStat(bytes: Uint8Array): ProcStat | undefined {
  const scanner = new ByteScanner(bytes);
  if (!scanner.take("cpu ")) return undefined;
  const total = readCpuSeconds(scanner);
  if (total === undefined) return undefined;
  scanner.nextLine();
  const cpus: CpuTimes[] = [];
  while (scanner.take("cpu")) {
    const cpu = scanner.integer();
    const seconds = readCpuSeconds(scanner);
    if (cpu !== NO_NUMBER && seconds !== undefined) cpus.push({ cpu, seconds });
    scanner.nextLine();
  }
  const rest = {
    interrupts: -1,
    contextSwitches: -1,
    boot: -1,
    forks: -1,
    running: -1,
    blocked: -1,
  };
  while (!scanner.done) {
    if (scanner.take("intr ")) rest.interrupts = scanner.integer();
    else if (scanner.take("ctxt ")) rest.contextSwitches = scanner.integer();
    else if (scanner.take("btime ")) rest.boot = scanner.integer();
    else if (scanner.take("processes ")) rest.forks = scanner.integer();
    else if (scanner.take("procs_running ")) rest.running = scanner.integer();
    else if (scanner.take("procs_blocked ")) rest.blocked = scanner.integer();
    scanner.nextLine();
  }
  return {
    total,
    cpus,
    bootTimeSeconds: known(rest.boot),
    interrupts: known(rest.interrupts),
    contextSwitches: known(rest.contextSwitches),
    forks: known(rest.forks),
    processesRunning: known(rest.running),
    processesBlocked: known(rest.blocked),
  };
}

/** The numbers of a line; the first four have always been there, later ones are 0 on kernels that lack them. */
function readCpuSeconds(scanner: ByteScanner): CpuSeconds | undefined {
  const user = scanner.integer();
  const nice = scanner.integer();
  const system = scanner.integer();
  const idle = scanner.integer();
  if (user === NO_NUMBER || nice === NO_NUMBER || system === NO_NUMBER || idle === NO_NUMBER) {
    return undefined;
  }
  return {
    user: user / TICKS_PER_SECOND,
    nice: nice / TICKS_PER_SECOND,
    system: system / TICKS_PER_SECOND,
    idle: idle / TICKS_PER_SECOND,
    iowait: secondsOrZero(scanner),
    irq: secondsOrZero(scanner),
    softirq: secondsOrZero(scanner),
    steal: secondsOrZero(scanner),
    guest: secondsOrZero(scanner),
    guestNice: secondsOrZero(scanner),
  };
}

function secondsOrZero(scanner: ByteScanner): number {
  const ticks = scanner.integer();
  return ticks === NO_NUMBER ? 0 : ticks / TICKS_PER_SECOND;
}
