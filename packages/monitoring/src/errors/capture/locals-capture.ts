// The values of variables where an error is thrown, without an inspector port.
//
//   session.connect() ─ Debugger.enable ─ pause on exceptions
//        throw ─► Debugger.paused, at once and on this thread ─► the scopes' objects are handed to `take` ─► one line each
//                                                                redacted before anything is kept
//
// While the debugger is enabled, every await costs six times as much. So in production it is on for a moment only:
//
//   a group is seen for the first time ─► ARMED ─► its next error is thrown: captured ─► off
//                                           └────► nobody came in 30 s: off, and again 270 s later, three times in all
//
//   budget    at most 5 captures in any second, 2 % of a CPU for arming and pauses (capture-budget.ts), and armed for
//             no more than a tenth of the time; whoever comes beyond that is not looked into: pauses are switched off
//   bounded   5 frames, 16 variables each, one line a variable
//
// In development it is always on; then each error is looked into, within a budget of its own: many are thrown that somebody
// expects, and the one that matters shall not be the one too many.
//
// A session of node:inspector in the same thread pauses and goes on by itself; there is no port, no other process. Where
// somebody debugs the process, this stays out of the way, and goes away when somebody begins to: pauses are for all.

import { createRequire } from "node:module";
import type * as Inspector from "node:inspector";
import { describeValue } from "../report/describe-value.ts";
import type { Redactor } from "../../redaction/redact.ts";
import { pathBelow } from "../../redaction/secret-paths.ts";
import { REDACTED } from "../../redaction/secret-shapes.ts";
import { learnSecrets } from "../report/learn-secrets.ts";
import type { ReportField } from "../report/report.ts";
import { pathOf } from "../report/source-files.ts";
import type { CapturedLocals } from "../report/captured-frames.ts";
import { SecretFilter } from "../report/secret-filter.ts";
import { type BudgetSettings, CaptureBudget } from "./capture-budget.ts";
import { WantedErrors } from "./wanted-errors.ts";

/** What a capture needs. */
export interface LocalsSettings {
  readonly redactor: Redactor;
  /** Always armed, for development. */
  readonly isAlwaysOn: boolean;
}

const MAX_FRAMES = 5;
const MAX_VARIABLES = 16;
const MAX_SCRIPTS = 20_000;
const ARMED_MS = 30_000;
/** Arming costs a few milliseconds itself: it shall be worth it. */
const ARMING_MS = 25;
/** After having been armed, so many times as long it is not. */
const REST = 9;
const ARMED_BUDGET: BudgetSettings = { perSecond: 5, share: 0.02, burstMs: 250 };
const ALWAYS_BUDGET: BudgetSettings = { perSecond: 25, share: 0.2, burstMs: 1_000 };
/** What V8 needs to tell of a pause, before we hear of it: measured, 0.3 ms with 3 frames, 1.3 ms with 25. */
const PAUSE_MS = 0.25;
const PAUSE_FRAME_MS = 0.045;
const SINK = Symbol.for("flx.errors.locals");

const LIMITS = { maxDepth: 2, maxFields: 8, maxText: 80, maxLength: 240 };

type Take = (error: object, order: string, ...scopes: object[]) => void;
const sinks = globalThis as unknown as Record<symbol, Take | undefined>;

/** Only one of a process can be armed: it pauses for all. */
let armed: (() => void) | undefined;

/** Captures locals while it is armed. */
export class LocalsCapture {
  readonly #settings: LocalsSettings;
  readonly #locals = new WeakMap<object, CapturedLocals>();
  readonly #wanted = new WantedErrors();
  readonly #budget: CaptureBudget;
  /** Addresses of scripts; frames name scripts by number only. */
  readonly #urls = new Map<string, string>();
  #session: Inspector.Session | undefined;
  /** Ends the wait, or the rest. */
  #timer: NodeJS.Timeout | undefined;
  #armedAtMs = 0;
  #restUntilMs = 0;
  #isClosed = false;
  readonly #disarmed = (): void => this.#disarm();

  constructor(settings: LocalsSettings) {
    this.#settings = settings;
    const budget = settings.isAlwaysOn ? ALWAYS_BUDGET : ARMED_BUDGET;
    this.#budget = new CaptureBudget(budget, performance.now());
    if (settings.isAlwaysOn) this.#arm();
  }

