// The file of the window that is open: a DuckDB file that takes requests from the log.
//
//   records   the signal's columns, and `origin`
//   origins   id, service, origin          resources and scopes, each usually once
//   state     position, next, min_ms, max_ms
//             │         └ position of the next record (log records are numbered)
//             └ of the last request of the log that is in here
//
// Rows and position are one transaction: whatever moment the process dies at, the file says which requests it has, and the
// next start takes the others from the log. A transaction that fails leaves nothing, and is tried again.

import { existsSync } from "node:fs";
import type { DuckDBAppender, DuckDBConnection } from "@duckdb/node-api";
import { escaped } from "./attribute-text.ts";
import type { KnownOrigins } from "./record-source.ts";
import type { Origin, OriginNumbers, RecordTable, WrittenRows } from "./record-table.ts";
import { type Column, RowColumns } from "./row-columns.ts";
import { RowWriter } from "./row-writer.ts";
import { quoted } from "./sql-text.ts";

/** A request as it stands in the log. */
export interface LoggedRequest {
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** Where a hot file is. */
export interface HotState {
  /** Of the last request in it; -1 when there is none. */
  readonly position: number;
  /** How many records came, ever. */
  readonly next: number;
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
}

/** Origins that are known without asking; more are written again, with another number. */
const MAX_KNOWN_ORIGINS = 10_000;

/** An open hot file. */
export class HotFile {
  readonly path: string;
  readonly sequence: number;
  /** The name that SQL knows it by. */
  readonly schema: string;
  /** What questions have asked for. */
  readonly askedOrigins: KnownOrigins = new Map();
  readonly #connection: DuckDBConnection;
  readonly #table: RecordTable;
  readonly #columns: readonly Column[];
  #state: HotState;
  #rows: number;
  #nextOrigin: number;
  readonly #origins = new Map<string, number>();

  private constructor(
    connection: DuckDBConnection,
    table: RecordTable,
    file: { readonly path: string; readonly sequence: number; readonly schema: string },
    found: { readonly state: HotState; readonly rows: number; readonly nextOrigin: number },
  ) {
    this.#connection = connection;
    this.#table = table;
    this.#columns = [...table.columns, { name: "origin", type: "UINTEGER" }];
    this.path = file.path;
    this.sequence = file.sequence;
    this.schema = file.schema;
    this.#state = found.state;
    this.#rows = found.rows;
    this.#nextOrigin = found.nextOrigin;
  }

  /**
   * Opens a file, or begins it.
   *
   * @param connection for this file alone; it writes
   * @param file       `:memory:` for one that is never on disk
   * @param begin      where the file before ended, for a file that is new
   * @throws {Error} of DuckDB when the file is damaged
   */
  static async open(
    connection: DuckDBConnection,
    table: RecordTable,
    file: { readonly path: string; readonly sequence: number },
    begin: Pick<HotState, "position" | "next">,
  ): Promise<HotFile> {
    const schema = `hot_${table.name}_${file.sequence}`;
    const isNew = !existsSync(file.path);
    await connection.run(`ATTACH '${quoted(file.path)}' AS ${schema}`);
    if (isNew || !(await hasState(connection, schema))) {
      try {
        await createTables(connection, schema, table, begin);
      } catch (error) {
        // Else the name is taken when it is tried again.
        await connection.run(`DETACH ${schema}`).catch(() => undefined);
        throw error;
      }
    }
    const state = await connection.runAndReadAll(`SELECT * FROM ${schema}.main.state`);
    const [row] = state.getRows();
    const counts = await connection.runAndReadAll(
      `SELECT (SELECT count(*) FROM ${schema}.main.records),
              (SELECT coalesce(max(id), 0) FROM ${schema}.main.origins)`,
    );
    const [rows, lastOrigin] = counts.getRows()[0]!;
    return new HotFile(
      connection,
      table,
      { ...file, schema },
      {
        state: {
          position: Number(row![0]),
          next: Number(row![1]),
          minTimeMs: Number(row![2]),
          maxTimeMs: Number(row![3]),
        },
        rows: Number(rows),
        nextOrigin: Number(lastOrigin) + 1,
      },
    );
  }

  get state(): HotState {
    return this.#state;
  }

  get rows(): number {
    return this.#rows;
  }

  /**
   * Takes requests, all or none; those that it has already are passed over.
   *
   * A request that cannot be read stands in nobody's way: it is left out, and the others are taken.
   *
   * @returns positions of requests that were left out
   */
  async append(requests: readonly LoggedRequest[]): Promise<readonly number[]> {
    const fresh = requests.filter(({ position }) => position > this.#state.position);
    const until = fresh.at(-1)?.position;
    if (until === undefined) return [];
    const unreadable = new Set<number>();
    for (;;) {
      try {
        const readable = fresh.filter(({ position }) => !unreadable.has(position));
        await this.#appendAll(readable, until);
        return [...unreadable];
      } catch (error) {
        if (!(error instanceof UnreadableRequest)) throw error;
        unreadable.add(error.position);
      }
    }
  }

  async #appendAll(requests: readonly LoggedRequest[], until: number): Promise<void> {
    await this.#connection.run("BEGIN");
    try {
      const { rows, state } = await this.#write(requests, until);
      await this.#connection.run("COMMIT");
      this.#rows += rows;
      this.#state = state;
    } catch (error) {
      this.#origins.clear();
      await this.#connection.run("ROLLBACK").catch(() => undefined);
      throw error;
    }
  }

