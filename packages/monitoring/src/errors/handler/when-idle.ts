// Does work in pieces when the process has nothing better to do, and never because of it: timers that keep nothing alive,
// and no piece while the loop is busy.
//
//   DELAY ─► piece ─ PAUSE ─ piece ─ PAUSE ─ busy: LONG PAUSE ─ piece ─ ... ─► done, or given up
//
// A pause is longer each time that the loop was busy in it: once it is so when a piece has left something to the collector.

const DELAY_MS = 500;
const PAUSE_MS = 10;
const BUSY_PAUSE_MS = 500;
const FIRST_BUSY_PAUSE_MS = 50;
/** Above this share of the time since the last look, the loop is busy. */
const BUSY = 0.7;
/** A process that is busy for minutes has run its code, or has no errors. */
const MAX_BUSY = 200;

/** Does the pieces; disposing leaves the rest undone. */
export function whenIdle(pieces: Iterator<unknown>): Disposable {
  let last = performance.eventLoopUtilization();
  let busy = 0;
  let busyPauseMs = FIRST_BUSY_PAUSE_MS;
  const step = (): void => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    if (utilization > BUSY) {
      if (++busy < MAX_BUSY) again(busyPauseMs);
      busyPauseMs = Math.min(BUSY_PAUSE_MS, busyPauseMs * 2);
      return;
    }
    busyPauseMs = FIRST_BUSY_PAUSE_MS;
    if (pieces.next().done !== true) again(PAUSE_MS);
    // The piece itself is no reason to wait.
    last = performance.eventLoopUtilization();
  };
  const again = (ms: number): void => {
    timer = setTimeout(step, ms).unref();
  };
  let timer: NodeJS.Timeout | undefined;
  again(DELAY_MS);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
