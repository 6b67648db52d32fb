// What a process had in memory when it was killed, so that the next start can count it.
//
//   once a second, while there is something:   <folder>/<owner>/unsettled.json   {"traces":12,"logs":3}
//   all of it sent or spooled, or handed over at the end:                        the file goes
//   the next start finds the file of a process that is no more:                  counted as `killed`, the file goes
//
// The number is that of the last note, so it may be a second old: some of it may have arrived, some may have come after.
// Renaming is atomic, so of two processes that find a note one counts it.

import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExportCounters } from "../export-counters.ts";
import type { Signal } from "../signal.ts";
import type { SpoolFolder } from "./disk-spool.ts";
import type { Spool } from "./spool.ts";

const NOTE = "unsettled.json";
const SIGNALS: readonly Signal[] = ["traces", "logs", "metrics"];
/** A note that says more is none. */
const MAX_RECORDS = 1e9;
const MAX_NOTE_BYTES = 1_024;

/** Keeps the note of this process, and reads those of others. */
export class UnsettledNote {
  readonly #folder: SpoolFolder;
  readonly #counters: ExportCounters;
  #written = "";

  constructor(folder: SpoolFolder, counters: ExportCounters) {
    this.#folder = folder;
    this.#counters = counters;
  }

  /** Notes what is in memory; how many records that are. The disk may refuse: then nothing is noted. */
  write(spools: ReadonlyMap<Signal, Spool>): number {
    let all = 0;
    const numbers: Partial<Record<Signal, number>> = {};
    for (const [signal, spool] of spools) {
      const count = this.#unsettled(signal) - spool.records;
      if (count > 0) numbers[signal] = count;
      all += Math.max(0, count);
    }
    const text = all === 0 ? "" : JSON.stringify(numbers);
    if (text === this.#written) return all;
    const path = join(this.#folder.path, NOTE);
    try {
      if (all === 0) {
        rmSync(path, { force: true });
        this.#folder.tidy(this.#folder.path);
      } else {
        this.#folder.claim();
        writeFileSync(path, text, { mode: 0o600 });
      }
      this.#written = text;
    } catch {
      this.#written = "";
    }
    return all;
  }

  /** Counts what processes that are no more had noted. */
  adopt(): void {
    for (const abandoned of this.#folder.abandoned()) {
      const numbers = take(abandoned);
      for (const signal of numbers === undefined ? [] : SIGNALS) {
        const count = numbers?.[signal];
        if (!isCount(count)) continue;
        this.#counters.add(signal, "adopted", count);
        this.#counters.add(signal, "killed", count);
      }
      this.#folder.tidy(abandoned);
    }
  }

  #unsettled(signal: Signal): number {
    const { offered, adopted, accepted, ...rest } = this.#counters.of(signal);
    const { lostRing, lostEncoding, rejected, refused, expired, killed } = rest;
    const settled = accepted + lostRing + lostEncoding + rejected + refused + expired + killed;
    return offered + adopted - settled;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0 && (value as number) <= MAX_RECORDS;
}

/** The note of a folder, which is gone then. */
function take(folder: string): Partial<Record<Signal, unknown>> | undefined {
  const taken = join(folder, `${NOTE}.${process.pid}`);
  try {
    if (!readdirSync(folder).includes(NOTE)) return undefined;
    renameSync(join(folder, NOTE), taken);
    const text = readFileSync(taken, "utf8");
    rmSync(taken, { force: true });
    if (text.length > MAX_NOTE_BYTES) return undefined;
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    rmSync(taken, { force: true });
    return undefined;
  }
}
