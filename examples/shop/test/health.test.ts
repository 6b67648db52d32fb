// The health of the shop's processes: what each says of itself and of those it needs, on every way it can be asked, and
// how the faults show in it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { grpcHealth } from "@flx/monitoring/grpc";
import type { CheckResult } from "@flx/monitoring/health";
import { waitUntil } from "@flx/testkit";
import { openShop, type OpenShop } from "./open-shop.ts";

type Named = "gateway" | "orders" | "payments" | "pipelines";

let shop: OpenShop;
before(async () => {
  shop = await openShop({ args: ["--traffic", "none"] });
});
after(() => shop[Symbol.asyncDispose]());

const patience = { timeoutMs: 60_000, everyMs: 100 };

/** Asks a probe on the admin port of a process. */
async function probe(name: Named, path: string): Promise<{ status: number; body: string }> {
  const url = `http://127.0.0.1:${shop.ports[`${name}-metrics`]}${path}`;
  const response = await fetch(url, { headers: { accept: "application/json" } });
  return { status: response.status, body: await response.text() };
}

type Told = {
  status: string;
  message?: string;
  causedBy?: string[];
  measurements?: Record<string, { value: number }>;
};

/** The components of a process. */
async function components(name: Named): Promise<Record<string, Told>> {
  const { body } = await probe(name, "/healthz?verbose");
  return (JSON.parse(body) as { components: Record<string, Told> }).components;
}

/** Waits until a component has a status; gives what it says then. */
function until(name: Named, component: string, status: string): Promise<Told> {
  return waitUntil(
    async () => {
      const told = (await components(name))[component];
      return told?.status === status ? told : undefined;
    },
    { ...patience, what: `${component} of ${name} to be ${status}` },
  );
}

/** Waits until a readiness probe is answered with a status. */
function ready(name: Named, status: 200 | 503): Promise<boolean> {
  const look = async (): Promise<boolean> => (await probe(name, "/readyz")).status === status;
  return waitUntil(look, { ...patience, what: `/readyz of ${name} to answer ${status}` });
}

test("every process is ready, live, and watches what it needs", async () => {
  const f = async (name: Named, own: readonly string[]) => {
    await ready(name, 200);
    assert.equal((await probe(name, "/livez")).status, 200);
    const everybody = ["data_disk", "heap", "system_resources", "export"];
    assert.deepEqual(Object.keys(await components(name)), [...everybody, ...own]);
    for (const component of own) await until(name, component, "healthy");
  };

  await f("payments", ["payments_db", "bank"]);
  await f("orders", ["orders_db", "payments", "paying"]);
  await f("gateway", ["orders", "answers"]);
  await f("pipelines", ["pipelines_db", "runs", "orders", "payments"]);
});

test("orders and payments tell the same over gRPC, in /metrics, and to `shop status`", async () => {
  const ask = async (name: "orders" | "payments", service: string): Promise<CheckResult> => {
    const target = `127.0.0.1:${shop.ports[name]}`;
    const check = grpcHealth({ target, service, protocol: "flx.v1" });
    const { signal } = new AbortController();
    return (await check({ signal, timeoutMs: 5000 })) as CheckResult;
  };
  for (const [name, service] of [
    ["orders", "shop.orders.v1.Orders"],
    ["payments", "shop.payments.v1.Payments"],
  ] as const) {
    const { components: told = {} } = await ask(name, service);
    assert.deepEqual(Object.keys(told), Object.keys(await components(name)));
    assert.equal(told[`${name}_db`]?.status, "healthy");
  }
  const { body } = await probe("orders", "/metrics");
  assert.match(body, /^flx_health_status\{component="orders_db",status="healthy"\} 1$/m);
  const { stdout } = await shop.command("status");
  assert.match(stdout, /^PROCESS +STATE +HEALTH +VERSION/);
  for (const name of ["payments", "orders", "gateway", "pipelines"]) {
    assert.match(stdout, new RegExp(`^${name} +ready +(healthy|degraded)`, "m"));
  }
});

test("crash-loop makes orders not ready, and the gateway with it, until it is off", async () => {
  await shop.switchFault("crash-loop", true);
  await ready("orders", 503);
  await ready("gateway", 503);
  assert.equal(
    (await probe("gateway", "/livez")).status,
    200,
    "nobody restarts a gateway for that",
  );
  await shop.switchFault("crash-loop", false);
  await ready("orders", 200);
  await ready("gateway", 200);
});

test("slow-db shows at the database of orders, which goes on", async () => {
  await shop.switchFault("slow-db", true);
  const { message } = await until("orders", "orders_db", "degraded");
  assert.equal(message, "another process holds the write lock");
  assert.equal((await probe("orders", "/readyz")).status, 200);
  await shop.switchFault("slow-db", false);
  await until("orders", "orders_db", "healthy");
});

test("network-delay shows at the peer that is far away", async () => {
  await shop.switchFault("network-delay", true);
  const latencyMs = async (): Promise<number> =>
    (await components("orders"))["payments"]?.measurements?.["latency"]?.value ?? 0;
  await waitUntil(async () => (await latencyMs()) >= 400, patience);
  await until("orders", "payments", "degraded");
  assert.equal((await probe("orders", "/readyz")).status, 200);
  await shop.switchFault("network-delay", false);
  await waitUntil(async () => (await latencyMs()) < 400, patience);
});

test("payment-errors show at the bank, and in orders as caused by payments", async () => {
  await shop.switchFault("payment-errors", true);
  await waitUntil(async () => {
    await Promise.all(Array.from({ length: 4 }, () => shop.place()));
    return (await components("payments"))["bank"]?.status !== "healthy";
  }, patience);
  const { message = "" } = (await components("payments"))["bank"] ?? {};
  assert.match(message, /^\d+ of \d+ authorisations failed in the last 10 s$/);
  await waitUntil(async () => {
    await Promise.all(Array.from({ length: 4 }, () => shop.place()));
    const { paying, payments } = await components("orders");
    return payments?.status !== "healthy" && paying?.causedBy?.[0] === "payments";
  }, patience);
  await shop.switchFault("payment-errors", false);
  await until("payments", "bank", "healthy");
});

test("poisoned-order shows at the runs of the pipelines", async () => {
  await shop.switchFault("poisoned-order", true);
  const { message = "" } = await until("pipelines", "runs", "degraded");
  assert.match(message, /^nightly-import failed: /);
  await shop.switchFault("poisoned-order", false);
  await waitUntil(async () => (await shop.command("run", "nightly-import")).code === 0, patience);
  await until("pipelines", "runs", "healthy");
});
