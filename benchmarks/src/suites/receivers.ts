// What a service feels of the receiver of its spans, logs and metrics: nothing, however bad it is.
//
//   load ── 800 requests a second, 8 connections ──► service ── export worker ──► receiver
//                                                       │                           healthy │ dead, slow, stalled, lying
//                                                       └── 3 spans, a line, a counter, a histogram each request
//
// The same service runs three times, each in a process of its own: with the bad receiver (ours), with a healthy one, and without
// monitoring. In each round all three are under load one after the other, so what slows the machine slows all of them. One load
// gives three figures: the p99 of its requests as the callers saw it, the CPU time of the service's main thread, and the
// memory of the process above that of the one without monitoring (the spool is on disk and comes on top).
//
// V8 lets a nursery grow with what a program allocates, up to 48 MB of memory that belongs to nobody in particular; here all three
// services have a small one, so that the memory that is compared is that of code, data, the export thread and the ring. A worker
// thread of Node with nothing in it takes 13 MB of it.
//
// A round's p99 is the twelfth slowest of some 1,200 requests and therefore restless; its ratio over the rounds is what counts.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { requireBuilt } from "../harness/built-packages.ts";
import { quantile } from "../harness/statistics.ts";
import { type FigureCase, type FigureSource, suite, type Suite } from "../harness/suite.ts";
import type { ReceiverPorts } from "./receivers-process.ts";
import type { Usage } from "./receivers-service.ts";

const LOAD_MS = 1_500;
const CONNECTIONS = 8;
/** Between two requests of one connection: 800 a second in all. */
const EVERY_MS = 10;
/** Nobody listens there: below 1024, and no service has it. */
const DEAD_PORT = 1;

const BAD = ["dead", "slow", "stalled", "lying"] as const;
type Receiver = (typeof BAD)[number] | "healthy" | "none";

interface Sample {
  readonly p99Ms: number;
  /** Of 1,000 requests. */
  readonly cpuMs: number;
  readonly rssBytes: number;
}

const NURSERY = ["--max-semi-space-size=2"];

async function start(file: string, env: NodeJS.ProcessEnv = {}): Promise<[ChildProcess, unknown]> {
  const child = fork(join(import.meta.dirname, file), {
    env: { ...process.env, NODE_OPTIONS: "", ...env },
    execArgv: NURSERY,
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const failed = once(child, "exit").then(([code]) => {
    throw new Error(`${file} ended with code ${String(code)} before it was ready`);
  });
  const [message] = (await Promise.race([once(child, "message"), failed])) as [unknown];
  failed.catch(() => {});
  return [child, message];
}

/** A running service, and what was measured of it. */
class Service implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #port: number;
  readonly #spool: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

  private constructor(child: ChildProcess, port: number, spool: string) {
    this.#child = child;
    this.#port = port;
    this.#spool = spool;
  }

  static async start(receiver: Receiver): Promise<Service> {
    const spool = mkdtempSync(join(tmpdir(), "flx-bench-spool-"));
    const port = receiver === "dead" ? DEAD_PORT : (await ports())[receiver as "healthy"];
    const [child, message] = await start(
      "receivers-service.ts",
      receiver === "none"
        ? {}
        : { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, FLX_SPOOL_FOLDER: spool },
    );
    return new Service(child, (message as { port: number }).port, spool);
  }

  async sample(): Promise<Sample> {
    const before = await this.#usage();
    const took = await this.#load();
    const after = await this.#usage();
    return {
      p99Ms: quantile(took, 0.99),
      cpuMs: ((after.cpuMs - before.cpuMs) / took.length) * 1_000,
      rssBytes: after.rssBytes,
    };
  }

  async #usage(): Promise<Usage> {
    const answered = once(this.#child, "message");
    this.#child.send("usage");
    return ((await answered) as [Usage])[0];
  }

  async #load(): Promise<number[]> {
    const took: number[] = [];
    const endMs = performance.now() + LOAD_MS;
    const connection = async (first: number): Promise<void> => {
      await pause((first * EVERY_MS) / CONNECTIONS);
      for (let i = first; performance.now() < endMs; i += CONNECTIONS) {
        const startedMs = performance.now();
        await this.#request(i);
        const ms = performance.now() - startedMs;
        took.push(ms);
        await pause(Math.max(0, EVERY_MS - ms));
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, (_, i) => connection(i)));
    return took;
  }

  #request(i: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const options = { port: this.#port, host: "127.0.0.1", agent: this.#agent };
    get({ ...options, path: `/?q=${(i * 31) % 5_000}` }, (response) => {
      response.resume().on("end", resolve).on("error", reject);
    }).on("error", reject);
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
    rmSync(this.#spool, { recursive: true, force: true });
  }
}

