// Tells whether a process that left a note is still the one that runs under its number.
//
// A pid alone is not enough: numbers are given out again, and in a container every service is number 1. When the process
// began (in clock ticks since the machine's start, field 22 of /proc/<pid>/stat) tells two holders of a number apart.
//
// Numbers mean nothing outside of the space they are given out in: two containers that share a folder see each other's
// numbers as somebody else's, or nobody's. So a mark names its space (machine, its start, its pid namespace), and of one
// from another space it can only be said whether it has shown itself lately: whoever has files there touches the mark.

import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A process of another space that has not touched its mark for so long is no more. */
export const SILENT_MS = 90_000;

/** A process, so that it can be recognised. */
export interface ProcessMark {
  readonly pid: number;
  /** When it began, in clock ticks; undefined where there is no /proc. */
  readonly startTicks: number | undefined;
  /** Where its number means something. */
  readonly space: string;
}

/** The mark of this process. */
export function thisProcess(): ProcessMark {
  return { pid: process.pid, startTicks: startTicks(process.pid), space: thisSpace() };
}

/**
 * Whether the process of a mark is running; a mark that cannot be read is of nobody.
 *
 * @param silentMs how long ago the mark was touched
 */
export function isRunning(mark: ProcessMark | undefined, silentMs: number): boolean {
  if (mark === undefined || !Number.isSafeInteger(mark.pid) || mark.pid <= 0) return false;
  if (mark.space !== thisSpace()) return silentMs < SILENT_MS;
  const ticks = startTicks(mark.pid);
  if (ticks !== undefined && mark.startTicks !== undefined) return ticks === mark.startTicks;
  if (mark.pid === process.pid) return false;
  try {
    process.kill(mark.pid, 0);
    return true;
  } catch (error) {
    // Not ours to signal, but there.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

let space: string | undefined;

function thisSpace(): string {
  space ??= [
    hostname(),
    attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    attempt(() => readlinkSync("/proc/self/ns/pid")),
  ].join(" ");
  return space;
}

function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}

function startTicks(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in brackets may contain anything, also brackets and blanks.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[19]);
    return Number.isSafeInteger(ticks) ? ticks : undefined;
  } catch {
    return undefined;
  }
}
