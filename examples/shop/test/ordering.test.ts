// The everyday business of the shop, through its doors: HTTP, and the command line.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { DatabaseSync } from "node:sqlite";
import type { Order, Product } from "../src/orders/messages.ts";
import type { Run } from "../src/pipelines/runs.ts";
import { waitUntil } from "@flx/testkit";
import { openShop, type OpenShop, type Problem } from "./open-shop.ts";

let shop: OpenShop;
before(async () => {
  shop = await openShop();
});
after(() => shop[Symbol.asyncDispose]());

test("an order is placed, seen, found and refunded once", async () => {
  const placed = await shop.place({ country: "GB", sku: "bowl-matcha" });
  assert.equal(placed.status, 201);
  assert.equal(placed.body.status, "paid");
  assert.equal(placed.body.currency, "GBP");

  const { id } = placed.body;
  assert.deepEqual((await shop.ask<Order>(`/orders/${id}`)).body, placed.body);
  const listed = await shop.ask<{ orders: Order[] }>("/customers/cus_0001/orders");
  assert.equal(listed.body.orders[0]?.id, id);
  const found = await shop.ask<{ orders: Order[] }>("/orders?search=matcha%20bowl");
  assert.deepEqual(
    found.body.orders.map((order) => order.id),
    [id],
  );

  const refunded = await shop.ask<Order>(`/orders/${id}/refund`, { reason: "too small" });
  assert.equal(refunded.body.status, "refunded");
  const again = await shop.ask<Problem>(`/orders/${id}/refund`, { reason: "too small" });
  assert.deepEqual([again.status, again.body.error.code], [409, "not_refundable"]);
});

test("stock goes down with an order, and up again with its refund", async () => {
  const stockNow = async (): Promise<number | undefined> => {
    const { body } = await shop.ask<{ products: Product[] }>("/products?country=FR");
    return body.products.find(({ sku }) => sku === "scale-brew")?.stock;
  };
  const { body } = await shop.place({ sku: "scale-brew" });
  assert.equal(await stockNow(), 149);
  await shop.ask(`/orders/${body.id}/refund`, { reason: "wrong colour" });
  assert.equal(await stockNow(), 150);
});

test("the same idempotency key gives the same order", async () => {
  const body = {
    customerId: "cus_0002",
    card: "4242424242424242",
    lines: [{ sku: "tea-sencha-100", quantity: 1 }],
  };
  const [first, second] = [
    await shop.ask<Order>("/orders", body, { "idempotency-key": "basket-7" }),
    await shop.ask<Order>("/orders", body, { "idempotency-key": "basket-7" }),
  ];
  assert.equal(first.body.id, second.body.id);
});

test("what is wrong with a request has a status and a code", async () => {
  const f = async (path: string, body: unknown, status: number, code: string) => {
    const answer = await shop.ask<Problem>(path, body);
    assert.deepEqual([answer.status, answer.body.error.code], [status, code], path);
  };
  const order = (change: object): object => ({
    customerId: "cus_0001",
    card: "4242424242424242",
    lines: [{ sku: "tea-sencha-100", quantity: 1 }],
    ...change,
  });

  await f("/orders", order({ card: undefined }), 400, "invalid_request");
  await f("/orders", order({ lines: [] }), 400, "invalid_request");
  await f("/orders", order({ customerId: "cus_none" }), 404, "unknown_customer");
  await f("/orders", order({ lines: [{ sku: "tea-none", quantity: 1 }] }), 422, "unknown_product");
  await f("/orders", order({ country: "XX" }), 422, "unknown_country");
  await f("/orders", order({ card: "4000000000000002" }), 402, "payment_declined");
  await f(
    "/orders",
    order({ lines: Array.from({ length: 8 }, () => ({ sku: "pot-kyusu-360", quantity: 50 })) }),
    409,
    "out_of_stock",
  );
  await f("/orders/ord_none", undefined, 404, "unknown_order");
  await f("/orders/ord_none/refund", { reason: "x" }, 404, "unknown_order");
  await f("/nowhere", undefined, 404, "not_found");
});

test("a request id is found in the logs of every process it passed", async () => {
  const requestId = "7d1c-test";
  await shop.ask("/orders/ord_none", undefined, { "x-request-id": requestId });
  const logs = (name: string): string => readFileSync(shop.folder.file(`logs/${name}.log`), "utf8");
  await waitUntil(() =>
    ["gateway", "orders"].every((name) => logs(name).includes(`request=${requestId}`)),
  );
});

