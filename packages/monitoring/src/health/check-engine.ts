// The engine: runs checks at their times, few at once, one run of each at most, none longer than its deadline is waited for.
//
//   due ──► queue ──► run ──┬── answers, throws ──────────────► result
//            (maxConcurrency)├── deadline ──► signal aborted ──► unhealthy, "no answer within ..."
//                            │     its place is free again; the run itself is still out:
//                            │     at the next due times nothing is started, the failure counts again
//                            └── comes back late ─────────────► may be started again; what it says is not believed
//
// A run that holds the event loop cannot be stopped. It is unhealthy for it afterwards; and the deadlines of the others are
// put off by the time in which no answer of theirs could be seen.
//
// A check that finds something wrong has those asked at once that it depends on, so that the cause is known
// with the failure, not an interval later.

import type { HealthClock } from "./clock.ts";
import type { Board } from "./board.ts";
import { CheckRun } from "./check-run.ts";
import { errorFinding, failed, type Finding, findingOf } from "./finding.ts";
import type { PullActions, PullCheck } from "./pull-check.ts";
import type { Redactor } from "../redaction/redact.ts";
import { Scheduler } from "./scheduler.ts";
import { severityOf } from "./severity.ts";

/** First runs begin this far from each other: soon, and not all at once. */
const FIRST_RUN_GAP_MS = 5;

/** What the engine works with. */
export interface EngineOptions {
  readonly clock: HealthClock;
  readonly random: () => number;
  readonly board: Board;
  readonly redactor: Redactor;
  readonly maxConcurrency: number;
}

