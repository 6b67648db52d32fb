// The thread of the stock report (see slow-db.ts): counts stock inside a write transaction, and takes its time.

import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { openOrdersDatabase } from "../orders/database.ts";

const holdMs = 500;
const pauseMs = 250;

const { dataFolder } = workerData as { dataFolder: string };
const database = openOrdersDatabase(dataFolder);
const stop = new AbortController();
parentPort?.once("message", () => stop.abort());

/* oxlint-disable no-await-in-loop -- the loop is the point: hold, let go, hold again */
while (!stop.signal.aborted) {
  database.exec("BEGIN IMMEDIATE");
  database
    .prepare("SELECT category, sum(stock * euro_minor) AS worth FROM products GROUP BY category")
    .all();
  await sleep(holdMs);
  database.exec("COMMIT");
  await sleep(pauseMs);
}
database.close();
