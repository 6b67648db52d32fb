// The pipeline `restock`: the supplier fills up what is running out, so that a shop that runs for days sells on.

import type { DatabaseSync } from "node:sqlite";
import type { RowCounts } from "./row-counts.ts";

/** Fills up every product of which less than a quarter is left. */
export function restock(database: DatabaseSync): RowCounts {
  const products = Number(database.prepare("SELECT count(*) AS n FROM products").get()?.["n"]);
  const sql = "UPDATE products SET stock = full_stock WHERE stock * 4 < full_stock";
  const written = Number(database.prepare(sql).run().changes);
  return { read: products, written, skipped: products - written, rejected: 0 };
}