  /** Whether errors are looked into now. */
  get isArmed(): boolean {
    return this.#session !== undefined;
  }

  /** What was captured of an error. */
  localsOf(error: object): CapturedLocals | undefined {
    return this.#locals.get(error);
  }

  /** Looks into the next error of a group; once a group. Never throws. */
  want(fingerprint: string, error: unknown): void {
    if (this.#settings.isAlwaysOn || this.#isClosed) return;
    if (this.#wanted.add(fingerprint, error)) this.#arm();
  }

  close(): void {
    this.#isClosed = true;
    this.#disarm();
    clearTimeout(this.#timer);
  }

  /** Now, or when there is time for it. */
  #arm(): void {
    if (this.#session !== undefined || this.#isClosed) return;
    const startMs = performance.now();
    const waitMs = Math.max(this.#restUntilMs - startMs, this.#budget.waitMs(ARMING_MS, startMs));
    if (waitMs > 0) {
      this.#later(waitMs, () => this.#arm());
      return;
    }
    armed?.();
    const startCpuMs = cpuMs();
    try {
      this.#connect();
    } catch {
      // Without an inspector (--without-inspector, another debugger) there are no locals.
      this.#disarm();
      return;
    }
    armed = this.#disarmed;
    this.#armedAtMs = performance.now();
    this.#budget.spend(cpuMs() - startCpuMs, this.#armedAtMs);
    if (!this.#settings.isAlwaysOn) this.#later(ARMED_MS, () => this.#waited());
  }

  /** Nobody came; perhaps later. */
  #waited(): void {
    this.#wanted.waited();
    this.#disarm();
    if (!this.#wanted.isEmpty) this.#arm();
  }

  #disarm(): void {
    if (armed === this.#disarmed) armed = undefined;
    const session = this.#session;
    if (session === undefined) return;
    this.#session = undefined;
    clearTimeout(this.#timer);
    const nowMs = performance.now();
    this.#restUntilMs = nowMs + (nowMs - this.#armedAtMs) * REST;
    try {
      session.disconnect();
    } catch {
      // It was disconnected already.
    }
  }

  #later(ms: number, work: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(work, ms).unref();
  }

  #connect(): void {
    const inspector = createRequire(import.meta.url)("node:inspector") as typeof Inspector;
    if (inspector.url() !== undefined) throw new Error("somebody debugs this process");
    const session = new inspector.Session();
    session.connect();
    this.#session = session;
    session.on("Debugger.scriptParsed", ({ params: { scriptId, url } }) => {
      if (isOwnUrl(url) && this.#urls.size < MAX_SCRIPTS) this.#urls.set(scriptId, url);
    });
    session.on("Debugger.paused", ({ params }) => {
      if (inspector.url() === undefined) this.#paused(session, params);
      // Not inside of the pause.
      else setImmediate(() => this.close());
    });
    session.post("Debugger.enable");
    session.post("Debugger.setAsyncCallStackDepth", { maxDepth: 0 });
    pauseOn(session, "all");
  }

  #paused(session: Inspector.Session, pause: Inspector.Debugger.PausedEventDataType): void {
    const startCpuMs = cpuMs();
    try {
      this.#look(session, pause);
    } finally {
      const nowMs = performance.now();
      const toldMs = PAUSE_MS + pause.callFrames.length * PAUSE_FRAME_MS;
      this.#budget.spend(toldMs + cpuMs() - startCpuMs, nowMs);
      this.#goOn(session, nowMs);
    }
  }

  /** No further pause when nobody is waited for, or there is no time left. */
  #goOn(session: Inspector.Session, nowMs: number): void {
    if (this.#session !== session) return;
    const { isAlwaysOn } = this.#settings;
    const isDone = !isAlwaysOn && this.#wanted.isEmpty;
    const waitMs = this.#budget.waitMs(1, nowMs);
    if (!isDone && waitMs === 0) return;
    pauseOn(session, "none");
    if (isAlwaysOn) {
      this.#later(waitMs, () => pauseOn(session, "all"));
      return;
    }
    // Not inside of the pause.
    setImmediate(() => {
      if (this.#session !== session) return;
      this.#disarm();
      if (!this.#wanted.isEmpty) this.#arm();
    });
  }

  #look(
    session: Inspector.Session,
    { callFrames, data, reason }: Inspector.Debugger.PausedEventDataType,
  ): void {
    if (reason !== "exception" && reason !== "promiseRejection") return;
    const { objectId, description } = (data ?? {}) as Inspector.Runtime.RemoteObject;
    if (objectId === undefined) return;
    const mark = this.#wanted.markOf(description ?? "");
    if (mark === undefined && !this.#settings.isAlwaysOn) return;
    const frames = this.#ownFrames(callFrames);
    const { order, scopeIds } = scopesOf(frames);
    if (scopeIds.length === 0 || !this.#budget.takeCapture(performance.now())) return;
    sinks[SINK] = (error, indexes, ...scopes) => this.#take(error, frames, indexes, scopes);
    try {
      session.post("Runtime.callFunctionOn", {
        functionDeclaration: `function (order, ...scopes) { globalThis[Symbol.for("flx.errors.locals")]?.(this, order, ...scopes); }`,
        objectId,
        arguments: [{ value: order.join(",") }, ...scopeIds.map((id) => ({ objectId: id }))],
        silent: true,
        returnByValue: true,
      });
      if (mark !== undefined) this.#wanted.found(mark);
    } finally {
      sinks[SINK] = undefined;
    }
  }

  #ownFrames(callFrames: readonly Inspector.Debugger.CallFrame[]): readonly OwnFrame[] {
    const own: OwnFrame[] = [];
    for (const { functionName, location, scopeChain } of callFrames) {
      const file = this.#urls.get(location.scriptId);
      if (file === undefined) continue;
      own.push({ functionName, file, scopeChain });
      if (own.length >= MAX_FRAMES) break;
    }
    return own;
  }

  #take(
    error: object,
    frames: readonly OwnFrame[],
    order: string,
    scopes: readonly object[],
  ): void {
    // Thrown again: where it was thrown first says more.
    if (typeof error !== "object" || error === null || this.#locals.has(error)) return;
    const filter = new SecretFilter(this.#settings.redactor);
    for (const scope of scopes) learnSecrets(scope, filter);
    const found = frames.map(({ file, functionName }) => ({
      file: pathOf(file),
      functionName,
      fields: [] as ReportField[],
    }));
    for (const [i, index] of order.split(",").entries()) {
      addVariables(found[Number(index)]!.fields, scopes[i]!, filter);
    }
    this.#locals.set(error, { frames: found, secrets: filter.learned });
  }
}

interface OwnFrame {
  readonly functionName: string;
  readonly file: string;
  readonly scopeChain: readonly Inspector.Debugger.Scope[];
}

/** The objects of the frames' scopes, and the number of the frame that each is of. */
function scopesOf(frames: readonly OwnFrame[]): {
  readonly order: readonly number[];
  readonly scopeIds: readonly string[];
} {
  const order: number[] = [];
  const scopeIds: string[] = [];
  for (const [index, { scopeChain }] of frames.entries()) {
    for (const { type, object } of scopeChain) {
      if (type !== "local" && type !== "block" && type !== "catch") break;
      if (object.objectId === undefined) continue;
      order.push(index);
      scopeIds.push(object.objectId);
    }
  }
  return { order, scopeIds };
}

/** What this thread has worked, not what it has waited for others; before Node 24 what the process has. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage?.() ?? process.cpuUsage();
  return (user + system) / 1_000;
}

function pauseOn(session: Inspector.Session, state: "all" | "none"): void {
  try {
    session.post("Debugger.setPauseOnExceptions", { state });
  } catch {
    // It was disconnected.
  }
}

function isOwnUrl(url: string): boolean {
  return url !== "" && !url.startsWith("node:") && !url.includes("/node_modules/");
}

function addVariables(fields: ReportField[], scope: object, filter: SecretFilter): void {
  for (const name of Object.keys(scope)) {
    if (fields.length >= MAX_VARIABLES) return;
    if (fields.some((field) => field.name === name)) continue;
    fields.push({ name: filter.text(name), value: variable(scope, name, filter) });
  }
}

function variable(scope: object, name: string, filter: SecretFilter): string {
  const paths = pathBelow(filter.rules.paths, name);
  if (paths?.isEnd === true || filter.rules.isSecretName(name)) return REDACTED;
  try {
    return describeValue((scope as Record<string, unknown>)[name], filter, LIMITS, paths);
  } catch {
    // A variable in its dead zone: it is declared further down.
    return "[not there yet]";
  }
}
