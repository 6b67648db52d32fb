// Rows as objects, as the database would give them back: readers are tried without it.

import type { Column, Rows } from "../../src/store/records/row-writer.ts";
import type { Origin, OriginNumbers } from "../../src/store/records/record-table.ts";
import type { Row } from "../../src/store/records/row.ts";

/** Keeps what is written. */
export class MemoryRows implements Rows, OriginNumbers {
  readonly #columns: readonly Column[];
  readonly #rows: Record<string, unknown>[] = [];
  readonly #origins: Origin[] = [];
  readonly #numbers = new Map<string, number>();

  constructor(columns: readonly Column[]) {
    this.#columns = columns;
  }

  number(key: string, make: () => Origin): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.#origins.length);
    return this.#origins.push(make()) - 1;
  }

  /** All rows, with the texts of their origins. */
  get rows(): Row[] {
    return this.#rows.map((row) => {
      const origin = this.#origins[row["origin"] as number]!;
      return { ...row, origin: origin.text, service: origin.service };
    });
  }

  next(): void {
    this.#rows.push({});
  }

  words(column: number, low: number, high: number): void {
    const value = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
    const isSigned = this.#columns[column]?.type === "BIGINT";
    this.#set(column, isSigned ? BigInt.asIntN(64, value) : value);
  }

  bigint(column: number, value: bigint): void {
    this.words(column, Number(value & 0xffffffffn), Number((value >> 32n) & 0xffffffffn));
  }

  uint32(column: number, value: number): void {
    this.#set(column, value >>> 0);
  }

  uint8(column: number, value: number): void {
    this.#set(column, value & 0xff);
  }

  text(column: number, text: string): void {
    // As DuckDB gets it: lone surrogates are no UTF-8.
    this.#set(column, text.toWellFormed());
  }

  utf8(column: number, bytes: Uint8Array): void {
    this.#set(column, Buffer.from(bytes).toString());
  }

  #set(column: number, value: unknown): void {
    const name = this.#columns[column]?.name ?? "origin";
    this.#rows.at(-1)![name] = value;
  }
}
