// What every check of a server has to keep to, tried out against servers that misbehave.
//
//   for each way to misbehave, and for a port that refuses, and for an abort from outside
//     1  it ends when its signal is aborted
//     2  it does not call such a server healthy
//     3  it leaves no connection, timer or other handle behind
//     4  it does not take in what a flooding server sends
//     5  no planted secret is in what it gives back or throws
//
// Handles are counted for the whole process: let nothing else start or end while this runs.

import { AssertionError } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import type { HealthCheck } from "../health-check.ts";
import { type CheckRun, runCheck } from "./run-check.ts";
import { type Misbehaviour, MISBEHAVIOURS, refusingPort, startTestServer } from "./test-server.ts";

/** What a check is tried against. */
export type ContractCase = Misbehaviour | "refuses" | "aborted" | "aborted before";

/** Where a misbehaving server is. */
export interface ContractAddress {
  readonly host: string;
  readonly port: number;
}

/** How to try a check. */
export interface ContractOptions {
  /** What the check was given and must never show. */
  readonly secrets?: readonly string[];
  /** Its deadline in each case. Default 150 ms. */
  readonly timeoutMs?: number;
  /** How long after the deadline it may take to end and to clean up. Default 2,000 ms. */
  readonly graceMs?: number;
  /** How much a flooding server may get rid of, buffers of the kernel included. Default 16 MiB. */
  readonly maxFloodBytes?: number;
  /** Cases in which healthy is the truth (a check that only connects: "silent"). */
  readonly healthy?: readonly ContractCase[];
  /** Cases to leave out, for a check that has nothing to do with them. */
  readonly without?: readonly ContractCase[];
}

/** What a check did in one case. */
export interface ContractRun {
  readonly case: ContractCase;
  readonly status: CheckRun["status"];
  readonly message: string | undefined;
}

/** All cases, in the order in which they are tried. */
export const CONTRACT_CASES: readonly ContractCase[] = [
  "refuses",
  ...MISBEHAVIOURS,
  "aborted",
  "aborted before",
];

/**
 * Tries a check against servers that misbehave.
 *
 *     await checkContract(({ port }) => redis({ port, password: "sesame" }), { secrets: ["sesame"] });
 *
 * @param make makes the check for a server's address
 * @returns what it did in each case, to look at the messages
 * @throws {AssertionError} with all that it did wrong
 */
export async function checkContract(
  make: (address: ContractAddress) => HealthCheck,
  options: ContractOptions = {},
): Promise<readonly ContractRun[]> {
  const runs: ContractRun[] = [];
  const violations: string[] = [];
  for (const name of CONTRACT_CASES) {
    if (options.without?.includes(name) === true) continue;
    const { run, wrong } = await tryCase(make, name, options);
    runs.push({ case: name, status: run.status, message: run.message });
    violations.push(...wrong.map((text) => `${name}: ${text}`));
  }
  if (violations.length > 0) throw new AssertionError({ message: violations.join("\n") });
  return runs;
}

async function tryCase(
  make: (address: ContractAddress) => HealthCheck,
  name: ContractCase,
  options: ContractOptions,
): Promise<{ run: CheckRun; wrong: string[] }> {
  const { timeoutMs = 150, graceMs = 2000, maxFloodBytes = 16 * 1024 * 1024 } = options;
  const isAbort = name === "aborted" || name === "aborted before";
  const server = name === "refuses" ? undefined : await startTestServer(isAbort ? "silent" : name);
  const port = server?.port ?? (await refusingPort());
  const outside = new AbortController();
  const before = handles();
  const abortTimer = name === "aborted" ? setTimeout(() => outside.abort(), 30) : undefined;
  if (name === "aborted before") outside.abort();

  const run = await runCheck(make({ host: "127.0.0.1", port }), {
    timeoutMs: isAbort ? 60_000 : timeoutMs,
    graceMs,
    signal: outside.signal,
  });
  clearTimeout(abortTimer);

  const wrong: string[] = [];
  if (run.isStuck) wrong.push(`still runs ${graceMs} ms after its signal was aborted`);
  if (run.status === "healthy" && options.healthy?.includes(name) !== true) {
    wrong.push("called healthy");
  }
  if (!(await becomes(() => (server?.open ?? 0) === 0, graceMs))) {
    wrong.push(`leaves ${server?.open} connections open`);
  }
  // The server counts itself, as long as it listens: it did so before, too.
  const isClean = await becomes(() => added(before, handles()).length === 0, graceMs);
  if (!isClean) wrong.push(`leaves handles: ${added(before, handles()).join(", ")}`);
  if ((server?.sentBytes ?? 0) > maxFloodBytes) {
    wrong.push(`took ${server?.sentBytes} bytes of a flood`);
  }
  wrong.push(...leaks(run, options.secrets ?? []));
  await server?.close();
  return { run, wrong };
}

function leaks(run: CheckRun, secrets: readonly string[]): string[] {
  const options = { depth: 20, showHidden: true, maxStringLength: Infinity, breakLength: Infinity };
  const everything = inspect([run.error, run.result], options) + (JSON.stringify(run.result) ?? "");
  // The secret itself is not repeated: reports of tests are public, too.
  return secrets
    .map((secret, i) => (everything.includes(secret) ? `shows secret number ${i + 1}` : ""))
    .filter((text) => text !== "");
}

/** What a process may leave behind, by kind. Its own output is opened first: a warning that is printed would count. */
function handles(): Map<string, number> {
  for (const stream of [process.stdout, process.stderr]) stream.listenerCount("error");
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

function added(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): string[] {
  return [...after]
    .filter(([kind, count]) => count > (before.get(kind) ?? 0))
    .map(([kind, count]) => `${count - (before.get(kind) ?? 0)} ${kind}`);
}

async function becomes(isSo: () => boolean, withinMs: number): Promise<boolean> {
  const endMs = performance.now() + withinMs;
  while (!isSo()) {
    if (performance.now() > endMs) return false;
    await sleep(5);
  }
  return true;
}
