import assert from "node:assert/strict";
import { test } from "node:test";
import { pauseMs } from "./backoff.ts";
import { exitReason } from "./exit-reason.ts";

test("exitReason() names the error a process died of", () => {
  const stack = [
    "/shop/crash.ts:24",
    "TypeError: Cannot read properties of undefined",
    "    at f (x.ts:1:2)",
  ];
  const f = (code: number | null, signal: string | null, lines: string[], want: string) =>
    assert.equal(exitReason(code, signal, lines), want);

  f(1, null, stack, "exit code 1: TypeError: Cannot read properties of undefined");
  f(1, null, ["", "  TypeError: no", "  at f  x.ts:1:2"], "exit code 1: TypeError: no");
  f(
    1,
    null,
    ["  \u001b[1;97;41m TypeError \u001b[0m \u001b[1mno\u001b[0m"],
    "exit code 1: TypeError: no",
  );
  f(
    1,
    null,
    ["payments │   \u001b[1;97;41m TypeError \u001b[0m \u001b[1mno\u001b[0m", "payments │   at f"],
    "exit code 1: TypeError: no",
  );
  f(null, "SIGKILL", [], "signal SIGKILL");
  f(
    null,
    "SIGABRT",
    ["FATAL ERROR: Reached heap limit", "----"],
    "signal SIGABRT: Reached heap limit",
  );
  f(0, null, ["INFO all Errors: none"], "exit code 0");
});

test("pauseMs() doubles up to eight seconds", () => {
  assert.deepEqual([1, 2, 3, 4, 5, 6].map(pauseMs), [500, 1000, 2000, 4000, 8000, 8000]);
});
