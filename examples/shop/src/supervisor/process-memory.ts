// How much memory a process holds, as `shop status` shows it.

import { readFileSync } from "node:fs";

/** Resident memory in bytes, or undefined where the system does not say (only Linux has /proc). */
export function residentBytes(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}
