// A span for each SQL statement that runs inside of a span; the first twenty of each, so that an import of thousands of rows
// stays one that can be read.

import type { DatabaseSync, StatementSync } from "node:sqlite";
import { getCurrentSpan, traceSync } from "@flx/monitoring/tracing";

const maxStatements = 20;
const methods = ["run", "get", "all"] as const;

/** Has every statement that is prepared from now on make spans. */
export function traceStatements(database: DatabaseSync, namespace: string): void {
  const prepare = database.prepare.bind(database);
  const counts = new WeakMap<object, number>();
  database.prepare = (sql: string): StatementSync => {
    const statement = prepare(sql);
    for (const method of methods)
      traceMethod(statement, method, nameOf(sql), counts, {
        "db.system.name": "sqlite",
        "db.namespace": namespace,
        "db.query.text": sql,
      });
    return statement;
  };
}

function traceMethod(
  statement: StatementSync,
  method: (typeof methods)[number],
  name: string,
  counts: WeakMap<object, number>,
  attributes: Record<string, string>,
): void {
  const plain = statement[method].bind(statement) as (...values: unknown[]) => unknown;
  const traced = (...values: unknown[]): unknown => {
    const span = getCurrentSpan();
    if (span === undefined || !span.isRecording()) return plain(...values);
    const count = counts.get(span) ?? 0;
    counts.set(span, count + 1);
    if (count >= maxStatements) return plain(...values);
    return traceSync(name, { kind: "client", attributes }, () => plain(...values));
  };
  Object.defineProperty(statement, method, { value: traced });
}

/** "SELECT orders" of a whole statement. */
function nameOf(sql: string): string {
  const words = /^\s*(\w+)/.exec(sql)?.[1]?.toUpperCase() ?? "SQL";
  const table = /\b(?:from|into|update)\s+(\w+)/i.exec(sql)?.[1];
  return table === undefined ? words : `${words} ${table}`;
}
