// The exposition of a metric with one number a series, kept as bytes between scrapes.
//
//   page 0   name{method="GET",path="/a"} 1027\n        the lines of 256 rows, one after the other
//            name{method="GET",path="/b"} 3\n
//            name{method="PUT",path="/a"} 88\n
//            ...                          ^ valueAt[row]: where the row's number begins
//
// A scrape compares each number with the one it wrote last time. Changed and as wide as before: the digits are
// overwritten in place. Another width, a new row, a row gone: the page is put together again, lines that did not
// change being copied in one piece. So a scrape costs what has changed, not what there is, and 100,000 series are
// never turned into strings.
//
// Pages are handed out as they are (no copy): a page must be used before the next `render`, or copied.

import { CHUNK_BITS, CHUNK_MASK, Cells } from "./cells.ts";
import { MAX_DIGITS, writeNumber } from "./digits.ts";

const PAGE_BITS = 8;
/** Rows in a page. */
export const PAGE_ROWS: number = 1 << PAGE_BITS;
const LINE_FEED = 0x0a;
const encoder = new TextEncoder();

/** A row has no line: no number begins a page. */
const NO_LINE = 0;

/** Up to this size the offsets of a page fit into 16 bits. */
const SHORT_PAGE = 0xffff;

/** Where the numbers of a page being put together begin. */
const draftValueAt = new Uint32Array(PAGE_ROWS);

/** The bytes of one number, being compared with what stands in a page. */
const digits = new Uint8Array(MAX_DIGITS);

/** The bytes of a page being put together; grows to the largest page there is. */
let draft = new Uint8Array(16 * 1024);

/** Where the lines get their words from. */
export interface LineSource {
  /** The numbers. */
  readonly cells: Cells;
  /** How many rows there are, free ones included. */
  readonly rows: number;
  /** Whether a row is in use. */
  isUsed(row: number): boolean;
  /** The text before the number, blank included: `name{a="b"} `. */
  prefix(row: number): string;
}

/** The lines of one metric under one name. */
export class LinePages {
  readonly #source: LineSource;
  readonly #pages: Uint8Array[] = [];
  /** What stands in the lines. */
  readonly #written = new Cells();
  readonly #valueAt: (Uint16Array | Uint32Array)[] = [];
  /** Pages whose rows were added or removed since the last time. */
  readonly #stale = new Set<number>();

  constructor(source: LineSource) {
    this.#source = source;
    for (let row = 0; row < source.rows; row++) this.touch(row);
  }

  /** Says that a row was added or removed. */
  touch(row: number): void {
    this.#written.reserve(row);
    const page = row >> PAGE_BITS;
    while (this.#valueAt.length <= page) {
      this.#valueAt.push(new Uint16Array(PAGE_ROWS));
      this.#pages.push(new Uint8Array(0));
    }
    this.#stale.add(page);
  }

  /** How many pages there are. */
  get length(): number {
    return this.#pages.length;
  }

  /** The bytes of one page as of now; valid until the next call for the same page. */
  render(page: number): Uint8Array {
    if (!this.#stale.delete(page) && this.#overwrite(page)) return this.#pages[page]!;
    this.#rebuild(page);
    return this.#pages[page]!;
  }

  /** Overwrites the numbers that changed; false when one of them needs another width. */
  #overwrite(page: number): boolean {
    const bytes = this.#pages[page]!;
    const valueAt = this.#valueAt[page]!;
    const first = page << PAGE_BITS;
    const cells = this.#source.cells.chunks[first >> CHUNK_BITS]!;
    const written = this.#written.chunks[first >> CHUNK_BITS]!;
    const offset = first & CHUNK_MASK;
    const end = Math.min(PAGE_ROWS, this.#source.rows - first);
    for (let i = 0; i < end; i++) {
      const value = cells[offset + i]!;
      const before = written[offset + i]!;
      // NaN equals NaN here; 0 and -0 count as equal, which only a gauge set to -0 could notice.
      if (value === before || (value !== value && before !== before)) continue;
      const at = valueAt[i]!;
      if (at === NO_LINE) continue;
      const width = writeNumber(digits, 0, value);
      if (bytes[at + width] !== LINE_FEED || !endsAt(bytes, at, width)) return false;
      for (let j = 0; j < width; j++) bytes[at + j] = digits[j]!;
      written[offset + i] = value;
    }
    return true;
  }

  #rebuild(page: number): void {
    const source = this.#source;
    const valueAt = this.#valueAt[page]!;
    const before = this.#pages[page]!;
    const first = page << PAGE_BITS;
    const end = Math.min(PAGE_ROWS, source.rows - first);
    let lineStart = 0; // of the row's old line
    let at = 0;
    for (let i = 0; i < end; i++) {
      const row = first + i;
      const oldValueAt = valueAt[i]!;
      const oldStart = lineStart;
      if (oldValueAt !== NO_LINE) lineStart = before.indexOf(LINE_FEED, oldValueAt) + 1;
      if (!source.isUsed(row)) {
        draftValueAt[i] = NO_LINE;
        continue;
      }
      const value = source.cells.get(row);
      at =
        oldValueAt === NO_LINE || this.#moved.has(row)
          ? writePrefix(at, source.prefix(row))
          : copyPrefix(at, before, oldStart, oldValueAt);
      this.#moved.delete(row);
      reserve(at + MAX_DIGITS + 1);
      draftValueAt[i] = at;
      at = writeNumber(draft, at, value);
      draft[at++] = LINE_FEED;
      this.#written.set(row, value);
    }
    this.#pages[page] = draft.slice(0, at);
    const short = at <= SHORT_PAGE;
    const kept = valueAt instanceof Uint16Array === short;
    const offsets = kept ? valueAt : new (short ? Uint16Array : Uint32Array)(PAGE_ROWS);
    offsets.set(draftValueAt.subarray(0, end));
    this.#valueAt[page] = offsets;
  }

  /** Rows that were given to another label set since their line was written. */
  readonly #moved = new Set<number>();

  /** Says that a row now stands for another label set. */
  retitle(row: number): void {
    this.touch(row);
    this.#moved.add(row);
  }
}

/** Whether the number that starts at `at` has exactly `width` bytes: no line feed before its end. */
function endsAt(bytes: Uint8Array, at: number, width: number): boolean {
  for (let i = 0; i < width; i++) if (bytes[at + i] === LINE_FEED) return false;
  return true;
}

function writePrefix(at: number, prefix: string): number {
  reserve(at + prefix.length * 3);
  return at + encoder.encodeInto(prefix, draft.subarray(at)).written;
}

function copyPrefix(at: number, from: Uint8Array, start: number, end: number): number {
  reserve(at + end - start);
  for (let i = start; i < end; i++) draft[at++] = from[i]!;
  return at;
}

function reserve(size: number): void {
  if (size <= draft.length) return;
  const grown = new Uint8Array(Math.max(size, draft.length * 2));
  grown.set(draft);
  draft = grown;
}
