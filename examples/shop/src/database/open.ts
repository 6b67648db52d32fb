// SQLite as the shop uses it: write-ahead log, so that readers do not wait for the writer; a writer that finds
// the database locked by another process waits up to five seconds.

import { mkdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { traceStatements } from "./traced-statements.ts";

const lockTimeoutMs = 5000;

/** Opens (or creates) the database file, or one in memory for ":memory:". */
export function openDatabase(path: string): DatabaseSync {
  if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true });
  const database = new DatabaseSync(path, { timeout: lockTimeoutMs });
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON");
  traceStatements(database, basename(path));
  return database;
}

/** Runs `work` in one write transaction: all of it is kept, or none when it throws. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}
