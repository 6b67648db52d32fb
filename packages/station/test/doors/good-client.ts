// A well-behaved client beside hostile ones: it sends and asks, again and again, and must be answered whatever they do.
//
// How much slower it was is told, not judged: the machine has other work.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { StationProcess } from "../running-station.ts";
import type { GoodClientDoors, GoodClientRounds } from "./good-client-thread.ts";

/** What the station of such a test may have of memory, bytes: `--memory 600MB`. */
const CAP = 600 * 1024 * 1024;

/** The well-behaved client. */
class GoodClient {
  readonly #thread: Worker;
  readonly #rounds: Promise<GoodClientRounds>;

  constructor({ url, otlpHttp }: StationProcess) {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    this.#thread = new Worker(new URL("good-client-thread.ts", import.meta.url), {
      workerData: { url, otlpHttp } satisfies GoodClientDoors,
      execArgv: ["--conditions=@flx/source"],
      env,
    });
    this.#rounds = once(this.#thread, "message").then(([rounds]) => rounds as GoodClientRounds);
    this.#rounds.catch(() => undefined);
  }

  async stop(): Promise<GoodClientRounds> {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#thread.postMessage("stop");
    const rounds = await this.#rounds;
    await this.#thread.terminate();
    return rounds;
  }
}

const p99 = (times: readonly number[]): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;

/** Resident memory of the station in bytes. */
function resident({ process }: StationProcess): number {
  const status = readFileSync(`/proc/${process.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** Does something hostile while the good client works; fails when that one is refused, or memory goes over the cap. */
export async function beside(
  t: TestContext,
  station: StationProcess,
  attack: () => Promise<void>,
): Promise<void> {
  const calm = new GoodClient(station);
  await sleep(2_000);
  const alone = await calm.stop();
  const before = resident(station);
  let highest = before;
  const watch = setInterval(() => {
    highest = Math.max(highest, resident(station));
  }, 20);
  const client = new GoodClient(station);
  let good: GoodClientRounds;
  try {
    await attack();
    await sleep(500);
  } finally {
    clearInterval(watch);
    good = await client.stop();
  }
  const mb = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MB`;
  t.diagnostic(
    `good client: ${good.times.length} rounds, p99 ${p99(good.times).toFixed(0)} ms (alone ${p99(alone.times).toFixed(0)} ms); ` +
      `resident ${mb(before)}, highest ${mb(highest)}`,
  );
  assert.deepEqual(alone.failures, []);
  assert.deepEqual(good.failures, []);
  assert.ok(good.times.length > 0, "the good client was heard");
  assert.ok(highest < CAP, `${mb(highest)} resident`);
  assert.equal(station.process.exit, undefined, "it runs");
}
