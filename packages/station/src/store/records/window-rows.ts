// A few rows of a window by the trace they belong to, without DuckDB.
//
//   footer (kept) ── smallest and largest id ──► row groups that may have it, mostly one or none
//                                                  │ Bloom filter
//                                                  ▼ trace_hi ──► rows ──► the other columns, those rows only
//
// DuckDB reads whole row groups, and the footer with each question: 14 ms for a trace of a million spans, 8 ms to find that
// there is none. This reads what it takes: 3 ms, and 0.2 ms. Any file that is not as DuckDB writes it today, too large a
// page, too large an answer, and any damage is an error, and the window DuckDB's: it answers, or says what is wrong.

import { type FileHandle, open } from "node:fs/promises";
import { mayHave } from "../parquet/bloom-filter.ts";
import { ColumnChunk } from "../parquet/column-chunk.ts";
import {
  type Chunk,
  type Footer,
  readAt,
  readFooter,
  readInto,
  type RowGroup,
} from "../parquet/footer.ts";
import type { RowRange } from "../parquet/packed-integers.ts";
import type { Row } from "./row.ts";

/** Columns of all footers that are kept: about 8 MB, for a hundred windows of a million spans. */
const MAX_CHUNKS = 30_000;
/** Rows from the first to the last of a trace: they are beside each other. */
const MAX_REACH = 20_000;
/** What is read at once, and kept for the next time: a row group of common spans has 1.5 MB. */
const READ_BYTES = 2 * 1024 * 1024;
/** Buffers that are kept. */
const MAX_SPARE = 2;
const MAX_COLUMN_BYTES = 32 * 1024 * 1024;

/** A trace, and how much of it is wanted. */
export interface WantedTrace {
  readonly high: bigint;
  readonly low: bigint;
  readonly limit: number;
  /** Characters of texts, which are taken off: of one window after the other. */
  readonly left: { characters: number };
}

/** Reads rows of windows. */
export class WindowRows {
  readonly #footers = new Map<string, Footer>();
  readonly #spare: Buffer[] = [];
  #chunks = 0;

