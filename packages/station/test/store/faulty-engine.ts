// An engine that takes remote write and answers as a test says, and a store that sends to it.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import {
  FlxError,
  Labels,
  type NativeHistogram,
  readSnappy,
  readWriteRequest,
  readWriteRequestV2,
  type RemoteWriteBatch,
} from "@flx/model";
import { Registry } from "@flx/monitoring/metrics";
import { readConfig } from "../../src/config/load-config.ts";
import { stationShape } from "../../src/station-config.ts";
import { SampleBatch } from "../../src/store/metric-sink.ts";
import { RemoteStore } from "../../src/store/remote/remote-store.ts";
import { RemoteWriteMetrics } from "../../src/store/remote/remote-write-metrics.ts";

/** What it answers. */
export type Answer =
  | { status: number; headers?: Record<string, string>; body?: string | Buffer }
  | "hang";

/** An engine that answers as it is told. */
export class FaultyEngine implements AsyncDisposable {
  /** Values of the samples that were taken, in order. */
  readonly taken: number[] = [];
  readonly requests: {
    url: string;
    headers: IncomingMessage["headers"];
    atMs: number;
    /** Of a write. */
    read: RemoteWriteBatch | undefined;
  }[] = [];
  /** Asked with the values of a write and the version of remote write. */
  onWrite: (values: readonly number[], version: 1 | 2) => Answer = () => ({ status: 204 });
  onAsk: (path: string) => Answer = () => ({ status: 200, body: '{"status":"success","data":[]}' });
  readonly #server;

  private constructor(tls?: { cert: string; key: string }) {
    const handle = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#handle(request, response);
    this.#server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle);
  }

  static async start(tls?: { cert: string; key: string }): Promise<FaultyEngine> {
    const engine = new FaultyEngine(tls);
    await new Promise<void>((resolve) => {
      engine.#server.listen(0, "127.0.0.1", resolve);
    });
    return engine;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const url = request.url ?? "";
    const { headers } = request;
    let answer: Answer;
    let read: RemoteWriteBatch | undefined;
    if (url.endsWith("/write")) {
      const version = headers["content-type"]?.includes("v2") === true ? 2 : 1;
      const reader = version === 2 ? readWriteRequestV2 : readWriteRequest;
      read = reader(readSnappy(Buffer.concat(chunks), 1e9));
      const values = [...read.values, ...read.histograms.map(sumOf)];
      answer = this.onWrite(values, version);
      if (answer !== "hang" && answer.status < 300) this.taken.push(...values);
    } else answer = this.onAsk(`${url} ${Buffer.concat(chunks).toString()}`);
    this.requests.push({ url, headers, atMs: performance.now(), read });
    if (answer === "hang") return;
    response.writeHead(answer.status, answer.headers ?? {});
    response.end(answer.body ?? "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function sumOf({ histogram }: { histogram: NativeHistogram | FlxError }): number {
  return histogram instanceof FlxError ? NaN : histogram.sum;
}

/** A store that is open. */
export interface Opened extends AsyncDisposable {
  readonly store: RemoteStore;
  readonly registry: Registry;
  readonly problems: string[];
}

/** Opens a store with the configuration of `store.metrics`. */
export async function opened(
  folder: string,
  yaml: string,
  queryTimeoutMs = 5_000,
): Promise<Opened> {
  const { value } = readConfig(`store: { metrics: { ${yaml} } }`, stationShape, { file: "test" });
  const registry = new Registry();
  const problems: string[] = [];
  const store = await RemoteStore.open({
    folder,
    config: value.store.metrics!,
    maxSeries: 100,
    maxLabels: 10,
    queryTimeoutMs,
    metrics: RemoteWriteMetrics.of(registry),
    now: Date.now,
    onProblem: ({ message }) => problems.push(message),
  });
  return { store, registry, problems, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}

/** Appends one sample each of these values. */
export async function put(store: RemoteStore, ...values: readonly number[]): Promise<void> {
  await Promise.all(
    values.map((value) => {
      const batch = new SampleBatch();
      batch.add(store.ref(Labels.from({ __name__: "m", v: String(value % 50) })), value, value);
      return store.append(batch);
    }),
  );
}

/** The number that a pattern finds in the metrics. */
export async function counted(registry: Registry, pattern: RegExp): Promise<number> {
  const text = Buffer.concat(await registry.expose({ format: "text" })).toString();
  return Number(pattern.exec(text)?.[1] ?? 0);
}

/** Waits little before it sends again. */
export const FAST: string = "queue_config: { min_backoff: 1ms, max_backoff: 20ms }";
