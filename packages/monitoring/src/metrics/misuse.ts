// What happens when a service uses a metric wrongly: a wrong label, a negative increment, NaN.
//
// In development the call throws, so that the mistake is found. In production a metric must never take the service down:
// the call does nothing, is counted by reason, and the count is a metric itself (flx_metrics_misuse_total).

import { FlxError, type FlxErrorCode } from "@flx/model/write";

/** Throw at the caller, or count and carry on. */
export type MisusePolicy = "throw" | "count";

/** Counts misuse by code, or throws it. */
export class Misuse {
  readonly policy: MisusePolicy;
  readonly counts: Map<FlxErrorCode, number> = new Map();

  constructor(policy: MisusePolicy) {
    this.policy = policy;
  }

  /**
   * Reports one wrong call.
   *
   * @throws {FlxError} with that code and message, under the policy "throw"
   */
  report(code: FlxErrorCode, message: string): void {
    if (this.policy === "throw") throw new FlxError(code, message);
    this.count(code);
  }

  /** Counts what is not the caller's mistake, so that nothing is thrown at it. */
  count(code: FlxErrorCode): void {
    this.counts.set(code, (this.counts.get(code) ?? 0) + 1);
  }
}

/** "count" when NODE_ENV is production, else "throw". */
export function defaultMisusePolicy(): MisusePolicy {
  return process.env["NODE_ENV"] === "production" ? "count" : "throw";
}