  /**
   * The rows of a trace, at most `limit`.
   *
   * @param path of a window, which never changes
   * @throws {Error} when it cannot be read this way
   */
  async trace(path: string, wanted: WantedTrace): Promise<readonly Row[]> {
    const known = this.#footers.get(path);
    if (known !== undefined && !known.some((group) => mayBeIn(group, wanted))) return [];
    const file = await open(path);
    try {
      const rows: Row[] = [];
      for (const group of known ?? (await this.#readFooter(path, file))) {
        if (rows.length >= wanted.limit || !mayBeIn(group, wanted)) continue;
        const limit = wanted.limit - rows.length;
        const found = await this.#rowsIn(file, group, { ...wanted, limit });
        for (const row of found) rows.push(row);
      }
      return rows;
    } finally {
      await file.close();
    }
  }

  async #rowsIn(file: FileHandle, group: RowGroup, wanted: WantedTrace): Promise<readonly Row[]> {
    if (!(await passesFilter(file, group, wanted))) return [];
    const scratch = this.#spare.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES);
    try {
      return await new GroupRows(file, group, scratch).trace(wanted);
    } finally {
      if (this.#spare.length < MAX_SPARE) this.#spare.push(scratch);
    }
  }

  async #readFooter(path: string, file: FileHandle): Promise<Footer> {
    const footer = await readFooter(file);
    if (!this.#footers.has(path)) this.#chunks += chunksOf(footer);
    this.#footers.set(path, footer);
    for (const [oldest, groups] of this.#footers) {
      if (this.#chunks <= MAX_CHUNKS) break;
      this.#footers.delete(oldest);
      this.#chunks -= chunksOf(groups);
    }
    return footer;
  }
}

function chunksOf(footer: Footer): number {
  return footer.reduce((sum, { chunks }) => sum + chunks.length, 0);
}

function mayBeIn(group: RowGroup, { high, low }: WantedTrace): boolean {
  return isBetween(high, chunkOf(group, "trace_hi")) && isBetween(low, chunkOf(group, "trace_lo"));
}

function isBetween(value: bigint, { min, max }: Chunk): boolean {
  return (min === undefined || value >= min) && (max === undefined || value <= max);
}

function chunkOf({ chunks }: RowGroup, name: string): Chunk {
  const chunk = chunks.find((each) => each.name === name);
  if (chunk === undefined) throw new Error(`there is no column ${name}`);
  return chunk;
}

async function passesFilter(
  file: FileHandle,
  group: RowGroup,
  { high, low }: WantedTrace,
): Promise<boolean> {
  const [highs, lows] = [chunkOf(group, "trace_hi"), chunkOf(group, "trace_lo")];
  // Ids of 64 bits all have the same upper half: the lower one says more.
  const isShort = highs.min === highs.max;
  const { filter } = isShort ? lows : highs;
  if (filter === undefined || filter.length > READ_BYTES) return true;
  return mayHave(await readAt(file, filter.offset, filter.length), isShort ? low : high);
}

/** Reads rows of a row group. */
class GroupRows {
  readonly #file: FileHandle;
  readonly #group: RowGroup;
  readonly #scratch: Buffer;

  constructor(file: FileHandle, group: RowGroup, scratch: Buffer) {
    this.#file = file;
    this.#group = group;
    this.#scratch = scratch;
  }

  async trace({ high, low, limit, left }: WantedTrace): Promise<readonly Row[]> {
    const ids = [chunkOf(this.#group, "trace_hi"), chunkOf(this.#group, "trace_lo")] as const;
    const numbers = await this.#find(ids, [high, low]);
    return await this.#rows(numbers.slice(0, limit), left);
  }

  /** The numbers of rows with both halves of an id, ascending. */
  async #find(
    chunks: readonly [high: Chunk, low: Chunk],
    [high, low]: readonly [high: bigint, low: bigint],
  ): Promise<readonly number[]> {
    if (endOf(chunks[0]) !== chunks[1].offset) throw new Error("the columns of ids are apart");
    let numbers: readonly number[] = [];
    await this.#columns(chunks, ([highs, lows]) => {
      let reach = highs!.find(high);
      if (reach !== undefined && lengthOf(reach) > MAX_REACH) reach = both(reach, lows!.find(low));
      if (reach === undefined) return;
      if (lengthOf(reach) > MAX_REACH) throw new Error("the rows of a trace are far apart");
      const [highsThere, lowsThere] = [highs!.longs(reach), lows!.longs(reach)];
      numbers = Array.from(highsThere.keys())
        .filter((i) => highsThere[i] === high && lowsThere[i] === low)
        .map((i) => reach.from + i);
    });
    return numbers;
  }

  /** Rows by their numbers, ascending. */
  async #rows(numbers: readonly number[], left: { characters: number }): Promise<readonly Row[]> {
    if (numbers.length === 0) return [];
    const rows: Record<string, unknown>[] = numbers.map(() => ({}));
    const range = { from: numbers[0]!, to: numbers.at(-1)! + 1 };
    for (const chunks of together(this.#group.chunks)) {
      await this.#columns(chunks, (columns) => {
        for (const [place, column] of columns.entries()) {
          const { name, type } = chunks[place]!;
          const values = valuesOf(type, column, range);
          for (const [i, number] of numbers.entries()) {
            const value = values[number - range.from];
            if (typeof value === "string") left.characters -= value.length;
            rows[i]![name] = value;
          }
          if (left.characters < 0) throw new Error("the texts of a trace are too large");
        }
      });
    }
    return rows;
  }

  /** Reads columns that stand one behind the other; their bytes are there while `use` runs. */
  async #columns(
    chunks: readonly Chunk[],
    use: (columns: readonly ColumnChunk[]) => void,
  ): Promise<void> {
    const { offset } = chunks[0]!;
    const length = endOf(chunks.at(-1)!) - offset;
    if (length > MAX_COLUMN_BYTES) throw new Error(`a column of ${length} bytes`);
    const isLarge = length > this.#scratch.length;
    const bytes = isLarge ? Buffer.allocUnsafeSlow(length) : this.#scratch.subarray(0, length);
    await readInto(this.#file, offset, bytes);
    using columns = new DisposableStack();
    use(
      chunks.map((chunk) => {
        const from = chunk.offset - offset;
        return columns.use(new ColumnChunk(chunk, bytes.subarray(from, from + chunk.length)));
      }),
    );
  }
}

/** Columns one behind the other, as many as are read at once. */
function together(chunks: readonly Chunk[]): Chunk[][] {
  const groups: Chunk[][] = [];
  for (const chunk of chunks) {
    const group = groups.at(-1);
    const isNext = group !== undefined && endOf(group.at(-1)!) === chunk.offset;
    if (isNext && endOf(chunk) - group[0]!.offset <= READ_BYTES) group.push(chunk);
    else groups.push([chunk]);
  }
  return groups;
}

function endOf({ offset, length }: Chunk): number {
  return offset + length;
}

function lengthOf({ from, to }: RowRange): number {
  return to - from;
}

function both(a: RowRange, b: RowRange | undefined): RowRange | undefined {
  if (b === undefined) return undefined;
  const range = { from: Math.max(a.from, b.from), to: Math.min(a.to, b.to) };
  return range.from < range.to ? range : undefined;
}

function valuesOf(
  type: Chunk["type"],
  column: ColumnChunk,
  range: RowRange,
): ArrayLike<bigint | number | string> {
  if (type === "bytes") return column.texts(range);
  return type === "int64" ? column.longs(range) : column.numbers(range);
}
