// Parts started in order, stopped in reverse, each within its bound.
//
//   start:  store ──► receivers ──► api        one that fails stops those before it, and its error goes on
//   stop:   store ◄── receivers ◄── api        one that fails or takes too long is told, and does not keep the others
//
// Why bounds: a part that hangs must not keep the store, which is stopped last, from closing in order.

import type { Clock } from "./clock.ts";
import type { StationLog } from "./station-log.ts";

/** How a part is opened and closed. */
export interface PartSpec<T> {
  /** For the log: "store", "otlp/grpc". */
  readonly name: string;
  open(): T | Promise<T>;
  close?(part: T): void | PromiseLike<void>;
  /** How long closing may take, ms. Default 10,000. */
  readonly closeWithinMs?: number;
}

/** How a part ended. */
export interface PartEnd {
  readonly name: string;
  readonly outcome: "closed" | "failed" | "too slow";
  readonly ms: number;
}

interface OpenPart {
  readonly name: string;
  readonly close: () => void | PromiseLike<void>;
  readonly withinMs: number;
}

/** The parts that are open, in the order they were opened. */
export class Lifecycle implements AsyncDisposable {
  readonly #log: StationLog;
  readonly #clock: Clock;
  readonly #parts: OpenPart[] = [];

  constructor(log: StationLog, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /**
   * Opens a part.
   *
   * @throws what `open` throws, after all parts before it were closed
   */
  async start<T>(spec: PartSpec<T>): Promise<T> {
    const { name, closeWithinMs = 10_000 } = spec;
    const startedMs = this.#clock.elapsed();
    let part: T;
    try {
      part = await spec.open();
    } catch (error) {
      await this.stop();
      throw error;
    }
    const ms = Math.round(this.#clock.elapsed() - startedMs);
    this.#log.debug({ part: name, ms }, `${name} started`);
    this.#parts.push({ name, close: () => spec.close?.(part), withinMs: closeWithinMs });
    return part;
  }

  /** Closes all parts, the last opened first. Never rejects: the ends say how it went. */
  async stop(): Promise<readonly PartEnd[]> {
    const ends: PartEnd[] = [];
    for (let part = this.#parts.pop(); part !== undefined; part = this.#parts.pop()) {
      ends.push(await this.#close(part));
    }
    return ends;
  }

  async #close({ name, close, withinMs }: OpenPart): Promise<PartEnd> {
    const startedMs = this.#clock.elapsed();
    const late = Promise.withResolvers<"too slow">();
    const timer = setTimeout(() => late.resolve("too slow"), withinMs);
    let outcome: PartEnd["outcome"];
    try {
      outcome = await Promise.race([closed(close), late.promise]);
    } catch (error) {
      outcome = "failed";
      this.#log.error({ part: name, err: error }, `${name} did not close in order`);
    } finally {
      clearTimeout(timer);
    }
    const ms = Math.round(this.#clock.elapsed() - startedMs);
    if (outcome === "too slow") {
      this.#log.error({ part: name, ms }, `${name} was not closed within ${withinMs} ms`);
    } else this.#log.debug({ part: name, ms }, `${name} ${outcome}`);
    return { name, outcome, ms };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

async function closed(close: () => void | PromiseLike<void>): Promise<"closed"> {
  await close();
  return "closed";
}
