// Does things at their time with a single timer, however many there are.
//
//   queue   12.0  12.4  13.1 ...        timer for the first of them
//
// When the event loop was held, a timer fires late. Then what waits for an answer has lost time in which no answer
// could be seen: `onLate` is told how long, before anything that is due is done.

import type { HealthClock } from "./clock.ts";
import { type DueEntry, DueQueue } from "./due-queue.ts";

/** A timer is late from here on; below, it is as timers are. */
const LATE_MS = 20;

/** Timers have whole milliseconds: what is due within this is due. */
const EARLY_MS = 0.5;

/** Does things at their time. */
export class Scheduler {
  readonly #clock: HealthClock;
  readonly #onLate: (lateMs: number) => void;
  readonly #queue = new DueQueue();
  #armedForMs = Infinity;
  #disarm: () => void = () => {};
  #isFiring = false;

  constructor(clock: HealthClock, onLate: (lateMs: number) => void) {
    this.#clock = clock;
    this.#onLate = onLate;
  }

  /** Does it at that time, and at no other time that was said before. */
  put(entry: DueEntry, atMs: number): void {
    this.#queue.put(entry, atMs);
    if (!this.#isFiring && atMs < this.#armedForMs) this.#arm();
  }

  /** Does it no more. */
  remove(entry: DueEntry): void {
    this.#queue.remove(entry);
  }

  /** Does nothing of it all. */
  clear(): void {
    this.#queue.clear();
    this.#disarm();
    this.#armedForMs = Infinity;
  }

  #arm(): void {
    const first = this.#queue.first();
    this.#disarm();
    this.#armedForMs = first?.atMs ?? Infinity;
    if (first === undefined) return;
    const delayMs = Math.max(0, first.atMs - this.#clock.monotonicMs());
    this.#disarm = this.#clock.setTimer(() => this.#fire(), Math.ceil(delayMs));
  }

  #fire(): void {
    const nowMs = this.#clock.monotonicMs();
    const lateMs = nowMs - this.#armedForMs;
    this.#isFiring = true;
    try {
      if (lateMs >= LATE_MS) this.#onLate(lateMs);
      for (let entry = this.#queue.first(); entry !== undefined; entry = this.#queue.first()) {
        if (entry.atMs > nowMs + EARLY_MS) break;
        this.#queue.remove(entry);
        entry.run(nowMs);
      }
    } finally {
      this.#isFiring = false;
      this.#arm();
    }
  }
}
