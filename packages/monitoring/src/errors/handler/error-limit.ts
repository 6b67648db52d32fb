// How many reports of one error are written: the first ones of a window whole, the rest counted.
//
//   window 60 s   the first 5 of a fingerprint pass; then one line when the window is over: "and 1,204 more"
//
// A service that fails a thousand times a second shall not spend its time on saying so. Metrics count all of them.
// Bounded: at most MAX_KNOWN fingerprints are known; the oldest is forgotten.

/** Reports per fingerprint and window. */
export interface ErrorLimitSettings {
  /** Default 5. */
  readonly max?: number | undefined;
  /** Default 60,000. */
  readonly windowMs?: number | undefined;
}

const MAX_KNOWN = 2_000;

interface Window {
  untilMs: number;
  count: number;
}

/** Decides which occurrences are written. */
export class ErrorLimit {
  readonly #max: number;
  readonly #windowMs: number;
  readonly #known = new Map<string, Window>();

  constructor({ max = 5, windowMs = 60_000 }: ErrorLimitSettings = {}) {
    this.#max = max;
    this.#windowMs = windowMs;
  }

  /** Whether an occurrence is to be written, whether it is the first ever, and how many were held before it. */
  take(
    fingerprint: string,
    nowMs: number,
  ): { readonly passes: boolean; readonly isNew: boolean; readonly held: number } {
    const known = this.#known.get(fingerprint);
    if (known !== undefined && nowMs < known.untilMs) {
      known.count++;
      return { passes: known.count <= this.#max, isNew: false, held: 0 };
    }
    this.#known.delete(fingerprint);
    this.#known.set(fingerprint, { untilMs: nowMs + this.#windowMs, count: 1 });
    if (this.#known.size > MAX_KNOWN) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    const held = known === undefined ? 0 : Math.max(0, known.count - this.#max);
    return { passes: true, isNew: known === undefined, held };
  }
}
