// Garbage collections, by kind: every one is counted.
//
//   V8 collects  ->  Node queues an entry  ->  observer gets a batch of 1..n entries  ->  totals, onPause
//
// An observer is called once for several entries; reading only the first of each batch loses most of them (measured
// in other libraries: 7 of 87). Entries that wait in the queue are taken when totals are read and before closing.
//
// Source: https://nodejs.org/api/perf_hooks.html, "Garbage Collection ('gc') details".

import { constants, type PerformanceEntry, PerformanceObserver } from "node:perf_hooks";

const MILLISECONDS = 1_000;

/** The kinds of collections, by the names that dashboards know. */
export const GC_KINDS = ["minor", "major", "incremental", "weakcb"] as const;

/** A kind of collection. */
export type GcKind = (typeof GC_KINDS)[number];

/** Collections of one kind since the monitor was made. */
export interface GcTotals {
  readonly count: number;
  /** Time the thread stood still. */
  readonly durationSeconds: number;
  /** The longest pause. */
  readonly maxSeconds: number;
}

/** Told of each pause once: for a histogram of durations. */
export type OnGcPause = (kind: GcKind, seconds: number) => void;

type Mutable = { -readonly [Key in keyof GcTotals]: number };

/** Counts the collections of this thread. */
export class GcMonitor implements Disposable {
  readonly #observer: PerformanceObserver;
  readonly #onPause: OnGcPause | undefined;
  readonly #totals: Readonly<Record<GcKind, Mutable>> = {
    minor: { count: 0, durationSeconds: 0, maxSeconds: 0 },
    major: { count: 0, durationSeconds: 0, maxSeconds: 0 },
    incremental: { count: 0, durationSeconds: 0, maxSeconds: 0 },
    weakcb: { count: 0, durationSeconds: 0, maxSeconds: 0 },
  };
  #closed = false;

  /** @param onPause must not throw; told late by up to one turn of the loop */
  constructor({ onPause }: { readonly onPause?: OnGcPause } = {}) {
    this.#onPause = onPause;
    this.#observer = new PerformanceObserver((list) => this.#count(list.getEntries()));
    this.#observer.observe({ entryTypes: ["gc"] });
  }

  /** All collections so far. */
  totals(): Readonly<Record<GcKind, GcTotals>> {
    if (!this.#closed) this.#count(this.#observer.takeRecords());
    const { minor, major, incremental, weakcb } = this.#totals;
    return {
      minor: { ...minor },
      major: { ...major },
      incremental: { ...incremental },
      weakcb: { ...weakcb },
    };
  }

  /** Counts what is queued and stops observing; totals stay. */
  close(): void {
    if (this.#closed) return;
    this.#count(this.#observer.takeRecords());
    this.#observer.disconnect();
    this.#closed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #count(entries: readonly PerformanceEntry[]): void {
    for (const entry of entries) {
      const kind = kindOf(entry);
      const seconds = entry.duration / MILLISECONDS;
      const total = this.#totals[kind];
      total.count += 1;
      total.durationSeconds += seconds;
      if (seconds > total.maxSeconds) total.maxSeconds = seconds;
      this.#onPause?.(kind, seconds);
    }
  }
}

/** Collections of the young generation by marking (a flag of V8) have no constant in Node: they are minor. */
function kindOf(entry: PerformanceEntry): GcKind {
  const detail: unknown = Reflect.get(entry, "detail");
  const kind = typeof detail === "object" && detail !== null && "kind" in detail ? detail.kind : 0;
  switch (kind) {
    case constants.NODE_PERFORMANCE_GC_MAJOR:
      return "major";
    case constants.NODE_PERFORMANCE_GC_INCREMENTAL:
      return "incremental";
    case constants.NODE_PERFORMANCE_GC_WEAKCB:
      return "weakcb";
    default:
      return "minor";
  }
}
