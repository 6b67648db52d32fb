import assert from "node:assert/strict";
import { test } from "node:test";
import { durationMs, numberOption, readArguments, UsageError } from "./arguments.ts";

const specs = { port: { value: "N", help: "" }, tls: { help: "" } };

test("readArguments() separates options and words", () => {
  const f = (args: string[], options: object, words: string[]) =>
    assert.deepEqual(readArguments(args, specs), { options, words });

  f([], {}, []);
  f(["on", "--port", "80", "slow-db"], { port: "80" }, ["on", "slow-db"]);
  f(["--port=80", "--tls"], { port: "80", tls: "true" }, []);
});

test("readArguments() refuses what it does not know, and names the nearest", () => {
  const f = (args: string[], message: RegExp) =>
    assert.throws(
      () => readArguments(args, specs),
      (error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, message);
        return true;
      },
    );

  f(["--prot", "80"], /unknown option "--prot"; did you mean "--port"\?/);
  f(["--nothing"], /there are --port, --tls/);
  f(["--port"], /--port needs a value: --port N/);
  f(["--tls=yes"], /--tls takes no value/);
});

test("numberOption() keeps to its range", () => {
  const f = (text: string) =>
    numberOption({ options: { port: text }, words: [] }, "port", 1, [0, 9]);
  assert.equal(f("7"), 7);
  assert.equal(numberOption({ options: {}, words: [] }, "port", 1, [0, 9]), 1);
  for (const wrong of ["10", "-1", "x", " "]) assert.throws(() => f(wrong), UsageError);
});

test("durationMs() reads times as people write them", () => {
  const f = (text: string, want: number) => assert.equal(durationMs("for", text), want);
  f("30s", 30_000);
  f("30", 30_000);
  f("1.5m", 90_000);
  f("300ms", 300);
  f("1h", 3_600_000);
  for (const wrong of ["", "0s", "soon", "5 s", "-1s"])
    assert.throws(() => durationMs("for", wrong), UsageError);
});
