// Follows a generator, sync or async, from its first `next()` to its end.
//
//   first next()           the run begins: before it, no line of the generator has run
//   { done: true }         finished; stopped when return() asked for it
//   an error               failed
//   never started          counts nothing, also when return() or throw() is called on it
//   started, then dropped  counts nothing: nobody ends it, and it could still be taken up
//
// The object stays the same, with its three methods replaced by own properties, so `for`, `yield*`, iterator helpers and
// `using` go through them and every other property of a generator is untouched.

import type { ObservedCall } from "./observed-call.ts";

/** One of `next`, `return`, `throw`; sync generators give the step, async ones a promise of it. */
type Method = (...args: unknown[]) => Step | Promise<Step>;
type Step = IteratorResult<unknown>;

interface GeneratorLike {
  next: Method;
  return: Method;
  throw: Method;
}

/**
 * Whether a value is a generator: it iterates over itself and has all three methods. Generators that a compiler made for
 * older engines are plain objects, so their class cannot be asked.
 */
export function isGenerator(value: object): boolean {
  const like = value as Partial<Record<PropertyKey, unknown>>;
  return (
    typeof like["next"] === "function" &&
    typeof like["return"] === "function" &&
    typeof like["throw"] === "function" &&
    (typeof like[Symbol.iterator] === "function" ||
      typeof like[Symbol.asyncIterator] === "function")
  );
}

/** Watches a run of the generator, begun with its first step; false when it is frozen and cannot be followed. */
export function followGenerator(begin: () => ObservedCall, value: object): boolean {
  const generator = value as GeneratorLike;
  if (!Object.isExtensible(generator)) return false;
  const followed = new FollowedGenerator(begin, generator);
  const methods = {
    next: (...args: unknown[]) => followed.next(args),
    return: (...args: unknown[]) => followed.return(args),
    throw: (...args: unknown[]) => followed.throw(args),
  };
  for (const [name, method] of Object.entries(methods)) {
    Reflect.defineProperty(generator, name, { value: method, configurable: true, writable: true });
  }
  return true;
}

class FollowedGenerator {
  readonly #begin: () => ObservedCall;
  readonly #next: Method;
  readonly #return: Method;
  readonly #throw: Method;
  #run: ObservedCall | undefined;
  /** Ended before it began: what comes now runs no line of it. */
  #isOver = false;
  /** A sync generator that asks itself for a step is refused by the engine, and goes on. */
  #isRunning = false;
  #isStopping = false;

  constructor(begin: () => ObservedCall, generator: GeneratorLike) {
    this.#begin = begin;
    this.#next = generator.next.bind(generator);
    this.#return = generator.return.bind(generator);
    this.#throw = generator.throw.bind(generator);
  }

  next(args: unknown[]): Step | Promise<Step> {
    if (!this.#isOver) this.#run ??= this.#begin();
    return this.#step(this.#next, args);
  }

  return(args: unknown[]): Step | Promise<Step> {
    if (this.#run === undefined) this.#isOver = true;
    else if (!this.#isRunning) this.#isStopping = true;
    return this.#step(this.#return, args);
  }

  throw(args: unknown[]): Step | Promise<Step> {
    if (this.#run === undefined) this.#isOver = true;
    return this.#step(this.#throw, args);
  }

  #step(method: Method, args: unknown[]): Step | Promise<Step> {
    const run = this.#run;
    if (run === undefined || run.hasEnded || this.#isRunning) return method(...args);
    this.#isRunning = true;
    try {
      const step = run.enter === undefined ? method(...args) : run.enter(() => method(...args));
      return step instanceof Promise
        ? step.then((each) => this.#seen(run, each), refuse(run))
        : this.#seen(run, step);
    } catch (error) {
      run.fail(error);
      throw error;
    } finally {
      this.#isRunning = false;
    }
  }

  #seen(run: ObservedCall, step: Step): Step {
    if (step.done === true) run.end(this.#isStopping ? "stopped" : "finished");
    return step;
  }
}

const refuse =
  (run: ObservedCall) =>
  (error: unknown): never => {
    run.fail(error);
    // What was thrown is thrown on, whatever it is.
    throw error; // oxlint-disable-line typescript/only-throw-error
  };