/** Runs checks. */
export class CheckEngine {
  readonly scheduler: Scheduler;
  readonly actions: PullActions = {
    due: (check, nowMs) => this.#due(check, nowMs),
    deadline: (check) => this.#missed(check),
    stale: (check, nowMs) => this.#stale(check, nowMs),
  };
  readonly #options: EngineOptions;
  readonly #checks = new Map<string, PullCheck>();
  readonly #queue: PullCheck[] = [];
  readonly #random: number;
  #placed = 0;
  /** Runs under way whose deadline is ahead. */
  #underWay = 0;
  #isPumping = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.scheduler = new Scheduler(options.clock, (lateMs) => this.#putOff(lateMs));
    // Replicas that start together do not ask together.
    this.#random = options.random();
  }

  /** The check of a name. */
  get(name: string): PullCheck | undefined {
    return this.#checks.get(name);
  }

  /** All checks, in the order in which they came. */
  checks(): PullCheck[] {
    return [...this.#checks.values()];
  }

  add(check: PullCheck): void {
    this.#checks.set(check.component.name, check);
  }

  /** Forgets a check; a run of it is told to give up, and what it says is not heard. */
  remove(name: string): void {
    const check = this.#checks.get(name);
    if (check === undefined) return;
    this.#checks.delete(name);
    this.#halt(check, `the check ${name} was unregistered`);
    check.isGone = true;
    this.#pump();
  }

  /** Runs these checks from now on, again and again. */
  schedule(checks: readonly PullCheck[]): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const [i, check] of checks.toSorted(byUrgency).entries()) {
      check.place(nowMs, this.#placed++, this.#random);
      this.scheduler.put(check.due, nowMs + Math.min(i * FIRST_RUN_GAP_MS, check.intervalMs));
    }
  }

  /** Runs nothing any more; runs under way are told to give up. */
  stop(): void {
    for (const check of this.checks()) this.#halt(check, "the health checker was stopped");
    this.scheduler.clear();
  }

  /** Runs a check now, or waits for the run that is under way; not for one that has missed its deadline. */
  async run(check: PullCheck): Promise<void> {
    if (check.isGone || check.run?.isOverdue === true) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    check.waiting.push(resolve);
    this.#enqueue(check);
    await promise;
  }

  #due(check: PullCheck, nowMs: number): void {
    if (check.isDone) return;
    const { board, random } = this.#options;
    this.scheduler.put(check.due, check.nextDueMs(nowMs, random()));
    if (check.run?.isOverdue === true) board.take(check.component, noAnswer(check));
    else this.#enqueue(check);
  }

  #enqueue(check: PullCheck): void {
    if (check.isQueued || check.run !== undefined) return;
    check.isQueued = true;
    this.#queue.push(check);
    this.#pump();
  }

  /** Starts what there is room for. Not entered again by checks that answer at once, which may be many. */
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (this.#underWay < this.#options.maxConcurrency) {
      const check = this.#queue.shift();
      if (check === undefined) break;
      check.isQueued = false;
      if (!check.isGone) this.#start(check);
    }
    this.#isPumping = false;
  }

  #start(check: PullCheck): void {
    const { clock, redactor } = this.#options;
    const run = new CheckRun(check.timeoutMs);
    check.run = run;
    check.extendedMs = 0;
    check.startedMs = clock.monotonicMs();
    this.#underWay++;
    let answer: unknown;
    let pending: Promise<unknown> | undefined;
    try {
      answer = check.check(run);
      // A thenable is believed to be one only here, where what its getter throws is caught.
      if (isThenable(answer)) pending = Promise.resolve(answer);
    } catch (error) {
      this.#finish(check, run, errorFinding(error, redactor));
      return;
    }
    const heldMs = clock.monotonicMs() - check.startedMs;
    if (pending === undefined) {
      this.#finish(check, run, heldTooLong(check, heldMs) ?? findingOf(answer, redactor));
      return;
    }
    if (check.run !== run) return;
    this.scheduler.put(check.deadline, check.startedMs + Math.max(check.timeoutMs, heldMs));
    pending.then(
      (value) => this.#finish(check, run, heldTooLong(check, heldMs) ?? findingOf(value, redactor)),
      (error: unknown) => this.#finish(check, run, errorFinding(error, redactor)),
    );
  }

  #finish(check: PullCheck, run: CheckRun, finding: Finding): void {
    if (check.run !== run) return;
    check.run = undefined;
    this.scheduler.remove(check.deadline);
    if (run.isOverdue) this.#options.board.noteRunning(check.component, undefined);
    else {
      this.#underWay--;
      const nowMs = this.#options.clock.monotonicMs();
      this.#result(check, finding, nowMs - check.startedMs);
    }
    check.release();
    this.#pump();
  }

  #missed(check: PullCheck): void {
    const { run } = check;
    if (run === undefined || run.isOverdue) return;
    run.isOverdue = true;
    this.#underWay--;
    const { board, clock } = this.#options;
    const sinceMs = clock.now() - (clock.monotonicMs() - check.startedMs);
    board.noteRunning(check.component, Math.round(sinceMs) as ReturnType<HealthClock["now"]>);
    run.abort(`no answer within ${check.timeoutMs} ms`);
    // Its listeners may have had it finished, or unregistered, by now.
    if (!check.isGone) this.#result(check, noAnswer(check), undefined);
    check.release();
    this.#pump();
  }

  #result(check: PullCheck, finding: Finding, durationMs: number | undefined): void {
    const { board, clock } = this.#options;
    const { component } = check;
    check.resultMs = clock.monotonicMs();
    if (check.due.place >= 0 && check.stale.place < 0) {
      this.scheduler.put(check.stale, check.resultMs + check.staleAfterMs);
    }
    const before = component.status;
    board.take(component, finding, durationMs);
    if (severityOf(component.status) > severityOf(before)) this.#askCauses(check);
  }

  /** Has those asked now that a failing check depends on, unless they were asked since it began. */
  #askCauses(check: PullCheck): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const name of check.component.dependsOn) {
      const cause = this.#checks.get(name);
      if (cause === undefined || cause.due.place < 0 || cause.resultMs >= check.startedMs) continue;
      this.scheduler.put(cause.due, nowMs);
    }
  }

  /** The time at which the last result is too old is looked at only when it is there, not moved by each result. */
  #stale(check: PullCheck, nowMs: number): void {
    if (check.isDone) return;
    const staleMs = check.resultMs + check.staleAfterMs;
    if (nowMs < staleMs) this.scheduler.put(check.stale, staleMs);
    else this.#options.board.forget(check.component);
  }

  /** Nothing could answer for so long: deadlines come later, by no more than the time they gave in all. */
  #putOff(lateMs: number): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const check of this.#checks.values()) {
      const { run, deadline } = check;
      if (run === undefined || deadline.place < 0 || deadline.atMs > nowMs) continue;
      const moreMs = Math.min(lateMs, check.timeoutMs - check.extendedMs);
      if (moreMs <= 0) continue;
      check.extendedMs += moreMs;
      this.scheduler.put(deadline, nowMs + moreMs);
    }
  }

  #halt(check: PullCheck, why: string): void {
    const { run } = check;
    for (const entry of [check.due, check.deadline, check.stale]) this.scheduler.remove(entry);
    const at = check.isQueued ? this.#queue.indexOf(check) : -1;
    if (at >= 0) this.#queue.splice(at, 1);
    check.isQueued = false;
    check.run = undefined;
    if (run !== undefined && !run.isOverdue) this.#underWay--;
    if (run?.isOverdue === true) this.#options.board.noteRunning(check.component, undefined);
    run?.abort(why);
    check.release();
  }
}

/** Startup checks first, then critical ones: what decides is known soonest. */
function byUrgency({ component: a }: PullCheck, { component: b }: PullCheck): number {
  const rank = ({ kinds, critical }: PullCheck["component"]): number =>
    (kinds.includes("startup") ? 0 : 2) + (critical ? 0 : 1);
  return rank(a) - rank(b);
}

function isThenable(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as { then?: unknown }).then === "function"
  );
}

function noAnswer({ timeoutMs }: PullCheck): Finding {
  return failed(`no answer within ${timeoutMs} ms`);
}

function heldTooLong({ timeoutMs }: PullCheck, heldMs: number): Finding | undefined {
  return heldMs < timeoutMs
    ? undefined
    : failed(
        `the check held the event loop for ${Math.round(heldMs)} ms, with a deadline of ${timeoutMs} ms`,
      );
}
