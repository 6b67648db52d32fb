// `shop runs`: the record of pipeline runs.

import { mkdirSync } from "node:fs";
import { openRuns, type Run } from "../pipelines/runs.ts";
import { numberOption, type Given } from "./arguments.ts";
import { dataFolderOf } from "./command.ts";
import { tableText, timeText } from "./table.ts";

/** Prints the latest runs, newest first. */
export async function runs(given: Given): Promise<number> {
  const limit = numberOption(given, "limit", 10, [1, 1000]);
  const dataFolder = dataFolderOf(given);
  mkdirSync(dataFolder, { recursive: true });
  using record = openRuns(dataFolder);
  const latest = record.latest(limit);
  if (given.options["json"]) console.log(JSON.stringify(latest, undefined, 2));
  else
    console.log(
      latest.length === 0 ? "no pipeline has run yet." : tableText(heading, latest.map(row)),
    );
  return 0;
}

const heading = [
  "PIPELINE",
  "STARTED",
  "TOOK",
  "STATUS",
  "READ",
  "WRITTEN",
  "SKIPPED",
  "REJECTED",
  "ERROR",
];

function row(run: Run): string[] {
  return [
    run.pipeline,
    new Date(run.startedAtMs).toISOString().slice(0, 19).replace("T", " "),
    timeText(run.durationMs),
    run.status,
    ...[run.read, run.written, run.skipped, run.rejected].map(String),
    run.error,
  ];
}
