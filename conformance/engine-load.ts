// Real engines that are started again on their data, and a load on a station of which every sample is told apart.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import {
  encodeRemoteWrite,
  httpGet,
  type PeerServer,
  startPrometheus,
  startVictoriaMetrics,
  type TemporaryFolder,
  waitUntil,
} from "@flx/testkit";
import type { StationProcess } from "../packages/station/test/running-station.ts";

const PATIENT = { timeoutMs: 120_000, everyMs: 200 };

/** Starts an engine, again on the same data when it is given. */
export type EngineStarter = (options: {
  readonly folder: TemporaryFolder;
  readonly port: number;
}) => Promise<PeerServer>;

export const startsPrometheus: EngineStarter = (options) =>
  startPrometheus({
    ...options,
    args: ["--enable-feature=native-histograms,exemplar-storage"],
    config: "storage: { tsdb: { out_of_order_time_window: 2h } }\n",
    readyTimeoutMs: 60_000,
  });

export const startsVictoria: EngineStarter = (options) =>
  startVictoriaMetrics({ ...options, readyTimeoutMs: 60_000 });

/** Waits until nothing waits in the queue any more. */
export async function drained(station: StationProcess, remote = "engine"): Promise<void> {
  await waitUntil(async () => {
    const { body } = await httpGet(`${station.url}/metrics`, { timeoutMs: 10_000 });
    return body.includes(`\nflx_remote_write_queue_samples{remote="${remote}"} 0\n`);
  }, PATIENT);
}

/** Series of the load. */
export const SERIES = 20;
const STEP_MS = 50;

/** A writer that goes on until it is stopped, and what it was told is durable. */
export class Load {
  readonly startMs: number = Date.now() - 600_000;
  /** Steps that were acknowledged. */
  acknowledged: number = 0;
  refusals: number = 0;
  #isStopped = false;
  readonly #running: Promise<void>;

  constructor(url: () => string | undefined) {
    this.#running = this.#run(url);
  }

  async #run(url: () => string | undefined): Promise<void> {
    for (let step = 0; !this.#isStopped;) {
      if (await this.#write(url(), step)) this.acknowledged = ++step;
      else {
        this.refusals++;
        await sleep(20);
      }
      await sleep(2);
    }
  }

  async #write(url: string | undefined, step: number): Promise<boolean> {
    if (url === undefined) return false;
    const series = Array.from({ length: SERIES }, (_, i) => ({
      labels: ["__name__", "load", "i", String(i)],
      timestamps: [this.startMs + step * STEP_MS],
      values: Float64Array.of(step * 1_000 + i),
    }));
    try {
      const response = await fetch(`${url}/api/v1/write`, {
        method: "POST",
        body: encodeRemoteWrite(series),
        headers: { "content-encoding": "snappy", "content-type": "application/x-protobuf" },
        signal: AbortSignal.timeout(20_000),
      });
      await response.text();
      return response.ok;
    } catch {
      return false;
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }
}

/** Every step that was acknowledged is in the engine, with its value. */
export async function assertWhole(engineUrl: string, load: Load, selector = "load"): Promise<void> {
  let lost = await lostOf(engineUrl, load, selector);
  // VictoriaMetrics finds what it has taken a moment later.
  for (let again = 0; lost.length > 0 && again < 20; again++) {
    await sleep(1_000);
    lost = await lostOf(engineUrl, load, selector);
  }
  assert.deepEqual(lost, [], `of ${load.acknowledged} steps of ${SERIES} series`);
}

async function lostOf(engineUrl: string, load: Load, selector: string): Promise<string[]> {
  const endMs = load.startMs + load.acknowledged * STEP_MS;
  const query = encodeURIComponent(`${selector}[${endMs - load.startMs + 1_000}ms]`);
  const { body } = await httpGet(`${engineUrl}/api/v1/query?query=${query}&time=${endMs / 1_000}`, {
    timeoutMs: 60_000,
  });
  const { data } = JSON.parse(body) as {
    data: { result: { metric: { i: string }; values: [number, string][] }[] };
  };
  const found = new Map(data.result.map(({ metric, values }) => [Number(metric.i), values]));
  const lost: string[] = [];
  for (let i = 0; i < SERIES; i++) {
    const samples = (found.get(i) ?? []).map(([time, value]): [number, number] => [
      Math.round(time * 1_000),
      Number(value),
    ]);
    const byTime = new Map(samples);
    for (let step = 0; step < load.acknowledged; step++) {
      const value = byTime.get(load.startMs + step * STEP_MS);
      if (value !== step * 1_000 + i) lost.push(`${i} at ${step}`);
    }
  }
  return lost;
}
