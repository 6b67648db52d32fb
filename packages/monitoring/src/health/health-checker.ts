// The health of a service: checks that run in the background, one state, and everybody who is told of it.
//
//   register() ──► engine ──► results ──► board ──► state(), snapshot()     HTTP, gRPC, metrics
//   heartbeat() ──────────────────┘         └─────► on(...)                 listeners
//
//   check()        runs everything once and waits: for scripts and tests; a probe reads state() instead
//   start()        runs everything again and again; nothing does before
//
//   starting ──► serving ──► draining ──► stopped      the other checks begin when the startup checks have passed,
//                                                      as Kubernetes waits with its other probes
//
// Why probes never run checks: a probe that asks a database makes an attack on the probe one on the database, and a slow
// database makes a restart of the service out of its own slowness.

import { FlxError } from "@flx/model/errors";
import { Board, type BoardEvents } from "./board.ts";
import { CheckEngine } from "./check-engine.ts";
import type { CheckOptions, ComponentOptions, HeartbeatOptions } from "./check-options.ts";
import { type HealthClock, systemClock } from "./clock.ts";
import { Component } from "./component.ts";
import type { ComponentHealth } from "./component-health.ts";
import {
  type DefaultCheckOptions,
  DefaultChecks,
  GRPC_SERVICE,
  SYSTEM_RESOURCES,
} from "./default-checks.ts";
import { cycleThrough } from "./dependency-graph.ts";
import type { HealthCheck } from "./health-check.ts";
import type { HealthEvents } from "./health-events.ts";
import type { GroupState, HealthGroup, HealthReport, HealthSource } from "./health-source.ts";
import { type Heartbeat, PushCheck } from "./heartbeat.ts";
import { type Listener, Listeners } from "./listeners.ts";
import { checkComponentOptions, checkCount, checkMs, checkName } from "./option-checks.ts";
import { checkTimes, PullCheck } from "./pull-check.ts";
import { Redactor } from "../redaction/redact.ts";
import { ownRedaction, type RedactionSettings } from "../redaction/redaction-rules.ts";

/** How a checker works. */
export interface HealthCheckerOptions {
  /** Checks under way at the same time (default 16); one that has missed its deadline does not count. */
  readonly maxConcurrency?: number;
  /** Taken out of texts and details beside the usual and what the process takes out. */
  readonly redaction?: RedactionSettings | undefined;
  /** Told of what listeners throw; default: nobody. */
  readonly onError?: (error: unknown) => void;
  /** For tests; default: the clock of the machine. */
  readonly clock?: HealthClock;
  /** 0 to below 1, for tests; default `Math.random`. */
  readonly random?: () => number;
}

/**
 * The health of a service.
 *
 *     const health = new HealthChecker();
 *     health.register("postgres", () => pool.query("SELECT 1").then(() => true), { critical: true });
 *     health.start();
 */
export class HealthChecker implements HealthSource, AsyncDisposable {
  readonly #board: Board;
  readonly #engine: CheckEngine;
  readonly #listeners: Listeners<BoardEvents>;
  readonly #clock: HealthClock;
  readonly #redactor: Redactor;
  readonly #heartbeats = new Map<string, PushCheck>();
  readonly #options: HealthCheckerOptions;
  /** The default checks that are registered. */
  readonly #defaults: DefaultChecks[] = [];
  /** Runs default checks that are asked for and not registered. */
  #aside: HealthChecker | undefined;
  #isRunning = false;

  /** @throws {FlxError} `FLX_HEALTH_OPTION`, `FLX_REDACTION_SECRET`, `FLX_REDACTION_PATTERN` for options that cannot be */
  constructor(options: HealthCheckerOptions = {}) {
    const { clock = systemClock, random = Math.random, maxConcurrency = 16 } = options;
    this.#options = options;
    checkCount("the health checker", "maxConcurrency", maxConcurrency);
    const { onError = () => {} } = options;
    this.#clock = clock;
    this.#redactor = new Redactor({ rules: ownRedaction(options.redaction) });
    this.#listeners = new Listeners<BoardEvents>(onError);
    this.#board = new Board(clock, this.#listeners);
    const { board, redactor } = { board: this.#board, redactor: this.#redactor };
    this.#engine = new CheckEngine({ clock, random, board, redactor, maxConcurrency });
    // When the start is over, those begin that waited for it.
    this.#listeners.add("lifecycle", ({ from }) => {
      if (from === "starting" && this.#isRunning) this.#schedule();
    });
  }

