// What a health check is: a function that looks at one thing and says how it is.
//
//   returns nothing or true      healthy
//   returns false                unhealthy
//   returns a status             that status
//   returns a CheckResult        with words and numbers
//   throws or rejects            unhealthy; the error is shown, redacted
//   takes longer than timeoutMs  unhealthy; its signal is aborted
//
// A check never times itself, never retries and never caches: the checker does that for all of them.

import type { HealthStatus } from "./health-status.ts";

/** What a check is given. */
export interface CheckContext {
  /** Aborted at the deadline, and when the checker stops: close what the check opened. */
  readonly signal: AbortSignal;
  /** Milliseconds the check may take in all. */
  readonly timeoutMs: number;
}

/** One number that a check has seen. */
export interface Measurement {
  readonly value: number | string;
  /** The unit of the value: "ms", "bytes", "percent". */
  readonly unit?: string;
  /** The value from which on the state is worse. */
  readonly limit?: number;
}

/** What a check has found. */
export interface CheckResult {
  /** Default: healthy. */
  readonly status?: HealthStatus;
  /** One sentence for a person: what is wrong, or worth knowing. */
  readonly message?: string;
  /** What was measured, by name. */
  readonly measurements?: Readonly<Record<string, Measurement>>;
  /** Facts that help (server version, role of a replica). Never secrets. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** The parts of what was looked at, when it tells of them (a remote service's own components). */
  readonly components?: Readonly<
    Record<string, { readonly status: HealthStatus; readonly message?: string }>
  >;
}

/** What a check may give back. */
export type CheckAnswer = CheckResult | HealthStatus | boolean | undefined | void;

/** Looks at one thing. */
export type HealthCheck = (context: CheckContext) => CheckAnswer | Promise<CheckAnswer>;
