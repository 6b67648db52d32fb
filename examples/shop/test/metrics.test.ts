// What the shop's processes expose: every /metrics is right, and says what has happened.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { parseExpositionStrict } from "@flx/model";
import { httpGet, waitUntil } from "@flx/testkit";
import { openShop, runCommandWith, type OpenShop } from "./open-shop.ts";

type Exposing = "gateway" | "orders" | "payments" | "pipelines";

async function scrape(shop: OpenShop, name: Exposing): Promise<string> {
  const { status, body } = await httpGet(
    `http://127.0.0.1:${shop.ports[`${name}-metrics`]}/metrics`,
  );
  assert.equal(status, 200);
  return body;
}

test("the processes of the shop expose what they did", async () => {
  await using shop = await openShop();
  assert.equal((await shop.place({ country: "DE" })).status, 201);
  assert.equal((await shop.place({ country: "DK" })).status, 201);
  assert.equal((await shop.place({ card: "4000000000000002" })).status, 402);

  const f = async (name: Exposing, want: readonly (string | RegExp)[]) => {
    const exposed = await scrape(shop, name);
    parseExpositionStrict(exposed, { format: "text" });
    for (const line of want) {
      const found = typeof line === "string" ? exposed.includes(`${line}\n`) : line.test(exposed);
      assert.ok(found, `${line} is in\n${exposed}`);
    }
  };

  await f("gateway", [
    'flx_app_info{version="2.3.1",env="development"} 1',
    /^flx_process_cpu_seconds_total\{mode="user"\} \d/m,
  ]);
  await f("orders", [
    'orders_placed_total{country="DE"} 1',
    'orders_placed_total{country="DK"} 1',
    'orders_failed_total{reason="declined"} 1',
    /^orders_revenue_total\{country="DE",currency="EUR"\} \d+(\.\d\d?)?$/m,
    'flx_grpc_requests_total{method="shop.orders.v1.Orders/PlaceOrder",status="OK"} 2',
    'flx_grpc_request_duration_seconds_count{method="shop.orders.v1.Orders/PlaceOrder"} 3',
  ]);
  await f("payments", [
    /^payments_declined_total\{reason="[^"]+"\} 1$/m,
    'flx_grpc_requests_total{method="shop.payments.v1.Payments/Capture",status="OK"} 2',
  ]);
  const pipelines = await waitUntil(
    async () => {
      const exposed = await scrape(shop, "pipelines");
      return exposed.includes('{pipeline_name="nightly-import",status="success"} 1') && exposed;
    },
    { timeoutMs: 60_000, everyMs: 100, what: "the first import to be counted" },
  );
  assert.match(
    pipelines,
    /^pipeline_rows_total\{pipeline="nightly-import",outcome="written"\} [1-9]/m,
  );
});

test("a command pushes how it went to SHOP_PUSHGATEWAY, and works without it", async () => {
  await using shop = await openShop();
  const pushed: { method: string; path: string; body: string }[] = [];
  const keep = async (request: IncomingMessage) => {
    const body = await text(request);
    pushed.push({ method: request.method ?? "", path: request.url ?? "", body });
  };
  const server = createServer((request, response) => {
    void keep(request).finally(() => response.end());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const reindex = () =>
    runCommandWith(
      { SHOP_PUSHGATEWAY: `http://127.0.0.1:${port}` },
      "reindex",
      "--data",
      shop.folder.path,
    );
  try {
    const arrived = await reindex();
    assert.equal(arrived.code, 0, arrived.stderr);
    assert.deepEqual(
      pushed.map(({ method, path }) => `${method} ${path}`),
      ["POST /metrics/job/shop/command/reindex"],
    );
    assert.match(
      pushed[0]?.body ?? "",
      /^flx_command_executions_total\{command="reindex",status="success"\} 1$/m,
    );
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
  // Nobody listens there now: the command works all the same.
  const lost = await reindex();
  assert.equal(lost.code, 0, lost.stderr);
});
