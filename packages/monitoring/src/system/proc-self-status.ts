// /proc/self/status: memory and threads of this process, and the CPUs it may run on.
//
//   VmSize:     1234 kB      Threads: 11      Cpus_allowed_list: 0-1
//
// CPU time, page faults and context switches come from process.resourceUsage(): finer than the ticks of
// /proc/self/stat, and of all threads. Sizes here are in kB, there in pages of a size that Node does not tell.
// Source: the kernel's Documentation/filesystems/proc.rst, table 1-2.

import type { Bytes } from "@flx/model/write";
import { ByteScanner } from "./byte-scanner.ts";
import { countCpuList } from "./cpu-list.ts";
import { KeyedNumbers } from "./keyed-numbers.ts";

/** What the kernel says about this process. */
export interface ProcSelfStatus {
  readonly virtualBytes: Bytes | undefined;
  readonly residentBytes: Bytes | undefined;
  /** The most memory that was ever resident. */
  readonly residentPeakBytes: Bytes | undefined;
  /** Resident memory that belongs to no file: the part that cannot be dropped. */
  readonly residentAnonymousBytes: Bytes | undefined;
  readonly swappedBytes: Bytes | undefined;
  readonly threads: number | undefined;
  /** How many CPUs it may run on (affinity and cpuset). */
  readonly allowedCpus: number | undefined;
}

const lines = new KeyedNumbers(["VmSize", "VmRSS", "VmHWM", "RssAnon", "VmSwap", "Threads"]);

/** @returns undefined when none of the wanted lines is there */
export function parseProcSelfStatus(bytes: Uint8Array): ProcSelfStatus | undefined {
  const found = lines.read(bytes);
  const allowedCpus = readAllowedCpus(bytes);
  if (found === 0 && allowedCpus === undefined) return undefined;
  return {
    virtualBytes: lines.scaled("VmSize", 1024) as Bytes | undefined,
    residentBytes: lines.scaled("VmRSS", 1024) as Bytes | undefined,
    residentPeakBytes: lines.scaled("VmHWM", 1024) as Bytes | undefined,
    residentAnonymousBytes: lines.scaled("RssAnon", 1024) as Bytes | undefined,
    swappedBytes: lines.scaled("VmSwap", 1024) as Bytes | undefined,
    threads: lines.get("Threads"),
    allowedCpus,
  };
}

function readAllowedCpus(bytes: Uint8Array): number | undefined {
  const scanner = new ByteScanner(bytes);
  while (!scanner.done) {
    if (scanner.take("Cpus_allowed_list:")) return countCpuList(scanner.word());
    scanner.nextLine();
  }
  return undefined;
}
