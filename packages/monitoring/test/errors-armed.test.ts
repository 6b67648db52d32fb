// The values of variables in production: the debugger is on for a moment, for an error that is waited for, and off again.
// Real processes, each of which counts what its debugger does; see armed-process.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { runFile } from "./run-program.ts";

interface Seen {
  readonly connects: number;
  readonly disconnects: number;
  readonly pauses: number;
  /** When, in milliseconds. */
  readonly captures: readonly number[];
  readonly cpuMs: number;
}

interface Told {
  readonly seen: Seen;
  readonly whenArmed: Seen;
  readonly whenDone: Seen;
  readonly locals: readonly (Readonly<Record<string, string>> | null)[];
  readonly early: Readonly<Record<string, string>>;
  readonly outer: Readonly<Record<string, string>>;
  readonly inner: Readonly<Record<string, string>>;
  readonly lines: readonly { readonly message: string }[];
  readonly asked: number;
  readonly elapsedMs: number;
  readonly thrown: number;
  readonly url: string | undefined;
}

async function told(work: string, flags: readonly string[] = []): Promise<Told> {
  const { stdout, stderr, code } = await runFile("armed-process.ts", [work], flags);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Told;
}

test("a new group arms the debugger, its next error has values, then the debugger is off", async () => {
  const { whenArmed, whenDone, seen, locals, lines, asked, url } = await told("next");
  assert.deepEqual([whenArmed.connects, whenArmed.disconnects, whenArmed.pauses], [1, 0, 0]);
  // Three errors that somebody else caught were passed over.
  assert.equal(whenDone.pauses, 4);
  assert.deepEqual([whenDone.connects, whenDone.disconnects], [1, 1]);
  // A hundred and one errors later, nothing has paused.
  assert.deepEqual([seen.connects, seen.pauses, seen.captures.length], [1, 4, 1]);
  assert.deepEqual(locals, [
    null,
    {
      order: "{ id: 2, card: '[redacted]' }",
      password: "[redacted]",
      dsn: "'postgres://[redacted]@db/shop'",
      cart: "{ trap: { price: [getter] }, items: Map { 'token' => [redacted] }, n: 37 }",
    },
    null,
  ]);
  // What was learned from a variable is taken out of the message, too.
  assert.equal(lines[1]!.message, "order 2: login with [redacted] failed");
  assert.equal(asked, 0, "a getter was called");
  assert.equal(url, undefined, "an inspector listens");
});

test("variables in their dead zone, getters and proxies are told as what they are, and not touched", async () => {
  const { early, lines, asked } = await told("hostile");
  assert.deepEqual(early, {
    read: "[function read]",
    hidden: "[Proxy]",
    later: "[not there yet]",
    id: "2",
    password: "[redacted]",
  });
  assert.equal(lines[1]!.message, "early 2 with [redacted]");
  assert.equal(asked, 0);
});

test("an error and its cause have values, also beyond an await", async () => {
  const { outer, inner, seen } = await told("causes");
  assert.equal(outer["id"], "2");
  assert.deepEqual(inner, { id: "2", country: "'XX2'" });
  assert.deepEqual([seen.connects, seen.disconnects, seen.captures.length], [1, 1, 2]);
});

/** What arming and pauses may cost: 2 % of the time, a burst, and what the last one took too much. */
function assertCheap({ seen, elapsedMs }: Told): void {
  const within = seen.captures.map(
    (from) => seen.captures.filter((at) => at >= from && at < from + 1_000).length,
  );
  assert.ok(Math.max(0, ...within) <= 5, `captures at ${seen.captures.join(", ")}`);
  const mostMs = 0.02 * elapsedMs + 250 + 100;
  assert.ok(seen.cpuMs <= mostMs, `${seen.cpuMs} ms of CPU in ${elapsedMs} ms`);
  assert.ok(seen.pauses * 0.25 <= mostMs, `${seen.pauses} pauses in ${elapsedMs} ms`);
}

test("a flood of errors that nobody waits for does not pause the process", async () => {
  const flood = await told("flood");
  assertCheap(flood);
  assert.ok(flood.thrown > 2_000, `only ${flood.thrown} were thrown`);
  assert.ok(flood.seen.pauses > 0 && flood.seen.pauses < flood.thrown / 2);
  assert.equal(flood.seen.captures.length, 0);
});

test("a flood of new groups is captured within the budget", async () => {
  const groups = await told("groups");
  assertCheap(groups);
  assert.ok(groups.seen.captures.length > 0);
  assert.ok(groups.seen.connects - groups.seen.disconnects <= 1);
});

test("where somebody debugs the process, nothing is looked into", async () => {
  const { locals, seen, url } = await told("next", ["--inspect=127.0.0.1:0"]);
  assert.deepEqual(locals, [null, null, null]);
  assert.deepEqual([seen.connects, seen.pauses], [0, 0]);
  assert.match(url!, /^ws:\/\/127\.0\.0\.1:/);
});
