// A station as a process of its own, on free ports, with a data folder that goes with it.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type Exit,
  type RunningProcess,
  startProcess,
  type StopResult,
  temporaryFolder,
  type TemporaryFolder,
} from "@flx/testkit";

const UP = [join(import.meta.dirname, "../src/main.ts"), "up"];

/** How a station is started. */
export interface StationProcessOptions {
  /** Further arguments of flx up. */
  readonly args?: readonly string[];
  /** The text of a configuration; its name is flx.yml in the folder. */
  readonly config?: string;
  /** Default: a new one, removed at the end. */
  readonly folder?: TemporaryFolder;
  readonly env?: Readonly<Record<string, string>>;
  /** Further arguments of Node. */
  readonly nodeArgs?: readonly string[];
}

/** A station that answers. */
export class StationProcess implements AsyncDisposable {
  readonly process: RunningProcess;
  readonly folder: TemporaryFolder;
  readonly #ownsFolder: boolean;

  private constructor(running: RunningProcess, folder: TemporaryFolder, ownsFolder: boolean) {
    this.process = running;
    this.folder = folder;
    this.#ownsFolder = ownsFolder;
  }

  /** Starts one and waits until it says that it is up. */
  static async start(options: StationProcessOptions = {}): Promise<StationProcess> {
    const folder = options.folder ?? (await temporaryFolder("station"));
    const { config } = options;
    if (config !== undefined) await writeFile(folder.file("flx.yml"), config);
    const running = await startProcess({
      name: "flx up",
      command: process.execPath,
      args: [
        "--conditions=@flx/source",
        ...(options.nodeArgs ?? []),
        ...UP,
        ...FREE_PORTS.slice(options.args?.includes("--listen") === true ? 2 : 0),
        "--data",
        folder.file("data"),
        ...(config === undefined ? [] : ["--config", folder.file("flx.yml")]),
        ...(options.args ?? []),
      ],
      cwd: folder.path,
      env: options.env ?? {},
      stopTimeoutMs: 30_000,
    });
    const station = new StationProcess(running, folder, options.folder === undefined);
    try {
      await running.waitForLine(/OTEL_EXPORTER_OTLP_ENDPOINT=/, 60_000);
    } catch (error) {
      await station[Symbol.asyncDispose]();
      throw error;
    }
    return station;
  }

  get url(): string {
    return this.#printed(/remote write +(https?:\S+)/);
  }

  get otlpHttp(): string {
    return this.#printed(/OTLP over HTTP +(https?:\S+)/);
  }

  get otlpGrpc(): string {
    return this.#printed(/OTLP over gRPC +(https?:\S+)/);
  }

  #printed(pattern: RegExp): string {
    const found = pattern.exec(this.process.log())?.[1];
    if (found === undefined) throw new Error(`${pattern} is not in:\n${this.process.log()}`);
    return found;
  }

  /** The instant vector of a query: labels as text, value as text. */
  async query(promql: string, timeSeconds?: number): Promise<[labels: string, value: string][]> {
    const parameters = new URLSearchParams({ query: promql });
    if (timeSeconds !== undefined) parameters.set("time", String(timeSeconds));
    const response = await fetch(`${this.url}/api/v1/query?${parameters.toString()}`);
    const body = (await response.json()) as QueryBody;
    if (body.data === undefined) throw new Error(`${response.status} ${JSON.stringify(body)}`);
    return body.data.result.map(({ metric, value }) => [JSON.stringify(metric), value[1]]);
  }

  stop(): Promise<StopResult> {
    return this.process.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop();
    if (this.#ownsFolder) await this.folder.remove();
  }
}

interface QueryBody {
  readonly data?: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value: readonly [number, string];
    }[];
  };
}

const FREE_PORTS = ["--listen", "0", "--otlp-grpc", "0", "--otlp-http", "0"];

/** Runs flx up where it must not start: how it ended, and what it said. */
export async function failedUp(
  cwd: string,
  ...args: readonly string[]
): Promise<{ readonly exit: Exit; readonly log: string }> {
  const running = await startProcess({
    name: "flx up",
    command: process.execPath,
    args: [
      "--conditions=@flx/source",
      ...UP,
      ...FREE_PORTS.slice(args.includes("--listen") ? 2 : 0),
      ...args,
    ],
    cwd,
  });
  const timer = setTimeout(() => void running.kill(), 60_000);
  const exit = await running.exited;
  clearTimeout(timer);
  return { exit, log: running.log() };
}
