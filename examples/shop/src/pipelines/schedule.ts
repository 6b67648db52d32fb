// Runs pipelines at hours of the shop's day, one run at a time.
//
//   hour     02:00 nightly-import   03:00 09:00 15:00 21:00 reconciliation   06:00 18:00 restock
//
// A failed run is tried again after `retryMs`, unless another run of the same job comes first.

import { untilHour } from "../shop-clock.ts";

/** When a job runs: hours of the shop's day. */
export type Job<Name extends string> = { readonly name: Name; readonly hours: readonly number[] };

/** Says whether the run went well. */
export type RunJob<Name extends string> = (name: Name) => Promise<boolean>;

const retryMs = 15_000;

/** How long until the first of `hours`, in milliseconds, > 0. */
export function untilNext(hours: readonly number[], elapsedMs: number, dayMs: number): number {
  return Math.min(...hours.map((hour) => untilHour(hour, elapsedMs, dayMs)));
}

/** Jobs on their hours. */
export class Schedule<Name extends string> {
  readonly #run: RunJob<Name>;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #retries = new Map<Name, NodeJS.Timeout>();
  #last: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(run: RunJob<Name>) {
    this.#run = run;
  }

  /** Runs `job` at its hours from now on; the shop opened at `openedAtMs`. */
  add(job: Job<Name>, openedAtMs: number, dayMs: number): void {
    // A timer may fire a millisecond early; asking from a little later keeps one hour from running twice.
    const slackMs = 20;
    const waitMs = untilNext(job.hours, Date.now() - openedAtMs + slackMs, dayMs) + slackMs;
    this.#after(waitMs, () => {
      this.runNow(job.name);
      this.add(job, openedAtMs, dayMs);
    });
  }

  /** Runs a job as soon as the one before has finished. */
  runNow(name: Name): void {
    this.#last = this.#runAfter(this.#last, name);
  }

  /** Starts nothing more and waits for what runs. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#last;
  }

  async #runAfter(before: Promise<unknown>, name: Name): Promise<void> {
    await before;
    clearTimeout(this.#retries.get(name));
    if (this.#stopped || (await this.#run(name)) || this.#stopped) return;
    this.#retries.set(
      name,
      this.#after(retryMs, () => this.runNow(name)),
    );
  }

  #after(waitMs: number, work: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, waitMs);
    this.#timers.add(timer);
    return timer;
  }
}
