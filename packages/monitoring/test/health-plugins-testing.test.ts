// The test kit finds what a check does wrong: each kind of wrong check is found out, and by the right words.

import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import {
  checkContract,
  type ContractAddress,
  type ContractCase,
  type HealthCheck,
  runCheck,
} from "@flx/monitoring/health/testing";

/** Reads one line and calls it healthy; what it does wrong is up to the options. */
function lineCheck({ port }: ContractAddress, wrong: Partial<Record<Wrong, true>>): HealthCheck {
  return ({ signal }) =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port });
      const end = (error?: Error): void => {
        if (wrong.leavesSocket) left.push(socket);
        else socket.destroy();
        if (wrong.leavesTimer) timers.push(setTimeout(() => {}, 60_000));
        if (error === undefined || wrong.saysHealthy) resolve(true);
        else reject(wrong.showsSecret ? new Error(`no, with sesame`) : error);
      };
      socket.on("error", end);
      socket.on("close", () => end(new Error("closed")));
      let taken = 0;
      socket.on("data", (bytes) => {
        taken += bytes.length;
        if (!wrong.takesAll && taken > 65_536) end(new Error("too much"));
      });
      if (!wrong.ignoresSignal) {
        signal.addEventListener("abort", () => end(new Error("late")));
        if (signal.aborted) end(new Error("late"));
      }
    });
}

type Wrong =
  | "ignoresSignal"
  | "leavesSocket"
  | "leavesTimer"
  | "saysHealthy"
  | "showsSecret"
  | "takesAll";

const left: Socket[] = [];
const timers: NodeJS.Timeout[] = [];

const rows: readonly [Wrong | undefined, ContractCase, RegExp | undefined][] = [
  [undefined, "silent", undefined],
  ["ignoresSignal", "silent", /silent: still runs 60 ms after its signal was aborted/],
  ["leavesSocket", "silent", /silent: leaves 1 connections open/],
  ["leavesTimer", "closes", /closes: leaves handles: 1 Timeout/],
  ["saysHealthy", "garbage", /garbage: called healthy/],
  ["showsSecret", "resets", /resets: shows secret number 1/],
  ["takesAll", "floods", /floods: took \d+ bytes of a flood/],
];

for (const [wrong, only, message] of rows) {
  test(`checkContract() finds out a check that ${wrong ?? "does nothing wrong: it does not"}`, async () => {
    const without = (["refuses", "silent", "closes", "resets", "garbage", "slow"] as const).filter(
      (name) => name !== only,
    );
    const others = (["floods", "echoes", "aborted", "aborted before"] as const).filter(
      (name) => name !== only,
    );
    const run = checkContract((at) => lineCheck(at, wrong === undefined ? {} : { [wrong]: true }), {
      secrets: ["sesame"],
      timeoutMs: 200,
      graceMs: 60,
      maxFloodBytes: 16 * 1024 * 1024,
      without: [...without, ...others],
    });
    try {
      if (message === undefined) assert.equal((await run)[0]?.status, "unhealthy");
      else await assert.rejects(run, { name: "AssertionError", message });
    } finally {
      for (const socket of left.splice(0)) socket.destroy();
      for (const timer of timers.splice(0)) clearTimeout(timer);
    }
  });
}

test("runCheck() takes every kind of answer as the checker does", async () => {
  const f = async (check: HealthCheck, status: string, message?: string) => {
    const run = await runCheck(check, { timeoutMs: 20, graceMs: 20 });
    assert.deepEqual([run.status, run.message], [status, message]);
  };

  await f(() => {}, "healthy");
  await f(() => true, "healthy");
  await f(() => false, "unhealthy");
  await f(() => "degraded", "degraded");
  await f(() => ({}), "healthy");
  await f(async () => ({ status: "unknown", message: "not yet" }), "unknown", "not yet");
  await f(() => Promise.reject(new Error("no")), "unhealthy", "no");
  // A promise that is rejected with nothing is a failure all the same.
  await f(async () => Promise.reject(), "unhealthy", "the check threw nothing at all");
  await f(() => new Promise(() => {}), "unhealthy", "it does not heed its signal");
});
