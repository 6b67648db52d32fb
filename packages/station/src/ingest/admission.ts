// How much may be under way at once, over all receivers: what is more is told to come back.
//
//   bytes under way   ├────────── maxBytes ──────────┤ 429, RESOURCE_EXHAUSTED
//   shed(why)         nothing is let in until shed(undefined): memory-governor.ts
//
// A request counts with its plain bytes from the moment they are there until its answer. A single request larger than
// the whole is let in alone, or it could never be.

import { SinkRefusal } from "../store/metric-sink.ts";

/** The gate of all receivers. */
export class Admission {
  #maxBytes: number;
  #bytes = 0;
  #closedFor: string | undefined;
  #beforeEach: (() => void) | undefined;

  /** @param maxBytes plain bytes under way at once; default 256 MiB */
  constructor(maxBytes: number = 256 * 1024 * 1024) {
    this.#maxBytes = maxBytes;
  }

  /** Lets in so much from now on. */
  limitTo(maxBytes: number): void {
    this.#maxBytes = maxBytes;
  }

  /** Lets nothing in, and says why; undefined: lets in again. */
  shed(reason: string | undefined): void {
    this.#closedFor = reason;
  }

  /** Called before each request is let in: it may shed. */
  watch(beforeEach: (() => void) | undefined): void {
    this.#beforeEach = beforeEach;
  }

  /** Bytes under way. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Lets a request in; dispose the answer when it is done.
   *
   * @throws {SinkRefusal} `FLX_INGEST_OVERLOADED` when there is too much under way
   */
  enter(bytes: number): Disposable & { readonly bytes: number } {
    this.#beforeEach?.();
    if (this.#closedFor !== undefined) {
      throw new SinkRefusal("FLX_INGEST_OVERLOADED", this.#closedFor, "overloaded", 1_000);
    }
    if (this.#bytes > 0 && this.#bytes + bytes > this.#maxBytes) {
      throw new SinkRefusal(
        "FLX_INGEST_OVERLOADED",
        `${this.#bytes} bytes are under way, at most ${this.#maxBytes} are`,
        "overloaded",
        1_000,
      );
    }
    this.#bytes += bytes;
    let inside = true;
    return {
      bytes,
      [Symbol.dispose]: () => {
        if (inside) this.#bytes -= bytes;
        inside = false;
      },
    };
  }
}
