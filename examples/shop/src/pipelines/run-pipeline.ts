// Runs one pipeline, by schedule or by hand, and records how it went.

import { traceAsync } from "@flx/monitoring/tracing";
import { openOrdersDatabase } from "../orders/database.ts";
import type { Log } from "../log.ts";
import type { ShopMetrics } from "../metrics.ts";
import type { Settings } from "../settings.ts";
import { deliverSamples, openFolders } from "./folders.ts";
import { nightlyImport } from "./nightly-import.ts";
import { restock } from "./restock.ts";
import type { RowCounts } from "./row-counts.ts";
import { lockPipeline } from "./run-lock.ts";
import { openRuns, type Run } from "./runs.ts";

export const pipelineNames = ["nightly-import", "reconciliation", "restock"] as const;

export type PipelineName = (typeof pipelineNames)[number];

/** What a run needs around it. */
export type PipelineSurroundings = {
  readonly settings: Settings;
  readonly log: Log;
  readonly metrics: ShopMetrics;
};

/** Runs a pipeline to its end. A failed run is an answer, not an error; throws a PipelineBusyError. */
export async function runPipeline(
  name: PipelineName,
  { settings, log, metrics }: PipelineSurroundings,
): Promise<Run> {
  const { dataFolder } = settings;
  openFolders(dataFolder);
  using stack = new DisposableStack();
  stack.use(lockPipeline(dataFolder, name));
  using runs = openRuns(dataFolder);
  const startedAtMs = Date.now();
  const id = runs.begin(name, startedAtMs);
  log.debug("pipeline started", { pipeline: name, run: id });
  try {
    const counts = await traceAsync(
      `pipeline ${name}`,
      { root: true, attributes: { run: id } },
      () => metrics.collector.trackPipeline(name, () => work(name, settings, log)),
    );
    for (const outcome of ["written", "skipped", "rejected"] as const) {
      metrics.business.pipeline_rows_total.inc({ pipeline: name, outcome }, counts[outcome]);
    }
    const run = runs.end(id, Date.now() - startedAtMs, counts);
    log.info("pipeline succeeded", { pipeline: name, run: id, ms: run.durationMs, ...counts });
    return run;
  } catch (error) {
    const run = runs.end(id, Date.now() - startedAtMs, error as Error);
    log.error("pipeline failed", { pipeline: name, run: id, ms: run.durationMs }, error);
    return run;
  }
}

async function work(name: PipelineName, settings: Settings, log: Log): Promise<RowCounts> {
  const folders = openFolders(settings.dataFolder);
  if (name === "reconciliation") {
    // gRPC is only needed here; the other pipelines start without it.
    const { reconcile } = await import("./reconciliation.ts");
    return reconcile(settings, folders, log);
  }
  const database = openOrdersDatabase(settings.dataFolder);
  try {
    if (name === "restock") return restock(database);
    deliverSamples(folders);
    return await nightlyImport(folders, database, log);
  } finally {
    database.close();
  }
}
