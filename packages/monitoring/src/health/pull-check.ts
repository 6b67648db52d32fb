// A check that is asked: when it runs next, and the one run of it that may be under way.
//
//   grid     |-------------|-------------|-------------|       anchor + k * interval: each check has its own anchor
//   starts        x            x              x                 near the grid, jittered, so that no two drift together
//
// The grid is spread over the interval by the golden ratio: however many checks there are, and in whatever order they come
// and go, the next one falls into one of the largest gaps.

import type { CheckOptions } from "./check-options.ts";
import type { CheckRun } from "./check-run.ts";
import type { Component } from "./component.ts";
import { type DueEntry, dueEntry } from "./due-queue.ts";
import type { HealthCheck } from "./health-check.ts";
import { checkCount, checkMs } from "./option-checks.ts";

const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

/** Starts are this part of the interval before or after the grid, at most. */
const JITTER = 0.05;

/** What a pull check does at its times. */
export interface PullActions {
  readonly due: (check: PullCheck, nowMs: number) => void;
  readonly deadline: (check: PullCheck) => void;
  readonly stale: (check: PullCheck, nowMs: number) => void;
}

/** A check that is asked. Its times are of the monotonic clock. */
export class PullCheck {
  readonly component: Component;
  readonly check: HealthCheck;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly staleAfterMs: number;
  readonly due: DueEntry;
  readonly deadline: DueEntry;
  readonly stale: DueEntry;
  run: CheckRun | undefined;
  startedMs = 0;
  resultMs = 0;
  /** How much the deadline of the run has been put off because nothing could answer. */
  extendedMs = 0;
  /** Waits for a place among the runs under way. */
  isQueued = false;
  isGone = false;
  /** Those who wait for the end of the run, or for its deadline. */
  readonly waiting: (() => void)[] = [];
  #anchorMs = 0;

  constructor(
    component: Component,
    check: HealthCheck,
    options: CheckOptions,
    actions: PullActions,
  ) {
    const { intervalMs = 10_000 } = options;
    const { timeoutMs = Math.min(5_000, intervalMs) } = options;
    const { staleAfterMs = 3 * intervalMs + timeoutMs } = options;
    this.component = component;
    this.check = check;
    this.intervalMs = intervalMs;
    this.timeoutMs = timeoutMs;
    this.staleAfterMs = staleAfterMs;
    this.due = dueEntry((nowMs) => actions.due(this, nowMs));
    this.deadline = dueEntry(() => actions.deadline(this));
    this.stale = dueEntry((nowMs) => actions.stale(this, nowMs));
  }

  /** Whether nothing is gained by asking again: it only says that the start is over, and it is. */
  get isDone(): boolean {
    const { kinds, hasPassed } = this.component;
    return hasPassed && kinds.length === 1 && kinds[0] === "startup";
  }

  /** Chooses the grid of the check that was the `index`-th to come, after a random beginning. */
  place(nowMs: number, index: number, random: number): void {
    const phase = (random + index * GOLDEN_RATIO) % 1;
    this.#anchorMs = nowMs + phase * this.intervalMs;
  }

  /** The next start: on the grid give or take the jitter, at least about half an interval from now. */
  nextDueMs(nowMs: number, random: number): number {
    const { intervalMs } = this;
    const steps = Math.ceil((nowMs - this.#anchorMs) / intervalMs + 0.5);
    const jitterMs = (2 * random - 1) * JITTER * intervalMs;
    return Math.max(nowMs + 1, this.#anchorMs + steps * intervalMs + jitterMs);
  }

  /** Lets those go on who wait. */
  release(): void {
    for (const each of this.waiting.splice(0)) each();
  }
}

/** @throws {FlxError} `FLX_HEALTH_OPTION` for a time or count that is none */
export function checkTimes(name: string, options: CheckOptions): void {
  const { intervalMs = 1, timeoutMs = 1, staleAfterMs = 1, rise = 1, fall = 1 } = options;
  checkMs(name, "intervalMs", intervalMs);
  checkMs(name, "timeoutMs", timeoutMs);
  checkMs(name, "staleAfterMs", staleAfterMs);
  checkCount(name, "rise", rise);
  checkCount(name, "fall", fall);
}
