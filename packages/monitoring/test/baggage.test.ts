// Baggage of a real HTTP request, as another service sends it: allowed entries are on the span, the line of the log, and the
// metrics of the work, by configuration alone.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { test } from "node:test";
import { type Monitoring, startMonitoring } from "@flx/monitoring";
import { Registry } from "@flx/monitoring/metrics";
import { context, propagation } from "@opentelemetry/api";
import { startOtlpReceiver } from "@flx/testkit";

/** A service that knows of no tenant: it takes the context of each request, as an instrumentation does. */
async function startService(flx: Monitoring) {
  const placed = flx.metrics.counter({
    name: "orders_placed_total",
    help: "Orders placed",
    labelNames: ["country"],
  });
  const took = flx.metrics.histogram({ name: "order_seconds", help: "Time", buckets: [60] });
  const inGermany = placed.labels("DE");
  const place = flx.trace("orders.place", async () => {
    await pause(1);
    placed.inc({ country: "DK" });
    inGermany.inc();
    took.observe(0.5);
    flx.logger.info("placed");
    await flx.metrics.trackPipeline("confirm", async () => pause(1));
  });
  const server = createServer((request, response) => {
    const extracted = propagation.extract(context.active(), request.headers);
    context.with(extracted, () => {
      place().then(
        () => response.end("placed"),
        () => response.destroy(),
      );
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const order = async (url: string, baggage?: string): Promise<void> => {
  const headers = baggage === undefined ? {} : { baggage };
  assert.equal(await (await fetch(url, { headers })).text(), "placed");
};

test("baggage of a request is on spans, lines and metrics, where the configuration allows it", async () => {
  await using receiver = await startOtlpReceiver();
  const registry = new Registry();
  await using flx = await startMonitoring({
    service: "orders",
    admin: { port: 0, host: "127.0.0.1" },
    otlp: { endpoint: receiver.url, protocol: "http/json" },
    metrics: { registry, system: false, baggage: ["tenant", "plan.name"] },
    tracing: { baggage: ["tenant"] },
    health: false,
    logging: { destination: { write: () => {} } },
  });
  await using service = await startService(flx);
  await Promise.all([
    order(service.url, "tenant=acme;secret=1, plan.name=gold, session=private"),
    order(service.url, "tenant=acme, plan.name=gold"),
    order(service.url, `tenant=${encodeURIComponent('b"\n\\\u00e4')}`),
    order(service.url),
    order(service.url, "tenant"),
  ]);

  const text = await (await fetch(`${flx.admin?.url}/metrics`)).text();
  for (const line of [
    'orders_placed_total{country="DK",tenant="acme",plan_name="gold"} 2',
    'orders_placed_total{country="DE",tenant="acme",plan_name="gold"} 2',
    'orders_placed_total{country="DK",tenant="b\\"\\n\\\\\u00e4"} 1',
    'orders_placed_total{country="DK"} 2',
    'order_seconds_count{tenant="acme",plan_name="gold"} 2',
    'flx_pipeline_runs_total{pipeline_name="confirm",status="success",tenant="acme",plan_name="gold"} 2',
  ]) {
    assert.ok(text.includes(`\n${line}\n`), `${line}\n${text}`);
  }
  assert.ok(!text.includes("private"));

  assert.equal(await flx.flush(), true);
  const spans = await receiver.spansWhen((all) => all.length >= 5);
  const tenants = spans
    .filter(({ name }) => name === "orders.place")
    .map(({ attributes }) => attributes["tenant"]);
  assert.equal(tenants.filter((tenant) => tenant === "acme").length, 2);
  const logs = receiver.logs.filter(({ body }) => body === "placed");
  assert.equal(logs.filter(({ attributes }) => attributes["tenant"] === "acme").length, 2);
  const pushed = JSON.stringify(receiver.metrics.find(({ name }) => name === "orders_placed"));
  assert.ok(pushed.includes('{"key":"tenant","value":{"stringValue":"acme"}}'), pushed);
});

test("a metric that was declared before the start is told, and goes on without the labels", async () => {
  const registry = new Registry();
  const problems: string[] = [];
  const { Counter } = await import("@flx/monitoring/metrics");
  const early = new Counter({ name: "early_total", help: "Early", registers: [registry] });
  await using flx = await startMonitoring({
    admin: false,
    otlp: false,
    health: false,
    metrics: { registry, system: false, baggage: ["tenant"] },
    onProblem: (problem) => problems.push(problem),
  });
  early.inc();
  assert.deepEqual(problems, [
    "declared before the start, so without labels from baggage: early_total",
  ]);
  assert.match(await flx.metrics.registry.metrics(), /^early_total 1$/m);
});
