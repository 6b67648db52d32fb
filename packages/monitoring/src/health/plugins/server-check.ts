// The frame that every check of a server stands in: secrets are fetched, the time is taken, a slow answer is degraded.

import type { CheckContext, CheckResult, HealthCheck, Measurement } from "../health-check.ts";
import { type Endpoint, secretValue } from "./endpoint.ts";
import { Secrets } from "./server-text.ts";
import { converse, type TalkOptions } from "./socket-talk.ts";
import type { Talk } from "./talk.ts";

/** A question over bytes: what is asked of one kind of server. */
export type Ask = (talk: Talk, password: string | undefined) => Promise<CheckResult>;

/** Makes a check of a conversation. */
export function serverCheck(
  endpoint: Endpoint,
  degradedMs: number | undefined,
  ask: Ask,
  options: Omit<TalkOptions, "secrets"> = {},
): HealthCheck {
  return async (context) => {
    const password = await secretValue(endpoint.password);
    return timed(degradedMs, () =>
      converse(endpoint, context, (talk) => ask(talk, password), {
        ...options,
        secrets: new Secrets(password),
      }),
    );
  };
}

/** Adds `latency_ms` to what `look` finds; healthy but slower than `degradedMs` becomes degraded. */
export async function timed(
  degradedMs: number | undefined,
  look: () => Promise<CheckResult>,
): Promise<CheckResult> {
  const startedMs = performance.now();
  const found = await look();
  const value = Math.round((performance.now() - startedMs) * 100) / 100;
  const latency: Measurement = {
    value,
    unit: "ms",
    ...(degradedMs === undefined ? {} : { limit: degradedMs }),
  };
  const result = { ...found, measurements: { latency_ms: latency, ...found.measurements } };
  const isSlow = degradedMs !== undefined && value > degradedMs;
  if (!isSlow || (found.status ?? "healthy") !== "healthy") return result;
  return { ...result, status: "degraded", message: `slow: answered in ${value} ms` };
}

/** What a driver's client does, ended at the deadline (the client itself cannot be stopped). */
export async function withDeadline<T>(
  work: Promise<T>,
  { signal, timeoutMs }: CheckContext,
): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = (): void => reject(new Error(`the client gave no answer within ${timeoutMs} ms`));
  signal.addEventListener("abort", late);
  if (signal.aborted) late();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", late);
  }
}
