// Tells whether a process that left a note is still the one that runs under its number.
//
// A pid alone is not enough: numbers are given out again, and in a container every service is number 1. When the process
// began (in clock ticks since the machine's start, field 22 of /proc/<pid>/stat) tells two holders of a number apart.

import { readFileSync } from "node:fs";

/** A process, so that it can be recognised. */
export interface ProcessMark {
  readonly pid: number;
  /** When it began, in clock ticks; undefined where there is no /proc. */
  readonly startTicks: number | undefined;
}

/** The mark of this process. */
export function thisProcess(): ProcessMark {
  return { pid: process.pid, startTicks: startTicks(process.pid) };
}

/** Whether the process of a mark is running; a mark that cannot be read is of nobody. */
export function isRunning(mark: ProcessMark | undefined): boolean {
  if (mark === undefined || !Number.isSafeInteger(mark.pid) || mark.pid <= 0) return false;
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
