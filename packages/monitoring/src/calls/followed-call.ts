// Calls a function and tells an observer when its work is over, which may be long after it returned.
//
//   it throws                     failed, at once
//   a promise or thenable         followed; and then what it resolves to
//   a generator                   a run of its own, from its first next() to its end
//   a stream of Node              followed
//   anything else                 finished, at once; also a web stream, which cannot be heard without reading it
//
//   and in the callback style of gRPC, when the function returns nothing that can be followed:
//   handler(call, callback)       ends with the callback; its first argument is the error
//   handler(call)                 ends with the call, when that is a stream to be written
//
// Errors are thrown on unchanged, values are given back unchanged. A call ends once, by what ends it first.

import { followGenerator, isGenerator } from "./follow-generator.ts";
import { followPromise, isThenable } from "./follow-promise.ts";
import { followStream, isNodeStream } from "./follow-stream.ts";
import type { CallObserver, ObservedCall } from "./observed-call.ts";

/** Any function. */
// A parameter list that every function fits needs `any`: with `unknown`, no function that wants a string would.
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyFunction = (this: any, ...args: any[]) => unknown;

/** Calls `fn` under the eyes of `observer`. */
export function followedCall(
  observer: CallObserver,
  fn: AnyFunction,
  self: unknown,
  args: readonly unknown[],
): unknown {
  if (observer.isIdle?.() === true) return Reflect.apply(fn, self, args);
  const run = observer.begin(args, self);
  const callback = observer.isCallbackStyle ? args.at(-1) : undefined;
  const isCallback = typeof callback === "function";
  const passed = isCallback
    ? [...args.slice(0, -1), endingCallback(run, callback as AnyFunction)]
    : args;
  const call = args[0];
  const isWritten = observer.isCallbackStyle && !isCallback && isWritableStream(call);
  // Before the call: the handler may refuse with an error on the stream before it returns.
  if (isWritten) followStream(run, call, "write");
  let result: unknown;
  try {
    const work = (): unknown => Reflect.apply(fn, self, passed);
    result = run.enter === undefined ? work() : run.enter(work);
  } catch (error) {
    run.fail(error);
    throw error;
  }
  if (isCallback && kindOf(result) !== "promise") return result;
  if (isWritten && result === undefined) return result;
  return follow(run, result, () => observer.begin(args, self));
}

/** Ends the run with what the value stands for; gives what is to be returned in its place. */
function follow(run: ObservedCall, value: unknown, again: () => ObservedCall): unknown {
  const kind = kindOf(value);
  if (kind === "promise") {
    return followPromise(run, value as PromiseLike<unknown>, (_, settled) =>
      follow(run, settled, again),
    );
  }
  if (kind === "generator" && followGenerator(again, value as object)) {
    run.discard?.();
    return value;
  }
  if (kind === "stream") followStream(run, value as object);
  else run.end("finished");
  return value;
}

/** What a result is. Asking must not fail: there are objects that throw at every property they do not know. */
function kindOf(value: unknown): "promise" | "generator" | "stream" | "value" {
  if (!isObject(value)) return "value";
  try {
    if (isThenable(value)) return "promise";
    if (isGenerator(value)) return "generator";
    return isNodeStream(value) ? "stream" : "value";
  } catch {
    return "value";
  }
}

function isWritableStream(value: unknown): value is object {
  return kindOf(value) === "stream" && (value as { writable?: unknown }).writable === true;
}

function endingCallback(run: ObservedCall, callback: AnyFunction): AnyFunction {
  return function ended(this: unknown, ...args: unknown[]): unknown {
    const [error] = args;
    if (error === undefined || error === null) run.end("finished");
    else run.fail(error);
    return Reflect.apply(callback, this, args);
  };
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
