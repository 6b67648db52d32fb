// How many reports of one error are written: the first ones of a window whole, the rest counted.
//
//   window 60 s   the first 5 of a fingerprint pass; when the window is over, or the process ends:  "and 1,204 more"
//
// A service that fails a thousand times a second shall not spend its time on saying so. Metrics count all of them.
// Bounded: at most MAX_KNOWN fingerprints are known; the oldest is forgotten.

import { closedWindow, openWindow } from "../../logging/open-windows.ts";
import type { ErrorKind } from "./error-kinds.ts";

/** Reports per fingerprint and window. */
export interface ErrorLimitSettings {
  /** Default 5. */
  readonly max?: number | undefined;
  /** Default 60,000. */
  readonly windowMs?: number | undefined;
}

/** An error as the limit knows it. */
export interface LimitedError {
  readonly fingerprint: string;
  readonly type: string;
  readonly kind: ErrorKind;
}

/** Errors of a fingerprint that were not written. */
export interface HeldErrors extends LimitedError {
  readonly count: number;
}

/** What else decides about an occurrence. */
export interface LimitedBy {
  /** Somebody waits for this one: it is written in any case. */
  readonly isAsked?: boolean | undefined;
  /** It was told otherwise: it does not count among those that were not written. */
  readonly isTold?: boolean | undefined;
}

const MAX_KNOWN = 2_000;

interface Window extends LimitedError {
  readonly untilMs: number;
  count: number;
}

/** Decides which occurrences are written. */
export class ErrorLimit {
  readonly #max: number;
  readonly #windowMs: number;
  readonly #tell: (held: HeldErrors) => void;
  readonly #known = new Map<string, Window>();
  #timer: NodeJS.Timeout | undefined;

  /** @param tell called for each fingerprint of which some were held back, when its window is over */
  constructor(
    { max = 5, windowMs = 60_000 }: ErrorLimitSettings,
    tell: (held: HeldErrors) => void,
  ) {
    this.#max = max;
    this.#windowMs = windowMs;
    this.#tell = tell;
  }

  /** Whether an occurrence is to be written. */
  take(error: LimitedError, nowMs: number, { isAsked, isTold }: LimitedBy = {}): boolean {
    const known = this.#known.get(error.fingerprint);
    if (known !== undefined && nowMs < known.untilMs) {
      if (isAsked === true && known.count >= this.#max) return true;
      if (isTold === true && known.count >= this.#max) return false;
      known.count++;
      if (known.count > this.#max && this.#timer === undefined) this.#wait();
      return known.count <= this.#max;
    }
    if (known !== undefined) this.#close(known);
    this.#open({ ...error, untilMs: nowMs + this.#windowMs, count: 1 });
    return true;
  }

  /** One that was held back was told otherwise: it is not among those that were not. */
  isTold(fingerprint: string): void {
    const known = this.#known.get(fingerprint);
    if (known !== undefined && known.count > this.#max) known.count--;
  }

  /** Tells what was held back so far. */
  flush(): void {
    this.#sweep(Infinity);
  }

  #open(window: Window): void {
    this.#known.set(window.fingerprint, window);
    if (this.#known.size <= MAX_KNOWN) return;
    for (const oldest of this.#known.values()) {
      this.#close(oldest);
      break;
    }
  }

  #close(window: Window): void {
    this.#known.delete(window.fingerprint);
    this.#tellOf(window);
  }

  /** What was told is not told again; the window goes on. */
  #tellOf(window: Window): void {
    const { fingerprint, type, kind, count } = window;
    if (count <= this.#max) return;
    window.count = this.#max;
    this.#tell({ fingerprint, type, kind, count: count - this.#max });
  }

  #wait(): void {
    openWindow(this);
    this.#timer ??= setTimeout(() => this.#sweep(Date.now()), this.#windowMs).unref();
  }

  #sweep(nowMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    let isWaiting = false;
    for (const window of this.#known.values()) {
      if (window.count <= this.#max) continue;
      if (window.untilMs <= nowMs) this.#tellOf(window);
      else isWaiting = true;
    }
    if (isWaiting) this.#wait();
    else closedWindow(this);
  }
}
