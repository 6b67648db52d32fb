// One process under the supervisor.
//
//   stopped ──start──> starting ──ready──> ready ──┐
//      ^                  │                  │     stop ──> stopping ──> stopped
//      │                  └──── crashes ─────┘
//      └── stop ── waiting <────────┘            (back-off, then starting again)

import { fork, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { FaultName } from "../faults/catalogue.ts";
import type { Log } from "../log.ts";
import type { FromChild, ToChild } from "../process/messages.ts";
import type { ServiceName } from "../service.ts";
import { healthyAfterMs, pauseMs } from "./backoff.ts";
import { exitReason } from "./exit-reason.ts";
import { residentBytes } from "./process-memory.ts";

/** Every process of the shop but the supervisor itself. */
export type ChildName = Exclude<ServiceName, "supervisor">;

export type ChildState = "stopped" | "starting" | "ready" | "waiting" | "stopping";

/** What to run and how to tell what happens. */
export type ChildSpec = {
  readonly name: ChildName;
  readonly entry: string;
  readonly nodeOptions: readonly string[];
  /** The environment of the next start. */
  readonly env: () => Readonly<Record<string, string>>;
  readonly onLine: (line: string) => void;
  /** The port it should listen on is taken: trying again is pointless. */
  readonly onPortTaken: (port: number) => void;
};

/** How a process is, as GET /status tells it. */
export type ChildStatus = {
  readonly name: ChildName;
  readonly state: ChildState;
  readonly pid: number | undefined;
  readonly version: string;
  /** Since the process is ready, in milliseconds; 0 before. */
  readonly uptimeMs: number;
  readonly restarts: number;
  readonly residentBytes: number | undefined;
  /** healthy, degraded, unhealthy or unknown, as the process says itself; undefined while it says nothing. */
  readonly health: string | undefined;
  /** The components that are not healthy. */
  readonly because: readonly string[];
};

const stopTimeoutMs = 3000;
const keptLines = 120;
const hopelessCrashes = 3;

/** Starts, restarts and stops one process. */
export class Child {
  readonly name: ChildName;
  readonly #spec: ChildSpec;
  readonly #log: Log;
  #state: ChildState = "stopped";
  #process: ChildProcess | undefined;
  #version = "";
  #startedMs = 0;
  #readyMs = 0;
  #restarts = 0;
  #crashes = 0;
  #retired = false;
  #pause: NodeJS.Timeout | undefined;
  #lastLines: string[] = [];
  #health: string | undefined;
  /** Since its start; before, that it is not well yet is no news. */
  #wasWell = false;
  #because: readonly string[] = [];
  #whenReady: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(spec: ChildSpec, log: Log) {
    this.name = spec.name;
    this.#spec = spec;
    this.#log = log;
  }

  /** Resolves when the process is ready; rejects when it crashes three times before it ever was. */
  start(): Promise<void> {
    if (this.#state === "stopped") {
      this.#whenReady = Promise.withResolvers();
      this.#whenReady.promise.catch(() => {}); // whoever waits hears of it; nobody has to
      this.#launch();
    }
    return this.#whenReady.promise;
  }

  /** The shop is closing: from now on its end is expected, also when somebody else asks it to stop. */
  retire(): void {
    this.#retired = true;
  }

  /** Asks it to stop, ends it by force when it does not, and resolves when it is gone. */
  async stop(): Promise<void> {
    clearTimeout(this.#pause);
    const running = this.#process;
    if (running === undefined) {
      this.#state = "stopped";
      return;
    }
    this.#state = "stopping";
    running.kill("SIGTERM");
    const force = setTimeout(() => {
      this.#log.warn("does not stop, ending it by force", { process: this.name });
      running.kill("SIGKILL");
    }, stopTimeoutMs);
    await new Promise((resolve) => running.once("close", resolve));
    clearTimeout(force);
    this.#state = "stopped";
  }

  /** Ends it at once. */
  kill(): void {
    clearTimeout(this.#pause);
    this.#state = "stopping";
    this.#process?.kill("SIGKILL");
  }

  /** Forgets earlier crashes, and starts again now when it is waiting to. */
  forgive(): void {
    this.#crashes = 0;
    if (this.#state !== "waiting") return;
    clearTimeout(this.#pause);
    this.#launch();
  }

  /** Tells the process which faults are on. */
  sendFaults(on: readonly FaultName[]): void {
    const message: ToChild = { kind: "faults", on };
    if (this.#process?.connected) this.#process.send(message, () => {});
  }

  status(): ChildStatus {
    const pid = this.#process?.pid;
    return {
      name: this.name,
      state: this.#state,
      pid,
      version: this.#version,
      uptimeMs: this.#state === "ready" ? Math.round(performance.now() - this.#readyMs) : 0,
      restarts: this.#restarts,
      residentBytes: pid === undefined ? undefined : residentBytes(pid),
      health: this.#health,
      because: this.#because,
    };
  }

  #launch(): void {
    const env = this.#spec.env();
    this.#state = "starting";
    this.#startedMs = performance.now();
    this.#version = env["SHOP_VERSION"] ?? "";
    this.#lastLines = [];
    const child = fork(this.#spec.entry, [], {
      env: { ...process.env, ...env },
      execArgv: [...process.execArgv, ...this.#spec.nodeOptions],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.#process = child;
    for (const output of [child.stdout, child.stderr]) {
      if (output !== null)
        createInterface({ input: output }).on("line", (line) => this.#take(line));
    }
    child.on("message", (message: FromChild) => this.#hear(message));
    child.on("error", (error) => this.#log.error("cannot start", { process: this.name }, error));
    child.on("close", (code, signal) => this.#ended(code, signal));
  }

  #take(line: string): void {
    this.#lastLines.push(line);
    if (this.#lastLines.length > keptLines) this.#lastLines.shift();
    this.#spec.onLine(line);
  }

  #hear(message: FromChild): void {
    if (message.kind === "port-taken") return this.#spec.onPortTaken(message.port);
    if (message.kind === "health") return this.#noteHealth(message.word, message.because);
    if (this.#state !== "starting") return;
    this.#state = "ready";
    this.#readyMs = performance.now();
    this.#whenReady.resolve();
  }

  /** Says so when it is worse than before, and when it is well again. */
  #noteHealth(word: string, because: readonly string[]): void {
    const isNews = this.#wasWell && word !== this.#health && !this.#retired;
    const isWell = word === "healthy";
    this.#health = word;
    this.#because = because;
    this.#wasWell ||= isWell;
    if (!isNews || (!isWell && because.length === 0)) return;
    if (isWell) this.#log.info(`${this.name} is healthy again`);
    else this.#log.warn(`${this.name} is ${word}`, { because: because.join(", ") });
  }

  #ended(code: number | null, signal: string | null): void {
    this.#process = undefined;
    this.#health = undefined;
    this.#because = [];
    this.#wasWell = false;
    if (this.#state === "stopping" || this.#state === "stopped") return;
    if (this.#retired) {
      this.#state = "stopped";
      return;
    }
    const livedMs = performance.now() - this.#startedMs;
    this.#crashes = livedMs > healthyAfterMs ? 1 : this.#crashes + 1;
    this.#restarts += 1;
    this.#state = "waiting";
    const waitMs = pauseMs(this.#crashes);
    this.#pause = setTimeout(() => this.#launch(), waitMs);
    // Ctrl-C in a terminal reaches a process that is just starting before it can ignore it: not worth a word.
    if (signal === "SIGINT") return;
    this.#log.warn(`${this.name} crashed`, {
      reason: exitReason(code, signal, this.#lastLines),
      livedMs: Math.round(livedMs),
      restart: this.#restarts,
      inMs: waitMs,
    });
    if (this.#crashes >= hopelessCrashes) {
      const reason = exitReason(code, signal, this.#lastLines);
      this.#whenReady.reject(new Error(`${this.name} does not start: ${reason}`));
    }
  }
}
