// Functions that are spans: wrappers first, a decorator for classes.
//
//   trace("orders.place", async (order: Order) => { ... })        a function of the same type, name and length
//   trace("orders.place", { attributes: (order) => ({ ... }) }, fn)
//   class Orders { @traced() place(order) { ... } }               standard and experimental decorators
//
// Each call is a span, active while the function runs and in everything it awaits, ended when its work is over: returned,
// thrown, resolved, iterated to the end, streamed to the end (calls/followed-call.ts). An error is recorded and thrown on.
//
// While nothing is recorded (tracing not set up, or a sampler that drops every root and no span above) a call costs the
// wrapper and nothing else: no span, no context.
//
// `traceSync` and `traceAsync` say what they expect, for readers; they do the same, and `traceSync` ends its span when the
// function returns, whatever it returns.

import type { Attributes, Link, Span, SpanOptions } from "@opentelemetry/api";
import { type AnyFunction, followedCall } from "../calls/followed-call.ts";
import type { CallObserver, ObservedCall } from "../calls/observed-call.ts";
import { createTracker, type Tracker } from "../calls/wrapper.ts";
import { activeContext, runInContext } from "./context-manager.ts";
import { contextWithSpan, spanOf } from "./context.ts";
import { currentTracing } from "./current-tracing.ts";
import { errorTypeOf, exceptionMessage } from "./exception-attributes.ts";
import { RecordedSpan } from "./span.ts";

/** The kinds of spans by name. */
const KINDS = { internal: 0, server: 1, client: 2, producer: 3, consumer: 4 } as const;

/** The kind of a span. */
export type TraceKind = keyof typeof KINDS;

/** How a function is traced. */
export interface TraceOptions<Fn extends AnyFunction = AnyFunction> {
  /** Default: internal. */
  readonly kind?: TraceKind | undefined;
  /** Attributes of each span, or a function that makes them from the call's arguments. */
  readonly attributes?:
    | Attributes
    | ((...args: Parameters<Fn>) => Attributes | undefined)
    | undefined;
  readonly links?: readonly Link[] | undefined;
  /** A trace of its own, whatever is active. */
  readonly root?: boolean | undefined;
  /** The function is told the end by a callback, or by a stream among its arguments (gRPC handlers). */
  readonly callback?: boolean | undefined;
}

/**
 * A function whose calls are spans.
 *
 * @throws {FlxError} `FLX_TRACK_TARGET` when it is no function, or a class
 */
export function trace<Fn extends AnyFunction>(name: string, fn: Fn): Fn;
export function trace<Fn extends AnyFunction>(name: string, options: TraceOptions<Fn>, fn: Fn): Fn;
export function trace<Fn extends AnyFunction>(
  name: string,
  ...rest: readonly [Fn] | readonly [TraceOptions<Fn>, Fn]
): Fn {
  const [options, fn] = rest.length === 1 ? [{}, rest[0]] : rest;
  return createTracker(new TracedCalls(name, options as TraceOptions))(fn);
}

/** Runs a function as a span, now; the span ends when it returns. */
export function traceSync<Result>(name: string, fn: (span: Span | undefined) => Result): Result;
export function traceSync<Result>(
  name: string,
  options: TraceOptions<() => unknown>,
  fn: (span: Span | undefined) => Result,
): Result;
export function traceSync<Result>(name: string, ...rest: readonly unknown[]): Result {
  const [options, fn] = rest.length === 1 ? [{}, rest[0]] : rest;
  const calls = new TracedCalls(name, options as TraceOptions);
  const work = fn as (span: Span | undefined) => Result;
  if (calls.isIdle()) return work(undefined);
  const call = calls.begin([]);
  try {
    const result = call.enter(() => work(call.span));
    call.end("finished");
    return result;
  } catch (error) {
    call.fail(error);
    throw error;
  }
}

/** Runs a function as a span, now; the span ends when what it gives is settled. */
export function traceAsync<Result>(
  name: string,
  fn: (span: Span | undefined) => Promise<Result> | Result,
): Promise<Result>;
export function traceAsync<Result>(
  name: string,
  options: TraceOptions<() => unknown>,
  fn: (span: Span | undefined) => Promise<Result> | Result,
): Promise<Result>;
export async function traceAsync<Result>(
  name: string,
  ...rest: readonly unknown[]
): Promise<Result> {
  const [options, fn] = rest.length === 1 ? [{}, rest[0]] : rest;
  const calls = new TracedCalls(name, options as TraceOptions);
  const work = fn as (span: Span | undefined) => Promise<Result> | Result;
  if (calls.isIdle()) return await work(undefined);
  const passSpan = function withSpan(): unknown {
    return work(spanOf(activeContext()));
  };
  return (await followedCall(calls, passSpan, undefined, [])) as Result;
}

