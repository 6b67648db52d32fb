// Like label-types.test.ts, half of this is proven by the type check: `@ts-expect-error` fails it when the line compiles.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FlxError } from "@flx/model/write";
import { Registry } from "../registry.ts";
import { MetricsCollector } from "./metrics-collector.ts";

function shopOf(registry: Registry) {
  return new MetricsCollector(registry).define({
    orders_placed_total: {
      type: "counter",
      help: "Orders placed",
      labels: { country: ["DE", "DK"], channel: "any" },
    },
    logins_total: { type: "counter", help: "Logins" },
    stock_items: { type: "gauge", help: "In stock", labels: ["product"] },
    delivery_seconds: { type: "histogram", help: "Delivery", unit: "seconds", buckets: [60] },
    revenue_total: {
      type: "counter",
      help: "Paid by customers",
      labels: { country: ["DE", "DK"] },
      currencies: ["EUR", "DKK"],
    },
    open_invoices: { type: "gauge", help: "Not paid yet", currencies: "any" },
  });
}

async function lines(registry: Registry, ...names: string[]): Promise<string[]> {
  const text = await registry.metrics({ names });
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

function refused(code: string, call: () => unknown): void {
  assert.throws(call, (error) => error instanceof FlxError && error.code === code);
}

test("define() gives instruments that are typed by their declaration", async () => {
  const registry = new Registry({ misuse: "throw" });
  const shop = shopOf(registry);
  shop.orders_placed_total.inc({ country: "DE", channel: "app" });
  shop.logins_total.inc(2);
  shop.stock_items.set({ product: "cup" }, 7);
  shop.delivery_seconds.observe(30);
  shop.revenue_total.add({ country: "DE", currency: "EUR" }, 1999);
  shop.open_invoices.set({ currency: "JPY" }, 500);

  const labels = "FLX_METRIC_LABELS";
  // @ts-expect-error FR is not declared
  refused(labels, () => shop.orders_placed_total.inc({ country: "FR", channel: "app" }));
  // @ts-expect-error channel is missing
  refused(labels, () => shop.orders_placed_total.inc({ country: "DE" }));
  // @ts-expect-error there are no labels
  refused(labels, () => shop.logins_total.inc({ country: "DE" }));
  // @ts-expect-error USD is not declared
  refused(labels, () => shop.revenue_total.add({ country: "DE", currency: "USD" }, 1));
  // @ts-expect-error EURO is no currency
  refused("FLX_MONEY_CURRENCY", () => shop.open_invoices.set({ currency: "EURO" }, 1));
  // @ts-expect-error the currency is missing
  refused("FLX_MONEY_CURRENCY", () => shop.revenue_total.add({ country: "DE" }, 1));
  // @ts-expect-error not declared
  assert.equal(shop.refunds_total, undefined);

  assert.deepEqual(
    await lines(registry, "orders_placed_total", "logins_total", "revenue_total", "open_invoices"),
    [
      'orders_placed_total{country="DE",channel="app"} 1',
      "logins_total 2",
      'revenue_total{country="DE",currency="EUR"} 19.99',
      'open_invoices{currency="JPY"} 500',
    ],
  );
});

test("recordEvent() counts, sets, observes, adds: typed by the catalogue", async () => {
  const registry = new Registry({ misuse: "throw" });
  const shop = shopOf(registry);
  shop.recordEvent("orders_placed_total", { country: "DK", channel: "web" });
  shop.recordEvent("orders_placed_total", { country: "DK", channel: "web" }, 2);
  shop.recordEvent("logins_total");
  shop.recordEvent("stock_items", { product: "cup" }, 7);
  shop.recordEvent("delivery_seconds", 61);
  shop.recordEvent("revenue_total", { country: "DK", currency: "DKK" }, 9950);
  shop.recordEvent("open_invoices", { currency: "EUR" }, -5);

  // @ts-expect-error no such metric
  refused("FLX_EVENT_NAME", () => shop.recordEvent("refunds_total"));
  // @ts-expect-error labels are missing
  refused("FLX_METRIC_LABELS", () => shop.recordEvent("orders_placed_total"));
  // @ts-expect-error a gauge needs a value
  refused("FLX_METRIC_VALUE", () => shop.recordEvent("stock_items", { product: "cup" }));
  // @ts-expect-error money needs an amount
  refused("FLX_MONEY_AMOUNT", () => shop.recordEvent("open_invoices", { currency: "EUR" }));

  const names = shopNames.filter((name) => name !== "delivery_seconds");
  assert.deepEqual(await lines(registry, ...names), [
    'orders_placed_total{country="DK",channel="web"} 3',
    "logins_total 1",
    'stock_items{product="cup"} 7',
    'revenue_total{country="DK",currency="DKK"} 99.5',
    'open_invoices{currency="EUR"} -0.05',
  ]);
});

const shopNames = [
  "orders_placed_total",
  "logins_total",
  "stock_items",
  "delivery_seconds",
  "revenue_total",
  "open_invoices",
];

test("define() makes summaries, infos and state sets, typed as well", async () => {
  const registry = new Registry({ misuse: "throw" });
  const help = "h";
  const shop = new MetricsCollector(registry).define({
    basket_items: { type: "summary", help, labels: ["country"], percentiles: [0.5] },
    price_list_info: { type: "info", help, labels: { season: ["summer", "winter"] } },
    door: { type: "stateset", help, states: ["open", "shut"] },
    till: { type: "stateset", help, states: ["open", "shut"], labels: ["desk"] },
  });
  shop.basket_items.observe({ country: "DE" }, 3);
  shop.price_list_info.set({ season: "winter" });
  shop.door.set("open");
  shop.recordEvent("basket_items", { country: "DE" }, 5);
  shop.recordEvent("price_list_info", { season: "summer" });
  shop.recordEvent("door", "shut");
  shop.recordEvent("till", { desk: 1 }, { open: true });

  // @ts-expect-error the country is missing
  refused("FLX_METRIC_LABELS", () => shop.recordEvent("basket_items", 5));
  // @ts-expect-error spring is not declared
  refused("FLX_METRIC_LABELS", () => shop.price_list_info.set({ season: "spring" }));
  // @ts-expect-error ajar is no state
  refused("FLX_METRIC_STATE", () => shop.recordEvent("door", "ajar"));
  // @ts-expect-error the labels are missing
  refused("FLX_METRIC_STATE", () => shop.recordEvent("till", "open"));

  const names = ["basket_items", "price_list_info", "door", "till"];
  assert.deepEqual(await lines(registry, ...names), [
    'basket_items{country="DE",quantile="0.5"} 3',
    'basket_items_sum{country="DE"} 8',
    'basket_items_count{country="DE"} 2',
    'price_list_info{season="summer"} 1',
    'door{door="open"} 0',
    'door{door="shut"} 1',
    'till{desk="1",till="open"} 1',
    'till{desk="1",till="shut"} 0',
  ]);
});

test("what define() declares is in the registry's catalogue before it is used", () => {
  const registry = new Registry();
  shopOf(registry);
  const entries = registry.catalogue().filter(({ name }) => shopNames.includes(name));
  assert.deepEqual(entries, [
    {
      name: "orders_placed_total",
      type: "counter",
      help: "Orders placed",
      unit: undefined,
      labelNames: ["country", "channel"],
    },
    { name: "logins_total", type: "counter", help: "Logins", unit: undefined, labelNames: [] },
    {
      name: "stock_items",
      type: "gauge",
      help: "In stock",
      unit: undefined,
      labelNames: ["product"],
    },
    {
      name: "delivery_seconds",
      type: "histogram",
      help: "Delivery",
      unit: "seconds",
      labelNames: [],
    },
    {
      name: "revenue_total",
      type: "counter",
      help: "Paid by customers",
      unit: undefined,
      labelNames: ["country", "currency"],
    },
    {
      name: "open_invoices",
      type: "gauge",
      help: "Not paid yet",
      unit: undefined,
      labelNames: ["currency"],
    },
  ]);
});

test("define() refuses declarations that are wrong", () => {
  const collector = new MetricsCollector(new Registry());
  const help = "h";
  refused("FLX_MONEY_CURRENCY", () =>
    // @ts-expect-error DEM is history
    collector.define({ m: { type: "counter", help, currencies: ["DEM"] } }),
  );
  refused("FLX_METRIC_LABEL_NAME", () =>
    collector.define({ m: { type: "gauge", help, currencies: "any", labels: ["currency"] } }),
  );
  refused("FLX_METRIC_CLASH", () =>
    collector.define({ flx_pipeline_runs_total: { type: "counter", help } }),
  );
  // @ts-expect-error the help is missing
  refused("FLX_METRIC_HELP", () => collector.define({ m: { type: "counter" } }));
  // @ts-expect-error a counter has no buckets
  collector.define({ a: { type: "counter", help, buckets: [1] } });
  // @ts-expect-error a gauge has no percentiles
  collector.define({ b: { type: "gauge", help, percentiles: [0.5] } });
  // @ts-expect-error an info has no states
  collector.define({ c: { type: "info", help, states: ["on"] } });
  // @ts-expect-error a state set needs states
  assert.throws(() => collector.define({ d: { type: "stateset", help } }));
  // @ts-expect-error the name is taken by the method
  collector.define({ recordEvent: { type: "counter", help } });
});

test("the same catalogue declared twice counts into the same metrics", async () => {
  const registry = new Registry();
  shopOf(registry).revenue_total.add({ country: "DE", currency: "EUR" }, 10);
  shopOf(registry).revenue_total.add({ country: "DE", currency: "EUR" }, 20);
  assert.deepEqual(await lines(registry, "revenue_total"), [
    'revenue_total{country="DE",currency="EUR"} 0.3',
  ]);
});

test("in production an unknown event is counted, and nothing else happens", () => {
  const registry = new Registry({ misuse: "count" });
  // @ts-expect-error no such metric
  shopOf(registry).recordEvent("refunds_total");
  assert.deepEqual([...registry.misuse.counts], [["FLX_EVENT_NAME", 1]]);
});
