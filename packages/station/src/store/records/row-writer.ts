// Rows into a table of DuckDB, two thousand at a time, each column whole.
//
//   numbers   typed array ─► copied into the vector
//   texts     heap ─► the vector's first text: DuckDB copies it, and its entry says where it is now
//             entries, with the places of that ─► copied over the vector
//
// Why not the vectors of the client: they take one bigint a number and one call a value, which is three times the work.
// Texts may have a NUL inside; they must be UTF-8, or DuckDB takes the whole heap for NULL.

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
import {
  type Column,
  type ColumnType,
  INLINE_BYTES,
  type RowColumns,
  type TextColumn,
  WIDTHS,
} from "./row-columns.ts";

const TYPES: Readonly<Record<ColumnType, DuckDBType>> = {
  UBIGINT,
  BIGINT,
  UINTEGER,
  UTINYINT,
  VARCHAR,
};
const TWO_32 = 4_294_967_296;

/** Writes rows into a table, within the transaction of the appender's connection. */
export class RowWriter {
  /** How many rows were written. */
  rows = 0;
  readonly #appender: DuckDBAppender;
  readonly #chunk: DuckDBDataChunk;

  constructor(appender: DuckDBAppender, columns: readonly Column[]) {
    this.#appender = appender;
    this.#chunk = DuckDBDataChunk.create(columns.map(({ type }) => TYPES[type]));
  }

  /** Writes all rows that are there. */
  write(rows: RowColumns): void {
    const { chunk } = this.#chunk;
    duckdb.data_chunk_set_size(chunk, rows.count);
    for (const [column, { type }] of rows.columns.entries()) {
      const vector = duckdb.data_chunk_get_vector(chunk, column);
      if (type === "VARCHAR") giveHeap(vector, rows.text(column), rows.count);
      const bytes = rows.count * WIDTHS[type];
      duckdb.copy_data_to_vector(vector, 0, rows.buffer(column), 0, bytes);
    }
    this.#appender.appendDataChunk(this.#chunk);
    this.#chunk.reset();
    this.rows += rows.count;
  }

  /** Hands all rows to DuckDB. */
  flush(): void {
    this.#appender.flushSync();
  }
}

/** Gives a vector the texts of a column that are not in their entries, and tells the entries where they are. */
function giveHeap(vector: duckdb.Vector, text: TextColumn, count: number): void {
  if (text.length === 0) return;
  duckdb.vector_assign_string_element_len(vector, 0, text.bytes.subarray(0, text.length));
  const [length, first, low, high] = entryOf(vector);
  if (length !== text.length || first !== text.view.getUint32(0, true)) {
    throw new Error("DuckDB does not keep texts as it is expected to");
  }
  const { entries } = text;
  for (let at = 0; at < 4 * count; at += 4) {
    if (entries[at]! <= INLINE_BYTES) continue;
    const place = low + entries[at + 2]!;
    entries[at + 2] = place;
    entries[at + 3] = place < TWO_32 ? high : high + 1;
  }
}

/** The first text of a vector, as DuckDB keeps it. */
function entryOf(vector: duckdb.Vector): readonly [number, number, number, number] {
  const { buffer, byteOffset } = duckdb.vector_get_data(vector, WIDTHS.VARCHAR);
  const view = new DataView(buffer, byteOffset);
  const word = (at: number): number => view.getUint32(at, true);
  return [word(0), word(4), word(8), word(12)];
}