  get version(): number {
    return this.#board.version;
  }

  /** Changes with every result, `version` only with a status. */
  get revision(): number {
    return this.#board.revision;
  }

  /**
   * Registers a check.
   *
   * @throws {FlxError} `FLX_HEALTH_NAME` for a name that is taken or none; `FLX_HEALTH_OPTION` for an option that cannot
   *   be; `FLX_HEALTH_CYCLE` when the check would depend on itself
   */
  register(name: string, check: HealthCheck, options: CheckOptions = {}): void {
    if (typeof check !== "function") {
      throw new FlxError(
        "FLX_HEALTH_OPTION",
        `${name}: a check is a function, got ${typeof check}`,
      );
    }
    this.#checkNew(name, options);
    checkTimes(name, options);
    const component = new Component(name, options, this.#clock.now());
    const pull = new PullCheck(component, check, options, this.#engine.actions);
    this.#engine.add(pull);
    this.#board.add(component);
    if (this.#isRunning && this.#mayRun(component)) this.#engine.schedule([pull]);
  }

  /**
   * Registers a component that tells its state itself, and must do so again and again.
   *
   *     const beat = health.heartbeat("importer", { ttlMs: 60_000 });
   *     for await (const job of jobs) { await run(job); beat.beat(); }
   *
   * @throws {FlxError} as `register`
   */
  heartbeat(name: string, options: HeartbeatOptions): Heartbeat {
    this.#checkNew(name, options);
    checkMs(name, "ttlMs", options.ttlMs);
    const component = new Component(name, options, this.#clock.now());
    const { scheduler } = this.#engine;
    const parts = { clock: this.#clock, board: this.#board, scheduler, redactor: this.#redactor };
    const push = new PushCheck(component, options.ttlMs, parts);
    this.#heartbeats.set(name, push);
    this.#board.add(component);
    if (this.#isRunning && this.#mayRun(component)) push.watch();
    return push;
  }

  /**
   * Registers `system_resources`: the machine or container against limits from these options, `FLX_*` variables and a
   * file's values. And `grpc_service`, when `grpc` says where it is.
   *
   * @throws {FlxError} `FLX_HEALTH_SETTING` for a setting that is none; as `register`
   */
  registerDefaultChecks(options: DefaultCheckOptions = {}): void {
    const defaults = new DefaultChecks(options, () => this.#clock.now());
    const taken = defaults.checks.find(({ name }) => this.#board.has(name));
    // All or none of them.
    if (taken !== undefined) this.#checkNew(taken.name, taken.options);
    for (const each of defaults.checks) this.register(each.name, each.check, each.options);
    this.#defaults.push(defaults);
  }

  /** Whether CPU, memory, disks, event loop and pressure are within their limits now; registered or not. */
  checkSystemResources(options: DefaultCheckOptions = {}): Promise<ComponentHealth> {
    return this.#runDefault(SYSTEM_RESOURCES, options);
  }

  /**
   * How the gRPC service is now; registered by `registerDefaultChecks({ grpc })`, or the one that is given here.
   *
   * @throws {FlxError} `FLX_HEALTH_UNKNOWN` when neither says which service
   */
  checkGrpcService(grpc?: DefaultCheckOptions["grpc"]): Promise<ComponentHealth> {
    return this.#runDefault(GRPC_SERVICE, grpc === undefined ? {} : { grpc });
  }

  /** Takes a component away; whether there was one. A run of it is told to give up. */
  unregister(name: string): boolean {
    if (!this.#board.has(name)) return false;
    this.#engine.remove(name);
    this.#heartbeats.get(name)?.unwatch();
    this.#heartbeats.delete(name);
    this.#board.remove(name);
    return true;
  }

  /**
   * Runs one check now, or waits for its run that is under way. A check that is overdue is not started again: its
   * state is given at once. So is that of a heartbeat.
   *
   * @throws {FlxError} `FLX_HEALTH_UNKNOWN` when no component has that name
   */
  async run(name: string): Promise<ComponentHealth> {
    const before = this.component(name);
    if (before === undefined) {
      throw new FlxError("FLX_HEALTH_UNKNOWN", `no component is named ${JSON.stringify(name)}`);
    }
    const check = this.#engine.get(name);
    if (check !== undefined) await this.#engine.run(check);
    return this.component(name) ?? before;
  }

  /** Runs all checks now and gives the state then: startup checks first, and only these while they do not pass. */
  async check(): Promise<HealthReport> {
    const checks = this.#engine.checks();
    const isFirst = ({ component }: PullCheck) => component.kinds.includes("startup");
    const all = (some: readonly PullCheck[]) =>
      Promise.all(some.map((each) => this.#engine.run(each)));
    if (this.#board.isStarting) await all(checks.filter(isFirst));
    else await all(checks.filter((each) => isFirst(each) && !each.isDone));
    if (!this.#board.isStarting) await all(checks.filter((each) => !isFirst(each)));
    return this.snapshot();
  }

  state(group?: HealthGroup): GroupState | undefined {
    return this.#board.state(group);
  }

  snapshot(): HealthReport;
  snapshot(group: HealthGroup): HealthReport | undefined;
  snapshot(group?: HealthGroup): HealthReport | undefined {
    return this.#board.snapshot(group);
  }

  component(name: string): ComponentHealth | undefined {
    return this.#board.component(name);
  }

  groups(): readonly string[] {
    return this.#board.groups();
  }

  subscribe(listener: () => void): () => void {
    return this.#board.subscribe(listener);
  }

  /** Adds a listener of an event; the function it gives takes it away. What a listener throws goes to `onError`. */
  on<Name extends keyof HealthEvents>(
    name: Name,
    listener: Listener<HealthEvents[Name]>,
  ): () => void {
    if (name === "group") this.#board.noteGroups();
    return this.#listeners.add(name, listener);
  }

  /** Begins to run checks in the background. The process does not stay alive for it. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    if (this.#board.lifecycle === "stopped") this.#board.begin();
    this.#schedule();
  }

  /** Says that the service is about to end: no to everything but liveness. Checks go on. */
  drain(): void {
    if (this.#board.lifecycle !== "stopped") this.#board.end("draining");
  }

  /** Ends all background work; runs under way are told to give up. `start()` begins anew. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    for (const each of this.#heartbeats.values()) each.unwatch();
    this.#engine.stop();
    for (const each of this.#defaults) each[Symbol.dispose]();
    this.#board.end("stopped");
    await this.#aside?.stop();
    // What was told to give up may do so before the process goes on to end.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #runDefault(name: string, options: DefaultCheckOptions): Promise<ComponentHealth> {
    const isAsked = Object.keys(options).length > 0;
    if (!isAsked && this.#board.has(name)) return this.run(name);
    this.#aside ??= new HealthChecker(this.#options);
    if (isAsked || this.#aside.component(name) === undefined) {
      this.#aside.#forgetDefaults();
      this.#aside.registerDefaultChecks(options);
    }
    return this.#aside.run(name);
  }

  #forgetDefaults(): void {
    for (const defaults of this.#defaults.splice(0)) {
      for (const { name } of defaults.checks) this.unregister(name);
      defaults[Symbol.dispose]();
    }
  }

  #checkNew(name: string, options: ComponentOptions): void {
    checkName(name);
    if (this.#board.has(name)) {
      throw new FlxError(
        "FLX_HEALTH_NAME",
        `a component named ${JSON.stringify(name)} is registered already; unregister it first, or choose another name`,
      );
    }
    checkComponentOptions(name, options);
    const dependencies = (each: string) => this.#board.dependencies(each);
    const cycle = cycleThrough(name, options.dependsOn ?? [], dependencies);
    if (cycle === undefined) return;
    throw new FlxError(
      "FLX_HEALTH_CYCLE",
      `${name} would depend on itself: ${cycle.join(" -> ")}; take one of these out of dependsOn`,
    );
  }

  #mayRun({ kinds }: Component): boolean {
    return kinds.includes("startup") || !this.#board.isStarting;
  }

  /** Begins with everything that may run and does not yet. */
  #schedule(): void {
    const isNew = (each: PullCheck) => each.due.place < 0 && !each.isDone;
    const checks = this.#engine
      .checks()
      .filter((each) => isNew(each) && this.#mayRun(each.component));
    this.#engine.schedule(checks);
    for (const each of this.#heartbeats.values()) if (this.#mayRun(each.component)) each.watch();
  }
}
