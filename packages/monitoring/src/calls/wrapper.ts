// One tracker, used three ways: around a function, and as a decorator of either kind.
//
//   const tracked = track(fn)              a function of the same type, name and length
//   @track method() {}                     standard decorators      track(value, context)
//   @track method() {}                     experimentalDecorators   track(prototype, key, descriptor)
//
// Which of them it is can be told from the arguments: a standard context is an object with a `kind`, a key is a string
// or a symbol, and what has neither is a function to wrap.
//
//   kind                     standard                     experimentalDecorators
//   method, static method    each call is a run           each call is a run
//   getter                   each read is a run           each read is a run
//   field, accessor          its function is wrapped      refused: the field is not there yet
//   class, setter            refused                      refused

import { FlxError } from "@flx/model/write";
import { type AnyFunction, followedCall } from "./followed-call.ts";
import type { CallObserver } from "./observed-call.ts";

/** Tracks what it wraps or decorates. */
export interface Tracker {
  /** Decorates a method (standard decorators). */
  <This, Args extends unknown[], Result>(
    method: (this: This, ...args: Args) => Result,
    context: ClassMethodDecoratorContext<This, (this: This, ...args: Args) => Result>,
  ): (this: This, ...args: Args) => Result;
  /** Decorates a getter (standard decorators). */
  <This, Value>(
    getter: (this: This) => Value,
    context: ClassGetterDecoratorContext<This, Value>,
  ): (this: This) => Value;
  /** Decorates a field that holds a function (standard decorators). */
  <This, Fn extends AnyFunction>(
    field: undefined,
    context: ClassFieldDecoratorContext<This, Fn>,
  ): (this: This, initial: Fn) => Fn;
  /** Decorates an `accessor` that holds a function (standard decorators). */
  <This, Fn extends AnyFunction>(
    accessor: ClassAccessorDecoratorTarget<This, Fn>,
    context: ClassAccessorDecoratorContext<This, Fn>,
  ): ClassAccessorDecoratorResult<This, Fn>;
  /** Decorates a method or getter (`experimentalDecorators`). */
  <Member>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<Member>,
  ): TypedPropertyDescriptor<Member>;
  /**
   * Wraps a function: same type, name and length; `this`, arguments, result and errors pass through.
   *
   * @param context never given; without it this would be a decorator of setters, too
   * @throws {FlxError} `FLX_TRACK_TARGET` when it is no function, or a class
   */
  <Fn extends AnyFunction>(fn: Fn, context?: undefined): Fn;
}

/** The tracker whose calls `observer` observes. */
export function createTracker(observer: CallObserver): Tracker {
  function track(...args: readonly unknown[]): unknown {
    const [target, second, descriptor] = args;
    if (isContext(second)) return decorate(observer, target, second);
    if (typeof second === "string" || typeof second === "symbol")
      return decorateDescriptor(observer, second, descriptor);
    return wrap(observer, target, "a tracker");
  }
  return track as Tracker;
}

/** What every context of a standard decorator has. */
interface AnyContext {
  readonly kind: string;
  readonly name: string | symbol | undefined;
}

function isContext(value: unknown): value is AnyContext {
  return typeof value === "object" && value !== null && "kind" in value;
}

function decorate(observer: CallObserver, value: unknown, { kind, name }: AnyContext): unknown {
  const where = `the tracker on ${kind} ${String(name)}`;
  switch (kind) {
    case "method":
    case "getter":
      return wrap(observer, value, where);
    case "field":
      return (initial: unknown) => wrap(observer, initial, where);
    case "accessor":
      return { init: (initial: unknown) => wrap(observer, initial, where) };
    default:
      throw refused(where, "does not stand there");
  }
}

function decorateDescriptor(
  observer: CallObserver,
  key: string | symbol,
  descriptor: unknown,
): PropertyDescriptor {
  const where = `the tracker on ${String(key)}`;
  const member = (descriptor ?? {}) as Readonly<Record<string, unknown>>;
  for (const part of ["value", "get"] as const) {
    if (typeof member[part] === "function")
      return { ...member, [part]: wrap(observer, member[part], where) };
  }
  throw refused(where, "found neither a method nor a getter");
}

function wrap(observer: CallObserver, fn: unknown, where: string): AnyFunction {
  if (typeof fn !== "function") throw refused(where, `got ${fn === null ? "null" : typeof fn}`);
  if (isClass(fn)) throw refused(where, `got the class ${fn.name}`);
  const called = fn as AnyFunction;
  const followed = function (this: unknown, ...args: unknown[]): unknown {
    return followedCall(observer, called, this, args);
  };
  const tracked = observer.isIdle === undefined ? followed : unlessIdle(observer, called, followed);
  carryProperties(fn, tracked);
  return tracked;
}

/** Calls the function as it is while nobody observes: that costs the question, and no list of arguments is made. */
function unlessIdle(
  observer: CallObserver,
  called: AnyFunction,
  followed: AnyFunction,
): AnyFunction {
  return function (this: unknown): unknown {
    // oxlint-disable-next-line prefer-rest-params -- passed on as they are, without a copy
    const args = arguments as unknown as unknown[];
    return observer.isIdle!() ? called.apply(this, args) : followed.apply(this, args);
  };
}

/** Name, length, and what somebody put on the function. */
function carryProperties(from: object, to: object): void {
  for (const key of Reflect.ownKeys(from)) {
    // Every function has its own of these.
    if (key === "prototype" || key === "caller" || key === "arguments") continue;
    Reflect.defineProperty(to, key, Object.getOwnPropertyDescriptor(from, key)!);
  }
}

/** A class has a `prototype` that cannot be replaced, unlike every function that may be called. */
function isClass(fn: object): fn is { readonly name: string } {
  return Object.getOwnPropertyDescriptor(fn, "prototype")?.writable === false;
}

function refused(where: string, what: string): FlxError {
  return new FlxError(
    "FLX_TRACK_TARGET",
    `${where} ${what}; give it a function, or decorate a method, a getter or (standard decorators only) a field with a function`,
  );
}
