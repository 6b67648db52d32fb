// Rise and fall: a status changes only when several results in a row say so, so that one blip is no outage.
//
//   fall 3, rise 2      results    H H U H U U U H U H H D D D
//                       status     H H H H H H U U U U H H H D
//
// With four statuses "in a row" needs a level: the status gets as bad as the last `fall` results were at least, and as
// good as the last `rise` results were at least. D U U with fall 3 is degraded: all three were at least that. Kept are
// therefore, for each level, how many results in a row were at least that bad, and at least that good.
//
// The first result counts at once, since there is nothing to hold on to.

import type { HealthStatus } from "./health-status.ts";
import { BY_SEVERITY, severityOf } from "./severity.ts";

const LEVELS = BY_SEVERITY.length;

/** The status of one component, from its results. */
export class Hysteresis {
  readonly #rise: number;
  readonly #fall: number;
  /** By severity: results in a row that were at least that bad. */
  readonly #atLeast = new Uint32Array(LEVELS);
  /** By severity: results in a row that were at most that bad. */
  readonly #atMost = new Uint32Array(LEVELS);
  #severity = severityOf("unknown");
  #isNew = true;

  constructor(rise: number, fall: number) {
    this.#rise = rise;
    this.#fall = fall;
  }

  /** Takes a result; the status after it. */
  take(result: HealthStatus): HealthStatus {
    const severity = severityOf(result);
    for (let level = 0; level < LEVELS; level++) {
      this.#atLeast[level] = severity >= level ? this.#atLeast[level]! + 1 : 0;
      this.#atMost[level] = severity <= level ? this.#atMost[level]! + 1 : 0;
    }
    this.#severity = this.#isNew ? severity : this.#next();
    this.#isNew = false;
    return BY_SEVERITY[this.#severity]!;
  }

  /** Forgets all results: what they said is too old. */
  forget(): void {
    this.#atLeast.fill(0);
    this.#atMost.fill(0);
    this.#severity = severityOf("unknown");
    this.#isNew = true;
  }

  #next(): number {
    for (let level = LEVELS - 1; level > this.#severity; level--) {
      if (this.#atLeast[level]! >= this.#fall) return level;
    }
    for (let level = 0; level < this.#severity; level++) {
      if (this.#atMost[level]! >= this.#rise) return level;
    }
    return this.#severity;
  }
}
