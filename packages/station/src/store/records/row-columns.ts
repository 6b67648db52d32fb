// Rows of a table in memory, a column at a time, until there are enough of them for the database.
//
//   numbers   one typed array a column; 64 bits are two words, low and high
//   texts     entries   length u32 │ first bytes u32 │ place u64        four words a row
//                       length u32 │ the text itself, with zeros        when it has at most 12 bytes
//             heap      all longer texts of the column, one behind the other
//
// Entries are what DuckDB keeps of texts itself (`duckdb_string_t`), so that a column goes to it whole: see row-writer.ts. Handed
// over one by one, texts took longer than everything else that is done for a row.
//
// Mutable on purpose, and read and written by others: a station takes a hundred thousand rows a second. Texts are copied a word at
// a time, which is three to four times as fast as byte by byte; a copy may write three bytes too many, that the next text
// overwrites.

import { isUtf8 } from "node:buffer";
import { FlxError } from "@flx/model";

/** The types of columns. */
export type ColumnType = "UBIGINT" | "BIGINT" | "UINTEGER" | "UTINYINT" | "VARCHAR";

/** A column of a table. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/** Bytes of a value; of a text, those of its entry. */
export const WIDTHS: Readonly<Record<ColumnType, number>> = {
  UBIGINT: 8,
  BIGINT: 8,
  UINTEGER: 4,
  UTINYINT: 1,
  VARCHAR: 16,
};

/** Rows at a time: as many as DuckDB has in a vector. */
export const CHUNK_ROWS = 2_048;
/** Texts of this many bytes stand in their entry. */
export const INLINE_BYTES = 12;
/** Bytes up to this one are escaped: attribute-text.ts. */
const ESCAPED_UP_TO = 4;
/** A heap of more is handed over before the next row; one that grew beyond is not kept. */
const FULL_BYTES = 2 * 1024 * 1024;
const FIRST_BYTES = 64 * 1024;
/** In each byte of a word: what leaves the highest bit when the byte is at most 4 is taken away. */
const BELOW = 0x05050505;
const HIGHEST = 0x80808080;
const BLANKS = 0x20202020;

const encoder = new TextEncoder();

/** Bytes that are read from. */
export interface Source {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** The texts of a column. A text is begun, written to `length`, and ended in its row. */
export class TextColumn {
  readonly entries: Uint32Array<ArrayBuffer> = new Uint32Array(4 * CHUNK_ROWS);
  bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
  view: DataView = new DataView(this.bytes.buffer);
  /** Bytes in the heap, those of the text that is being written included. */
  length = 0;
  #start = 0;

  /** Forgets all texts. */
  clear(): void {
    this.length = 0;
    this.#start = 0;
    if (this.bytes.length > FULL_BYTES) this.#resize(FIRST_BYTES);
  }

  get isFull(): boolean {
    return this.length > FULL_BYTES;
  }

  /** Begins a text; one that was begun and not ended is gone. */
  begin(): void {
    this.length = this.#start;
  }

  /** Whether nothing was written since the text was begun. */
  get isEmpty(): boolean {
    return this.length === this.#start;
  }

  /** Makes room for so many bytes, and for what a copy writes too much. */
  room(count: number): void {
    const needed = this.length + count + INLINE_BYTES;
    if (needed > this.bytes.length) this.#resize(2 * needed);
  }

  #resize(size: number): void {
    const before = this.bytes;
    this.bytes = new Uint8Array(size);
    this.bytes.set(before.subarray(0, this.length));
    this.view = new DataView(this.bytes.buffer);
  }

  /**
   * Adds bytes as they are; there must be room. False, and nothing added, when one of them must be escaped.
   *
   * @throws {FlxError} `FLX_WIRE_MALFORMED` when it is no UTF-8, which the database would take for no text at all
   */
  copy(source: Source, start: number, end: number): boolean {
    if (end + 4 > source.bytes.length) return this.#copyBytes(source, start, end);
    const shift = this.length - start;
    const isOdd = copyWords(source.view, start, end, this.view, shift) !== 0;
    if (isOdd && !isStorable(source.bytes, start, end)) return false;
    this.length = end + shift;
    return true;
  }

