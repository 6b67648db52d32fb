// Where health has its time from.

import type { UnixMs } from "@flx/model/write";

/** Time and one kind of timer. */
export interface HealthClock {
  now(): UnixMs;
  /** Milliseconds of a clock that never goes back. */
  monotonicMs(): number;
  /**
   * Calls once, after so many milliseconds, unless the function it gives is called before.
   *
   * @param keepsAlive whether the process waits for it (default: it does not)
   */
  setTimer(run: () => void, delayMs: number, keepsAlive?: boolean): () => void;
}

/** The clock of the machine. */
export const systemClock: HealthClock = {
  now: () => Date.now() as UnixMs,
  monotonicMs: () => performance.now(),
  setTimer: (run, delayMs, keepsAlive = false) => {
    const timer = setTimeout(run, Math.min(delayMs, 2 ** 31 - 1));
    if (!keepsAlive) timer.unref();
    return () => clearTimeout(timer);
  },
};
