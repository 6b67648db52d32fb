// Counts the runs of one name, and observes how long they took.
//
//   RunMeters (a family)  ── name ──►  RunMeter  ── begin() ──►  Run  ── end(how) ──►  counter{name, status} + 1
//                                                                                      histogram{name} observes
//
// A meter holds the bound instruments of its name, so that a run costs two additions and no look-up of labels. Meters
// are kept as long as the metric has room for their names; later names are counted in its overflow series anyway, so
// endless names do not fill the memory either.

import type { CallObserver, ObservedCall } from "../../calls/observed-call.ts";
import type { BoundCounter } from "../counter.ts";
import type { BoundHistogram } from "../histogram.ts";
import { DEFAULT_MAX_SERIES } from "../series-store.ts";
import type { Ending, StatusOf } from "./run-status.ts";

/** What the runs of a family are counted in. */
export interface RunFamily {
  readonly counterOf: (name: string, status: string) => BoundCounter;
  readonly durationOf: (name: string) => BoundHistogram;
  readonly statusOf: StatusOf;
  /** Statuses that are exposed with 0 before they happen, so that the first failure is an increase. */
  readonly firstStatuses: readonly string[];
  /** Whether a function may be told by a callback, or by a stream among its arguments, as gRPC handlers are. */
  readonly isCallbackStyle: boolean;
  /** Milliseconds of a clock that never goes back. */
  readonly clock: () => number;
}

/** The meters of a family, by name. */
export class RunMeters {
  readonly #family: RunFamily;
  readonly #meters = new Map<string, RunMeter>();

  constructor(family: RunFamily) {
    this.#family = family;
  }

  /** The meter of a name. */
  meter(name: string): RunMeter {
    let meter = this.#meters.get(name);
    if (meter === undefined) {
      meter = new RunMeter(this.#family, name);
      if (this.#meters.size < DEFAULT_MAX_SERIES) this.#meters.set(name, meter);
    }
    return meter;
  }
}

/** The runs of one name. */
export class RunMeter implements CallObserver {
  readonly #family: RunFamily;
  readonly #name: string;
  readonly #duration: BoundHistogram;
  readonly #counters = new Map<string, BoundCounter>();

  constructor(family: RunFamily, name: string) {
    this.#family = family;
    this.#name = name;
    this.#duration = family.durationOf(name);
    for (const status of family.firstStatuses) this.#counter(status);
  }

  get isCallbackStyle(): boolean {
    return this.#family.isCallbackStyle;
  }

  /** Starts the clock of one run. */
  begin(): Run {
    return new Run(this, this.#family.clock());
  }

  /** Counts a run that began at `startedMs`. */
  count(startedMs: number, ending: Ending): void {
    this.#duration.observe((this.#family.clock() - startedMs) / 1000);
    this.#counter(this.#family.statusOf(ending)).inc();
  }

  #counter(status: string): BoundCounter {
    let counter = this.#counters.get(status);
    if (counter === undefined) {
      counter = this.#family.counterOf(this.#name, status);
      this.#counters.set(status, counter);
    }
    return counter;
  }
}

/** One run; it is counted once, by whatever ends it first. */
export class Run implements ObservedCall {
  readonly meter: RunMeter;
  readonly #startedMs: number;
  #hasEnded = false;

  constructor(meter: RunMeter, startedMs: number) {
    this.meter = meter;
    this.#startedMs = startedMs;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  end(kind: "finished" | "stopped" | "cancelled"): void {
    this.#end({ kind });
  }

  fail(error: unknown): void {
    this.#end({ kind: "failed", error });
  }

  #end(ending: Ending): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.meter.count(this.#startedMs, ending);
  }
}