  /** The same at the very end of the source, where words would reach beyond. */
  #copyBytes({ bytes }: Source, start: number, end: number): boolean {
    if (!isStorable(bytes, start, end)) return false;
    this.bytes.set(bytes.subarray(start, end), this.length);
    this.length += end - start;
    return true;
  }

  /** Adds a text as UTF-8; makes room itself. */
  write(text: string): void {
    this.room(3 * text.length);
    this.length += encoder.encodeInto(text, this.bytes.subarray(this.length)).written;
  }

  /** A text in a row. */
  put(row: number, text: string): void {
    this.begin();
    this.write(text);
    this.end(row);
  }

  /**
   * A text of a request in a row.
   *
   * @returns false when it is not plain ASCII: nothing is written then
   */
  take(row: number, { bytes, view }: Source, start: number, end: number): boolean {
    const from = this.#start;
    if (end + 4 > bytes.length) return false;
    if (from + end - start + INLINE_BYTES > this.bytes.length) this.room(end - start);
    if (copyWords(view, start, end, this.view, from - start) !== 0) return false;
    this.length = from + end - start;
    this.end(row);
    return true;
  }

  /** Ends the text that was begun: it is that of a row. */
  end(row: number): void {
    const { entries, view } = this;
    const from = this.#start;
    const length = this.length - from;
    const at = 4 * row;
    entries[at] = length;
    if (length > INLINE_BYTES) {
      entries[at + 1] = view.getInt32(from, true);
      entries[at + 2] = from;
      entries[at + 3] = 0;
      this.#start = this.length;
    } else {
      entries[at + 1] = firstBytes(view.getInt32(from, true), length);
      entries[at + 2] = firstBytes(view.getInt32(from + 4, true), length - 4);
      entries[at + 3] = firstBytes(view.getInt32(from + 8, true), length - 8);
      this.length = from;
    }
  }

  /** An empty text in a row. */
  empty(row: number): void {
    const { entries } = this;
    const at = 4 * row;
    entries[at] = 0;
    entries[at + 1] = 0;
    entries[at + 2] = 0;
    entries[at + 3] = 0;
  }

  /** The text of a row. */
  read(row: number): string {
    const [length = 0, , place = 0] = this.entries.subarray(4 * row);
    const bytes =
      length > INLINE_BYTES
        ? this.bytes.subarray(place, place + length)
        : new Uint8Array(this.entries.buffer, 16 * row + 4, length);
    return Buffer.from(bytes).toString();
  }
}

/**
 * Copies bytes to where they are plus `shift`, a word at a time: up to three bytes more are read and written.
 *
 * @returns 0 when they are ASCII and none must be escaped
 */
export function copyWords(
  from: DataView,
  start: number,
  end: number,
  to: DataView,
  shift: number,
): number {
  let odd = 0;
  let at = start;
  for (const last = end - 4; at <= last; at += 4) {
    const word = from.getInt32(at, true);
    to.setInt32(at + shift, word, true);
    odd |= (word - BELOW) | word;
  }
  if (at < end) {
    const word = from.getInt32(at, true);
    to.setInt32(at + shift, word, true);
    // What is behind the end counts as blanks.
    const ours = (1 << (8 * (end - at))) - 1;
    const masked = (word & ours) | (BLANKS & ~ours);
    odd |= (masked - BELOW) | masked;
  }
  return odd & HIGHEST;
}

/** The first bytes of a word, zeros behind. */
function firstBytes(word: number, count: number): number {
  return count >= 4 ? word : count <= 0 ? 0 : word & ((1 << (8 * count)) - 1);
}

/** Whether a text can stand in the store as it is; one that is no text at all is refused. */
function isStorable(bytes: Uint8Array, start: number, end: number): boolean {
  let any = 0;
  let isPlain = true;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte <= ESCAPED_UP_TO) isPlain = false;
    any |= byte;
  }
  if (any > 127 && !isUtf8(bytes.subarray(start, end))) {
    throw new FlxError("FLX_WIRE_MALFORMED", "a text that is not UTF-8");
  }
  return isPlain;
}

/** Rows of a table. Every column of a row must be set: what is not keeps the value of a row before. */
export class RowColumns {
  readonly columns: readonly Column[];
  /** How many rows are here. */
  count = 0;
  readonly #buffers: readonly ArrayBuffer[];
  readonly #words: readonly Uint32Array[];
  readonly #bytes: readonly Uint8Array[];
  readonly #texts: readonly (TextColumn | undefined)[];
  readonly #all: readonly TextColumn[];
  readonly #onFull: (rows: RowColumns) => void;

  /** @param onFull takes the rows that are here; they are gone when it returns */
  constructor(columns: readonly Column[], onFull: (rows: RowColumns) => void) {
    this.columns = columns;
    this.#texts = columns.map(({ type }) => (type === "VARCHAR" ? new TextColumn() : undefined));
    this.#all = this.#texts.filter((each) => each !== undefined);
    this.#buffers = columns.map(
      ({ type }, i) => this.#texts[i]?.entries.buffer ?? new ArrayBuffer(WIDTHS[type] * CHUNK_ROWS),
    );
    this.#words = this.#buffers.map((each) => new Uint32Array(each));
    this.#bytes = this.#buffers.map((each) => new Uint8Array(each));
    this.#onFull = onFull;
  }

  /** Begins a row; its number. */
  next(): number {
    if (this.count === CHUNK_ROWS || this.#hasFullText()) this.flush();
    return this.count++;
  }

  #hasFullText(): boolean {
    for (let i = 0; i < this.#all.length; i++) if (this.#all[i]!.isFull) return true;
    return false;
  }

  /** Hands over what is here. */
  flush(): void {
    try {
      if (this.count > 0) this.#onFull(this);
    } finally {
      this.clear();
    }
  }

  /** Forgets what is here. */
  clear(): void {
    this.count = 0;
    for (const text of this.#all) text.clear();
  }

  /** The numbers of a column, or the entries of its texts, as bytes. */
  buffer(column: number): ArrayBuffer {
    return this.#buffers[column]!;
  }

  /** The numbers of a column as words: two a row for 64 bits. */
  words(column: number): Uint32Array {
    return this.#words[column]!;
  }

  /** The numbers of a column of bytes. */
  bytes(column: number): Uint8Array {
    return this.#bytes[column]!;
  }

  /** The texts of a column. */
  text(column: number): TextColumn {
    return this.#texts[column]!;
  }
}
