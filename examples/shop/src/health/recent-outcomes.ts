// How often something went wrong lately, as a health check: real work, not a probe, says how it is.
//
//   within the last 10 s:   two or more failures, and a fifth or more of all   degraded
//                           five or more failures, and nine tenths or more     unhealthy

import type { CheckResult } from "@flx/monitoring/health";

const windowMs = 10_000;
const most = 1000;

type Outcome = { readonly atMs: number; readonly isFailure: boolean };

/** The outcomes of the last seconds. */
export class RecentOutcomes {
  readonly #what: string;
  readonly #clock: () => number;
  #outcomes: Outcome[] = [];

  /** @param what names the work, for the message: "authorisations" */
  constructor(what: string, clock: () => number = () => performance.now()) {
    this.#what = what;
    this.#clock = clock;
  }

  /** Notes that something was done, or not. */
  note(wentWell: boolean): void {
    this.#outcomes.push({ atMs: this.#clock(), isFailure: !wentWell });
    if (this.#outcomes.length > most) this.#outcomes.shift();
  }

  /** The health that they show. */
  readonly check = (): CheckResult => {
    const sinceMs = this.#clock() - windowMs;
    this.#outcomes = this.#outcomes.filter(({ atMs }) => atMs >= sinceMs);
    const all = this.#outcomes.length;
    const failures = this.#outcomes.filter(({ isFailure }) => isFailure).length;
    const measurements = { failures: { value: failures }, of: { value: all } };
    if (failures < 2 || failures / all < 0.2) return { measurements };
    const status = failures >= 5 && failures / all >= 0.9 ? "unhealthy" : "degraded";
    const message = `${failures} of ${all} ${this.#what} failed in the last ${windowMs / 1000} s`;
    return { status, message, measurements };
  };
}