  async #write(
    requests: readonly LoggedRequest[],
    position: number,
  ): Promise<{ readonly rows: number; readonly state: HotState }> {
    const appender = await this.#connection.createAppender("records", "main", this.schema);
    try {
      const writer = new RowWriter(appender, this.#columns);
      const rows = new RowColumns(this.#columns, (some) => writer.write(some));
      const origins = new NewOrigins(this.#origins, this.#nextOrigin);
      let { next, minTimeMs, maxTimeMs } = this.#state;
      for (const request of requests) {
        const written = this.#read(request, rows, origins, next);
        next += written.rows;
        if (written.rows === 0) continue;
        minTimeMs = Math.min(minTimeMs, written.minTimeMs);
        maxTimeMs = Math.max(maxTimeMs, written.maxTimeMs);
      }
      rows.flush();
      writer.flush();
      await this.#addOrigins(origins.added);
      await this.#connection.run(
        `UPDATE ${this.schema}.main.state
         SET position = ${position}, next = ${next}, min_ms = ${sqlDouble(minTimeMs)}, max_ms = ${sqlDouble(maxTimeMs)}`,
      );
      appender.closeSync();
      this.#nextOrigin = origins.next;
      return { rows: writer.rows, state: { position, next, minTimeMs, maxTimeMs } };
    } catch (error) {
      discard(appender);
      throw error;
    }
  }

  #read(
    request: LoggedRequest,
    rows: RowColumns,
    origins: OriginNumbers,
    next: number,
  ): WrittenRows {
    try {
      return this.#table.write(request.bytes, rows, origins, next);
    } catch (cause) {
      throw new UnreadableRequest(request.position, cause);
    }
  }

  async #addOrigins(added: readonly (Origin & { readonly id: number })[]): Promise<void> {
    if (added.length === 0) return;
    const appender = await this.#connection.createAppender("origins", "main", this.schema);
    try {
      const writer = new RowWriter(appender, ORIGIN_COLUMNS);
      const rows = new RowColumns(ORIGIN_COLUMNS, (some) => writer.write(some));
      for (const { id, service, text } of added) {
        const row = rows.next();
        rows.words(0)[row] = id;
        rows.text(1).put(row, escaped(service));
        rows.text(2).put(row, text);
      }
      rows.flush();
      writer.flush();
    } finally {
      appender.closeSync();
    }
  }

  /** Lets the connection go without another word. */
  abandon(): void {
    this.#connection.closeSync();
  }

  /** Lets what is only in memory go. */
  async drop(): Promise<void> {
    await this.#connection.run(`DETACH ${this.schema}`);
    this.#connection.closeSync();
  }

  /** Lets the file go; it stays on disk. */
  async close(): Promise<void> {
    await this.#connection.run(`CHECKPOINT ${this.schema}`);
    await this.#connection.run(`DETACH ${this.schema}`);
    this.#connection.closeSync();
  }
}

const ORIGIN_COLUMNS: readonly Column[] = [
  { name: "id", type: "UINTEGER" },
  { name: "service", type: "VARCHAR" },
  { name: "origin", type: "VARCHAR" },
];

async function hasState(connection: DuckDBConnection, schema: string): Promise<boolean> {
  const found = await connection.runAndReadAll(
    `SELECT count(*) FROM duckdb_tables() WHERE database_name = '${schema}' AND table_name = 'state'`,
  );
  return Number(found.getRows()[0]![0]) > 0;
}

async function createTables(
  connection: DuckDBConnection,
  schema: string,
  table: RecordTable,
  begin: Pick<HotState, "position" | "next">,
): Promise<void> {
  const columns = table.columns.map(({ name, type }) => `${name} ${type} NOT NULL`).join(", ");
  // One transaction: a file without all of them is a new one.
  await connection.run("BEGIN");
  await connection.run(
    `CREATE TABLE ${schema}.main.records (${columns}, origin UINTEGER NOT NULL)`,
  );
  await connection.run(
    `CREATE TABLE ${schema}.main.origins (id UINTEGER NOT NULL, service VARCHAR NOT NULL, origin VARCHAR NOT NULL)`,
  );
  await connection.run(
    `CREATE TABLE ${schema}.main.state (position BIGINT, next BIGINT, min_ms DOUBLE, max_ms DOUBLE)`,
  );
  await connection.run(
    `INSERT INTO ${schema}.main.state VALUES (${begin.position}, ${begin.next}, 'Infinity', '-Infinity')`,
  );
  await connection.run("COMMIT");
}

/** Lets an appender go with what is in it. */
function discard(appender: DuckDBAppender): void {
  try {
    appender.clear();
    appender.closeSync();
  } catch {
    // Its transaction has failed: there is nothing left of it.
  }
}

/** A request of the log that is none: the receiver's check and the store's reader do not agree. */
class UnreadableRequest extends Error {
  override readonly name = "UnreadableRequest";
  readonly position: number;

  constructor(position: number, cause: unknown) {
    super(`request ${position} cannot be read`, { cause });
    this.position = position;
  }
}

/** Numbers for origins that are not known yet. */
class NewOrigins implements OriginNumbers {
  readonly added: (Origin & { readonly id: number })[] = [];
  next: number;
  readonly #known: Map<string, number>;

  constructor(known: Map<string, number>, next: number) {
    this.#known = known;
    this.next = next;
  }

  number(key: string, make: () => Origin): number {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= MAX_KNOWN_ORIGINS) this.#known.clear();
    const id = this.next++;
    this.#known.set(key, id);
    this.added.push({ id, ...make() });
    return id;
  }
}

function sqlDouble(value: number): string {
  return `'${value === Infinity ? "Infinity" : value === -Infinity ? "-Infinity" : value}'::DOUBLE`;
}
