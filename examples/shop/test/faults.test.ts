// Every fault is switched on, shows what the catalogue says, is switched off, and the shop is as before.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DatabaseSync } from "node:sqlite";
import { waitUntil } from "@flx/testkit";
import { faults } from "../src/faults/catalogue.ts";
import { openShop, type OpenShop } from "./open-shop.ts";

let shop: OpenShop;
before(async () => {
  shop = await openShop({ args: ["--traffic", "2"] });
});
after(() => shop[Symbol.asyncDispose]());

const patience = { timeoutMs: 60_000 };

/** How long placing an order takes, in milliseconds; it must succeed. */
async function placingMs(): Promise<number> {
  const startedMs = performance.now();
  assert.equal((await shop.place()).status, 201);
  return performance.now() - startedMs;
}

/** Places orders until one is answered like this. */
function placedWith(status: number, order?: Parameters<OpenShop["place"]>[0]): Promise<boolean> {
  const look = async (): Promise<boolean> => (await shop.place(order)).status === status;
  return waitUntil(look, { ...patience, what: `an order answered ${status}` });
}

test("payment-errors breaks some authorisations, and none after it", async () => {
  await shop.switchFault("payment-errors", true);
  await placedWith(503);
  await shop.switchFault("payment-errors", false);
  const answers = await Promise.all(Array.from({ length: 12 }, () => shop.place()));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
});

test("network-delay slows placing by two round trips of 400 ms", async () => {
  await shop.switchFault("network-delay", true);
  assert.ok((await placingMs()) >= 800);
  await shop.switchFault("network-delay", false);
  await waitUntil(async () => (await placingMs()) < 400, { ...patience, what: "a quick order" });
});

test("slow-db makes writers wait for the lock of a report", async () => {
  await shop.switchFault("slow-db", true);
  await waitUntil(async () => (await placingMs()) > 250, { ...patience, what: "a slow order" });
  await shop.switchFault("slow-db", false);
  await waitUntil(async () => (await placingMs()) < 150, { ...patience, what: "a quick order" });
});

test("bad-deploy rolls orders to a version that fails for Danish tea, and back", async () => {
  const danish = { country: "DK", sku: "tea-sencha-100" };
  const version = (wanted: string): Promise<boolean> =>
    waitUntil(async () => {
      const orders = await shop.processStatus("orders");
      return orders.state === "ready" && orders.version === wanted;
    }, patience);

  await shop.switchFault("bad-deploy", true);
  await version("1.5.0");
  await placedWith(500, danish);
  await placedWith(201, { ...danish, country: "DE" });
  await shop.switchFault("bad-deploy", false);
  await version("1.4.0");
  await placedWith(201, danish);
});

test("poisoned-order fails the import until it is gone", async () => {
  await shop.switchFault("poisoned-order", true);
  const failed = await waitUntil(async () => {
    const result = await shop.command("run", "nightly-import");
    return result.stdout.includes("failed") ? result : undefined;
  }, patience);
  assert.equal(failed.code, 1);
  assert.match(failed.stdout, /0000-poisoned\.ndjson, row 2: Invalid time value/);
  await shop.switchFault("poisoned-order", false);
  await waitUntil(async () => (await shop.command("run", "nightly-import")).code === 0, patience);
});

test("traffic-spike brings ten times as many orders", async () => {
  using orders = new DatabaseSync(shop.folder.file("orders.db"), { readOnly: true });
  const count = orders.prepare("SELECT count(*) AS n FROM orders WHERE channel = 'web'");
  const placed = (): number => Number(count.get()?.["n"]);
  /** About 0.5 orders a second come without the spike, so 10 in two seconds are its doing. */
  const rush = async (): Promise<boolean> => {
    const earlier = placed();
    await new Promise((resolve) => setTimeout(resolve, 2000));
    return placed() - earlier >= 6;
  };
  await shop.switchFault("traffic-spike", true);
  await waitUntil(rush, { ...patience, what: "6 orders in 2 s" });
  await shop.switchFault("traffic-spike", false);
  await waitUntil(async () => !(await rush()), { ...patience, what: "calm" });
});

test("memory-leak makes orders grow, and lets go", async () => {
  const bytes = async (): Promise<number> =>
    (await shop.processStatus("orders")).residentBytes ?? 0;
  const bytesBefore = await bytes();
  await shop.switchFault("memory-leak", true);
  await waitUntil(async () => (await bytes()) > bytesBefore + 8e6, {
    ...patience,
    what: "8 MB more",
  });
  await shop.switchFault("memory-leak", false);
  // What was under way when the fault was switched may still grow it for a moment.
  const isSteady = async (): Promise<boolean> => {
    const from = await bytes();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    return (await bytes()) < from + 2e6;
  };
  await waitUntil(isSteady, { ...patience, what: "memory to stay as it is, the fault being off" });
});

test("crash-loop restarts payments again and again, until it is off", async () => {
  await shop.switchFault("crash-loop", true);
  await waitUntil(async () => (await shop.processStatus("payments")).restarts >= 2, patience);
  await shop.process.waitForLine(/payments crashed reason="exit code \d+: TypeError: .*validUntil/);
  await shop.switchFault("crash-loop", false);
  await placedWith(201);
});

test("`shop fault` switches by name, for a time, and knows near misses", async () => {
  const on = await shop.command("fault", "on", "network-delay", "--for", "300ms");
  assert.equal(on.code, 0);
  await waitUntil(async () => (await shop.status()).faultsOn.length === 0, patience);
  const wrong = await shop.command("fault", "on", "slow-bd");
  assert.deepEqual(
    [wrong.code, wrong.stderr.split("\n")[0]],
    [2, 'shop: unknown fault "slow-bd"; did you mean "slow-db"?'],
  );
});

test("GET /faults knows every fault, and all are off again", async () => {
  const { stdout } = await shop.command("fault", "list", "--json");
  const listed = JSON.parse(stdout) as { name: string; on: boolean }[];
  assert.deepEqual(
    listed.map(({ name, on }) => [name, on]),
    faults.map(({ name }) => [name, false]),
  );
});
