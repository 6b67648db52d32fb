// A thread of metrics-fleet.test.ts: shares its metrics, and runs what the test sends it.

import { parentPort, threadId, Worker, workerData } from "node:worker_threads";
import * as metrics from "@flx/monitoring/metrics";
import { gatherMetrics, shareMetrics } from "@flx/monitoring/fleet";

/** What a job has at hand. */
export interface JobContext {
  readonly metrics: typeof metrics;
  readonly threadId: number;
  readonly gatherMetrics: typeof gatherMetrics;
  /** Starts a thread like this one, and resolves when it has run the job. */
  readonly startThread: (job: string, control: Float64Array) => Promise<Worker>;
}

/** A function of its own, without anything from around it. */
export type Job = (context: JobContext, control: Float64Array) => unknown;

const { control, first, share } = workerData as {
  readonly control: Float64Array;
  readonly first: string;
  readonly share: boolean;
};
if (share) shareMetrics();

/** Starts a thread like this one, which runs a job. */
async function startThread(job: string, numbers: Float64Array): Promise<Worker> {
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { control: numbers, first: job, share: true },
  });
  await new Promise((resolve) => worker.once("message", resolve));
  return worker;
}

async function run(job: string): Promise<void> {
  // oxlint-disable-next-line no-new-func, typescript/no-implied-eval -- the text of a function of the test
  const work = new Function(`return (${job})`)() as Job;
  await work({ metrics, threadId, gatherMetrics, startThread }, control);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage("done");
}

parentPort?.on("message", (job: string) => void run(job));
void run(first);
