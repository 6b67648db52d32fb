// The values of variables where an error is thrown, without an inspector port.
//
//   session.connect() ─ Debugger.enable ─ pause on exceptions
//        throw ─► Debugger.paused, at once and on this thread ─► the scopes' objects are handed to `take` ─► one line each
//                                                                redacted before anything is kept
//
// While the debugger is enabled, every await costs six times as much. So in production it is armed for a moment, when an
// error is seen that was not seen before: its next occurrence has values. Then it is disarmed.
//
//   budget    at most 5 captures a second, and 2 % of the time; what comes after is not captured
//   bounded   5 frames, 16 variables each, one line a variable
//
// A session of node:inspector in the same thread pauses and goes on by itself; there is no port, no other process.

import { createRequire } from "node:module";
import type * as Inspector from "node:inspector";
import { describeValue } from "../report/describe-value.ts";
import type { Redactor } from "../../redaction/redact.ts";
import { pathBelow } from "../../redaction/secret-paths.ts";
import { REDACTED } from "../../redaction/secret-shapes.ts";
import { learnSecrets } from "../report/learn-secrets.ts";
import type { ReportField } from "../report/report.ts";
import { pathOf } from "../report/source-files.ts";
import type { CapturedFrame } from "../report/captured-frames.ts";
import { SecretFilter } from "../report/secret-filter.ts";

/** What a capture needs. */
export interface LocalsSettings {
  readonly redactor: Redactor;
  /** Always armed, for development. */
  readonly isAlwaysOn: boolean;
  /** How long it stays armed (default 30,000). */
  readonly armedMs?: number | undefined;
}

const MAX_FRAMES = 5;
const MAX_VARIABLES = 16;
const MAX_SCRIPTS = 20_000;
const MAX_PER_SECOND = 5;
const MAX_SHARE = 0.02;
const ARMED_MS = 30_000;
const SINK = Symbol.for("flx.errors.locals");

const LIMITS = { maxDepth: 2, maxFields: 8, maxText: 80, maxLength: 240 };

type Take = (error: object, order: string, ...scopes: object[]) => void;
const sinks = globalThis as unknown as Record<symbol, Take | undefined>;

/** Only one of a process can be armed: it pauses for all. */
let disarmed: (() => void) | undefined;

/** Captures locals while it is armed. */
export class LocalsCapture {
  readonly #settings: LocalsSettings;
  readonly #locals = new WeakMap<object, readonly CapturedFrame[]>();
  /** Addresses of scripts; frames name scripts by number only. */
  readonly #urls = new Map<string, string>();
  #session: Inspector.Session | undefined;
  #timer: NodeJS.Timeout | undefined;
  #windowStart = 0;
  #inWindow = 0;
  #spentMs = 0;
  readonly #disarm = (): void => this.disarm();

  constructor(settings: LocalsSettings) {
    this.#settings = settings;
    if (settings.isAlwaysOn) this.arm();
  }

  /** Whether errors are looked into now. */
  get isArmed(): boolean {
    return this.#session !== undefined;
  }

  /** What was captured of an error, innermost first. */
  localsOf(error: object): readonly CapturedFrame[] | undefined {
    return this.#locals.get(error);
  }

  /** Looks into the errors of the next half minute; the first one that is captured ends it. Never throws. */
  arm(): void {
    if (this.#session !== undefined) return;
    disarmed?.();
    try {
      this.#connect();
      disarmed = this.#disarm;
    } catch {
      // Without an inspector (--without-inspector, another debugger) there are no locals.
      this.disarm();
      return;
    }
    if (this.#settings.isAlwaysOn) return;
    this.#timer = setTimeout(() => this.disarm(), this.#settings.armedMs ?? ARMED_MS).unref();
  }

  disarm(): void {
    clearTimeout(this.#timer);
    const session = this.#session;
    this.#session = undefined;
    if (disarmed === this.#disarm) disarmed = undefined;
    try {
      session?.disconnect();
    } catch {
      // It was disconnected already.
    }
  }

  close(): void {
    this.disarm();
  }

  #connect(): void {
    const inspector = createRequire(import.meta.url)("node:inspector") as typeof Inspector;
    const session = new inspector.Session();
    session.connect();
    this.#session = session;
    session.on("Debugger.scriptParsed", ({ params: { scriptId, url } }) => {
      if (isOwnUrl(url) && this.#urls.size < MAX_SCRIPTS) this.#urls.set(scriptId, url);
    });
    session.on("Debugger.paused", ({ params }) => this.#paused(session, params));
    session.post("Debugger.enable");
    session.post("Debugger.setAsyncCallStackDepth", { maxDepth: 0 });
    session.post("Debugger.setPauseOnExceptions", { state: "all" });
  }

  #paused(
    session: Inspector.Session,
    { callFrames, data, reason }: Inspector.Debugger.PausedEventDataType,
  ): void {
    const errorId: unknown = data?.["objectId" as never];
    if ((reason !== "exception" && reason !== "promiseRejection") || typeof errorId !== "string")
      return;
    const startMs = performance.now();
    if (!this.#mayCapture(startMs)) return;
    const frames = this.#ownFrames(callFrames);
    const { order, scopeIds } = scopesOf(frames);
    if (scopeIds.length === 0) return;
    sinks[SINK] = (error, indexes, ...scopes) => this.#take(error, frames, indexes, scopes);
    try {
      session.post("Runtime.callFunctionOn", {
        functionDeclaration: `function (order, ...scopes) { globalThis[Symbol.for("flx.errors.locals")]?.(this, order, ...scopes); }`,
        objectId: errorId,
        arguments: [{ value: order.join(",") }, ...scopeIds.map((objectId) => ({ objectId }))],
        silent: true,
        returnByValue: true,
      });
    } finally {
      sinks[SINK] = undefined;
      this.#spentMs += performance.now() - startMs;
    }
    // Not inside of the pause.
    if (!this.#settings.isAlwaysOn) setImmediate(this.#disarm);
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

  #mayCapture(nowMs: number): boolean {
    if (nowMs - this.#windowStart >= 1_000) {
      this.#windowStart = nowMs;
      this.#inWindow = 0;
      this.#spentMs = 0;
    }
    if (this.#inWindow >= MAX_PER_SECOND) return false;
    if (!this.#settings.isAlwaysOn && this.#spentMs > 1_000 * MAX_SHARE) return false;
    this.#inWindow++;
    return true;
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
    const captured = frames.map(({ file, functionName }) => ({
      file: pathOf(file),
      functionName,
      fields: [] as ReportField[],
    }));
    for (const [i, index] of order.split(",").entries()) {
      addVariables(captured[Number(index)]!.fields, scopes[i]!, filter);
    }
    this.#locals.set(error, captured);
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
