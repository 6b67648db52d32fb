// One run of a check as the checker would run it: with a deadline, and with everything caught.

import { inspect } from "node:util";
import type { CheckResult, HealthCheck } from "../health-check.ts";
import type { HealthStatus } from "../health-status.ts";

/** How to run a check. */
export interface RunCheckOptions {
  /** When its signal is aborted. Default 1,000 ms. */
  readonly timeoutMs?: number;
  /** How long after that it may still run before it counts as stuck. Default 1,000 ms. */
  readonly graceMs?: number;
  /** Aborts it earlier. */
  readonly signal?: AbortSignal;
}

/** What came of one run. */
export interface CheckRun {
  /** As the checker would take it: nothing or true is healthy, false or an error unhealthy. */
  readonly status: HealthStatus;
  /** The result's message, or the error's. */
  readonly message: string | undefined;
  /** What the check gave back, when that was a result. */
  readonly result: CheckResult | undefined;
  /** What it threw. */
  readonly error: unknown;
  /** Whether it still ran when the grace was over: it does not heed its signal. */
  readonly isStuck: boolean;
  readonly durationMs: number;
}

/**
 * Runs a check once under a deadline. Never rejects.
 *
 *     const run = await runCheck(redis({ port }), { timeoutMs: 200 });
 *     assert.equal(run.status, "healthy", run.message);
 */
export async function runCheck(
  check: HealthCheck,
  { timeoutMs = 1000, graceMs = 1000, signal }: RunCheckOptions = {},
): Promise<CheckRun> {
  const startedMs = performance.now();
  const deadline = new AbortController();
  const abort = (): void => deadline.abort();
  signal?.addEventListener("abort", abort);
  if (signal?.aborted === true) abort();
  const timer = setTimeout(abort, timeoutMs);
  const stuck = new StuckTimer(deadline.signal, graceMs);
  const outcome = await Promise.race([
    settled(check, { signal: deadline.signal, timeoutMs }),
    stuck.ran,
  ]);
  clearTimeout(timer);
  stuck.stop();
  signal?.removeEventListener("abort", abort);
  return { ...runOf(outcome), durationMs: performance.now() - startedMs };
}

type Outcome = {
  readonly answer?: unknown;
  readonly error?: unknown;
  readonly isStuck?: boolean;
};

async function settled(check: HealthCheck, context: Parameters<HealthCheck>[0]): Promise<Outcome> {
  try {
    return { answer: await check(context) };
  } catch (error) {
    return { error: error ?? new Error("the check threw nothing at all") };
  }
}

/** Runs out when the check has not ended this long after its signal was aborted. */
class StuckTimer {
  readonly ran: Promise<Outcome>;
  readonly #signal: AbortSignal;
  readonly #start: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(signal: AbortSignal, graceMs: number) {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.ran = promise;
    this.#signal = signal;
    this.#start = () => {
      this.#timer = setTimeout(() => resolve({ isStuck: true }), graceMs);
    };
    if (signal.aborted) this.#start();
    else signal.addEventListener("abort", this.#start);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#signal.removeEventListener("abort", this.#start);
  }
}

function runOf({ answer, error, isStuck = false }: Outcome): Omit<CheckRun, "durationMs"> {
  const run = { status: "unhealthy", message: undefined, result: undefined, error } as const;
  if (isStuck) return { ...run, message: "it does not heed its signal", isStuck };
  if (error !== undefined) {
    return { ...run, message: error instanceof Error ? error.message : inspect(error), isStuck };
  }
  if (answer === undefined || answer === true) return { ...run, status: "healthy", isStuck };
  if (answer === false) return { ...run, isStuck };
  if (typeof answer === "string") return { ...run, status: answer as HealthStatus, isStuck };
  const result = answer as CheckResult;
  return { ...run, status: result.status ?? "healthy", message: result.message, result, isStuck };
}
