// An order is one trace from HTTP over gRPC to SQL, a pipeline is one, and what was counted leads to it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type ReceivedSpan, startOtlpReceiver, waitUntil } from "@flx/testkit";
import { openShop } from "./open-shop.ts";

const KIND = { internal: 1, server: 2, client: 3 };

test("an order is one trace: HTTP, gRPC, SQL; and its metrics lead to it", async () => {
  await using receiver = await startOtlpReceiver();
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_METRICS_EXPORTER: "none",
  };
  await using shop = await openShop({ env });
  assert.equal((await shop.place({ country: "DE" })).status, 201);

  type Step = readonly [service: string, name: string, kind: number];
  const one = (spans: readonly ReceivedSpan[], [service, name, kind]: Step) =>
    spans.find(
      (span) =>
        span.resource["service.name"] === service && span.name === name && span.kind === kind,
    );
  const order = "shop.orders.v1.Orders/PlaceOrder";
  const authorise = "shop.payments.v1.Payments/Authorise";
  const path: readonly Step[] = [
    ["gateway", "POST /orders", KIND.server],
    ["gateway", order, KIND.client],
    ["orders", order, KIND.server],
    ["orders", authorise, KIND.client],
    ["payments", authorise, KIND.server],
    ["payments", "INSERT payments", KIND.client],
  ];
  const spans = await receiver.spansWhen((all) =>
    path.every((step) => one(all, step) !== undefined),
  );
  const chain = path.map((step) => one(spans, step)!);
  for (const [i, span] of chain.entries()) {
    assert.equal(span.traceId, chain[0]?.traceId, span.name);
    assert.equal(span.parentSpanId, i === 0 ? "" : chain[i - 1]?.spanId, span.name);
  }
  assert.equal(chain[0]?.attributes["http.response.status_code"], 201);
  assert.match(String(chain.at(-1)?.attributes["db.query.text"]), /^\s*INSERT/);

  const url = `http://127.0.0.1:${shop.ports["orders-metrics"]}/metrics`;
  const exposed = await (
    await fetch(url, { headers: { accept: "application/openmetrics-text; version=1.0.0" } })
  ).text();
  for (const metric of [
    /^orders_placed_total\{country="DE"\} 1 # \{span_id="(\w+)",trace_id="(\w+)"\}/m,
    /^flx_grpc_request_duration_seconds_bucket\{[^}]*PlaceOrder[^}]*\} 1 # \{span_id="(\w+)",trace_id="(\w+)"\}/m,
  ]) {
    const [, spanId, traceId] = metric.exec(exposed) ?? [];
    assert.deepEqual([traceId, spanId], [chain[2]?.traceId, chain[2]?.spanId], String(metric));
  }

  const placed = await waitUntil(() => receiver.logs.find(({ body }) => body === "order placed"), {
    what: "the line of the order as a record",
  });
  assert.deepEqual([placed.traceId, placed.spanId], [chain[2]?.traceId, chain[2]?.spanId]);
  assert.equal(placed.resource["service.name"], "orders");
});

test("a pipeline is a trace with its SQL; without a receiver of its own the shop shows traces", async () => {
  await using shop = await openShop({ args: ["--traffic", "none", "--day", "5s"] });
  await waitUntil(
    () =>
      /^trace \w{32} pipeline [\w-]+ [\d.]+ ms, 1 processes\n +pipelines/m.test(shop.process.log()),
    { what: "a pipeline's trace to be shown", timeoutMs: 60_000, everyMs: 200 },
  );
});
