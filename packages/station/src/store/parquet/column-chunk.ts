// The values of a column in a row group: some rows of it, from its bytes.
//
//   [dictionary page: every value once]   data page   data page ...
//   page: header (Thrift), then zstd: [which values are there] values
//
// Read are the encodings that DuckDB writes: plain, indices into a dictionary, deltas, texts behind the deltas of their
// lengths. Anything else throws, as do columns where a value is absent: the store has none.
//
// Source: parquet-format, parquet.thrift and Encodings.md.

import { zstdDecompressSync } from "node:zlib";
import { type Chunk, number, struct } from "./footer.ts";
import { areOnes, findInRuns, readDeltas, readRuns, type RowRange } from "./packed-integers.ts";
import { ThriftReader } from "./thrift-reader.ts";

const DATA_PAGE = 0;
const DICTIONARY_PAGE = 2;

const PLAIN = 0;
const PLAIN_DICTIONARY = 2;
const DELTAS = 5;
const DELTA_LENGTHS = 6;
const RUN_DICTIONARY = 8;

const UNCOMPRESSED = 0;
const ZSTD = 6;

/** A page that is larger is left to those who can do with less of it. */
const MAX_PAGE = 32 * 1024 * 1024;
const MAX_VALUES = 1_048_576;
const RELEASED_BYTES = 128 * 1024;

interface Page {
  readonly encoding: number;
  readonly values: number;
  /** Its first row. */
  readonly row: number;
  readonly compressed: Uint8Array;
  readonly length: number;
}

/** Reads a column of a row group. */
export class ColumnChunk implements Disposable {
  readonly #chunk: Chunk;
  readonly #pages: readonly Page[];
  readonly #dictionaryPage: Page | undefined;
  readonly #opened = new Map<Page, Buffer>();

  /**
   * @param bytes all of the chunk
   * @throws {Error} when there are other pages in it than are read here
   */
  constructor(chunk: Chunk, bytes: Uint8Array) {
    this.#chunk = chunk;
    const pages: Page[] = [];
    const reader = new ThriftReader(bytes);
    let row = 0;
    while (reader.at < bytes.length) {
      const header = reader.struct();
      const type = number(header, 1);
      const compressed = bytes.subarray(reader.at, (reader.at += number(header, 3)));
      const about = struct(header, type === DATA_PAGE ? 5 : 7);
      const [values, encoding] = [number(about, 1), number(about, 2)];
      if (values > MAX_VALUES) throw new Error(`a page of ${values} values`);
      const page = { encoding, values, row, compressed, length: number(header, 2) };
      if (type === DICTIONARY_PAGE && pages.length === 0) this.#dictionaryPage = page;
      else if (type !== DATA_PAGE) throw new Error(`pages of type ${type}`);
      else {
        pages.push(page);
        row += values;
      }
    }
    this.#pages = pages;
  }

  /** Rows of a 64-bit column. */
  longs(rows: RowRange): BigUint64Array {
    const found = new BigUint64Array(rows.to - rows.from);
    this.#eachPage(rows, (page, part, to) => found.set(this.#longsOf(page, part), to));
    return found;
  }

  /** Rows of a 32-bit column, unsigned. */
  numbers(rows: RowRange): Uint32Array {
    const found = new Uint32Array(rows.to - rows.from);
    this.#eachPage(rows, (page, part, to) => found.set(this.#numbersOf(page, part), to));
    return found;
  }

