// The servers of the suite: a station as it is published, a Prometheus, a VictoriaMetrics, each with an empty folder.
//
// A server lives as long as the benchmark; the testkit ends it with the process.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSnappy, writeSnappy } from "@flx/model";
import {
  encodeRemoteWrite,
  freePort,
  peer,
  type RemoteSeries,
  startProcess,
  startPrometheus,
  startVictoriaMetrics,
  temporaryFolder,
} from "@flx/testkit";
import { requireBuilt } from "../harness/built-packages.ts";

/** A server that takes remote write and answers Prometheus' HTTP API. */
export interface MetricServer {
  readonly url: string;
  readonly pid: number;
  /** Ends it as a power cut would. */
  readonly kill: () => Promise<unknown>;
}

/** Who takes part, as far as it is installed. */
export type ServerName = "ours" | "prometheus" | "victoria-metrics";

/** The peers that are there, ours first. */
export const SERVER_NAMES: readonly ServerName[] = [
  "ours",
  ...(["prometheus", "victoria-metrics"] as const).filter((name) => peer(name) !== undefined),
];

/** A server with nothing in it. */
export async function startServer(name: ServerName): Promise<MetricServer> {
  if (name === "ours") return await startEmptyStation();
  const { url, process: running } =
    name === "prometheus"
      ? await startPrometheus({ args: ["--query.max-samples=100000000"] })
      : await startVictoriaMetrics();
  return { url, pid: running.pid, kill: () => running.kill() };
}

async function startEmptyStation(): Promise<MetricServer> {
  requireBuilt("station");
  const folder = await temporaryFolder("bench-station");
  // The suite's data begin two hours ago.
  const config = folder.file("station.yml");
  writeFileSync(config, "storage: { tsdb: { out_of_order_time_window: 3h } }\n");
  return await startStation(folder.file("data"), ["--config", config]);
}

/** A station as it is published, on a data folder; whether it is built is not looked at. */
export async function startStation(
  data: string,
  args: readonly string[] = [],
): Promise<MetricServer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const main = join(import.meta.dirname, "../../../packages/station/dist/main.js");
  const ports = ["--listen", `${port}`, "--otlp-grpc", "0", "--otlp-http", "0"];
  const running = await startProcess({
    name: "station",
    command: process.execPath,
    args: [main, "up", "--data", data, "--log", "warn", ...ports, ...args],
    ready: { url: `${url}/-/ready` },
    readyTimeoutMs: 30_000,
  });
  return { url, pid: running.pid, kill: () => running.kill() };
}

/** CPU that a process has used with all its threads, ns; in steps of 10 ms. */
export function cpuNsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10_000_000;
}

/** Memory that a process has, bytes. */
export function residentBytesOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** A remote write request as Prometheus sends it: compressed by snappy. */
export function requestOf(series: readonly RemoteSeries[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(writeSnappy(readSnappy(encodeRemoteWrite(series), 1 << 28)));
}

/**
 * Sends a request until it is taken.
 *
 * @throws {Error} when it is refused for good
 */
export async function send(url: string, body: Uint8Array<ArrayBuffer>): Promise<void> {
  for (;;) {
    const response = await fetch(`${url}/api/v1/write`, {
      method: "POST",
      body,
      headers: {
        "content-encoding": "snappy",
        "content-type": "application/x-protobuf",
        "x-prometheus-remote-write-version": "0.1.0",
      },
    });
    const answer = await response.text();
    if (response.ok) return;
    if (response.status !== 429 && response.status !== 503) {
      throw new Error(`${url} answered ${response.status}: ${answer}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
