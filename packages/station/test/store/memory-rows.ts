// Rows as objects, as the database would give them back: readers are tried without it.

import { escaped } from "../../src/store/records/attribute-text.ts";
import type { Origin, OriginNumbers } from "../../src/store/records/record-table.ts";
import type { Row } from "../../src/store/records/row.ts";
import { type Column, RowColumns } from "../../src/store/records/row-columns.ts";

/** Keeps what is written. */
export class MemoryRows implements OriginNumbers {
  /** Where to write. */
  readonly columns: RowColumns;
  readonly #rows: Record<string, unknown>[] = [];
  readonly #origins: Origin[] = [];
  readonly #numbers = new Map<string, number>();

  constructor(columns: readonly Column[]) {
    const all: readonly Column[] = [...columns, { name: "origin", type: "UINTEGER" }];
    this.columns = new RowColumns(all, (rows) => this.#take(rows));
  }

  number(key: string, make: () => Origin): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.#origins.length);
    return this.#origins.push(make()) - 1;
  }

  /** All rows, with the texts of their origins. */
  get rows(): Row[] {
    this.columns.flush();
    return this.#rows.map((row) => {
      const origin = this.#origins[row["origin"] as number]!;
      return { ...row, origin: origin.text, service: escaped(origin.service) };
    });
  }

  #take(rows: RowColumns): void {
    for (let row = 0; row < rows.count; row++) {
      this.#rows.push(
        Object.fromEntries(rows.columns.map(({ name }, i) => [name, valueOf(rows, i, row)])),
      );
    }
  }
}

function valueOf(rows: RowColumns, column: number, row: number): unknown {
  const numbers = new DataView(rows.buffer(column));
  switch (rows.columns[column]!.type) {
    case "UBIGINT":
      return numbers.getBigUint64(8 * row, true);
    case "BIGINT":
      return numbers.getBigInt64(8 * row, true);
    case "UINTEGER":
      return numbers.getUint32(4 * row, true);
    case "UTINYINT":
      return numbers.getUint8(row);
    case "VARCHAR":
    default:
      return rows.text(column).read(row);
  }
}
