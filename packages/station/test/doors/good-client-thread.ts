// The thread of the well-behaved client: one round of requests after the other until it is told to stop. It is a thread, so
// that what the hostile ones in the test's own thread cost these is not taken for what they cost the station.

import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { ask, gaugeOf, json } from "./ask.ts";

/** Where it sends and asks. */
export interface GoodClientDoors {
  readonly url: string;
  readonly otlpHttp: string;
}

/** What it was answered. */
export interface GoodClientRounds {
  /** How long each round took, ms. */
  readonly times: number[];
  /** What was not answered with 200. */
  readonly failures: string[];
}

const { url, otlpHttp } = workerData as GoodClientDoors;
const rounds: GoodClientRounds = { times: [], failures: [] };
const told = { isOver: false };

parentPort!.once("message", () => (told.isOver = true));

while (!told.isOver) {
  const startedMs = performance.now();
  const answers = await Promise.all([
    ask(`${otlpHttp}/v1/metrics`, { method: "POST", headers: json, body: gaugeOf("good", 1) }),
    ask(`${url}/api/v1/query?query=good`),
    ask(`${url}/livez`),
  ]).catch((error: unknown) => [{ status: 0, text: String(error) }]);
  rounds.times.push(performance.now() - startedMs);
  for (const { status, text } of answers) {
    if (status !== 200) rounds.failures.push(`${status} ${text.slice(0, 200)}`);
  }
  await sleep(20);
}
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort!.postMessage(rounds);
