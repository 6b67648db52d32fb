// The pipeline runner: the importer, reconciliation and restocking, on the hours of the shop's day.
// Shortly before each import the marketplace (played by this process) delivers a new file.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { poisonInbox } from "../faults/poisoned-order.ts";
import { holdWriteLock } from "../faults/slow-db.ts";
import { databaseCheck, databaseOptions } from "../health/database-check.ts";
import { peerCheck } from "../health/peer-check.ts";
import { nearby } from "../health/process-health.ts";
import { runProcess } from "../process/run.ts";
import { seededRandom } from "../random.ts";
import { openFolders } from "./folders.ts";
import { marketplaceFile } from "./marketplace-file.ts";
import { runPipeline, type PipelineName } from "./run-pipeline.ts";
import { openRuns } from "./runs.ts";
import { runsCheck } from "./runs-check.ts";
import { Schedule } from "./schedule.ts";

const rowsPerDelivery = 300;

await runProcess("pipelines", ({ settings, log, faults, metrics, health }) => {
  const { dataFolder, openedAtMs, dayMs, ordersAddress, paymentsAddress, tlsFolder } = settings;
  const { inbox } = openFolders(dataFolder);

  const deliver = (): void => {
    const nowMs = Date.now();
    const stamp = nowMs.toString(36);
    const rows = marketplaceFile(seededRandom(nowMs), stamp, nowMs, rowsPerDelivery);
    writeFileSync(join(inbox, `marketplace-${stamp}.ndjson`), rows);
  };
  const schedule = new Schedule<PipelineName | "delivery">(async (name) => {
    if (name === "delivery") {
      deliver();
      return true;
    }
    const run = await runPipeline(name, { settings, log, metrics });
    return run.status === "succeeded";
  });

  const runs = openRuns(dataFolder);
  health.register("pipelines_db", databaseCheck(join(dataFolder, "pipelines.db")), databaseOptions);
  health.register("runs", runsCheck(runs), nearby);
  // Needed by reconciliation only, which can wait.
  health.register("orders", peerCheck(ordersAddress, tlsFolder), nearby);
  health.register("payments", peerCheck(paymentsAddress, tlsFolder), nearby);

  schedule.add({ name: "delivery", hours: [1.5] }, openedAtMs, dayMs);
  schedule.add({ name: "nightly-import", hours: [2] }, openedAtMs, dayMs);
  schedule.add({ name: "reconciliation", hours: [3, 9, 15, 21] }, openedAtMs, dayMs);
  schedule.add({ name: "restock", hours: [6, 18] }, openedAtMs, dayMs);
  schedule.runNow("nightly-import");

  poisonInbox(faults, inbox, () => schedule.runNow("nightly-import"));
  holdWriteLock(faults, dataFolder, log);
  return {
    async stop() {
      await schedule.stop();
      runs[Symbol.dispose]();
    },
  };
});
