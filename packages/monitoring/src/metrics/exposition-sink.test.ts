// How a registry writes itself in each format and escaping.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import {
  type EscapingScheme,
  parseExpositionStrict,
  parseProtobufExpositionStrict,
  writeProtobufExposition,
} from "@flx/model";
import { Counter } from "./counter.ts";
import { Gauge } from "./gauge.ts";
import { Histogram } from "./histogram.ts";
import { Registry } from "./registry.ts";
import { Summary } from "./summary.ts";

function shop(): Registry {
  const registry = new Registry();
  const registers = [registry];
  const placed = new Counter({
    name: "orders_placed_total",
    help: "Orders",
    labelNames: ["country"],
    registers,
  });
  placed.inc({ country: "DE" }, 5);
  new Gauge({ name: "queue.length", help: "Waiting", labelNames: ["queue.name"], registers }).set(
    { "queue.name": "ü" },
    3,
  );
  new Histogram({ name: "wait.seconds", help: "Wait", buckets: [1], registers }).observe(0.5);
  new Counter({ name: "hits", help: "Bare", registers }).inc();
  return registry;
}

const bytes = (chunks: readonly Uint8Array[]): Uint8Array => Buffer.concat(chunks);

test("Registry.metrics() escapes the names that are not classic, and no others", async () => {
  const registry = shop();
  const f = async (escaping: EscapingScheme, want: string[]) => {
    const text = await registry.metrics({ escaping });
    const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    assert.deepEqual(samples, want);
    parseExpositionStrict(text, { format: "text" });
    parseExpositionStrict(await registry.metrics({ escaping, format: "openmetrics" }), {
      format: "openmetrics",
    });
  };

  await f("underscores", [
    'orders_placed_total{country="DE"} 5',
    'queue_length{queue_name="ü"} 3',
    'wait_seconds_bucket{le="1"} 1',
    'wait_seconds_bucket{le="+Inf"} 1',
    "wait_seconds_sum 0.5",
    "wait_seconds_count 1",
    "hits 1",
  ]);
  await f("dots", [
    'orders__placed__total{country="DE"} 5',
    'queue_dot_length{queue_dot_name="ü"} 3',
    'wait_dot_seconds_bucket{le="1"} 1',
    'wait_dot_seconds_bucket{le="+Inf"} 1',
    "wait_dot_seconds_sum 0.5",
    "wait_dot_seconds_count 1",
    "hits 1",
  ]);
  await f("values", [
    'orders_placed_total{country="DE"} 5',
    'U__queue_2e_length{U__queue_2e_name="ü"} 3',
    'U__wait_2e_seconds_bucket{le="1"} 1',
    'U__wait_2e_seconds_bucket{le="+Inf"} 1',
    "U__wait_2e_seconds_sum 0.5",
    "U__wait_2e_seconds_count 1",
    "hits 1",
  ]);
});

test("Registry.metrics() without an escaping writes names in quotes", async () => {
  const text = await shop().metrics();
  assert.match(text, /^\{"queue\.length","queue\.name"="ü"\} 3$/m);
});

test("Registry.metrics() escapes default labels, too", async () => {
  const registry = shop();
  registry.setDefaultLabels({ "service.name": "shop" });
  const text = await registry.metrics({ escaping: "underscores" });
  assert.match(text, /^orders_placed_total\{country="DE",service_name="shop"\} 5$/m);
});

