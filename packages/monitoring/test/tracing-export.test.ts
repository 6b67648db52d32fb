// Tracing set up for real: who asks OpenTelemetry's API, before or after, by import or require, gets our spans; and whatever a
// service puts into a span arrives, bounded.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import * as api from "@opentelemetry/api";
import { startMonitoring } from "@flx/monitoring";
import { Registry } from "@flx/monitoring/metrics";
import { setupTracing, traceSync } from "@flx/monitoring/tracing";
import { startOtlpReceiver } from "@flx/testkit";

const require = createRequire(import.meta.url);

// Asked for at the top of modules, long before anybody sets tracing up.
const early = api.trace.getTracer("early", "1.0.0");
const required = require("@opentelemetry/api") as typeof api;
const earlyRequired = required.trace.getTracer("early, required");

test("setupTracing() serves tracers that were asked for before it, by import and by require", async () => {
  assert.equal(early.startSpan("before").isRecording(), false);
  await using receiver = await startOtlpReceiver();
  const settings = { service: "test", endpoint: receiver.url, protocol: "http/json" } as const;
  const first = setupTracing(settings);
  early.startActiveSpan("imported", (span) => {
    // Both copies of the API see the same active span.
    assert.equal(required.trace.getActiveSpan(), span);
    earlyRequired.startSpan("required").end();
    span.end();
  });
  assert.equal(await first.shutdown(), true);
  assert.equal(early.startSpan("between").isRecording(), false);
  assert.equal(api.trace.getActiveSpan(), undefined);

  await using second = setupTracing(settings);
  early.startSpan("again").end();
  await second.flush();
  const spans = await receiver.spansWhen((all) => all.length >= 3);
  const byName = Object.fromEntries(spans.map((span) => [span.name, span]));
  assert.deepEqual(Object.keys(byName).toSorted(), ["again", "imported", "required"]);
  assert.equal(byName["required"]?.parentSpanId, byName["imported"]?.spanId);
  assert.equal(byName["imported"]?.scope, "early");
});

test("setupTracing() takes the place of what somebody else has registered", async () => {
  api.trace.disable();
  const other = { getTracer: () => early };
  api.trace.setGlobalTracerProvider(other);
  await using tracing = setupTracing({ exporter: false });
  const proxy = api.trace.getTracerProvider() as api.ProxyTracerProvider;
  assert.equal(proxy.getDelegate(), tracing.provider);
  assert.equal(api.trace.getTracer("new").startSpan("span").isRecording(), true);
  const carrier: Record<string, string> = {};
  traceSync("work", () => api.propagation.inject(api.context.active(), carrier));
  assert.match(carrier["traceparent"] ?? "", /^00-[0-9a-f]{32}-[0-9a-f]{16}-03$/);
});

test("whatever is put into a span arrives, bounded, and nothing is thrown", async () => {
  await using receiver = await startOtlpReceiver();
  await using tracing = setupTracing({ endpoint: receiver.url, protocol: "http/json" });
  const tracer = tracing.provider.getTracer("hostile");
  const cyclic: Record<string, unknown> = { name: "cyclic" };
  cyclic["self"] = cyclic;
  const thrower = {
    good: 1,
    get bad(): never {
      throw new Error("no");
    },
  };
  const values = {
    cyclic,
    thrower,
    bigint: 2n ** 70n,
    small: 7n,
    date: new Date(0),
    map: new Map([["a", 1]]),
    mixed: [1, "two", { three: 3 }],
    lone: "\ud800",
    nothing: undefined,
    nan: NaN,
  };
  const span = tracer.startSpan("values");
  span.setAttributes(values);
  span.end();
  const large = tracer.startSpan("large");
  for (let i = 0; i < 20; i++) large.setAttribute(`text ${i}`, "x".repeat(1_000_000));
  large.addEvent("e".repeat(1_000_000), { list: Array.from({ length: 100_000 }, () => "item") });
  large.end();
  await tracing.flush();
  const [first, second] = await receiver.spansWhen((all) => all.length === 2);
  const { attributes } = first!;
  assert.equal(attributes["bigint"], String(2n ** 70n));
  assert.equal(attributes["small"], 7);
  assert.equal(attributes["date"], "1970-01-01T00:00:00.000Z");
  assert.deepEqual(attributes["map"], { a: 1 });
  assert.deepEqual(attributes["mixed"], [1, "two", { three: 3 }]);
  assert.equal(attributes["lone"], "\ufffd");
  assert.equal(Object.hasOwn(attributes, "nothing"), false);
  assert.match(JSON.stringify(attributes["cyclic"]), /too deep/);
  assert.ok(attributes["thrower"] !== undefined);
  // 20 texts of a megabyte: the span is written again with short ones.
  assert.equal(Object.keys(second!.attributes).length, 20);
  assert.equal(String(second!.attributes["text 19"]).length, 1024);
  assert.equal(second!.events[0]?.name.length, 4096);
  const counted = tracing.exporter!.counters.of("traces");
  assert.deepEqual([counted.accepted, counted.lostEncoding, counted.lostRing], [2, 0, 0]);
});

test("startMonitoring() with tail sampling keeps what failed, and counts the rest", async () => {
  await using receiver = await startOtlpReceiver();
  await using flx = await startMonitoring({
    admin: false,
    health: false,
    metrics: { registry: new Registry(), system: false },
    otlp: { endpoint: receiver.url, protocol: "http/json", metrics: false, logs: false },
    tracing: { tail: { ratio: 0, slowMs: { "*": 60_000 } } },
  });
  const order = flx.trace("order", (fails: boolean) => {
    flx.traceSync("inside", () => {});
    if (fails) throw new Error("no");
  });
  for (let i = 0; i < 10; i++) order(false);
  assert.throws(() => order(true), /no/);
  await flx.flush();
  const spans = await receiver.spansWhen((all) => all.length >= 2);
  assert.deepEqual(spans.map(({ name }) => name).toSorted(), ["inside", "order"]);
  assert.deepEqual(flx.tracing?.tail?.counts, { kept: 2, dropped: 20, evicted: 0 });
  const text = await flx.metrics.registry.metrics();
  assert.match(text, /^flx_trace_tail_spans_total\{outcome="dropped"\} 20$/m);
});
