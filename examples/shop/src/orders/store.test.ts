import assert from "node:assert/strict";
import { test } from "node:test";
import { openDatabase } from "../database/open.ts";
import { prepareOrdersDatabase } from "./database.ts";
import { rebuildSearchIndex } from "./search-index.ts";
import { OrdersStore, type NewOrder } from "./store.ts";

const draft = (id: string, quantity: number): NewOrder => ({
  id,
  customerId: "cus_0001",
  country: "DE",
  channel: "web",
  currency: "EUR",
  totalMinor: 4900 * quantity,
  taxMinor: 0,
  idempotencyKey: `key-${id}`,
  placedAtMs: 1000,
  lines: [{ sku: "scale-brew", quantity, unitPriceMinor: 4900 }],
});

test("OrdersStore takes goods out of stock with an order, and back when it is closed", () => {
  using database = prepareOrdersDatabase(openDatabase(":memory:"));
  const store = new OrdersStore(database);
  const stock = (): number | undefined => store.product("scale-brew")?.stock;

  store.insertPending(draft("a", 3));
  assert.equal(stock(), 147);
  assert.equal(store.orderByKey("key-a")?.status, "pending");
  store.setPaid("a", "pay_1");
  assert.equal(store.order("a")?.paymentId, "pay_1");
  store.close("a", "refunded", "pay_1");
  assert.equal(stock(), 150);
});

test("OrdersStore.insertPending() changes nothing when a line is out of stock", () => {
  using database = prepareOrdersDatabase(openDatabase(":memory:"));
  const store = new OrdersStore(database);
  const order = draft("a", 3);
  const lines = [...order.lines, { sku: "bowl-matcha", quantity: 999, unitPriceMinor: 1 }];
  assert.throws(() => store.insertPending({ ...order, lines }), { code: "out_of_stock" });
  assert.equal(store.product("scale-brew")?.stock, 150);
  assert.equal(store.order("a"), undefined);
});

test("OrdersStore.search() finds all words of customer, country and products, and takes any text", () => {
  using database = prepareOrdersDatabase(openDatabase(":memory:"));
  const store = new OrdersStore(database);
  store.insertPending(draft("a", 1));
  const f = (text: string, want: number) => assert.equal(store.search(text, 10).length, want, text);

  f("brew scale", 1);
  f("scale DE", 1);
  f("scale sencha", 0);
  f('"OR NEAR(*', 0);
  f("", 0);
});

test("rebuildSearchIndex() indexes every order in batches", () => {
  using database = prepareOrdersDatabase(openDatabase(":memory:"));
  const store = new OrdersStore(database);
  for (let n = 0; n < 150; n += 1) store.insertPending(draft(`web-${n}`, 1));
  database.exec(`INSERT INTO orders SELECT 'mkt-' || id, customer_id, country, 'marketplace', 'paid', currency,
    total_minor, tax_minor, '', 'mkt-' || id, placed_at_ms FROM orders`);
  assert.equal(store.search("de", 1000).length, 150);
  assert.deepEqual([...rebuildSearchIndex(database)], [200, 300, 300]);
  assert.equal(store.search("de", 1000).length, 300);
});
