import assert from "node:assert/strict";
import { test } from "node:test";
import { otlpFromJson } from "./from-json.ts";
import { type OracleMessage, oracleType } from "../../test/otlp/otlp-oracle.ts";
import { sampleMetrics } from "../../test/otlp/sample-requests.ts";

const encoder = new TextEncoder();
const json = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));

/** What protobufjs encodes, with ids as OTLP/JSON writes them. */
function jsonForm(value: unknown, key = ""): unknown {
  if (value instanceof Uint8Array) {
    return Buffer.from(value).toString(key.endsWith("Id") ? "hex" : "base64");
  }
  if (Array.isArray(value)) return value.map((item) => jsonForm(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, jsonForm(item, name)]),
  );
}

test("otlpFromJson() gives the message that protobufjs decodes to the same object", () => {
  const type = oracleType("MetricsRequest");
  const plain = (bytes: Uint8Array): OracleMessage =>
    type.toObject(type.decode(bytes), { longs: String, bytes: String });
  for (const message of sampleMetrics()) {
    const want = plain(type.encode(type.fromObject(message)).finish());
    assert.deepEqual(plain(otlpFromJson("metrics", json(jsonForm(message)))), want);
  }
});

test("otlpFromJson() writes spans and log records", () => {
  const span = {
    traceId: "0102",
    name: "s",
    kind: 2,
    flags: 257,
    startTimeUnixNano: "18446744073709551615",
  };
  const traces = oracleType("TracesRequest");
  const bytes = otlpFromJson(
    "traces",
    json({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
  );
  const object = traces.toObject(traces.decode(bytes), { longs: String, bytes: String });
  assert.deepEqual(object["resourceSpans"][0].scopeSpans[0].spans[0], { ...span, traceId: "AQI=" });

  const record = { severityNumber: 9, body: { stringValue: "hi" }, observedTimeUnixNano: "7" };
  const logs = oracleType("LogsRequest");
  const logBytes = otlpFromJson(
    "logs",
    json({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] }),
  );
  const log = logs.toObject(logs.decode(logBytes), { longs: String });
  assert.deepEqual(log["resourceLogs"][0].scopeLogs[0].logRecords[0], record);
});

test("otlpFromJson() passes over unknown names and null, whatever they are called", () => {
  const bytes = otlpFromJson(
    "metrics",
    encoder.encode(
      '{"__proto__":{"x":1},"constructor":[1],"resourceMetrics":null,"resource_metrics":[{}]}',
    ),
  );
  assert.equal(bytes.length, 0);
  assert.equal(({} as Record<string, unknown>)["x"], undefined);
});

test("otlpFromJson() refuses with the path of what is wrong", () => {
  const f = (body: string, message: RegExp): void =>
    assert.throws(() => otlpFromJson("metrics", encoder.encode(body)), {
      code: "FLX_OTLP_JSON",
      message,
    });
  const point = (fields: string): string =>
    `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[{${fields}}]}}]}]}]}`;
  const path = String.raw`resourceMetrics\[0\]\.scopeMetrics\[0\]\.metrics\[0\]\.gauge\.dataPoints\[0\]`;

  f("{", /not JSON/);
  f("[]", /the request must be an object/);
  f('{"resourceMetrics":{}}', /resourceMetrics must be a list/);
  f(point('"asDouble":"x"'), new RegExp(`${path}\\.asDouble must be a number`));
  f(point('"timeUnixNano":"-1"'), /must be from 0/);
  f(point('"timeUnixNano":1.5'), /whole number/);
  f(point('"flags":4294967296'), /must be from 0/);
  f(point('"attributes":[{"key":1}]'), /attributes\[0\]\.key must be a text/);
  f(point('"exemplars":[{"spanId":"xyz"}]'), /hexadecimal/);

  const nested = (levels: number): string => {
    let deep = '{"stringValue":"x"}';
    for (let i = 0; i < levels; i++) deep = `{"arrayValue":{"values":[${deep}]}}`;
    return point(`"attributes":[{"key":"k","value":${deep}}]`);
  };
  f(nested(60), /messages nested more than 100 deep/);
  f(nested(5_000), /lists and objects nested more than 250 deep/);
});
