// pipelines.db: the record of every run, which `shop runs` shows.

import type { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { openDatabase } from "../database/open.ts";
import { noRows, type RowCounts } from "./row-counts.ts";

export type Run = RowCounts & {
  readonly id: number;
  readonly pipeline: string;
  readonly status: "running" | "succeeded" | "failed";
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** Empty unless failed. */
  readonly error: string;
};

const schema = `
  CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY, pipeline TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'running',
    started_at_ms INTEGER NOT NULL, duration_ms INTEGER NOT NULL DEFAULT 0,
    read INTEGER NOT NULL DEFAULT 0, written INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0, rejected INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT ''
  ) STRICT`;

const columns = `id, pipeline, status, started_at_ms AS startedAtMs, duration_ms AS durationMs,
  read, written, skipped, rejected, error`;

/** Opens the record of runs in the data folder. */
export function openRuns(dataFolder: string): RunRecord {
  return new RunRecord(openDatabase(join(dataFolder, "pipelines.db")));
}

/** The record of runs. */
export class RunRecord implements Disposable {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    database.exec(schema);
  }

  /** Notes that a run begins; gives its id. */
  begin(pipeline: string, startedAtMs: number): number {
    const sql = "INSERT INTO runs (pipeline, started_at_ms) VALUES (?, ?)";
    return Number(this.#database.prepare(sql).run(pipeline, startedAtMs).lastInsertRowid);
  }

  /** Notes how it ended: with its rows, or with an error. */
  end(id: number, durationMs: number, outcome: RowCounts | Error): Run {
    const failed = outcome instanceof Error;
    const rows = failed ? noRows : outcome;
    this.#database
      .prepare(
        `UPDATE runs SET status = ?, duration_ms = ?, read = ?, written = ?, skipped = ?, rejected = ?, error = ?
         WHERE id = ?`,
      )
      .run(
        failed ? "failed" : "succeeded",
        Math.round(durationMs),
        rows.read,
        rows.written,
        rows.skipped,
        rows.rejected,
        failed ? outcome.message : "",
        id,
      );
    return this.#database.prepare(`SELECT ${columns} FROM runs WHERE id = ?`).get(id) as Run;
  }

  /** The latest runs, newest first. */
  latest(limit: number): Run[] {
    const sql = `SELECT ${columns} FROM runs ORDER BY id DESC LIMIT ?`;
    return this.#database.prepare(sql).all(limit) as Run[];
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
