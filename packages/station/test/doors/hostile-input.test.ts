// Hostile input to a real station: values nested without end, names that are special to JavaScript, paths that lead out, patterns
// that make other engines run for ever. Refused or inert, and a good client beside them is answered.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { encodeRemoteWrite } from "@flx/testkit";
import { StationProcess } from "../running-station.ts";
import { ask, HOSTILE, json } from "./ask.ts";
import { beside } from "./good-client.ts";

let station: StationProcess;

before(async () => {
  station = await StationProcess.start({ args: ["--memory", "600MB"] });
});

after(() => station[Symbol.asyncDispose]());

/** A length-delimited field of protobuf. */
function field(number: number, bytes: Uint8Array): Buffer {
  const head: number[] = [number * 8 + 2];
  let { length } = bytes;
  for (; length > 127; length >>>= 7) head.push((length & 127) | 128);
  head.push(length);
  return Buffer.concat([Buffer.from(head), bytes]);
}

/** An AnyValue in an AnyValue in an AnyValue: lists of one. */
function nestedValue(depth: number): Buffer {
  // Built from the inside, in one buffer from its end: one field after the other would be quadratic.
  const heads: Buffer[] = [];
  let length = 0;
  for (let i = 0; i < depth; i++) {
    // AnyValue.array_value (5) holds ArrayValue.values (1), which is an AnyValue.
    for (const number of [1, 5]) {
      const head = field(number, Buffer.alloc(0));
      const bytes = Buffer.concat([head.subarray(0, 1), varint(length)]);
      heads.push(bytes);
      length += bytes.length;
    }
  }
  return Buffer.concat(heads.toReversed());
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  bytes.push(left);
  return Buffer.from(bytes);
}

test("an AnyValue nested without end is refused by every reader, and its neighbours go on", async (t) => {
  const protobuf = { "content-type": "application/x-protobuf" };
  const attribute = (depth: number): Buffer =>
    field(1, Buffer.concat([field(1, Buffer.from("deep")), field(2, nestedValue(depth))]));
  await beside(t, station, async () => {
    for (const depth of [1_000, 100_000]) {
      // Each request begins with its resource, and a resource with its attributes.
      const body = field(1, field(1, attribute(depth)));
      const list = `${'{"arrayValue":{"values":['.repeat(depth)}${"]}}".repeat(depth)}`;
      const map = `${'{"kvlistValue":{"values":[{"key":"a","value":'.repeat(depth)}{}${"}]}}".repeat(depth)}`;
      for (const signal of ["metrics", "traces", "logs"]) {
        const url = `${station.otlpHttp}/v1/${signal}`;
        const sent = { method: "POST", headers: protobuf, body, localAddress: HOSTILE };
        assert.equal((await ask(url, sent)).status, 400, `${signal} ${depth}`);
        const name = `resource${signal === "traces" ? "Spans" : signal === "logs" ? "Logs" : "Metrics"}`;
        for (const value of [list, map]) {
          const text = `{"${name}":[{"resource":{"attributes":[{"key":"deep","value":${value}}]}}]}`;
          const { status } = await ask(url, { ...sent, headers: json, body: text });
          assert.equal(status, 400, `${signal} ${depth} JSON`);
        }
      }
    }
    const deep = `${"(".repeat(100_000)}1${")".repeat(100_000)}`;
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const query = await ask(`${station.url}/api/v1/query`, {
      method: "POST",
      headers: form,
      body: `query=${deep}`,
    });
    assert.equal(query.status, 400);
  });
});

