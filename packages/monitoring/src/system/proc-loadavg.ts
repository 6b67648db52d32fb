// /proc/loadavg: "2.22 1.66 1.16 3/412 7874": load over 1, 5, 15 minutes; runnable/all threads; the last pid.
//
// Load on Linux counts threads that run, wait for a CPU or wait for a disk: compare it with the number of CPUs.
// Source: the kernel's Documentation/filesystems/proc.rst.

import { ByteScanner, known, NO_NUMBER } from "./byte-scanner.ts";

/** Exponentially damped averages of the number of threads that run or want to. */
export interface LoadAverage {
  readonly oneMinute: number;
  readonly fiveMinutes: number;
  readonly fifteenMinutes: number;
  readonly threadsRunnable: number | undefined;
  readonly threads: number | undefined;
}

/** @returns undefined when one of the averages is missing */
export function parseLoadavg(bytes: Uint8Array): LoadAverage | undefined {
  const scanner = new ByteScanner(bytes);
  const oneMinute = scanner.decimal();
  const fiveMinutes = scanner.decimal();
  const fifteenMinutes = scanner.decimal();
  if (oneMinute === NO_NUMBER || fiveMinutes === NO_NUMBER || fifteenMinutes === NO_NUMBER) {
    return undefined;
  }
  const threadsRunnable = scanner.integer();
  const threads = scanner.take("/") ? scanner.integer() : NO_NUMBER;
  return {
    oneMinute,
    fiveMinutes,
    fifteenMinutes,
    threadsRunnable: known(threadsRunnable),
    threads: known(threads),
  };
}
