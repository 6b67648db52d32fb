// What looking into errors may cost: so many captures in any second, and a share of a CPU.
//
//   time     a bucket that fills with `share` of the time up to `burstMs`; a pause, an arming take out of it, also below zero
//            2 %, 250 ms: a pause of 2 ms is paid back in 0.1 s, and over an hour no more than 72.25 s are spent
//   captures the times of the last ones: never more than `perSecond` in any second, not only in those of a clock
//
// Pure: times are given, in milliseconds of a clock that does not go back.

/** What may be spent. */
export interface BudgetSettings {
  readonly perSecond: number;
  /** Of the time, 0 to 1. */
  readonly share: number;
  readonly burstMs: number;
}

/** Counts captures and time. */
export class CaptureBudget {
  readonly #settings: BudgetSettings;
  readonly #captures: number[] = [];
  #leftMs: number;
  #seenMs: number;

  constructor(settings: BudgetSettings, nowMs: number) {
    this.#settings = settings;
    this.#leftMs = settings.burstMs;
    this.#seenMs = nowMs;
  }

  /** Takes time out. */
  spend(ms: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#leftMs -= ms;
  }

  /** How long until there is so much time; 0: there is. */
  waitMs(neededMs: number, nowMs: number): number {
    this.#fill(nowMs);
    const missingMs = Math.min(neededMs, this.#settings.burstMs) - this.#leftMs;
    return missingMs <= 0 ? 0 : Math.ceil(missingMs / this.#settings.share);
  }

  /** Whether one more capture may be made; if so, it is counted. */
  takeCapture(nowMs: number): boolean {
    const { perSecond } = this.#settings;
    if (this.#captures.length >= perSecond) {
      if (nowMs - this.#captures[0]! < 1_000) return false;
      this.#captures.shift();
    }
    this.#captures.push(nowMs);
    return true;
  }

  #fill(nowMs: number): void {
    const { share, burstMs } = this.#settings;
    this.#leftMs = Math.min(burstMs, this.#leftMs + (nowMs - this.#seenMs) * share);
    this.#seenMs = nowMs;
  }
}
