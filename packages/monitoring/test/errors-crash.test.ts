// Crashes of real processes: told once, flushed, with Node's exit code.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startMonitoring } from "@flx/monitoring";
import { Registry } from "@flx/monitoring/metrics";
import { startOtlpReceiver, waitUntil } from "@flx/testkit";
import { runProgram } from "./run-program.ts";

const install = `
  import { installErrorHandler, getErrorHandler, errorContext } from "@flx/monitoring/errors";
  const installed = installErrorHandler();
`;

test("installErrorHandler() reports an uncaught exception once and ends the process as Node does", async () => {
  const { stderr, code } = await runProgram(`${install}
    setTimeout(() => { throw new TypeError("nobody caught me") }, 1);
    setTimeout(() => console.log("still here"), 200);`);
  assert.equal(code, 1);
  assert.equal(stderr.match(/TypeError: nobody caught me/g)?.length, 1, stderr);
});

test("installErrorHandler() reports what is rejected and what is no error", async () => {
  const rejected = await runProgram(`${install} void Promise.reject(new RangeError("rejected"));`);
  assert.equal(rejected.code, 1);
  assert.match(rejected.stderr, /RangeError: rejected/);

  const text = await runProgram(`${install} void Promise.reject("just a text");`);
  assert.equal(text.code, 1);
  assert.match(text.stderr, /string was thrown: just a text/);
});

test("installErrorHandler() leaves the end to those who listen, and to Node's own flag", async () => {
  const listened = await runProgram(`${install}
    process.on("uncaughtException", () => {});
    setTimeout(() => { throw new Error("survived") }, 1);
    setTimeout(() => console.log("still here"), 100);`);
  assert.equal(listened.code, 0);
  assert.match(listened.stderr, /Error: survived/);
  assert.match(listened.stdout, /still here/);

  const warned = await runProgram(`${install} void Promise.reject(new Error("only told"));`, [
    "--unhandled-rejections=warn",
  ]);
  assert.equal(warned.code, 0);
  assert.match(warned.stderr, /Error: only told/);
});

test("installErrorHandler() says when a rejection was handled late", async () => {
  const { stderr, code } = await runProgram(`
    import { installErrorHandler } from "@flx/monitoring/errors";
    installErrorHandler({ exitOnRejection: false });
    const late = Promise.reject(new Error("late"));
    setTimeout(() => late.catch(() => {}), 50);`);
  assert.equal(code, 0);
  assert.match(stderr, /Error: late[^]*has been handled, late/);
});

test("an error that was told before its crash is named, not told again", async () => {
  const { stderr, code } = await runProgram(`${install}
    await errorContext("importing", { batch: 7 }, async () => { throw new Error("told once") });`);
  assert.equal(code, 1);
  assert.equal(stderr.match(/Error: told once/g)?.length, 1, stderr);
  assert.match(stderr, /ends the process; reported above as error [0-9a-f]{16}/);
});

test("an error becomes one log record with its span and fingerprint, also when it ends the process", async () => {
  await using receiver = await startOtlpReceiver();
  const { code } = await runProgram(`
    import { startMonitoring } from "@flx/monitoring";
    const flx = await startMonitoring({ service: "orders", admin: false, otlp: { endpoint: "${receiver.url}", protocol: "http/json", metrics: false } });
    const place = flx.trace("place", () => flx.errors.context("placing", { orderId: 7 }, () => { throw new TypeError("password=hunter2hunter2") }));
    setTimeout(place, 1);`);
  assert.equal(code, 1);
  await waitUntil(() => receiver.logs.length > 0 && receiver.spans.length > 0, {
    what: "record and span",
  });
  const records = receiver.logs.filter(({ attributes }) => "exception.type" in attributes);
  assert.equal(records.length, 1);
  const [record] = records;
  const [span] = receiver.spans;
  assert.equal(record!.traceId, span!.traceId);
  assert.equal(record!.eventName, "exception");
  assert.equal(record!.attributes["exception.type"], "TypeError");
  assert.equal(record!.attributes["exception.message"], "password=[redacted]");
  assert.match(
    String(record!.attributes["exception.stacktrace"]),
    /^TypeError: password=\[redacted\]\n {4}at /,
  );
  assert.match(String(record!.attributes["flx.error.fingerprint"]), /^[0-9a-f]{16}$/);
  assert.equal(span!.status.code, 2);
  assert.equal(
    span!.attributes["flx.error.fingerprint"],
    record!.attributes["flx.error.fingerprint"],
  );
  assert.ok(!JSON.stringify([receiver.logs, receiver.spans]).includes("hunter2hunter2"));
});