test("__proto__, constructor and toString are names as any other, everywhere", async (t) => {
  const NAMES = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"];
  const timeUnixNano = `${Date.now()}000000`;
  const attributes = NAMES.map((key) => ({ key, value: { stringValue: `of ${key}` } }));
  const kvlist = { key: "inside", value: { kvlistValue: { values: attributes } } };
  const resource = {
    attributes: [...attributes, { key: "service.name", value: { stringValue: "constructor" } }],
  };
  const polluted = '"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}';
  const pollute = (text: string): string =>
    text.replaceAll("{", `{${polluted},`).replaceAll(",}", "}");
  const post = async (path: string, value: object, url = station.otlpHttp) => {
    for (const body of [JSON.stringify(value), pollute(JSON.stringify(value))]) {
      const answer = await ask(url + path, { method: "POST", headers: json, body });
      // Unknown fields are passed over, or refused; nothing else.
      assert.ok([200, 400].includes(answer.status), `${path}: ${answer.status} ${answer.text}`);
    }
  };
  await beside(t, station, async () => {
    const dataPoints = [{ timeUnixNano, asDouble: 7, attributes }];
    const metrics = NAMES.map((name) => ({ name, gauge: { dataPoints } }));
    await post("/v1/metrics", { resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] });
    const spans = NAMES.map((name, i) => ({
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: `b7ad6b716920333${i}`,
      name,
      startTimeUnixNano: timeUnixNano,
      endTimeUnixNano: timeUnixNano,
      attributes: [...attributes, kvlist],
      events: [
        {
          name: "exception",
          timeUnixNano,
          attributes: [
            { key: "exception.type", value: { stringValue: "__proto__" } },
            { key: "exception.message", value: { stringValue: "constructor" } },
            {
              key: "exception.stacktrace",
              value: { stringValue: "__proto__: constructor\n    at toString (__proto__:1:1)" },
            },
          ],
        },
      ],
    }));
    await post("/v1/traces", { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] });
    const logRecords = NAMES.map((name) => ({
      timeUnixNano,
      body: { stringValue: name },
      attributes: [...attributes, kvlist],
    }));
    await post("/v1/logs", { resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] });
    const labels = ["__name__", "written", ...NAMES.toSorted().flatMap((name) => [name, "x"])];
    const body = encodeRemoteWrite([
      { labels, timestamps: [Date.now()], values: Float64Array.of(1) },
    ]);
    const written = await ask(`${station.url}/api/v1/write`, {
      method: "POST",
      headers: { "content-encoding": "snappy", "content-type": "application/x-protobuf" },
      body,
    });
    assert.ok([204, 400].includes(written.status), written.text);

    for (const name of NAMES) {
      const asked = await ask(
        `${station.url}/api/v1/query?query=${encodeURIComponent(`{__name__=~"_*${name.replaceAll("_", "")}_*"}`)}&${name}=1&__proto__[a]=1`,
      );
      assert.match(asked.text, /"7"/, name);
      const traces = await ask(
        `${station.url}/api/v1/spans?service=constructor&attribute=${encodeURIComponent(`${name}=of ${name}`)}`,
      );
      assert.match(traces.text, /"traceId"/, `${name} ${traces.text.slice(0, 200)}`);
      for (const path of ["traces", "services", "label", "errors", "targets", "status"]) {
        const { status } = await ask(`${station.url}/api/v1/${path}/${name}`);
        assert.ok(status < 500, `${path}/${name}: ${status}`);
      }
    }
    const found = await ask(`${station.url}/api/v1/labels`);
    for (const name of ["constructor", "toString"])
      assert.ok(found.text.includes(`"${name}"`), name);
    const errors = await ask(`${station.url}/api/v1/errors`);
    assert.match(errors.text, /"type":"__proto__"/);
    assert.doesNotMatch(found.text + errors.text, /polluted/);
    const health = await ask(`${station.url}/healthz`);
    assert.doesNotMatch(health.text, /polluted/);
  });
});

