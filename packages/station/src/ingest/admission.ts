// How much may be under way at once, over all receivers: what is more is told to come back.
//
//   bytes under way   ├─ traces to 1/2 ─┼─ logs to 3/4 ─┼─ metrics to maxBytes ─┤ 429, RESOURCE_EXHAUSTED
//   shed(signals)     those are not let in until shed() names them no more: memory-governor.ts
//
// Spans are the first that are sent back, metrics the last: alerts stand on metrics, and are needed most while too much comes.
//
// A request counts from its first byte until its answer: as it comes in, and with what was inside when it is decompressed.
// Else a thousand senders that never finish would hold a thousand bodies that nobody has counted. A single request larger
// than the whole is let in alone, or it could never be.
//
// One address has at most half: who drips many bodies fills its own half, and the others are heard.

import { SinkRefusal } from "../store/metric-sink.ts";

/** What a request brings; what stands first is the first that is sent back. */
export const SHED_ORDER = ["traces", "logs", "metrics"] as const;

/** What a request brings. */
export type AdmittedSignal = (typeof SHED_ORDER)[number];

/** Of all bytes under way, how many there may be when one more of a signal is let in. */
const SHARES: Readonly<Record<AdmittedSignal, number>> = { traces: 0.5, logs: 0.75, metrics: 1 };

/** A request that is counted. */
export interface Admitted extends Disposable {
  /** What of it is there. */
  readonly bytes: number;
  /**
   * More of it is there.
   *
   * @throws {SinkRefusal} `FLX_INGEST_OVERLOADED` when there is too much under way
   */
  grow(this: void, bytes: number): void;
}

/** The gate of all receivers. */
export class Admission {
  #maxBytes: number;
  #bytes = 0;
  readonly #byAddress = new Map<string, number>();
  #closedFor: ReadonlySet<AdmittedSignal> = new Set();
  #beforeEach: (() => void) | undefined;

  /** @param maxBytes plain bytes under way at once; default 256 MiB */
  constructor(maxBytes: number = 256 * 1024 * 1024) {
    this.#maxBytes = maxBytes;
  }

  /** Lets in so much from now on. */
  limitTo(maxBytes: number): void {
    this.#maxBytes = maxBytes;
  }

  /** Lets nothing of these signals in from now on, since memory is short; what is not named is let in again. */
  shed(signals: ReadonlySet<AdmittedSignal>): void {
    this.#closedFor = signals;
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
   * A request begins to come in; dispose the answer when it is answered.
   *
   * @param address of the sender
   */
  open(address = "", signal: AdmittedSignal = "metrics"): Admitted {
    let bytes = 0;
    let inside = true;
    const count = (more: number): void => {
      bytes += more;
      this.#count(address, more);
    };
    return {
      get bytes() {
        return bytes;
      },
      grow: (more) => {
        if (!inside) return;
        this.#check(bytes, more, address, signal);
        count(more);
      },
      [Symbol.dispose]: () => {
        if (inside) count(-bytes);
        inside = false;
      },
    };
  }

  /**
   * Lets a whole request in; dispose the answer when it is done.
   *
   * @throws {SinkRefusal} `FLX_INGEST_OVERLOADED` when there is too much under way
   */
  enter(bytes: number, signal?: AdmittedSignal): Admitted {
    const admitted = this.open("", signal);
    admitted.grow(bytes);
    return admitted;
  }

  #count(address: string, bytes: number): void {
    this.#bytes += bytes;
    const ofAddress = (this.#byAddress.get(address) ?? 0) + bytes;
    if (ofAddress === 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, ofAddress);
  }

  #check(own: number, more: number, address: string, signal: AdmittedSignal): void {
    this.#beforeEach?.();
    if (this.#closedFor.has(signal)) {
      throw overloaded(`the station is near its memory cap and takes no ${signal} for a moment`);
    }
    const others = this.#bytes - own;
    const room = Math.floor(this.#maxBytes * SHARES[signal]);
    if (others > 0 && this.#bytes + more > room) {
      throw overloaded(`${this.#bytes} bytes are under way, for ${signal} at most ${room} are`);
    }
    const ofAddress = this.#byAddress.get(address) ?? 0;
    const share = Math.floor(room / 2);
    if (address !== "" && ofAddress > own && ofAddress + more > share) {
      throw overloaded(`${ofAddress} bytes of this address are under way, at most ${share} are`);
    }
  }
}

function overloaded(reason: string): SinkRefusal {
  return new SinkRefusal("FLX_INGEST_OVERLOADED", reason, "overloaded", 1_000);
}
