// The small files of control groups: what a limit looks like, and what "no limit" looks like.
//
//   cpu.max (v2)             "50000 100000"  half a CPU      "max 100000"  none
//   cpu.cfs_quota_us (v1)    "50000"                         "-1"          none
//   memory.max (v2)          "536870912"                     "max"         none
//   memory.limit_in_bytes    "536870912"     (v1)            "9223372036854771712"  none: the largest whole page count
//
// Parsers give Infinity for "no limit" and undefined for what is malformed.
//
// Sources: the kernel's Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst, scheduler/sched-bwc.rst.

import { ByteScanner, NO_NUMBER } from "./byte-scanner.ts";

/**
 * v1 writes "no limit" as the largest multiple of the page size below 2^63, which depends on the page size; nobody
 * sets a limit of 4 EiB.
 */
const UNLIMITED_FROM = 2 ** 62;

/** A whole number, alone in its file; undefined when it is something else. */
export function parseSingleNumber(bytes: Uint8Array): number | undefined {
  const scanner = new ByteScanner(bytes);
  const value = scanner.integer();
  scanner.take("\n");
  return value === NO_NUMBER || !scanner.done ? undefined : value;
}

/** A number of bytes or of tasks; Infinity for "max" and for v1's huge number. */
export function parseLimit(bytes: Uint8Array): number | undefined {
  const scanner = new ByteScanner(bytes);
  if (scanner.take("max")) {
    scanner.take("\n");
    return scanner.done ? Infinity : undefined;
  }
  const value = parseSingleNumber(bytes);
  return value !== undefined && value >= UNLIMITED_FROM ? Infinity : value;
}

/** Of cpu.max: how many CPUs' worth of time may be used; Infinity for "max". */
export function parseCpuMax(bytes: Uint8Array): number | undefined {
  const scanner = new ByteScanner(bytes);
  const unlimited = scanner.take("max");
  const quota = unlimited ? Infinity : scanner.integer();
  const period = scanner.integer();
  if (quota === NO_NUMBER || quota === 0 || period === NO_NUMBER || period === 0) return undefined;
  return quota / period;
}

/** Of cpu.cfs_quota_us: microseconds in each period; Infinity for -1. */
export function parseCfsQuota(bytes: Uint8Array): number | undefined {
  const scanner = new ByteScanner(bytes);
  if (scanner.take("-"))
    return parseSingleNumber(bytes.subarray(1)) === undefined ? undefined : Infinity;
  const quota = parseSingleNumber(bytes);
  return quota === 0 ? undefined : quota;
}
