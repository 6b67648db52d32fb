// A Prometheus with the counters of the suite, kept by a worker thread: when the benchmark ends, so does the thread, and
// with it the server. Says its URL when all is written.

import { parentPort } from "node:worker_threads";
import { remoteWrite, startPrometheus } from "@flx/testkit";
import { remoteCounters, SAMPLES, SERIES } from "./promql-counters.ts";

/** Series and samples of each per request; half an hour of all series before the next half, as the server's head wants it. */
const SERIES_AT_ONCE = 2500;
const SAMPLES_AT_ONCE = 120;

const server = await startPrometheus({ args: ["--query.max-samples=100000000"] });
for (let from = 0; from < SAMPLES; from += SAMPLES_AT_ONCE) {
  for (let first = 0; first < SERIES; first += SERIES_AT_ONCE) {
    const piece = remoteCounters([first, first + SERIES_AT_ONCE], [from, from + SAMPLES_AT_ONCE]);
    await remoteWrite(server.url, piece);
  }
}
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of a thread, not a window
parentPort?.postMessage(server.url);
// Stays until the thread is ended.
setInterval(() => {}, 1 << 30);
