// How a process ends after a signal, so that whoever sent it sees what he expects.
//
//   "signal"   the signal is sent again, with nobody left to catch it: the exit status is the signal's, as without us
//   "zero"     process.exit() with the exit code that was set, else 0
//   "none"     nothing: somebody else ends it
//
// The first process of a container (PID 1) is not ended by a signal that nobody catches, and other listeners may catch it:
// so after a moment it is process.exit(128 + the signal's number), what shells make of a signal.

import { constants } from "node:os";

/** How a process ends after a signal. */
export type ExitMode = "signal" | "zero" | "none";

const PATIENCE_MS = 500;

/** Ends the process. */
export function endProcess(mode: ExitMode, signal: NodeJS.Signals): void {
  if (mode === "none") return;
  if (mode === "zero") process.exit(process.exitCode ?? 0);
  process.kill(process.pid, signal);
  setTimeout(() => process.exit(128 + constants.signals[signal]), PATIENCE_MS);
}
