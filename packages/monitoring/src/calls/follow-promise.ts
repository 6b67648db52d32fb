// Follows a promise, or what merely has a `then`, to its end.
//
// A native promise is answered by the one its own `then` gives: the same class (a subclass stays one), the same value,
// the same error, and an error nobody handles is still reported as unhandled, which it would not be if we only
// listened on the side. Properties that were put on the promise (`cancel`, `kill`) are carried over.
//
// Another thenable stays the object it is, with its `then` replaced: query builders start their work when `then` is called,
// each time it is called, and people go on chaining before that. One that nobody awaits has done nothing and
// counts nothing.

import { types } from "node:util";
import type { ObservedCall } from "./observed-call.ts";

type Settle = (value: unknown) => unknown;
type Then = (onValue?: Settle | null, onError?: Settle | null) => unknown;

/** Whether a value is awaited by `await`. */
export function isThenable(value: object): value is PromiseLike<unknown> {
  return types.isPromise(value) || typeof (value as { then?: unknown }).then === "function";
}

/**
 * Ends the run when the promise settles.
 *
 * @param followValue what to do with the value: it may be a stream
 * @returns what stands for the promise
 */
export function followPromise(
  run: ObservedCall,
  promise: PromiseLike<unknown>,
  followValue: (run: ObservedCall, value: unknown) => unknown,
): unknown {
  const onError = (error: unknown) => {
    run.fail(error);
    // What was thrown is thrown on, whatever it is.
    throw error; // oxlint-disable-line typescript/only-throw-error
  };
  const onValue = (value: unknown) => followValue(run, value);
  if (types.isPromise(promise)) {
    const followed = promise.then(onValue, onError);
    carryProperties(promise, followed);
    return followed;
  }
  const then = promise.then.bind(promise) as Then;
  const replaced: Then = (userValue, userError) =>
    then(
      (value) => (userValue ?? identity)(onValue(value)),
      (error) => {
        run.fail(error);
        if (typeof userError === "function") return userError(error);
        throw error; // oxlint-disable-line typescript/only-throw-error -- as above
      },
    );
  // It is a thenable already, and stays awaited as it was.
  // oxlint-disable-next-line unicorn/no-thenable
  const isReplaced = Reflect.defineProperty(promise, "then", {
    value: replaced,
    configurable: true,
    writable: true,
  });
  return isReplaced ? promise : then(onValue, onError);
}

const identity: Settle = (value) => value;

function carryProperties(from: object, to: object): void {
  // Only what somebody named: symbols on promises belong to the runtime.
  for (const key of Object.getOwnPropertyNames(from)) {
    if (Object.hasOwn(to, key) || key === "then" || key === "catch" || key === "finally") continue;
    Reflect.defineProperty(to, key, Object.getOwnPropertyDescriptor(from, key)!);
  }
}
