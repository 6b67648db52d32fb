// orders.db: customers, products, orders with their lines, and the search index of orders.
//
//   customers 1 ──< orders 1 ──< order_lines >── 1 products
//                     │
//                     └── orders_search (full text: customer, country, products)

import type { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { inTransaction, openDatabase } from "../database/open.ts";
import { catalogue } from "./catalogue.ts";
import { seedCustomers } from "./seed.ts";

const schema = `
  CREATE TABLE IF NOT EXISTS customers (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE, country TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS products (
    sku TEXT PRIMARY KEY, title TEXT NOT NULL, category TEXT NOT NULL,
    euro_minor INTEGER NOT NULL, stock INTEGER NOT NULL CHECK (stock >= 0), full_stock INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS orders (
    id TEXT PRIMARY KEY, customer_id TEXT NOT NULL REFERENCES customers(id), country TEXT NOT NULL,
    channel TEXT NOT NULL, status TEXT NOT NULL, currency TEXT NOT NULL,
    total_minor INTEGER NOT NULL, tax_minor INTEGER NOT NULL, payment_id TEXT NOT NULL DEFAULT '',
    idempotency_key TEXT NOT NULL UNIQUE, placed_at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS orders_by_customer ON orders (customer_id, placed_at_ms);
  CREATE INDEX IF NOT EXISTS orders_by_time ON orders (placed_at_ms);
  CREATE TABLE IF NOT EXISTS order_lines (
    order_id TEXT NOT NULL REFERENCES orders(id), sku TEXT NOT NULL REFERENCES products(sku),
    quantity INTEGER NOT NULL CHECK (quantity > 0), unit_price_minor INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS order_lines_by_order ON order_lines (order_id);
  CREATE VIRTUAL TABLE IF NOT EXISTS orders_search USING fts5 (order_id UNINDEXED, text);
`;

/** Opens orders.db in the data folder; a fresh one gets the catalogue and the customers. */
export function openOrdersDatabase(dataFolder: string): DatabaseSync {
  return prepareOrdersDatabase(openDatabase(join(dataFolder, "orders.db")));
}

/** Creates what is missing in an open database. */
export function prepareOrdersDatabase(database: DatabaseSync): DatabaseSync {
  inTransaction(database, () => {
    database.exec(schema);
    if (database.prepare("SELECT 1 FROM products").get() === undefined) seed(database);
  });
  return database;
}

function seed(database: DatabaseSync): void {
  const product = database.prepare("INSERT INTO products VALUES (?, ?, ?, ?, ?, ?)");
  for (const { sku, title, category, euroMinor, stock } of catalogue) {
    product.run(sku, title, category, euroMinor, stock, stock);
  }
  const customer = database.prepare("INSERT INTO customers VALUES (?, ?, ?, ?)");
  for (const { id, name, email, country } of seedCustomers())
    customer.run(id, name, email, country);
}
