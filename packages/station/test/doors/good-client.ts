// A well-behaved client beside hostile ones: it sends and asks, again and again, and must be answered whatever they do.
//
// How much slower it was is told, not judged: the machine has other work.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { StationProcess } from "../running-station.ts";

/** What the station of such a test may have of memory, bytes: `--memory 600MB`. */
const CAP = 600 * 1024 * 1024;

/** The address of the hostile ones; the good client is at 127.0.0.1. */
export const HOSTILE = "127.0.0.2";

/** An answer. */
export interface Asked {
  readonly status: number;
  readonly text: string;
}

/** One request as it is written, from an address of its own. */
export function ask(
  url: string,
  options: {
    readonly method?: string;
    readonly body?: string | Uint8Array;
    readonly headers?: Readonly<Record<string, string>>;
    readonly localAddress?: string;
    /** As it stands, without being put in order. */
    readonly path?: string;
  } = {},
): Promise<Asked> {
  const { method = "GET", body, headers = {}, localAddress = "127.0.0.1", path } = options;
  const { hostname, port, pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    const asking = request(
      {
        hostname,
        port,
        path: path ?? pathname + search,
        method,
        headers,
        localAddress,
        agent: false,
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (piece: string) => (text += piece));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
        response.on("error", reject);
      },
    );
    asking.on("error", reject);
    asking.end(body);
  });
}

export const json = { "content-type": "application/json" };

export function gaugeOf(name: string, asDouble: number): string {
  const gauge = { dataPoints: [{ timeUnixNano: `${Date.now()}000000`, asDouble }] };
  return JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name, gauge }] }] }] });
}

/** The well-behaved client: one round after the other until it is told to stop. */
class GoodClient {
  readonly #station: StationProcess;
  readonly times: number[] = [];
  readonly failures: string[] = [];
  #isOver = false;
  readonly #running: Promise<void>;

  constructor(station: StationProcess) {
    this.#station = station;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    const { url, otlpHttp } = this.#station;
    while (!this.#isOver) {
      const startedMs = performance.now();
      const answers = await Promise.all([
        ask(`${otlpHttp}/v1/metrics`, { method: "POST", headers: json, body: gaugeOf("good", 1) }),
        ask(`${url}/api/v1/query?query=good`),
        ask(`${url}/livez`),
      ]).catch((error: unknown) => [{ status: 0, text: String(error) }]);
      this.times.push(performance.now() - startedMs);
      for (const { status, text } of answers) {
        if (status !== 200) this.failures.push(`${status} ${text.slice(0, 200)}`);
      }
      await sleep(20);
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
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
  const alone = new GoodClient(station);
  await sleep(2_000);
  await alone.stop();
  const before = resident(station);
  let highest = before;
  const watch = setInterval(() => {
    highest = Math.max(highest, resident(station));
  }, 20);
  const good = new GoodClient(station);
  try {
    await attack();
    await sleep(500);
  } finally {
    clearInterval(watch);
    await good.stop();
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
