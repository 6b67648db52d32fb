// Rows into a table of DuckDB, columns at a time.
//
//   set(column, ...) ─► one typed array a column, 2,048 rows ─► copied whole into DuckDB's vectors ─► appender
//   text(column, ..) ─► straight into the vector
//
// Why not the vectors of the client: they take one bigint a number and one call a value, which is three times the work.
// 64-bit numbers are written as two words; texts as bytes, so that a NUL inside is kept.

import duckdb from "@duckdb/node-bindings";
import {
  BIGINT,
  type DuckDBAppender,
  DuckDBDataChunk,
  type DuckDBType,
  UBIGINT,
  UINTEGER,
  UTINYINT,
  VARCHAR,
} from "@duckdb/node-api";

/** The types of columns. */
export type ColumnType = "UBIGINT" | "BIGINT" | "UINTEGER" | "UTINYINT" | "VARCHAR";

/** A column of a table. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

const TYPES: Readonly<Record<ColumnType, { readonly type: DuckDBType; readonly bytes: number }>> = {
  UBIGINT: { type: UBIGINT, bytes: 8 },
  BIGINT: { type: BIGINT, bytes: 8 },
  UINTEGER: { type: UINTEGER, bytes: 4 },
  UTINYINT: { type: UTINYINT, bytes: 1 },
  VARCHAR: { type: VARCHAR, bytes: 0 },
};

const CHUNK_ROWS = 2_048;
const EMPTY = new Uint8Array(0);

/** Where rows are written to, value by value. */
export type Rows = Pick<
  RowWriter,
  "next" | "words" | "bigint" | "uint32" | "uint8" | "text" | "utf8"
>;

/** Writes rows. Every column of a row must be set: what is not keeps the value of a row before. */
export class RowWriter {
  /** How many rows were written. */
  rows = 0;
  readonly #appender: DuckDBAppender;
  readonly #chunk: DuckDBDataChunk;
  readonly #buffers: readonly ArrayBuffer[];
  readonly #words: readonly Uint32Array[];
  readonly #bytes: readonly Uint8Array[];
  readonly #widths: readonly number[];
  readonly #encoder = new TextEncoder();
  readonly #scratch = new Uint8Array(1024);
  #vectors: duckdb.Vector[] = [];
  #row = -1;

  constructor(appender: DuckDBAppender, columns: readonly Column[]) {
    this.#appender = appender;
    this.#widths = columns.map(({ type }) => TYPES[type].bytes);
    this.#chunk = DuckDBDataChunk.create(columns.map(({ type }) => TYPES[type].type));
    this.#buffers = this.#widths.map((width) => new ArrayBuffer(Math.max(8, width * CHUNK_ROWS)));
    this.#words = this.#buffers.map((each) => new Uint32Array(each));
    this.#bytes = this.#buffers.map((each) => new Uint8Array(each));
    this.#begin();
  }

  /** Begins a row. */
  next(): void {
    if (this.#row === CHUNK_ROWS - 1) this.#emit();
    this.#row++;
    this.rows++;
  }

  /** A 64-bit number. */
  words(column: number, low: number, high: number): void {
    const words = this.#words[column]!;
    words[2 * this.#row] = low;
    words[2 * this.#row + 1] = high;
  }

  /** A 64-bit number; what is beyond is cut off. */
  bigint(column: number, value: bigint): void {
    this.words(column, Number(value & 0xffffffffn), Number((value >> 32n) & 0xffffffffn));
  }

  uint32(column: number, value: number): void {
    this.#words[column]![this.#row] = value;
  }

  uint8(column: number, value: number): void {
    this.#bytes[column]![this.#row] = value;
  }

  text(column: number, text: string): void {
    if (text === "") {
      this.utf8(column, EMPTY);
    } else if (text.length * 3 <= this.#scratch.length) {
      const { written } = this.#encoder.encodeInto(text, this.#scratch);
      this.utf8(column, this.#scratch.subarray(0, written));
    } else this.utf8(column, this.#encoder.encode(text));
  }

  utf8(column: number, bytes: Uint8Array): void {
    duckdb.vector_assign_string_element_len(this.#vectors[column]!, this.#row, bytes);
  }

  /** Hands all rows to DuckDB, within the transaction of its connection. */
  flush(): void {
    if (this.#row >= 0) this.#emit();
    this.#appender.flushSync();
  }

  #begin(): void {
    const { chunk } = this.#chunk;
    this.#vectors = this.#widths.map((_, column) => duckdb.data_chunk_get_vector(chunk, column));
    this.#row = -1;
  }

  #emit(): void {
    const count = this.#row + 1;
    duckdb.data_chunk_set_size(this.#chunk.chunk, count);
    for (const [column, width] of this.#widths.entries()) {
      if (width === 0) continue;
      duckdb.copy_data_to_vector(
        this.#vectors[column]!,
        0,
        this.#buffers[column]!,
        0,
        count * width,
      );
    }
    this.#appender.appendDataChunk(this.#chunk);
    this.#chunk.reset();
    this.#begin();
  }
}
