// One run of a check: what the check is given.

import type { CheckContext } from "./health-check.ts";

/** One run of a check. */
export class CheckRun implements CheckContext {
  readonly timeoutMs: number;
  /** Has missed its deadline and not come back. */
  isOverdue = false;
  // Made when the check asks for it: many never do, and it is the dearest part of a run.
  #controller: AbortController | undefined;
  #reason: Error | undefined;

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  /** Tells the check to give up; what its listeners throw is thrown at the process by Node, not here. */
  abort(why: string): void {
    if (this.#reason !== undefined) return;
    this.#reason = new Error(why);
    this.#controller?.abort(this.#reason);
  }
}
