// Rows into a real DuckDB: every kind of column, texts of every length, and back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DuckDBInstance } from "@duckdb/node-api";
import { type Column, RowColumns } from "../../src/store/records/row-columns.ts";
import { RowWriter } from "../../src/store/records/row-writer.ts";

const COLUMNS: readonly Column[] = [
  { name: "wide", type: "UBIGINT" },
  { name: "signed", type: "BIGINT" },
  { name: "word", type: "UINTEGER" },
  { name: "byte", type: "UTINYINT" },
  { name: "text", type: "VARCHAR" },
  { name: "other", type: "VARCHAR" },
];

/** Of every length up to 40, then now and then a long one; some with a NUL, some not of ASCII. */
function textOf(i: number): string {
  if (i % 97 === 0) return "long ".repeat(i % 2_000);
  const letter = String.fromCharCode(0x61 + (i % 26));
  const text = letter.repeat(i % 41);
  return i % 7 === 0 ? `${text}\u0000ü` : text;
}

test("RowWriter writes rows that DuckDB gives back as they were", async () => {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const columns = COLUMNS.map(({ name, type }) => `${name} ${type} NOT NULL`).join(", ");
  await connection.run(`CREATE TABLE rows (${columns})`);
  const appender = await connection.createAppender("rows");
  const writer = new RowWriter(appender, COLUMNS);
  const rows = new RowColumns(COLUMNS, (some) => writer.write(some));
  const count = 10_000;
  for (let i = 0; i < count; i++) {
    const row = rows.next();
    rows.words(0).set([i, 0xffffffff], 2 * row);
    rows.words(1).set([-i, i === 0 ? 0 : -1], 2 * row);
    rows.words(2)[row] = 0xffffffff - i;
    rows.bytes(3)[row] = i;
    rows.text(4).put(row, textOf(i));
    rows.text(5).empty(row);
    if (i % 3 === 0) rows.text(5).put(row, textOf(count - i));
  }
  rows.flush();
  writer.flush();
  appender.closeSync();
  assert.equal(writer.rows, count);

  const read = await connection.runAndReadAll("SELECT * FROM rows ORDER BY wide");
  const want = Array.from({ length: count }, (_, i) => [
    (0xffffffffn << 32n) | BigInt(i),
    BigInt(-i),
    0xffffffff - i,
    i % 256,
    textOf(i),
    i % 3 === 0 ? textOf(count - i) : "",
  ]);
  assert.deepEqual(read.getRows(), want);
  // Entries of short texts must be what DuckDB makes itself, or equal texts would not be equal.
  const same = await connection.runAndReadAll(
    "SELECT count(*) FROM rows WHERE text = concat(text, '') AND (other = '') = (length(other) = 0)",
  );
  assert.deepEqual(same.getRows(), [[BigInt(count)]]);
  connection.closeSync();
  instance.closeSync();
});
