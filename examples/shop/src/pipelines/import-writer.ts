// Writes imported orders into orders.db. An order whose reference is already there is left alone, so importing
// a file twice, or again after a failure half way, is harmless.

import type { DatabaseSync } from "node:sqlite";
import { inTransaction } from "../database/open.ts";
import type { ImportedOrder } from "./transform.ts";

export type ImportWriter = {
  /** Writes a batch in one transaction; gives how many of them were new. */
  write(batch: readonly ImportedOrder[]): number;
};

/** A writer with its statements prepared. */
export function createImportWriter(database: DatabaseSync): ImportWriter {
  const addCustomer = database.prepare("INSERT OR IGNORE INTO customers VALUES (?, ?, ?, ?)");
  const customerOf = database.prepare("SELECT id FROM customers WHERE email = ?");
  const addLine = database.prepare("INSERT INTO order_lines VALUES (?, ?, ?, ?)");
  const addOrder = database.prepare(
    `INSERT INTO orders VALUES (?, ?, ?, 'marketplace', 'paid', ?, ?, ?, '', ?, ?)
     ON CONFLICT (idempotency_key) DO NOTHING`,
  );

  const writeOne = (order: ImportedOrder): number => {
    const { id, name, email } = order.customer;
    addCustomer.run(id, name, email, order.country);
    const { changes } = addOrder.run(
      order.id,
      String(customerOf.get(email)?.["id"]),
      order.country,
      order.currency,
      order.totalMinor,
      order.taxMinor,
      order.ref,
      order.placedAtMs,
    );
    if (changes === 0) return 0;
    for (const line of order.lines)
      addLine.run(order.id, line.sku, line.quantity, line.unitPriceMinor);
    return 1;
  };

  return {
    write: (batch) =>
      inTransaction(database, () => batch.reduce((sum, order) => sum + writeOne(order), 0)),
  };
}
