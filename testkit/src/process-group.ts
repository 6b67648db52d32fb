// Which processes belong to a process group, and whether any of them still runs.
//
// A zombie has ended and only waits for its parent to read its exit code; it holds no port, no file and
// no memory, and where process 1 does not collect orphans it stays for ever. So zombies do not count.
//
// Linux is read from /proc, other systems through `ps`.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** The living processes of a group, in no particular order; zombies are left out. */
export function processesInGroup(groupId: number): number[] {
  if (!groupExists(groupId)) return [];
  return process.platform === "linux" ? fromProc(groupId) : fromPs(groupId);
}

/** The command line of a process as one text, for messages; "(gone)" when it has ended. */
export function commandLine(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    return text === "" ? "(gone)" : text;
  } catch {
    return "(gone)";
  }
}

/** Sends a signal to every process of a group; false when there is none left. */
export function signalGroup(groupId: number, signal: NodeJS.Signals): boolean {
  // Group 0 is our own and -1 is every process of the machine: never by mistake.
  if (groupId <= 1) return false;
  try {
    process.kill(-groupId, signal);
    return true;
  } catch (error) {
    if (isErrno(error, "ESRCH")) return false;
    throw error;
  }
}

function groupExists(groupId: number): boolean {
  if (groupId <= 1) return false;
  try {
    process.kill(-groupId, 0);
    return true;
  } catch (error) {
    // EPERM: a member belongs to somebody else, so the group is there.
    return !isErrno(error, "ESRCH");
  }
}

function fromProc(groupId: number): number[] {
  const found: number[] = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    let stat: string;
    try {
      stat = readFileSync(`/proc/${entry}/stat`, "utf8");
    } catch {
      continue; // ended since the folder was listed
    }
    // pid (name) state parent group ...; the name may hold blanks and brackets, so read after the last one.
    const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (state !== "Z" && state !== "X" && Number(group) === groupId) found.push(Number(entry));
  }
  return found;
}

function fromPs(groupId: number): number[] {
  const rows = execFileSync("ps", ["-A", "-o", "pid=,pgid=,stat="], { encoding: "utf8" });
  return rows
    .split("\n")
    .map((row) => row.trim().split(/\s+/))
    .filter(([, group, state]) => Number(group) === groupId && state?.startsWith("Z") === false)
    .map(([pid]) => Number(pid));
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
