// What an answer of DuckDB is made of.

/** A row, by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>;

/** Runs SQL. */
export type Ask = (sql: string) => Promise<readonly Row[]>;
