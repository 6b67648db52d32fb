// Ends a service without anybody noticing: first it says that it will, then it finishes what it has begun.
//
//   SIGTERM ─► readiness says no ─► delay ─► servers close, requests and beacons finish ─► hooks, in order ─► health stops
//              liveness says yes    5 s      drainTimeoutMs: 15 s                          timeoutMs each      process ends
//
//   second signal, or timeoutMs (28 s, below Kubernetes' 30) over: what is open is cut, and the process ends now
//
// Why the delay: a load balancer learns from the readiness probe, or by a message, that this instance is not to be used. Until
// it has, requests come, and must be answered. A server that closes at once refuses them.
// Why liveness stays: a process that is killed for draining loses what it drains.
//
// Nothing here throws or rejects: every step that fails or takes too long is in the report, and the next one follows.

import { FlxError } from "@flx/model/errors";
import { type HealthClock, systemClock } from "../clock.ts";
import { redact } from "../../redaction/redact.ts";
import { type Beacon, Beacons } from "./beacons.ts";
import { type DrainableServer, type DrainingServer, drainingServer } from "./draining-server.ts";
import { endProcess, type ExitMode } from "./process-end.ts";

/** Something to be closed at the end. */
export interface ShutdownHook {
  readonly name: string;
  /** Closes it; the signal is aborted at the deadline, or when the end is forced. */
  readonly close: (signal: AbortSignal) => unknown;
  /** Milliseconds it may take (default 5,000). */
  readonly timeoutMs?: number;
}

/** How a service ends. */
export interface ShutdownOptions {
  /** Says no to probes at the beginning, and stops at the end: a HealthChecker. */
  readonly health?: { drain(): void; stop(): Promise<void> };
  /** Emptied and closed together: of node:http, https, http2, net, grpc-js. */
  readonly servers?: readonly DrainableServer[];
  /** Closed one after the other when the servers are: clients, pools, queues, telemetry, the admin server last. */
  readonly hooks?: readonly ShutdownHook[];
  /** Milliseconds between "not ready" and closing (default 5,000): until load balancers know. */
  readonly delayMs?: number;
  /** Milliseconds for requests and beacons to finish (default 15,000). */
  readonly drainTimeoutMs?: number;
  /** Milliseconds for all of it (default 28,000); then the end is forced. */
  readonly timeoutMs?: number;
  /** Default SIGTERM and SIGINT; none for those who call `begin()` themselves. */
  readonly signals?: readonly NodeJS.Signals[];
  /** How the process ends after a signal (default "signal": with the signal's own exit status). */
  readonly exit?: ExitMode;
  /** Told of each step when it is over. What it throws is ignored. */
  readonly onStep?: (step: ShutdownStep) => void;
  /** For tests. */
  readonly clock?: HealthClock;
}

/** One step of the end. */
export interface ShutdownStep {
  readonly name: string;
  /** forced: it was cut short, or not begun, since the end was forced. */
  readonly outcome: "done" | "failed" | "timeout" | "forced";
  readonly durationMs: number;
  /** Why it failed; redacted. */
  readonly error: string | undefined;
}

/** How the end went. */
export interface ShutdownReport {
  readonly reason: string;
  readonly forced: boolean;
  readonly steps: readonly ShutdownStep[];
  readonly durationMs: number;
}

const DEFAULTS = { delayMs: 5_000, drainTimeoutMs: 15_000, timeoutMs: 28_000, hookMs: 5_000 };

/** The end of a service, prepared. Disposing takes the listeners of signals away. */
export class Shutdown implements Disposable {
  readonly #options: ShutdownOptions;
  readonly #clock: HealthClock;
  readonly #servers: DrainingServer[];
  readonly #hooks: ShutdownHook[];
  readonly #beacons = new Beacons();
  readonly #steps: ShutdownStep[] = [];
  readonly #forced: AbortController = new AbortController();
  readonly #onSignal = (signal: NodeJS.Signals): void => this.#signalled(signal);
  #ending: Promise<ShutdownReport> | undefined;

  /** @throws {FlxError} `FLX_SHUTDOWN_OPTION` for a time that is none */
  constructor(options: ShutdownOptions = {}) {
    checkTimes(options);
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#servers = (options.servers ?? []).map(drainingServer);
    this.#hooks = [...(options.hooks ?? [])];
    for (const signal of this.#signals) process.on(signal, this.#onSignal);
  }

  /** Whether the end has begun. */
  get isEnding(): boolean {
    return this.#ending !== undefined;
  }

  /** Work that must be done before the process ends. */
  beacon(name = "work"): Beacon {
    return this.#beacons.light(name);
  }

  /** Has the process wait for a promise, or for what the function gives; gives it on. */
  async blockUntil<Result>(
    work: PromiseLike<Result> | (() => PromiseLike<Result>),
    name?: string,
  ): Promise<Result> {
    const beacon = this.beacon(name);
    try {
      return await (typeof work === "function" ? work() : work);
    } finally {
      beacon.die();
    }
  }

  /** Adds a server; it is watched from now on. */
  addServer(server: DrainableServer): void {
    this.#servers.push(drainingServer(server));
  }

  /** Adds something to be closed, after what is there already. */
  addHook(hook: ShutdownHook): void {
    this.#hooks.push(hook);
  }

  /** Begins the end, once; the process itself goes on. Never rejects. */
  begin(reason = "begin() was called"): Promise<ShutdownReport> {
    this.#ending ??= this.#end(reason);
    return this.#ending;
  }

  /** Cuts the end short: what is open is closed at once. */
  force(): void {
    this.#forced.abort(new Error("the end was forced"));
  }

  [Symbol.dispose](): void {
    for (const signal of this.#signals) process.off(signal, this.#onSignal);
  }

  get #signals(): readonly NodeJS.Signals[] {
    return this.#options.signals ?? ["SIGTERM", "SIGINT"];
  }

  #signalled(signal: NodeJS.Signals): void {
    if (this.#ending !== undefined) {
      this.force();
      return;
    }
    void this.#endAndExit(signal);
  }

