// Whether a SQLite database can be read, and whether it could be written now.
//
// The check has a connection of its own that does not wait for locks: waiting blocks the thread in SQLite, and a health
// check must not be what makes a service slow. A writer holds the lock for a moment only, so that one busy look is
// normal; `rise` and `fall` at the registration tell a moment from a habit.

import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { CheckOptions, CheckResult, HealthCheck } from "@flx/monitoring/health";
import { nearby } from "./process-health.ts";

const busyCode = 5;

/** How a database is registered: a service without its database is none. */
export const databaseOptions: CheckOptions = { ...nearby, critical: true, fall: 2, rise: 3 };

/** A check of the database in a file. */
export function databaseCheck(file: string): HealthCheck {
  return (): CheckResult => {
    // Opening would make a new, empty one.
    if (!existsSync(file)) return { status: "unhealthy", message: `${file} is gone` };
    using database = new DatabaseSync(file, { timeout: 0 });
    database.prepare("SELECT count(*) FROM sqlite_schema").get();
    try {
      database.exec("BEGIN IMMEDIATE; ROLLBACK");
    } catch (error) {
      if ((error as { errcode?: number }).errcode !== busyCode) throw error;
      return { status: "degraded", message: "another process holds the write lock" };
    }
    return {};
  };
}