let receivers: Promise<ReceiverPorts> | undefined;

/** The receivers are in one process, which ends with this one. */
function ports(): Promise<ReceiverPorts> {
  receivers ??= start("receivers-process.ts").then(([child, message]) => {
    child.unref();
    child.channel?.unref();
    return message as ReceiverPorts;
  });
  return receivers;
}

/** Samples of one service by round: the first case that asks runs the load, the others are given what it gave. */
class Samples {
  readonly #receiver: Receiver;
  readonly #samples = new Map<number, Sample>();
  #service: Promise<Service> | undefined;

  constructor(receiver: Receiver) {
    this.#receiver = receiver;
  }

  async of(round: number): Promise<Sample> {
    const known = this.#samples.get(round);
    if (known !== undefined) return known;
    this.#service ??= Service.start(this.#receiver);
    const sample = await (await this.#service).sample();
    this.#samples.set(round, sample);
    return sample;
  }

  async close(): Promise<void> {
    const service = await this.#service;
    this.#service = undefined;
    await service?.[Symbol.asyncDispose]();
  }
}

/** The three cases of one bad receiver. */
function cases(bad: (typeof BAD)[number]): readonly FigureCase[] {
  const [ours, healthy, none] = [new Samples(bad), new Samples("healthy"), new Samples("none")];
  const source = (samples: Samples, figure: (sample: Sample, round: number) => unknown) => {
    return async (): Promise<FigureSource> => ({
      measure: async (round) => Number(await figure(await samples.of(round), round)),
      [Symbol.asyncDispose]: async () => {
        await samples.close();
        await none.close();
      },
    });
  };
  const contenders = (figure: (sample: Sample) => number) => [
    { name: "ours", open: source(ours, figure) },
    { name: "healthy receiver", open: source(healthy, figure) },
    { name: "no monitoring", open: source(none, figure) },
  ];
  const above = async ({ rssBytes }: Sample, round: number) =>
    (rssBytes - (await none.of(round)).rssBytes) / 1_000_000;
  return [
    {
      name: `p99 of requests, ${bad} receiver`,
      kind: "figure",
      unit: "ms",
      contenders: contenders(({ p99Ms }) => p99Ms),
      budgets: [{ against: "healthy receiver", atLeast: 0.99 }],
    },
    {
      name: `main thread for 1,000 requests, ${bad} receiver`,
      kind: "figure",
      unit: "CPU ms",
      contenders: contenders(({ cpuMs }) => cpuMs),
    },
    {
      name: `memory above the service without monitoring, ${bad} receiver`,
      kind: "figure",
      unit: "MB",
      contenders: [
        { name: "ours", open: source(ours, above) },
        { name: "healthy receiver", open: source(healthy, above) },
      ],
      budgets: [{ atMost: 32 }],
    },
  ];
}

requireBuilt("model");
requireBuilt("monitoring");

export const badReceivers: Suite = suite("receivers", {
  title: "A service under load whose receiver is dead, slow, stalled or lying",
  cases: BAD.flatMap(cases),
});