  async #endAndExit(signal: NodeJS.Signals): Promise<void> {
    await this.begin(signal);
    this[Symbol.dispose]();
    endProcess(this.#options.exit ?? "signal", signal);
  }

  async #end(reason: string): Promise<ShutdownReport> {
    const { delayMs, drainTimeoutMs, timeoutMs } = { ...DEFAULTS, ...given(this.#options) };
    const { health } = this.#options;
    const startedMs = this.#clock.monotonicMs();
    const cancel = this.#clock.setTimer(() => this.force(), timeoutMs, true);
    await this.#step("drain", Infinity, () => {
      health?.drain();
      for (const server of this.#servers) server.drain();
    });
    await this.#step("delay", Infinity, () => this.#delay(isTyped(reason) ? 0 : delayMs));
    await this.#step("servers", drainTimeoutMs, () => this.#closeServers());
    for (const server of this.#servers) attempt(() => server.force());
    for (const { name, close, timeoutMs: hookMs = DEFAULTS.hookMs } of this.#hooks) {
      await this.#step(name, hookMs, close);
    }
    await this.#step("health", DEFAULTS.hookMs, () => health?.stop());
    cancel();
    const durationMs = this.#clock.monotonicMs() - startedMs;
    return { reason, forced: this.#forced.signal.aborted, steps: this.#steps, durationMs };
  }

  async #delay(delayMs: number): Promise<void> {
    if (delayMs === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.setTimer(resolve, delayMs, true);
    this.#forced.signal.addEventListener("abort", () => cancel(), { once: true });
    await promise;
  }

  async #closeServers(): Promise<void> {
    await Promise.all([...this.#servers.map((server) => server.close()), this.#beacons.allDead()]);
  }

  /** Does one thing: until it is done, its time is over, or the end is forced. */
  async #step(
    name: string,
    timeoutMs: number,
    run: (signal: AbortSignal) => unknown,
  ): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    const own = new AbortController();
    const forced = this.#forced.signal;
    const { promise: cut, resolve: cutNow } = Promise.withResolvers<"timeout" | "forced">();
    const onForced = () => cutNow("forced");
    forced.addEventListener("abort", onForced, { once: true });
    const cancel =
      timeoutMs === Infinity
        ? () => {}
        : this.#clock.setTimer(() => cutNow("timeout"), timeoutMs, true);
    let error: string | undefined;
    const work = async (): Promise<ShutdownStep["outcome"]> => {
      try {
        await run(own.signal);
        return "done";
      } catch (cause) {
        error = redact(textOf(cause));
        return "failed";
      }
    };
    const outcome = forced.aborted ? "forced" : await Promise.race([work(), cut]);
    cancel();
    forced.removeEventListener("abort", onForced);
    if (outcome === "timeout" || outcome === "forced") own.abort(new Error(outcome));
    const durationMs = this.#clock.monotonicMs() - startedMs;
    const unfinished = outcome === "timeout" ? this.#unfinished(name) : undefined;
    const step = { name, outcome, durationMs, error: error ?? unfinished };
    this.#steps.push(step);
    attempt(() => this.#options.onStep?.(step));
  }

  #unfinished(name: string): string | undefined {
    if (name !== "servers" || this.#beacons.size === 0) return undefined;
    return `still at work: ${this.#beacons.names().slice(0, 10).join(", ")}`;
  }
}

/**
 * Prepares the end of a service: signals are listened for, servers watched.
 *
 *     gracefulShutdown({ health, servers: [server], hooks: [{ name: "pool", close: () => pool.end() }] });
 *
 * @throws {FlxError} `FLX_SHUTDOWN_OPTION` for a time that is none
 */
export function gracefulShutdown(options: ShutdownOptions = {}): Shutdown {
  return new Shutdown(options);
}

/** Ctrl-C at a terminal: nobody there waits for load balancers. */
function isTyped(reason: string): boolean {
  return reason === "SIGINT" && process.stdin.isTTY;
}

type Times = Pick<ShutdownOptions, "delayMs" | "drainTimeoutMs" | "timeoutMs">;

function given({ delayMs, drainTimeoutMs, timeoutMs }: Times): Partial<typeof DEFAULTS> {
  const times = Object.entries({ delayMs, drainTimeoutMs, timeoutMs });
  return Object.fromEntries(times.filter(([, value]) => value !== undefined));
}

function checkTimes(options: ShutdownOptions): void {
  const times: (readonly [string, number | undefined])[] = [
    ...Object.entries(given(options)),
    ...(options.hooks ?? []).map(
      ({ name, timeoutMs }) => [`timeoutMs of ${name}`, timeoutMs] as const,
    ),
  ];
  for (const [name, value] of times) {
    if (value === undefined || (typeof value === "number" && value >= 0 && value < 2 ** 31))
      continue;
    throw new FlxError(
      "FLX_SHUTDOWN_OPTION",
      `${name} must be a number of milliseconds, 0 or more, got ${String(value)}`,
    );
  }
}

function attempt(run: () => unknown): void {
  try {
    run();
  } catch {
    // The end goes on: nobody is left who could do something about it.
  }
}

function textOf(cause: unknown): string {
  try {
    return cause instanceof Error ? cause.message : String(cause);
  } catch {
    return "an error that cannot be read";
  }
}
