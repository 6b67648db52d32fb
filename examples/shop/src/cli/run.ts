// `shop run PIPELINE`: by hand what the pipeline runner does on its hours.

import { join } from "node:path";
import { createLog } from "../log.ts";
import { shopMetrics } from "../metrics.ts";
import { PipelineBusyError } from "../pipelines/run-lock.ts";
import { pipelineNames, runPipeline, type PipelineName } from "../pipelines/run-pipeline.ts";
import type { Run } from "../pipelines/runs.ts";
import { thisService } from "../service.ts";
import { readSettings, type Settings } from "../settings.ts";
import { findShop } from "../supervisor/shop-file.ts";
import { unknownWord, type Given } from "./arguments.ts";
import { CommandError, dataFolderOf } from "./command.ts";
import { runningShop } from "./control-client.ts";
import { timeText } from "./table.ts";

/** Runs one pipeline; the exit code is 1 when the run failed. */
export async function run(given: Given): Promise<number> {
  const name = given.words[0] ?? "";
  if (!isPipeline(name)) throw unknownWord("pipeline", name, pipelineNames);
  const dataFolder = dataFolderOf(given);
  if (name === "reconciliation") runningShop(dataFolder);
  try {
    const result = await runPipeline(name, {
      settings: settingsFor(dataFolder),
      log: createLog("pipelines", "error"),
      metrics: shopMetrics(thisService("pipelines")),
    });
    console.log(given.options["json"] ? JSON.stringify(result, undefined, 2) : runText(result));
    return result.status === "succeeded" ? 0 : 1;
  } catch (error) {
    if (error instanceof PipelineBusyError) throw new CommandError(error.message, { cause: error });
    throw error;
  }
}

function isPipeline(name: string): name is PipelineName {
  return (pipelineNames as readonly string[]).includes(name);
}

/** Settings that reach the shop running on the folder, if one does. */
function settingsFor(dataFolder: string): Settings {
  const shop = findShop(dataFolder);
  if (shop === undefined) return { ...readSettings(), dataFolder };
  return {
    ...readSettings(),
    dataFolder,
    ordersAddress: `127.0.0.1:${shop.ports.orders}`,
    paymentsAddress: `127.0.0.1:${shop.ports.payments}`,
    tlsFolder: shop.tls ? join(dataFolder, "tls") : undefined,
  };
}

function runText(result: Run): string {
  const { pipeline, status, durationMs, read, written, skipped, rejected, error } = result;
  const time = timeText(durationMs);
  if (status === "failed") return `${pipeline} failed after ${time}: ${error}`;
  if (pipeline === "reconciliation") {
    return `${pipeline} done in ${time}: ${read} orders and payments compared, ${rejected} differences`;
  }
  return `${pipeline} done in ${time}: ${read} rows read, ${written} written, ${skipped} skipped, ${rejected} rejected`;
}
