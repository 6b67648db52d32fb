// Ends what a test left running, however the test process itself ends.
//
//   test process ──pipe──> guardian (one small sh per test process)
//     "+ 4711"               remembers group 4711
//     "- 4711"               forgets it
//     (pipe closes)          SIGKILL to every group it still remembers, then exits
//
// Why a second process: nothing inside a process runs when it is ended by SIGKILL, and a test runner
// does that to a test file that hangs. The kernel closes the pipe in every case. Linux' parent-death
// signal would reach only the direct child, and only on Linux. The exit hook below is faster in the usual
// case; the guardian is for the others. It stands in its own process group and ignores the signals of a
// terminal, so that Ctrl-C does not end it first.
//
// A process that leaves its group (setsid) is not caught.

import { spawn } from "node:child_process";
import { Socket } from "node:net";
import { signalGroup } from "./process-group.ts";

const program = `
trap '' INT TERM HUP
groups=""
while read -r what id; do
  kept=""
  for group in $groups; do [ "$group" = "$id" ] || kept="$kept $group"; done
  [ "$what" = "+" ] && kept="$kept $id"
  groups=$kept
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
exit 0
`;

const watched = new Set<number>();
let tell: ((line: string) => void) | undefined;

/** From now on the group ends when this process does. */
export function guard(groupId: number): void {
  tell ??= startGuardian();
  watched.add(groupId);
  tell(`+ ${groupId}\n`);
}

/** The group has ended; its number may be given to somebody else. */
export function unguard(groupId: number): void {
  if (watched.delete(groupId)) tell?.(`- ${groupId}\n`);
}

function startGuardian(): (line: string) => void {
  const guardian = spawn("sh", ["-c", program], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    env: { PATH: process.env["PATH"] },
  });
  // Without a guardian the exit hook is what remains; a test must not fail for that.
  guardian.on("error", () => {});
  guardian.stdin.on("error", () => {});
  guardian.unref();
  // The pipe is a socket; as long as it is referenced it would keep the test process alive.
  if (guardian.stdin instanceof Socket) guardian.stdin.unref();

  process.on("exit", () => {
    for (const groupId of watched) signalGroup(groupId, "SIGKILL");
  });
  return (line) => guardian.stdin.write(line);
}
