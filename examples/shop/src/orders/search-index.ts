// The full-text index over orders. A web order is indexed when it is placed; imported orders are not (the import
// is a bulk load), so `shop reindex` builds the whole index anew.
//
//   orders ── batches of 200 ──> orders_search_next ── rest + rename, one transaction ──> orders_search
//
// Each batch is a short transaction: the shop goes on selling meanwhile, and searches use the old index.

import type { DatabaseSync } from "node:sqlite";
import { inTransaction } from "../database/open.ts";

const batchSize = 200;

const entry = `
  SELECT o.id, c.name || ' ' || c.email || ' ' || o.country || ' ' ||
    coalesce((SELECT group_concat(p.title || ' ' || p.category, ' ') FROM order_lines l
      JOIN products p USING (sku) WHERE l.order_id = o.id), '')
  FROM orders o JOIN customers c ON c.id = o.customer_id`;

/** Adds one order to the index. */
export function indexOrder(database: DatabaseSync, orderId: string): void {
  database
    .prepare(`INSERT INTO orders_search (order_id, text) ${entry} WHERE o.id = ?`)
    .run(orderId);
}

/** Builds the index anew; yields the number of orders indexed after each batch. */
export function* rebuildSearchIndex(database: DatabaseSync): Generator<number> {
  database.exec(`DROP TABLE IF EXISTS orders_search_next;
    CREATE VIRTUAL TABLE orders_search_next USING fts5 (order_id UNINDEXED, text)`);
  const add = database.prepare(
    `INSERT INTO orders_search_next (order_id, text) ${entry} WHERE o.rowid > ? AND o.rowid <= ?`,
  );
  const lastRowid = database.prepare("SELECT coalesce(max(rowid), 0) AS last FROM orders");
  const last = (): number => Number(lastRowid.get()?.["last"]);
  const end = last();
  let indexed = 0;
  for (let from = 0; from < end; from += batchSize) {
    const to = Math.min(from + batchSize, end);
    indexed += Number(inTransaction(database, () => add.run(from, to)).changes);
    yield indexed;
  }
  inTransaction(database, () => {
    indexed += Number(add.run(end, last()).changes);
    database.exec(
      "DROP TABLE orders_search; ALTER TABLE orders_search_next RENAME TO orders_search",
    );
  });
  yield indexed;
}
