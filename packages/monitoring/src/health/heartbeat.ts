// A component that tells its state itself: a worker's loop, a queue's consumer, a cron job.
//
//   beat ──── beat ──── beat ─────────────── ttl over: unhealthy ──── beat: healthy
//
// A beat costs no timer: the time at which one is missing is looked at only when it is there.

import type { Board } from "./board.ts";
import type { HealthClock } from "./clock.ts";
import type { Component } from "./component.ts";
import { type DueEntry, dueEntry } from "./due-queue.ts";
import { errorFinding, failed, findingOf } from "./finding.ts";
import type { CheckAnswer } from "./health-check.ts";
import type { Redactor } from "../redaction/redact.ts";
import type { Scheduler } from "./scheduler.ts";

/** What a component beats with. */
export interface Heartbeat {
  readonly name: string;
  /** Says that the component is there, and how it is (default: healthy). Never throws. */
  beat(answer?: CheckAnswer): void;
  /** Says that something failed; the component is unhealthy until the next beat. Never throws. */
  fail(error: unknown): void;
}

/** What a heartbeat works with. */
export interface HeartbeatParts {
  readonly clock: HealthClock;
  readonly board: Board;
  readonly scheduler: Scheduler;
  readonly redactor: Redactor;
}

/** One component that beats. */
export class PushCheck implements Heartbeat {
  readonly component: Component;
  readonly ttlMs: number;
  readonly #parts: HeartbeatParts;
  readonly #missing: DueEntry;
  #lastMs: number;
  #isWatched = false;

  constructor(component: Component, ttlMs: number, parts: HeartbeatParts) {
    this.component = component;
    this.ttlMs = ttlMs;
    this.#parts = parts;
    this.#lastMs = parts.clock.monotonicMs();
    this.#missing = dueEntry((nowMs) => this.#due(nowMs));
  }

  get name(): string {
    return this.component.name;
  }

  beat(answer?: CheckAnswer): void {
    this.#note();
    this.#parts.board.take(this.component, findingOf(answer, this.#parts.redactor));
  }

  fail(error: unknown): void {
    this.#note();
    this.#parts.board.take(this.component, errorFinding(error, this.#parts.redactor));
  }

  /** From now on a beat may be missing. */
  watch(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    this.#note();
  }

  /** No beat is missing any more. */
  unwatch(): void {
    this.#isWatched = false;
    this.#parts.scheduler.remove(this.#missing);
  }

  #note(): void {
    const { clock, scheduler } = this.#parts;
    this.#lastMs = clock.monotonicMs();
    if (this.#isWatched && this.#missing.place < 0) {
      scheduler.put(this.#missing, this.#lastMs + this.ttlMs);
    }
  }

  #due(nowMs: number): void {
    const missingMs = this.#lastMs + this.ttlMs;
    if (nowMs < missingMs) this.#parts.scheduler.put(this.#missing, missingMs);
    else this.#parts.board.take(this.component, failed(`no beat within ${this.ttlMs} ms`));
  }
}