test("`shop refund` gives money back and says so in its exit code", async () => {
  const { body } = await shop.place();
  const done = await shop.command("refund", body.id, "--reason", "cup was broken");
  assert.equal(done.code, 0);
  assert.match(done.stdout, /is refunded: 11\.90 EUR go back/);
  const again = await shop.command("refund", body.id);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /is refunded, only a paid one can be refunded/);
});

test("`shop run nightly-import` counts rows and puts the bad ones aside", async () => {
  const row = (ref: string, quantity: number): string =>
    JSON.stringify({
      ref,
      placedAt: "2026-01-07T08:00:00Z",
      customer: { name: "Zora Quill", email: "zora.quill@example.net" },
      country: "FR",
      currency: "EUR",
      items: [{ sku: "book-roasting", quantity, price: 29 }],
    });
  const rows = [row("MKT-T-1", 1), row("MKT-T-2", 0), "{oops", row("MKT-T-3", 2), ""].join("\n");
  const importFile = async (): Promise<Run> => {
    writeFileSync(shop.folder.file("inbox/test.ndjson"), rows);
    return JSON.parse((await shop.command("run", "nightly-import", "--json")).stdout) as Run;
  };
  const counts = ({ status, read, written, skipped, rejected }: Run) => ({
    status,
    read,
    written,
    skipped,
    rejected,
  });

  assert.deepEqual(counts(await importFile()), {
    status: "succeeded",
    read: 4,
    written: 2,
    skipped: 0,
    rejected: 2,
  });
  assert.deepEqual(counts(await importFile()), {
    status: "succeeded",
    read: 4,
    written: 0,
    skipped: 2,
    rejected: 2,
  });
  const rejects = readFileSync(shop.folder.file("rejects/test.ndjson"), "utf8").trim().split("\n");
  assert.deepEqual(
    rejects
      .map((line) => JSON.parse(line) as object)
      .map(({ line, reason }: { line?: number; reason?: string }) => [line, reason]),
    [
      [2, '"quantity" is 0'],
      [3, "not a JSON object"],
    ],
  );
});

test("`shop runs` shows the import of the sample when the shop opened", async () => {
  const all = JSON.parse((await shop.command("runs", "--json", "--limit", "100")).stdout) as Run[];
  const first = all.at(-1)!;
  assert.deepEqual(
    [first.pipeline, first.read, first.written, first.rejected],
    ["nightly-import", 250, 240, 10],
  );
});

test("`shop reindex` makes imported orders searchable", async () => {
  const search = async (): Promise<number> =>
    (await shop.ask<{ orders: Order[] }>("/orders?search=zora%20quill")).body.orders.length;
  assert.equal(await search(), 0);
  const { code, stdout } = await shop.command("reindex");
  assert.equal(code, 0);
  assert.match(stdout, /^the search index is new: \d+ orders/m);
  assert.equal(await search(), 2);
});

test("`shop run reconciliation` reports an order whose money was taken for nothing", async () => {
  const { body } = await shop.place();
  using orders = new DatabaseSync(shop.folder.file("orders.db"), { timeout: 5000 });
  orders
    .prepare(
      "UPDATE orders SET status = 'payment_failed', placed_at_ms = placed_at_ms - 60000 WHERE id = ?",
    )
    .run(body.id);
  const { code, stdout } = await shop.command("run", "reconciliation");
  assert.equal(code, 0);
  assert.match(stdout, /compared, 1 differences/);
});

test("the control API refuses web pages and unknown faults", async () => {
  const f = async (path: string, headers: Record<string, string>, body: string, want: number) => {
    const url = `http://127.0.0.1:${shop.ports.control}${path}`;
    assert.equal(
      (await fetch(url, { method: "POST", headers, body })).status,
      want,
      `${path} ${body}`,
    );
  };
  await f("/faults/slow-db", { origin: "https://evil.example" }, '{"on":true}', 403);
  await f("/faults/slow-bd", {}, '{"on":true}', 404);
  await f("/faults/slow-db", {}, '{"on":"yes"}', 400);
  await f("/faults/slow-db", {}, "on", 400);
  await f("/faults/traffic-spike", {}, '{"on":true}', 409);
});
