// Whether the pipelines do their work: a pipeline whose latest run failed is late from then on.

import type { CheckResult, HealthCheck } from "@flx/monitoring/health";
import type { Run, RunRecord } from "./runs.ts";

/** Every pipeline has run within the last so many runs. */
const lookedAt = 30;

/** A check of the latest run of each pipeline. */
export function runsCheck(runs: RunRecord): HealthCheck {
  return (): CheckResult => {
    const latest = new Map<string, Run>();
    for (const run of runs.latest(lookedAt)) {
      if (run.status !== "running" && !latest.has(run.pipeline)) latest.set(run.pipeline, run);
    }
    const failed = [...latest.values()].filter(({ status }) => status === "failed");
    if (failed.length === 0) return {};
    const message = failed.map(({ pipeline, error }) => `${pipeline} failed: ${error}`).join("; ");
    return { status: "degraded", message };
  };
}
