// What became of every record, counted where it happens and readable from both threads.
//
//   offered ─► written ─► sent ─► accepted         one row of numbers a signal, in shared memory: the service's thread
//      │          │         ├──► rejected          writes the first columns, the worker the others; nobody else writes
//      │          │         ├──► refused           a cell, so that plain stores are enough.
//      │          │         ├──► spooled ─► sent
//      │          │         ├──► expired (dropped from memory or spool)
//      │          │         └──► killed (with a process before this one, which had not handed them over)
//      └─► lostRing (no room in the ring)  └─► lostEncoding
//
// offered = written + lostRing + lostEncoding; written + adopted = accepted + rejected + refused + expired + killed + waiting. What is
// `waiting` is in memory or in the spool. `adopted` counts what a process before this one had left in the spool.

import type { Signal } from "./signal.ts";

/** The columns, in order. */
const COLUMNS = [
  "offered",
  "lostRing",
  "lostEncoding",
  "accepted",
  "rejected",
  "refused",
  "expired",
  "killed",
  "spooled",
  "adopted",
  "requests",
  "retries",
  "bytesSent",
] as const;

/** What is counted. */
export type ExportCounter = (typeof COLUMNS)[number];

const SIGNALS: readonly Signal[] = ["traces", "logs", "metrics"];

/** Numbers two threads share. */
export class ExportCounters {
  readonly memory: SharedArrayBuffer;
  readonly #cells: Float64Array;

  constructor(memory?: SharedArrayBuffer) {
    this.memory =
      memory ??
      new SharedArrayBuffer(SIGNALS.length * COLUMNS.length * Float64Array.BYTES_PER_ELEMENT);
    this.#cells = new Float64Array(this.memory);
  }

  /** Adds to a cell. Only the thread whose column it is may. */
  add(signal: Signal, counter: ExportCounter, count: number): void {
    this.#cells[place(signal, counter)]! += count;
  }

  /** Counts a record that is offered: done for each, so without a look at a table. */
  offered(signal: Signal): void {
    const row = signal === "traces" ? 0 : signal === "logs" ? 1 : 2;
    this.#cells[row * COLUMNS.length]! += 1;
  }

  /** The number in a cell. */
  get(signal: Signal, counter: ExportCounter): number {
    return this.#cells[place(signal, counter)]!;
  }

  /** All numbers of a signal. */
  of(signal: Signal): Readonly<Record<ExportCounter, number>> {
    return Object.fromEntries(
      COLUMNS.map((counter) => [counter, this.get(signal, counter)]),
    ) as Record<ExportCounter, number>;
  }

  /** Records that nobody will ever receive. */
  lost(signal: Signal): number {
    const { lostRing, lostEncoding, rejected, refused, expired, killed } = this.of(signal);
    return lostRing + lostEncoding + rejected + refused + expired + killed;
  }

  /** The same of all signals. */
  lostOfAll(): number {
    return SIGNALS.reduce((sum, signal) => sum + this.lost(signal), 0);
  }
}

/** Where each number is; looked up for each record, so not searched for. */
const PLACES: Readonly<Record<Signal, Readonly<Record<ExportCounter, number>>>> =
  Object.fromEntries(
    SIGNALS.map((signal, row) => [
      signal,
      Object.fromEntries(COLUMNS.map((name, column) => [name, row * COLUMNS.length + column])),
    ]),
  ) as Record<Signal, Record<ExportCounter, number>>;

function place(signal: Signal, counter: ExportCounter): number {
  return PLACES[signal][counter];
}
