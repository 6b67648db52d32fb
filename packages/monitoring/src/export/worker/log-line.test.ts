import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeResource } from "@flx/model/write";
import fc from "fast-check";
import { DEFAULT_BATCH } from "../export-settings.ts";
import { Batcher, prepareScope } from "./batcher.ts";
import { logRecordOfLine } from "./log-line.ts";
import { requestAsJson } from "./otlp-json.ts";

type Json = Readonly<Record<string, unknown>>;

/** The record of a line, as OTLP/JSON has it. */
function recordOf(line: unknown): Json {
  const bytes = logRecordOfLine(new TextEncoder().encode(JSON.stringify(line)));
  assert.ok(bytes !== undefined);
  const scopes = new Map([[1, prepareScope({ name: "test" })]]);
  const batcher = new Batcher(encodeResource({}), "", DEFAULT_BATCH, scopes);
  batcher.add(1, bytes);
  const json = JSON.parse(
    new TextDecoder().decode(requestAsJson(batcher.cut()[0]!.body, "logs")),
  ) as {
    resourceLogs: readonly { scopeLogs: readonly { logRecords: readonly Json[] }[] }[];
  };
  return json.resourceLogs[0]!.scopeLogs[0]!.logRecords[0]!;
}

function attributesOf(record: Json): Readonly<Record<string, unknown>> {
  const list = (record["attributes"] ?? []) as readonly { key: string; value: unknown }[];
  return Object.fromEntries(list.map(({ key, value }) => [key, value]));
}

test("logRecordOfLine() keeps fields whose place another one has taken, or that do not fit there", () => {
  const f = (line: Json, want: Json) =>
    assert.deepEqual(attributesOf(recordOf({ level: 30, ...line })), want);

  f({ msg: "failed", message: "refused" }, { message: { stringValue: "refused" } });
  f({ message: "failed" }, {});
  f({ time: 1, msg: "a", timestamp: "noon" }, { timestamp: { stringValue: "noon" } });
  f({ msg: "a", err: "timeout" }, { err: { stringValue: "timeout" } });
  f({ msg: "a", error: "timeout" }, { error: { stringValue: "timeout" } });
  f(
    { msg: "a", error: { type: "E", message: "m", stack: "E: m" } },
    {
      "exception.type": { stringValue: "E" },
      "exception.message": { stringValue: "m" },
      "exception.stacktrace": { stringValue: "E: m" },
    },
  );
});

test("logRecordOfLine() puts what has a place of its own there, and the rest into attributes", () => {
  const record = recordOf({
    level: 40,
    time: 1_700_000_000_123,
    msg: "low",
    trace_id: "0af7651916cd43dd8448eb211c80319c",
    span_id: "b7ad6b7169203331",
    trace_flags: "01",
    event_name: "stock.low",
    orderId: 7,
    err: { type: "TypeError", message: "m", stack: "TypeError: m\n    at f", code: "E_X" },
  });
  assert.equal(record["timeUnixNano"], "1700000000123000000");
  assert.equal(record["severityNumber"], 13);
  assert.equal(record["severityText"], "WARN");
  assert.deepEqual(record["body"], { stringValue: "low" });
  assert.equal(record["traceId"], "0af7651916cd43dd8448eb211c80319c");
  assert.equal(record["spanId"], "b7ad6b7169203331");
  assert.equal(record["flags"], 1);
  assert.equal(record["eventName"], "stock.low");
  const attributes = attributesOf(record);
  assert.deepEqual(
    new Set(Object.keys(attributes)),
    new Set([
      "orderId",
      "exception.type",
      "exception.message",
      "exception.stacktrace",
      "exception.code",
    ]),
  );
  assert.deepEqual(attributes["exception.type"], { stringValue: "TypeError" });
});

test("logRecordOfLine() knows the levels of pino, winston and syslog, and those between", () => {
  const f = (level: unknown, number: number) => {
    assert.equal(recordOf({ level, msg: "x" })["severityNumber"] ?? 0, number, String(level));
  };

  f(10, 1);
  f(30, 9);
  f(35, 9);
  f(60, 21);
  f(1_000, 21);
  f(-5, 1);
  f("info", 9);
  f("WARNING", 13);
  f("crit", 18);
  f("fatal", 21);
  f("loud", 0);
  f(null, 0);
  f({}, 0);
});

test("logRecordOfLine() takes no ids and no times that are none", () => {
  const before = Date.now();
  for (const line of [
    { trace_id: "xyz", span_id: "b7ad6b7169203331", time: "soon" },
    { trace_id: "0af7651916cd43dd8448eb211c80319c", span_id: 7, time: -1 },
    { trace_id: {}, span_id: [], trace_flags: "zz", time: 1e300 },
  ]) {
    const record = recordOf(line);
    assert.equal(record["traceId"], undefined);
    assert.equal(record["spanId"], undefined);
    const ms = Number(BigInt(record["timeUnixNano"] as string) / 1_000_000n);
    assert.ok(ms >= before && ms <= Date.now() + 1);
  }
  assert.equal(
    recordOf({ timestamp: "2026-01-02T03:04:05.006Z" })["timeUnixNano"],
    "1767323045006000000",
  );
});

test("logRecordOfLine() takes no event's name that is none, and a long one cut", () => {
  for (const name of [undefined, null, 7, "", {}, ["a"]]) {
    assert.equal(recordOf({ event_name: name })["eventName"], undefined);
  }
  assert.equal(recordOf({ event_name: "x".repeat(10_000) })["eventName"], "x".repeat(256));
});

test("logRecordOfLine() makes a record of any object, and none of anything else", () => {
  for (const text of ["", "no json", "[1]", "null", "7", '"text"', '{"level":30', "\u0000"]) {
    assert.equal(logRecordOfLine(new TextEncoder().encode(text)), undefined, text);
  }
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (line) => {
      assert.ok(typeof recordOf(line) === "object");
    }),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.doesNotThrow(() => logRecordOfLine(bytes));
    }),
  );
});
