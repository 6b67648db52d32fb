// The queries that run now, in memory and in a file: after a crash the file says what ran when it happened.
//
//   queries.active   slot 0 │ {"query":"...","startedMs":...}\n │ 1,024 bytes, padded with blanks
//                    slot 1 │                                   │ all blank: free
//
// A slot is written when a query begins and blanked when it ends; one small write each, not synced: the file is for a
// process that dies, not for a machine that loses power.

import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** A query that runs. */
export interface ActiveQuery {
  readonly id: number;
  readonly query: string;
  /** Unix milliseconds. */
  readonly startedMs: number;
}

const SLOT_BYTES = 1_024;
const BLANK = Buffer.alloc(SLOT_BYTES, " ");
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** Keeps the list of what runs. */
export class ActiveQueries implements Disposable {
  /** What ran when the process before this one ended without saying so. */
  readonly interrupted: readonly string[];
  readonly #file: number | undefined;
  readonly #active = new Map<number, ActiveQuery>();
  readonly #free: number[] = [];
  readonly #slots = new Map<number, number>();
  #nextId = 1;
  #slotCount = 0;

  /** @param path the file; undefined for none */
  constructor(path: string | undefined) {
    this.interrupted = path === undefined ? [] : interruptedIn(path);
    if (path === undefined) return;
    mkdirSync(dirname(path), { recursive: true });
    this.#file = openSync(path, "w");
  }

  /** What runs now, the oldest first. */
  get list(): readonly ActiveQuery[] {
    return [...this.#active.values()];
  }

  /** Notes that a query begins; returns its number. */
  begin(query: string, startedMs: number): number {
    const id = this.#nextId++;
    this.#active.set(id, { id, query, startedMs });
    if (this.#file !== undefined) {
      const slot = this.#free.pop() ?? this.#slotCount++;
      this.#slots.set(id, slot);
      this.#write(slot, slotText(query, startedMs));
    }
    return id;
  }

  /** Notes that it has ended, well or not. */
  end(id: number): void {
    this.#active.delete(id);
    const slot = this.#slots.get(id);
    if (slot === undefined) return;
    this.#slots.delete(id);
    this.#free.push(slot);
    this.#write(slot, BLANK);
  }

  [Symbol.dispose](): void {
    if (this.#file === undefined) return;
    ftruncateSync(this.#file);
    closeSync(this.#file);
  }

  #write(slot: number, bytes: Buffer): void {
    try {
      writeSync(this.#file!, bytes, 0, SLOT_BYTES, slot * SLOT_BYTES);
    } catch {
      // A full disk must not stop queries; the list in memory is whole.
    }
  }
}

function slotText(query: string, startedMs: number): Buffer {
  const slot = Buffer.from(BLANK);
  const short = query.length <= 700 ? query : `${query.slice(0, 700)}...`;
  const text = Buffer.from(`${JSON.stringify({ query: short, startedMs })}\n`);
  // A text of many bytes a character is cut; the end of the slot is a line feed either way.
  text.copy(slot, 0, 0, SLOT_BYTES - 1);
  slot[SLOT_BYTES - 1] = 0x0a;
  return slot;
}

function interruptedIn(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path).subarray(0, MAX_FILE_BYTES).toString();
  } catch {
    return [];
  }
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
