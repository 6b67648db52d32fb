// This process: CPU time, memory, descriptors, faults. All threads together.
//
// CPU time is of process.resourceUsage() (1.3 µs, microseconds, every platform), memory of /proc/self/status where
// there is one: process.memoryUsage() opens a file for it each time and takes twice as long.
//
// Descriptors: since Linux 6.2 the size of the folder /proc/self/fd is their number: 6 µs. Before, the folder must
// be listed, which takes 4.5 ms with 4,000 of them: so that is done in libuv's pool and the last result is given.
//
// The start is taken once: computed from boot time and ticks, as /proc has it, it would move whenever the clock is
// corrected, and a start that moves looks like a restart.

import { readdir, statSync } from "node:fs";
import type { Bytes } from "@flx/model/write";
import type { ProcSelfIo } from "./proc-self-io.ts";
import type { ProcSelfLimits } from "./proc-self-limits.ts";
import type { ProcSelfStatus } from "./proc-self-status.ts";
import type { ReadErrors } from "./read-errors.ts";

const MICROSECONDS = 1_000_000;
const MILLISECONDS = 1_000;
const KILOBYTE = 1_024;

/** This process; undefined is what the platform does not tell. */
export interface ProcessFacts {
  readonly pid: number;
  /** Since 1970. The same number as long as the process lives. */
  readonly startTimeSeconds: number;
  readonly uptimeSeconds: number;
  readonly cpuUserSeconds: number;
  readonly cpuSystemSeconds: number;
  readonly residentBytes: Bytes;
  readonly residentPeakBytes: Bytes;
  readonly residentAnonymousBytes: Bytes | undefined;
  readonly virtualBytes: Bytes | undefined;
  readonly swappedBytes: Bytes | undefined;
  readonly threads: number | undefined;
  /** How many CPUs it may run on. */
  readonly allowedCpus: number | undefined;
  readonly openDescriptors: number | undefined;
  /** Infinity when unlimited. */
  readonly maxDescriptors: number | undefined;
  /** Page faults that needed no disk, and that did. */
  readonly minorPageFaults: number;
  readonly majorPageFaults: number;
  readonly voluntaryContextSwitches: number;
  readonly involuntaryContextSwitches: number;
  readonly io: ProcSelfIo | undefined;
}

/** What {@link readProcess} is given besides what Node knows. */
export interface ProcessSources {
  readonly status: ProcSelfStatus | undefined;
  readonly limits: ProcSelfLimits | undefined;
  readonly io: ProcSelfIo | undefined;
  readonly openDescriptors: number | undefined;
}

let startSeconds: number | undefined;

/** This process now. */
export function readProcess({ status, limits, io, openDescriptors }: ProcessSources): ProcessFacts {
  const usage = process.resourceUsage();
  const uptimeSeconds = process.uptime();
  startSeconds ??= Date.now() / MILLISECONDS - uptimeSeconds;
  return {
    pid: process.pid,
    startTimeSeconds: startSeconds,
    uptimeSeconds,
    cpuUserSeconds: usage.userCPUTime / MICROSECONDS,
    cpuSystemSeconds: usage.systemCPUTime / MICROSECONDS,
    residentBytes: status?.residentBytes ?? (process.memoryUsage.rss() as Bytes),
    residentPeakBytes: status?.residentPeakBytes ?? ((usage.maxRSS * KILOBYTE) as Bytes),
    residentAnonymousBytes: status?.residentAnonymousBytes,
    virtualBytes: status?.virtualBytes,
    swappedBytes: status?.swappedBytes,
    threads: status?.threads,
    allowedCpus: status?.allowedCpus,
    openDescriptors,
    maxDescriptors: limits?.maxDescriptors,
    minorPageFaults: usage.minorPageFault,
    majorPageFaults: usage.majorPageFault,
    voluntaryContextSwitches: usage.voluntaryContextSwitches,
    involuntaryContextSwitches: usage.involuntaryContextSwitches,
    io,
  };
}

/** Counts the open descriptors of a process. */
export class DescriptorCounter {
  readonly #folder: string;
  readonly #errors: ReadErrors;
  readonly #sizeCounts: boolean;
  #listed: number | undefined;
  #listing = false;

  /**
   * @param folder     "/proc/self/fd"
   * @param sizeCounts whether a size above 0 is the number of entries: so it is in procfs, not in other folders
   */
  constructor(
    folder: string,
    errors: ReadErrors,
    { sizeCounts }: { readonly sizeCounts: boolean },
  ) {
    this.#folder = folder;
    this.#errors = errors;
    this.#sizeCounts = sizeCounts;
  }

  /** How many are open; on kernels before 6.2 as of the last call, and undefined at the first. */
  count(): number | undefined {
    const size = this.#sizeCounts ? this.#size() : 0;
    if (size > 0) return size;
    this.#list();
    return this.#listed;
  }

  #size(): number {
    try {
      return statSync(this.#folder, { throwIfNoEntry: false })?.size ?? 0;
    } catch {
      return 0;
    }
  }

  #list(): void {
    if (this.#listing) return;
    this.#listing = true;
    readdir(this.#folder, (error, names) => {
      this.#listing = false;
      if (error !== null) {
        this.#errors.add(this.#folder, error.code === "ENOENT" ? "missing" : "unreadable");
      } else {
        // One of them is the descriptor that the folder was listed through.
        this.#listed = this.#sizeCounts ? Math.max(0, names.length - 1) : names.length;
      }
    });
  }
}
