// What a signal is to the part that keeps it: its columns, how a request becomes rows, how its files are sorted.
//
//   spans   spans/span-table.ts          logs   logs/log-table.ts

import type { Column, RowColumns } from "./row-columns.ts";

/** Numbers of resources and scopes in a hot file, given out as they are seen. */
export interface OriginNumbers {
  /** @param key the same for the same text and service, for a while */
  number(key: string, make: () => Origin): number;
}

/** A resource and scope, which many records share. */
export interface Origin {
  readonly service: string;
  /** As origin-text.ts writes it. */
  readonly text: string;
}

/** What a request left in the table. */
export interface WrittenRows {
  readonly rows: number;
  /** Unix milliseconds of the first and last; NaN when there are no rows. */
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
}

/** A signal. */
export interface RecordTable {
  readonly name: "spans" | "logs";
  /** Without `origin`, which is a number in a hot file and two texts, `service` and `origin`, in a window's. */
  readonly columns: readonly Column[];
  /** The column of the record's time, in nanoseconds. */
  readonly timeColumn: string;
  /** What a window's file is sorted by. */
  readonly order: string;
  /** Rows of it are read by themselves: a row group has about so many bytes of texts that differ, at most. */
  readonly groupTextBytes?: number;
  /**
   * Writes the records of a request.
   *
   * @param request  as it stands in the log: an OTLP request in protobuf
   * @param rows     of the columns, and behind them `origin`
   * @param firstPosition of the first record: how many came before, ever
   */
  write(
    request: Uint8Array,
    rows: RowColumns,
    origins: OriginNumbers,
    firstPosition: number,
  ): WrittenRows;
}
