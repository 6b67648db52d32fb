// Waiting with an end: poll until something holds, and say what was waited for when it does not.

import { get, type IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { TestkitError } from "./errors.ts";

/** How long and how often to look. */
export interface WaitOptions {
  /** When to give up (default 30,000 ms). */
  readonly timeoutMs?: number | undefined;
  /** The pause between two looks (default 20 ms). */
  readonly everyMs?: number | undefined;
  /** What is waited for, for the error: "waited 30000 ms for the alert to fire". */
  readonly what?: string | undefined;
}

/** What is left of a type when the value is truthy. */
export type Truthy<T> = Exclude<T, undefined | null | false | 0 | "">;

/**
 * Calls `look` until it returns something truthy, and returns that.
 *
 * A look that throws counts as "not yet"; its error becomes the `cause`. A look that never settles is
 * given up at the timeout.
 *
 * @throws {TestkitError} `TESTKIT_TIMEOUT` with what was waited for and the last value seen
 * @example const alerts = await waitUntil(() => firing(), { what: "an alert to fire" });
 */
export async function waitUntil<T>(
  look: () => T | Promise<T>,
  { timeoutMs = 30_000, everyMs = 20, what = "a condition" }: WaitOptions = {},
): Promise<Truthy<T>> {
  const startedMs = performance.now();
  let last: { value: unknown } | { error: unknown } | undefined;
  for (;;) {
    const leftMs = timeoutMs - (performance.now() - startedMs);
    if (leftMs <= 0) break;
    const over = new AbortController();
    const timer = sleep(leftMs, undefined, { signal: over.signal }).catch(() => undefined);
    try {
      // Each look depends on the one before having failed.
      const seen = await Promise.race([seeOnce(look), timer]);
      if (seen === undefined) break;
      if (isTruthy(seen.value)) return seen.value;
      last = seen;
    } catch (error) {
      last = { error };
    } finally {
      over.abort();
    }
    await sleep(Math.max(0, Math.min(everyMs, timeoutMs - (performance.now() - startedMs))));
  }
  throw timeout(what, timeoutMs, last);
}

async function seeOnce<T>(look: () => T | Promise<T>): Promise<{ value: T }> {
  return { value: await look() };
}

function isTruthy<T>(value: T): value is Truthy<T> {
  return Boolean(value);
}

function timeout(
  what: string,
  timeoutMs: number,
  last: { value: unknown } | { error: unknown } | undefined,
): TestkitError {
  const message = `waited ${timeoutMs} ms for ${what}`;
  if (last === undefined) {
    return new TestkitError("TESTKIT_TIMEOUT", `${message}; the first look never came back`);
  }
  if ("value" in last) {
    const seen = inspect(last.value, { breakLength: Infinity, maxStringLength: 500 });
    return new TestkitError("TESTKIT_TIMEOUT", `${message}; last seen: ${seen}`);
  }
  const { error } = last;
  const text = error instanceof Error ? error.message : inspect(error);
  return new TestkitError("TESTKIT_TIMEOUT", `${message}; last error: ${text}`, { cause: error });
}

/** What a plain GET was answered. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/**
 * One GET over a connection of its own, closed afterwards: a kept-alive connection would hold up the
 * stop of the server under test.
 *
 * @throws when there is no answer within `timeoutMs` (default 2,000 ms)
 */
export async function httpGet(
  url: string,
  { timeoutMs = 2000 }: { timeoutMs?: number } = {},
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const request = get(url, { agent: false, signal }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (body += chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    });
    request.on("error", reject);
  });
}

/**
 * Waits until a GET of `url` is answered with `status` (default 200) and returns the answer.
 *
 * @throws {TestkitError} `TESTKIT_TIMEOUT` with the last status or connection error
 */
export async function waitForHttp(
  url: string,
  { timeoutMs = 30_000, status = 200 }: { timeoutMs?: number; status?: number } = {},
): Promise<HttpAnswer> {
  return waitUntil(
    async () => {
      const answer = await httpGet(url, { timeoutMs: Math.min(2000, timeoutMs) });
      if (answer.status === status) return answer;
      throw new Error(`${url} answered ${answer.status}, not ${status}`);
    },
    { timeoutMs, what: `${url} to answer ${status}` },
  );
}

/** Whether something accepts connections on a loopback port. */
export async function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
