// A clock that stands still until it is told to go on: hours of checks pass in milliseconds, the same way every time.

import { setImmediate as turn } from "node:timers/promises";
import type { UnixMs } from "@flx/model/write";
import type { HealthClock } from "./clock.ts";

interface Timer {
  readonly atMs: number;
  readonly run: () => void;
}

/** A clock for tests. */
export class ManualClock implements HealthClock {
  #elapsedMs = 0;
  readonly #startMs: number;
  readonly #timers = new Set<Timer>();

  /** @param startMs what `now()` begins with; default 2026-01-01T00:00:00Z */
  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#startMs = startMs;
  }

  now(): UnixMs {
    return (this.#startMs + this.#elapsedMs) as UnixMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  setTimer(run: () => void, delayMs: number): () => void {
    const timer = { atMs: this.#elapsedMs + Math.max(0, delayMs), run };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Goes on, firing timers at their time and letting what they started settle, as far as it does so at once. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#elapsedMs + ms;
    await turn();
    for (;;) {
      const next = this.#next(endMs);
      if (next === undefined) break;
      this.#elapsedMs = Math.max(this.#elapsedMs, next.atMs);
      this.#timers.delete(next);
      next.run();
      await turn();
    }
    this.#elapsedMs = endMs;
  }

  /** Jumps, as after a time in which nothing ran: timers fire late, at the next `advance`. */
  jump(ms: number): void {
    this.#elapsedMs += ms;
  }

  #next(endMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs <= endMs && (next === undefined || timer.atMs < next.atMs)) next = timer;
    }
    return next;
  }
}