test("paths lead nowhere but to routes", async (t) => {
  const up = [
    "..",
    "%2e%2e",
    "..%2f..",
    "%252e%252e",
    "..\\..",
    "..%5c..",
    "....//",
    "..;",
    "%c0%ae%c0%ae",
    "..%00",
  ];
  const targets = ["etc/passwd", "proc/self/environ", "flx.yml", "data/lock"];
  const prefixes = [
    "/",
    "/api/v1/",
    "/api/v1/traces/",
    "/api/v1/errors/",
    "/healthz/",
    "/api/traces/",
    "/api/v1/label/",
    "//",
    "/./",
  ];
  const own = readFileSync("/etc/passwd", "utf8").split("\n", 1)[0]!;
  await beside(t, station, async () => {
    let asked = 0;
    for (const prefix of prefixes) {
      for (const step of up) {
        for (const target of targets) {
          const path = `${prefix}${`${step}/`.repeat(6)}${target}`;
          const { status, text } = await ask(station.url, { path, localAddress: HOSTILE });
          assert.ok(status >= 400 && status < 500, `${path}: ${status}`);
          assert.ok(!text.includes(own) && !text.includes("limits:"), path);
          asked++;
        }
      }
    }
    for (const path of [
      "http://169.254.169.254/",
      "*",
      "/\\etc",
      "/%",
      "/%zz",
      `/${"a/".repeat(30_000)}`,
    ]) {
      const { status } = await ask(station.url, { path, localAddress: HOSTILE });
      assert.ok(status >= 400 && status < 500, `${path.slice(0, 50)}: ${status}`);
    }
    t.diagnostic(`${asked} paths`);
  });
});

test("patterns that make other engines run for ever are answered, in matchers, functions and searches", async (t) => {
  const EVIL = [
    "(a+)+$",
    "(a|a)*b",
    "(a|aa)+$",
    "(.*a){25}b",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "(?:a?){50}a{50}",
    "((a{0,30}){0,30}){0,30}b",
    "(x+x+)+y",
    "a{1000}{1000}",
    "(a{1000}){1000}",
    "\\pN+\\pL{500}",
    "(".repeat(2_000) + "a" + ")".repeat(2_000),
    `(${Array.from({ length: 3_000 }, (_, i) => `a${i}.*`).join("|")})b`,
  ];
  const value = `${"a".repeat(5_000)}!`;
  const timeUnixNano = `${Date.now()}000000`;
  const attributes = [{ key: "long", value: { stringValue: value } }];
  const dataPoints = [{ timeUnixNano, asDouble: 1, attributes }];
  const metrics = [{ name: "redos", gauge: { dataPoints } }];
  const logRecords = [{ timeUnixNano, body: { stringValue: value }, attributes }];
  await beside(t, station, async () => {
    for (const [path, body] of [
      ["/v1/metrics", { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] }],
      ["/v1/logs", { resourceLogs: [{ scopeLogs: [{ logRecords }] }] }],
    ] as const) {
      const sent = await ask(station.otlpHttp + path, {
        method: "POST",
        headers: json,
        body: JSON.stringify(body),
      });
      assert.equal(sent.status, 200, sent.text);
    }
    for (const pattern of EVIL) {
      const text = JSON.stringify(pattern);
      const queries = [
        `query?query=${encodeURIComponent(`redos{long=~${text}}`)}`,
        `query?query=${encodeURIComponent(`label_replace(redos, "a", "$1", "long", ${text})`)}`,
        `series?match[]=${encodeURIComponent(`{long!~${text}}`)}`,
        `logs?pattern=${encodeURIComponent(pattern)}`,
        `logs?attribute=${encodeURIComponent(`long=~${pattern}`)}`,
        `spans?attribute=${encodeURIComponent(`long=~${pattern}`)}`,
      ];
      for (const query of queries) {
        const startedMs = performance.now();
        const { status } = await ask(`${station.url}/api/v1/${query}`, { localAddress: HOSTILE });
        const ms = performance.now() - startedMs;
        if (ms > 1_000) t.diagnostic(`${query.slice(0, 80)}: ${ms.toFixed(0)} ms`);
        assert.ok(status < 500, `${query.slice(0, 120)}: ${status}`);
      }
    }
  });
});
