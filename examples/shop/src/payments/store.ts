// payments.db: one row per payment.

import type { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { openDatabase } from "../database/open.ts";
import type { Payment, PaymentStatus } from "./messages.ts";

const schema = `
  CREATE TABLE IF NOT EXISTS payments (
    id TEXT PRIMARY KEY, order_id TEXT NOT NULL, status TEXT NOT NULL, currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL, card_last4 TEXT NOT NULL, decline_reason TEXT NOT NULL,
    refund_reason TEXT NOT NULL DEFAULT '', created_at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS payments_by_time ON payments (created_at_ms);
`;

const columns = `id, order_id AS orderId, status, currency, amount_minor AS amountMinor,
  card_last4 AS cardLast4, decline_reason AS declineReason, created_at_ms AS createdAtMs`;

/** Opens payments.db in the data folder. */
export function openPaymentsDatabase(dataFolder: string): DatabaseSync {
  return openDatabase(join(dataFolder, "payments.db"));
}

/** The record of every payment. */
export class PaymentsStore {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    database.exec(schema);
  }

  insert(payment: Payment): void {
    this.#database
      .prepare("INSERT INTO payments VALUES (?, ?, ?, ?, ?, ?, ?, '', ?)")
      .run(
        payment.id,
        payment.orderId,
        payment.status,
        payment.currency,
        payment.amountMinor,
        payment.cardLast4,
        payment.declineReason,
        payment.createdAtMs,
      );
  }

  find(id: string): Payment | undefined {
    const row = this.#database.prepare(`SELECT ${columns} FROM payments WHERE id = ?`).get(id);
    return row as Payment | undefined;
  }

  setStatus(id: string, status: PaymentStatus, refundReason: string): void {
    this.#database
      .prepare("UPDATE payments SET status = ?, refund_reason = ? WHERE id = ?")
      .run(status, refundReason, id);
  }

  /** Payments made since a time, oldest first. */
  *since(sinceMs: number): Generator<Payment> {
    const sql = `SELECT ${columns} FROM payments WHERE created_at_ms >= ? ORDER BY created_at_ms`;
    yield* this.#database.prepare(sql).all(sinceMs) as Payment[];
  }
}