test("Registry.metrics() escapes the labels of exemplars, too", async () => {
  const registry = new Registry();
  const hits = new Counter({ name: "hits_total", help: "x", registers: [registry] });
  hits.labels().incWithExemplar({ "trace.id": "7" });
  const f = async (escaping: EscapingScheme, want: RegExp) => {
    assert.match(await registry.metrics({ escaping, format: "openmetrics" }), want);
  };
  await f("allow-utf-8", /^hits_total 1 # \{"trace\.id"="7"\} 1 /m);
  await f("underscores", /^hits_total 1 # \{trace_id="7"\} 1 /m);
});

test("Registry.expose() in parts is the same as in one piece, also when series go meanwhile", async () => {
  const registry = new Registry();
  const registers = [registry];
  const labelNames = ["n"] as const;
  const about = { help: "x", labelNames, registers };
  const counter = new Counter({ name: "c_total", ...about });
  const gauge = new Gauge({ name: "g", ...about });
  const histogram = new Histogram({ name: "h", native: true, buckets: [1], ...about });
  const summary = new Summary({ name: "s", maxAgeSeconds: Infinity, ...about });
  for (let n = 0; n < 1_000; n++) {
    counter.inc({ n }, n);
    gauge.set({ n }, n);
    histogram.observe({ n }, n);
    summary.observe({ n }, n);
  }
  gauge.remove({ n: 500 });
  const read = (chunks: readonly Uint8Array[]) =>
    writeProtobufExposition(parseProtobufExpositionStrict(bytes(chunks)));
  const whole = async () => writeProtobufExposition(await registry.families());
  assert.deepEqual(read(await registry.expose({ format: "protobuf" })), await whole());

  const underWay = registry.expose({ format: "protobuf" });
  for (let n = 0; n < 900; n++) {
    await setImmediate();
    for (const metric of [counter, histogram]) metric.remove({ n });
  }
  read(await underWay);
  assert.deepEqual(read(await registry.expose({ format: "protobuf" })), await whole());
});

test("Registry.expose() leaves out the metric whose escaped name is taken, and counts it", async () => {
  for (const format of ["text", "openmetrics", "protobuf"] as const) {
    const registry = new Registry();
    for (const [value, name] of ["a.b", "a_b", "a b"].entries()) {
      new Gauge({ name, help: "x", registers: [registry] }).set(value);
    }
    const exposed = bytes(await registry.expose({ format, escaping: "underscores" }));
    const families =
      format === "protobuf"
        ? parseProtobufExpositionStrict(exposed)
        : parseExpositionStrict(exposed, { format });
    assert.deepEqual(
      families.map(({ name, points }) => [name, points.map(({ value }) => value)]),
      [
        ["a_b", [0]],
        ["flx_metrics_collect_failures", [{ total: 1 }, { total: 1 }]],
      ],
      format,
    );
    assert.doesNotMatch(await registry.metrics({ names: ["a.b"] }), /failures/);
  }
});

test("Registry.expose() writes protobuf as its families are", async () => {
  const registry = shop();
  registry.setDefaultLabels({ service: "shop" });
  const families = parseProtobufExpositionStrict(
    bytes(await registry.expose({ format: "protobuf" })),
  );
  assert.deepEqual(
    families.map(({ name, type, points }) => [name, type, points[0]?.labels.toString()]),
    [
      ["orders_placed", "counter", '{country="DE", service="shop"}'],
      ["queue.length", "gauge", '{"queue.name"="ü", service="shop"}'],
      ["wait.seconds", "histogram", '{service="shop"}'],
      ["hits", "counter", '{service="shop"}'],
    ],
  );
});

test("Registry.expose() finds a metric by its own name or by one of its samples", async () => {
  const registry = shop();
  const f = async (names: string[], want: string[]) => {
    const text = await registry.metrics({ names, escaping: "underscores" });
    const types = text.split("\n").filter((line) => line.startsWith("# TYPE"));
    assert.deepEqual(
      types.map((line) => line.split(" ")[2]),
      want,
    );
  };
  await f(["hits"], ["hits"]);
  await f(["wait.seconds_count", "wait.seconds", "nobody"], ["wait_seconds"]);
  await f(["orders_placed"], ["orders_placed_total"]);
  await f(["nobody"], []);
});

test("Registry.expose() stops when nobody waits for it any more", async () => {
  const registry = new Registry();
  for (let i = 0; i < 20; i++) {
    const gauge = new Gauge({ name: `g${i}`, help: "x", labelNames: ["n"], registers: [registry] });
    for (let n = 0; n < 5_000; n++) gauge.set({ n }, n);
  }
  const leaving = new AbortController();
  const left = registry.expose({ signal: leaving.signal });
  leaving.abort(new Error("gone"));
  await assert.rejects(left, /gone/);
  const kept = await registry.expose();
  assert.ok(bytes(kept).length > 1_000_000);
  assert.doesNotMatch(await registry.metrics(), /flx_metrics_collect_failures/);
});
