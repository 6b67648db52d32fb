// How long each series is kept: by the first policy whose selector matches it, else like all others.
//
//   retention: 15d
//   retention_policies:
//     - { selector: '{job="debug"}', retention: 2d }              shorter
//     - { selector: '{__name__=~"slo:.*"}', retention: 400d }     longer
//
// A window is removed when none of its series is to be kept, and written anew without those that are not when that time
// has come (file-windows.ts). Until then, and in the archive, samples that are older than a policy allows are no part of
// an answer. Pure: the time is an argument.

import type { DurationMs, Labels } from "@flx/model";
import type { Matcher } from "@flx/promql";

/** A policy. */
export interface RetentionPolicy {
  readonly matchers: readonly Matcher[];
  /** 0: for good. */
  readonly retentionMs: DurationMs;
}

/** All of them. */
export class RetentionPolicies {
  readonly #policies: readonly RetentionPolicy[];
  readonly #otherwiseMs: number;

  /** @param otherwiseMs of series that no policy matches, ms; 0: for good */
  constructor(otherwiseMs: number, policies: readonly RetentionPolicy[] = []) {
    this.#policies = policies;
    this.#otherwiseMs = otherwiseMs;
  }

  /** Whether series differ. */
  get areSeveral(): boolean {
    return this.#policies.length > 0;
  }

  /** The longest that anything is kept, ms; Infinity: for good. */
  get longestMs(): number {
    return Math.max(...this.lengthsMs);
  }

  /** How long things are kept, each length once, ms. */
  get lengthsMs(): readonly number[] {
    const all = [this.#otherwiseMs, ...this.#policies.map(({ retentionMs }) => retentionMs)];
    return [...new Set(all.map(forGood))];
  }

  /** How long a series is kept, ms; Infinity: for good. */
  lengthOf(labels: Labels): number {
    return forGood(this.#policyOf(labels)?.retentionMs ?? this.#otherwiseMs);
  }

  /** The first time of a series that is answered; -Infinity: no policy matches it. */
  startOf(labels: Labels, nowMs: number): number {
    const policy = this.#policyOf(labels);
    return policy === undefined ? -Infinity : nowMs - forGood(policy.retentionMs);
  }

  #policyOf(labels: Labels): RetentionPolicy | undefined {
    return this.#policies.find(({ matchers }) =>
      matchers.every((matcher) => matcher.matches(labels.get(matcher.name) ?? "")),
    );
  }
}

function forGood(lengthMs: number): number {
  return lengthMs === 0 ? Infinity : lengthMs;
}
