// Keeps the context of each asynchronous piece of work: AsyncLocalStorage behind OpenTelemetry's interface.
//
// `bind` gives functions that run in a fixed context, and event emitters whose listeners run in the context in which they
// were added to the bound emitter.

import type { Context, ContextManager } from "@opentelemetry/api";
import { AsyncLocalStorage } from "node:async_hooks";
import { EventEmitter } from "node:events";
import { EMPTY_CONTEXT } from "./context.ts";

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** The store all copies of this package in a process share. */
const storage: AsyncLocalStorage<Context> = sharedStorage();

function sharedStorage(): AsyncLocalStorage<Context> {
  const key = Symbol.for("flx.tracing.context");
  const holder = globalThis as unknown as Record<symbol, AsyncLocalStorage<Context> | undefined>;
  return (holder[key] ??= new AsyncLocalStorage<Context>());
}

/** The context of the work that is running. */
export function activeContext(): Context {
  return storage.getStore() ?? EMPTY_CONTEXT;
}

/** Runs a function in a context. */
export function runInContext<Result>(context: Context, fn: () => Result): Result {
  return storage.run(context, fn);
}

/** Runs a function with its arguments in a context. */
export function callInContext<Args extends unknown[], Result>(
  context: Context,
  fn: (...args: Args) => Result,
  args: Args,
): Result {
  return storage.run(context, fn, ...args);
}

/** Lets the rest of the running work have a context; for adapters that cannot wrap a function. */
export function enterContext(context: Context): void {
  storage.enterWith(context);
}

/** OpenTelemetry's ContextManager. */
export class AsyncContextManager implements ContextManager {
  active(): Context {
    return storage.getStore() ?? EMPTY_CONTEXT;
  }

  with<Args extends unknown[], Fn extends (...args: Args) => ReturnType<Fn>>(
    context: Context,
    fn: Fn,
    thisArg?: ThisParameterType<Fn>,
    ...args: Args
  ): ReturnType<Fn> {
    if (thisArg === undefined || thisArg === null) return storage.run(context, fn, ...args);
    return storage.run(context, () => Reflect.apply(fn, thisArg, args));
  }

  bind<Target>(context: Context, target: Target): Target {
    if (target instanceof EventEmitter) return bindEmitter(context, target);
    if (typeof target === "function") {
      return bindFunction(context, target as unknown as AnyFunction) as Target;
    }
    return target;
  }

  /** Makes a context the active one until what is given is disposed of; what was active then is active again. */
  attach(context: Context): { dispose(): void } {
    const before = storage.getStore();
    storage.enterWith(context);
    return {
      dispose: () => {
        // Not in the order of nesting, or after other work has begun: that one's context stays.
        if (storage.getStore() === context) storage.enterWith(before ?? EMPTY_CONTEXT);
      },
    };
  }

  enable(): this {
    return this;
  }

  disable(): this {
    return this;
  }
}

function bindFunction(context: Context, fn: AnyFunction): AnyFunction {
  function bound(this: unknown, ...args: unknown[]): unknown {
    return storage.run(context, () => Reflect.apply(fn, this, args));
  }
  Object.defineProperty(bound, "length", { value: fn.length, configurable: true });
  Object.defineProperty(bound, "name", { value: fn.name, configurable: true });
  return bound;
}

const ADDING = ["on", "addListener", "once", "prependListener", "prependOnceListener"] as const;
const REMOVING = ["off", "removeListener"] as const;
const boundEmitters = new WeakSet<EventEmitter>();

/** Patches one emitter: listeners added from now on run in the context; taking them away goes on working. */
function bindEmitter<Emitter extends EventEmitter>(context: Context, emitter: Emitter): Emitter {
  if (boundEmitters.has(emitter)) return emitter;
  boundEmitters.add(emitter);
  const wrappers = new Map<string | symbol, WeakMap<AnyFunction, AnyFunction>>();
  // `once` of Node calls `on`, and must not wrap the wrapper.
  let adding = false;
  const methods = emitter as unknown as Record<string, AnyFunction>;
  for (const name of ADDING) {
    const original = methods[name]!;
    methods[name] = function add(this: unknown, event, listener) {
      if (adding || typeof listener !== "function")
        return Reflect.apply(original, this, [event, listener]);
      const ofEvent = wrappers.get(event as string) ?? new WeakMap<AnyFunction, AnyFunction>();
      wrappers.set(event as string, ofEvent);
      // One wrapper a listener, so that each time it is taken away one of them goes.
      const wrapped =
        ofEvent.get(listener as AnyFunction) ?? bindFunction(context, listener as AnyFunction);
      ofEvent.set(listener as AnyFunction, wrapped);
      adding = true;
      try {
        return Reflect.apply(original, this, [event, wrapped]);
      } finally {
        adding = false;
      }
    };
  }
  for (const name of REMOVING) {
    const original = methods[name]!;
    methods[name] = function remove(this: unknown, event, listener) {
      const wrapped = wrappers.get(event as string)?.get(listener as AnyFunction);
      return Reflect.apply(original, this, [event, wrapped ?? listener]);
    };
  }
  return emitter;
}