/**
 * A decorator whose methods are spans, named `Class.method` unless a name is given. Works as a standard decorator and
 * with `experimentalDecorators`.
 */
export function traced(name?: string, options: TraceOptions = {}): Tracker {
  function decorate(...args: readonly unknown[]): unknown {
    const [target, second] = args;
    const member = memberName(second);
    const className = typeof target === "object" && target !== null ? ownerName(target) : undefined;
    const calls = new TracedCalls(name, options, member, className);
    return Reflect.apply(createTracker(calls) as unknown as AnyFunction, undefined, args);
  }
  return decorate as Tracker;
}

function memberName(second: unknown): string {
  if (typeof second === "string" || typeof second === "symbol") return String(second);
  const { name } = (second ?? {}) as { name?: string | symbol };
  return name === undefined ? "" : String(name);
}

/** With experimental decorators the target is the prototype, or the class itself for static members. */
function ownerName(target: object): string | undefined {
  const owner = Object.hasOwn(target, "constructor") ? target.constructor : undefined;
  return owner?.name;
}

class TracedCalls implements CallObserver {
  readonly isCallbackStyle: boolean;
  readonly #name: string | undefined;
  readonly #member: string;
  readonly #className: string | undefined;
  readonly #options: TraceOptions;
  /** The same for each call. */
  readonly #spanOptions: SpanOptions;
  readonly #isRoot: boolean;

  constructor(name: string | undefined, options: TraceOptions, member = "", className?: string) {
    this.#name = name;
    this.#options = options;
    this.#member = member;
    this.#className = className;
    this.isCallbackStyle = options.callback === true;
    const { kind = "internal", links, root = false } = options;
    this.#isRoot = root;
    this.#spanOptions = {
      kind: KINDS[kind],
      root,
      ...(links === undefined ? {} : { links: [...links] }),
    };
  }

  isIdle(): boolean {
    const tracing = currentTracing();
    if (tracing === undefined) return true;
    return tracing.tracer.dropsUnder(this.#isRoot ? undefined : spanOf(activeContext()));
  }

  begin(args: readonly unknown[], self?: unknown): TracedCall {
    const context = activeContext();
    const tracer = currentTracing()?.tracer;
    const span = tracer?.startSpan(this.#spanName(self), this.#spanOptions, context);
    if (span instanceof RecordedSpan) this.#setAttributes(span, args);
    return new TracedCall(span, span === undefined ? context : contextWithSpan(context, span));
  }

  #spanName(self: unknown): string {
    if (this.#name !== undefined) return this.#name;
    const owner = this.#className ?? classNameOf(self);
    return owner === undefined ? this.#member : `${owner}.${this.#member}`;
  }

  /** The service's own mapper may throw: its span is worth more than its attributes. */
  #setAttributes(span: RecordedSpan, args: readonly unknown[]): void {
    const { attributes } = this.#options;
    if (attributes === undefined) return;
    try {
      const values =
        typeof attributes === "function" ? Reflect.apply(attributes, undefined, args) : attributes;
      if (values !== undefined) span.setAttributes(values);
    } catch (error) {
      span.setAttribute("flx.attributes_error", exceptionMessage(error));
    }
  }
}

function classNameOf(self: unknown): string | undefined {
  if (typeof self === "function") return self.name;
  if (typeof self !== "object" || self === null) return undefined;
  return (self as { constructor?: { name?: string } }).constructor?.name;
}

class TracedCall implements ObservedCall {
  readonly span: Span | undefined;
  readonly #context: ReturnType<typeof activeContext>;
  hasEnded = false;

  constructor(span: Span | undefined, context: ReturnType<typeof activeContext>) {
    this.span = span;
    this.#context = context;
  }

  enter<Result>(work: () => Result): Result {
    return runInContext(this.#context, work);
  }

  end(kind: "finished" | "stopped" | "cancelled"): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    if (kind === "cancelled") this.span?.setAttribute("flx.cancelled", true);
    this.span?.end();
  }

  fail(error: unknown): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    if (this.span !== undefined) setError(this.span, error);
    this.span?.end();
  }
}

/** Records an error on a span and says that it failed. */
export function setError(span: Span, error: unknown): void {
  if (span instanceof RecordedSpan) {
    span.failed(error);
    return;
  }
  // Of another SDK.
  span.recordException(error as Error);
  span.setStatus({ code: 2, message: exceptionMessage(error) });
  const type = errorTypeOf(error);
  if (type !== undefined) span.setAttribute("error.type", type);
}
