// The pipeline `reconciliation`: asks orders and payments for their books of the last day, compares them and writes
// a report. A difference is not a failure of the run: the report is what it is for.

import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Log } from "../log.ts";
import { connectOrders } from "../orders/client.ts";
import { connectPayments } from "../payments/client.ts";
import type { Settings } from "../settings.ts";
import { findDifferences } from "./differences.ts";
import type { Folders } from "./folders.ts";
import type { RowCounts } from "./row-counts.ts";

const deadlineMs = 10_000;
const periodMs = 86_400_000;
const keptReports = 20;

/** Compares the books; counts what was read, and each difference as rejected. */
export async function reconcile(
  settings: Settings,
  folders: Folders,
  log: Log,
): Promise<RowCounts> {
  const nowMs = Date.now();
  const ordersClient = connectOrders(settings, deadlineMs);
  const paymentsClient = connectPayments(settings, deadlineMs);
  try {
    const since = { sinceMs: nowMs - periodMs };
    const [orders, payments] = await Promise.all([
      collect(ordersClient.streamOrders(since)),
      collect(paymentsClient.streamPayments(since)),
    ]);
    const differences = findDifferences(orders, payments, nowMs);
    const time = new Date(nowMs).toISOString();
    const report = { time, orders: orders.length, payments: payments.length, differences };
    writeReport(folders.reports, time, report);
    for (const { kind, orderId, paymentId, text } of differences.slice(0, 5)) {
      log.warn("books differ", { kind, order: orderId, payment: paymentId || undefined, text });
    }
    const read = orders.length + payments.length;
    return { read, written: 1, skipped: 0, rejected: differences.length };
  } finally {
    ordersClient.close();
    paymentsClient.close();
  }
}

async function collect<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

function writeReport(folder: string, time: string, report: object): void {
  const name = `reconciliation-${time.replaceAll(/[:.]/g, "-")}.json`;
  writeFileSync(join(folder, name), `${JSON.stringify(report, undefined, 2)}\n`);
  const older = readdirSync(folder)
    .filter((file) => file.startsWith("reconciliation-"))
    .toSorted();
  for (const file of older.slice(0, -keptReports)) rmSync(join(folder, file), { force: true });
}