  /** Rows of a column of texts. */
  texts(rows: RowRange): string[] {
    const found: string[] = [];
    this.#eachPage(rows, (page, part) => {
      for (const text of this.#textsOf(page, part)) found.push(text);
    });
    return found;
  }

  /** From the first to the last row of a 64-bit column with a value; those between may have others. */
  find(value: bigint): RowRange | undefined {
    let found: RowRange | undefined;
    for (const page of this.#pages) {
      const part = this.#findIn(page, value);
      if (part === undefined) continue;
      found = { from: found?.from ?? page.row + part.from, to: page.row + part.to };
    }
    return found;
  }

  #findIn(page: Page, value: bigint): RowRange | undefined {
    const all = { from: 0, to: page.values };
    if (!isDictionary(page)) return rangeOf(this.#longsOf(page, all), value);
    const index = plainLongs(this.#dictionaryBytes()).indexOf(value);
    if (index < 0) return undefined;
    const values = this.#valuesOf(page);
    return findInRuns(values, 1, values.readUInt8(0), { count: page.values, value: index });
  }

  /** Calls for each page with some of the rows: which of its own, and where they begin among all that are wanted. */
  #eachPage(rows: RowRange, each: (page: Page, part: RowRange, to: number) => void): void {
    let done = rows.from;
    for (const page of this.#pages) {
      const from = Math.max(rows.from, page.row);
      const to = Math.min(rows.to, page.row + page.values);
      if (from >= to) continue;
      each(page, { from: from - page.row, to: to - page.row }, from - rows.from);
      done = to;
    }
    if (done !== rows.to) throw new Error(`column ${this.#chunk.name} ends at row ${done}`);
  }

  #longsOf(page: Page, rows: RowRange): BigUint64Array {
    if (isDictionary(page)) {
      const dictionary = plainLongs(this.#dictionaryBytes());
      return BigUint64Array.from(this.#indices(page, rows), (index) => dictionary.at(index)!);
    }
    const values = this.#valuesOf(page);
    if (page.encoding === DELTAS) return readDeltas(values, 0, rows).values;
    checkEncoding(page, PLAIN);
    return plainLongs(values.subarray(8 * rows.from, 8 * rows.to));
  }

  #numbersOf(page: Page, rows: RowRange): Uint32Array {
    if (isDictionary(page)) {
      const dictionary = this.#dictionaryBytes();
      return this.#indices(page, rows).map((index) => dictionary.readUInt32LE(4 * index));
    }
    const values = this.#valuesOf(page);
    if (page.encoding === DELTAS) {
      return Uint32Array.from(readDeltas(values, 0, rows).values, (value) =>
        Number(value & 0xffffffffn),
      );
    }
    checkEncoding(page, PLAIN);
    const found = new Uint32Array(rows.to - rows.from);
    return found.map((_, i) => values.readUInt32LE(4 * (rows.from + i)));
  }

  #textsOf(page: Page, rows: RowRange): string[] {
    if (isDictionary(page)) {
      const indices = this.#indices(page, rows);
      const texts = plainTexts(this.#dictionaryBytes(), new Set(indices));
      return Array.from(indices, (index) => texts.get(index)!);
    }
    const values = this.#valuesOf(page);
    if (page.encoding === DELTA_LENGTHS) return textsBehindLengths(values, page.values, rows);
    checkEncoding(page, PLAIN);
    const wanted = Array.from({ length: rows.to - rows.from }, (_, i) => rows.from + i);
    return [...plainTexts(values, new Set(wanted)).values()];
  }

  #indices(page: Page, rows: RowRange): Uint32Array {
    const values = this.#valuesOf(page);
    return readRuns(values, 1, values.readUInt8(0), rows);
  }

  #dictionaryBytes(): Buffer {
    if (this.#dictionaryPage === undefined) throw new Error("the dictionary is missing");
    return this.#open(this.#dictionaryPage);
  }

  /** The bytes of a page behind what says which values are there, when all are. */
  #valuesOf(page: Page): Buffer {
    const bytes = this.#open(page);
    if (!this.#chunk.isOptional) return bytes;
    const length = bytes.readUInt32LE(0);
    if (!areOnes(bytes.subarray(4, 4 + length), page.values)) {
      throw new Error(`a value of column ${this.#chunk.name} is absent`);
    }
    return bytes.subarray(4 + length);
  }

  #open(page: Page): Buffer {
    let bytes = this.#opened.get(page);
    if (bytes === undefined) {
      bytes = unpacked(page, this.#chunk.codec);
      this.#opened.set(page, bytes);
    }
    return bytes;
  }

  /**
   * Gives the memory of unpacked pages back at once: megabytes for a few rows, for which the collector would run with every
   * fourth question, 20 ms.
   */
  [Symbol.dispose](): void {
    for (const bytes of this.#opened.values()) {
      // Smaller ones may stand in memory that is shared.
      if (bytes.length >= RELEASED_BYTES) (bytes.buffer as ArrayBuffer).transfer(0);
    }
    this.#opened.clear();
  }
}

function unpacked({ compressed, length }: Page, codec: number): Buffer {
  if (length > MAX_PAGE) throw new Error(`a page of ${length} bytes`);
  if (codec === UNCOMPRESSED) return Buffer.from(compressed);
  if (codec !== ZSTD) throw new Error(`codec ${codec}`);
  // In one piece: with not a byte more zlib would begin a second one.
  const chunkSize = length + 64;
  return zstdDecompressSync(compressed, { chunkSize, maxOutputLength: chunkSize });
}

function isDictionary({ encoding }: Page): boolean {
  return encoding === RUN_DICTIONARY || encoding === PLAIN_DICTIONARY;
}

function checkEncoding({ encoding }: Page, wanted: number): void {
  if (encoding !== wanted) throw new Error(`encoding ${encoding}`);
}

function rangeOf(values: BigUint64Array, value: bigint): RowRange | undefined {
  const from = values.indexOf(value);
  return from < 0 ? undefined : { from, to: values.lastIndexOf(value) + 1 };
}

/** A copy, aligned. */
function plainLongs(bytes: Uint8Array): BigUint64Array {
  const longs = new BigUint64Array(Math.floor(bytes.length / 8));
  new Uint8Array(longs.buffer).set(bytes.subarray(0, 8 * longs.length));
  return longs;
}

/** Some of the texts that stand one behind the other, each behind its length. */
function plainTexts(bytes: Buffer, wanted: ReadonlySet<number>): Map<number, string> {
  const found = new Map<number, string>();
  for (let at = 0, i = 0; found.size < wanted.size; i++) {
    const length = bytes.readUInt32LE(at);
    at += 4 + length;
    if (wanted.has(i)) found.set(i, textOf(bytes, at - length, at));
  }
  return found;
}

function textsBehindLengths(bytes: Buffer, count: number, { from, to }: RowRange): string[] {
  const { values, end } = readDeltas(bytes, 0, { from: 0, to: count });
  // The lower halves.
  const lengths = new Uint32Array(values.buffer);
  const found: string[] = [];
  let at = end;
  for (let row = 0; row < to; row++) {
    const length = lengths[2 * row]!;
    if (row >= from) found.push(textOf(bytes, at, at + length));
    at += length;
  }
  return found;
}

function textOf(bytes: Buffer, from: number, to: number): string {
  if (to > bytes.length) throw new RangeError("a text is cut");
  return bytes.toString("utf8", from, to);
}