/** A service with a logger that fails; what it wrote, and the records that say so. */
async function crashOf(environment: string, fail: string) {
  await using receiver = await startOtlpReceiver();
  const ended = await runProgram(`
    import { startMonitoring } from "@flx/monitoring";
    import { withLogContext } from "@flx/monitoring/logging";
    const flx = await startMonitoring({ service: "orders", environment: "${environment}", admin: false, health: false, otlp: { endpoint: "${receiver.url}", protocol: "http/json", metrics: false } });
    flx.logger.info("up");
    ${fail}`);
  await waitUntil(() => receiver.logs.some(({ body }) => body === "up"), { what: "records" });
  return { ...ended, records: receiver.logs.filter(({ body }) => body !== "up") };
}

const CRASH = `withLogContext({ orderId: 7 }, () => setTimeout(() => { throw new TypeError("nobody caught me") }, 1));`;

test("a crash is one line of the log in production, and one log record", async () => {
  const { stdout, stderr, code, records } = await crashOf("production", CRASH);
  assert.equal(code, 1);
  assert.equal(stderr, "");
  const [up, line, ...others] = stdout.trimEnd().split("\n");
  assert.match(up!, /"msg":"up"/);
  const { msg, level, orderId, error } = JSON.parse(line!) as Record<string, unknown>;
  assert.deepEqual([msg, level, orderId], ["TypeError: nobody caught me", 50, 7]);
  assert.equal((error as { type: string }).type, "TypeError");
  assert.deepEqual(others, []);
  assert.equal(records.length, 1, JSON.stringify(records));
  const [{ attributes }] = records as [(typeof records)[0]];
  assert.equal(attributes["exception.type"], "TypeError");
  assert.equal(attributes["flx.error.origin"], "uncaught_exception");
  assert.equal(attributes["orderId"], 7);
});

test("a crash is one report on the terminal in development, and one log record", async () => {
  const { stdout, stderr, code, records } = await crashOf("development", CRASH);
  assert.equal(code, 1);
  assert.equal(stdout.trimEnd().split("\n").length, 1, stdout);
  assert.equal(stderr.match(/TypeError: nobody caught me/g)?.length, 1, stderr);
  assert.deepEqual(
    records.map(({ attributes }) => attributes["exception.type"]),
    ["TypeError"],
  );
});

test("repetitions of an error are counted on one line when the process ends", async () => {
  const fail = `
    const fail = () => flx.errors.context("placing", { reRaise: false, id: 1 }, () => { throw new RangeError("none left") });
    for (let i = 0; i < 20; i++) fail();
    setTimeout(() => process.exit(0), 1);`;
  const held = /RangeError again: 15 more of group [0-9a-f]{16} were not written/g;
  const machine = await crashOf("production", fail);
  const lines = machine.stdout.trimEnd().split("\n").slice(1);
  assert.equal(lines.length, 6, machine.stdout);
  assert.match(lines.at(-1)!, held);
  assert.equal(JSON.parse(lines.at(-1)!).repeated, 15);
  const repeated = machine.records.map(({ attributes }) => attributes["flx.error.repeated"]);
  assert.deepEqual(repeated, [undefined, undefined, undefined, undefined, undefined, 15]);

  const people = await crashOf("development", fail);
  assert.equal(people.stderr.match(/RangeError: none left/g)?.length, 5);
  assert.equal(people.stderr.match(held)?.length, 1);
  assert.equal(people.stdout.trimEnd().split("\n").length, 1, people.stdout);
});

test("flx.errors counts errors and takes its families out again", async () => {
  const registry = new Registry();
  {
    await using flx = await startMonitoring({
      service: "orders",
      otlp: false,
      admin: false,
      metrics: { registry, system: false },
      errors: { output: { write: () => true }, format: "plain" },
    });
    flx.errors.context("a", { reRaise: false }, () => {
      throw new RangeError("no");
    });
    const text = await registry.metrics();
    assert.match(text, /flx_errors_total\{kind="bug",type="RangeError"\} 1/);
  }
  assert.doesNotMatch(await registry.metrics(), /flx_errors_total/);
});
