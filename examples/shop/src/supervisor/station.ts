// The station beside the shop: `flx up` as a process of ours, with the shop's processes as its targets.
//
//   shop ── metrics, OTLP ──► station ◄── asked by you
//     ▲────── scraped ───────────┘
//
// It hears of our end by its channel to us, even by kill -9, and then ends in order.

import { fork, type ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { host } from "../settings.ts";
import type { Ports } from "./ports.ts";

/** Where the station listens; 0 is any free port. */
export type StationPorts = {
  readonly http: number;
  readonly otlpGrpc: number;
  readonly otlpHttp: number;
};

/** Where it answers. */
export type StationUrls = { readonly http: string; readonly otlpHttp: string };

/** Its usual ports. */
export const stationPorts: StationPorts = { http: 3590, otlpGrpc: 4317, otlpHttp: 4318 };

const entry = join(import.meta.dirname, "../../../../packages/station/src/main.ts");
const startTimeoutMs = 60_000;
const stopTimeoutMs = 20_000;
const keptLines = 20;

/** A station that runs. */
export class ShopStation {
  readonly urls: StationUrls;
  readonly #process: ChildProcess;

  private constructor(running: ChildProcess, urls: StationUrls) {
    this.#process = running;
    this.urls = urls;
  }

  /**
   * Starts it and waits until it answers.
   *
   * @param folder of its configuration and its data
   * @throws {Error} with what it said when it does not start
   */
  static async start(folder: string, ports: StationPorts, shop: Ports): Promise<ShopStation> {
    mkdirSync(folder, { recursive: true });
    const config = join(folder, "flx.yml");
    writeFileSync(config, configText(shop));
    const args = ["up", "--config", config, "--data", join(folder, "data"), "--log", "warn"];
    const listen = ["--listen", "--otlp-grpc", "--otlp-http"].flatMap((option, i) => [
      option,
      `${host}:${[ports.http, ports.otlpGrpc, ports.otlpHttp][i]}`,
    ]);
    const running = fork(entry, [...args, ...listen], {
      execArgv: ["--conditions=@flx/source"],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    return new ShopStation(running, await printedUrls(running));
  }

  /** Asks it to end, and waits until it has: everything that it took is durable then. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const closed = new Promise((resolve) => this.#process.once("close", resolve));
    this.#process.kill("SIGTERM");
    const force = setTimeout(() => this.#process.kill("SIGKILL"), stopTimeoutMs);
    await closed;
    clearTimeout(force);
  }

  /** Ends it at once. */
  kill(): void {
    this.#process.kill("SIGKILL");
  }
}

/** What the station scrapes: the processes of the shop, each by its name. */
function configText(ports: Ports): string {
  const targets = (["gateway", "orders", "payments", "pipelines"] as const).map(
    (name) =>
      `      - { targets: ["${host}:${ports[`${name}-metrics`]}"], labels: { process: ${name} } }\n`,
  );
  return `global: { scrape_interval: 5s }
scrape_configs:
  - job_name: shop
    static_configs:
${targets.join("")}`;
}

/** The addresses that it prints when it is up. */
function printedUrls(running: ChildProcess): Promise<StationUrls> {
  const { promise, resolve, reject } = Promise.withResolvers<StationUrls>();
  const lines: string[] = [];
  const fail = (how: string): void =>
    reject(new Error(`the station ${how}:\n  ${lines.join("\n  ")}`));
  const timer = setTimeout(() => fail("does not start"), startTimeoutMs);
  const see = (line: string): void => {
    if (lines.push(line) > keptLines) lines.shift();
    const said = lines.join("\n");
    const http = /remote write +(\S+)/.exec(said)?.[1];
    const otlpHttp = /OTLP over HTTP +(\S+)/.exec(said)?.[1];
    if (http !== undefined && otlpHttp !== undefined) resolve({ http, otlpHttp });
  };
  for (const stream of [running.stdout!, running.stderr!]) {
    createInterface({ input: stream }).on("line", see);
  }
  running.once("close", () => fail("did not start"));
  running.once("error", (error) => reject(error));
  return promise.finally(() => clearTimeout(timer));
}
