// Exports of metrics as services of the shop send them, any number of services: the SDK's own registry, written as its push does.
//
//   1,000 points each    600 of a counter by method, route and status    200 gauges
//                        150 histograms of 12 buckets                     50 native histograms

import { encodeRequest, encodeResource, encodeScope, MessageWriter } from "@flx/model";
import { writeMetrics } from "@flx/model/write";
import { Counter, Gauge, Histogram, Registry } from "@flx/monitoring/metrics";

/** Points of one export. */
export const EXPORT_POINTS = 1_000;

const METHODS = ["GET", "POST", "PUT", "DELETE"];
const STATUSES = ["200", "201", "400", "404", "503"];
const SCOPE = encodeScope({ name: "shop", version: "1.4.0" });

function shopRegistry(): Registry {
  const registry = new Registry();
  const about = { help: "Of the shop", registers: [registry] };
  const requests = new Counter({
    ...about,
    name: "http_server_requests_total",
    labelNames: ["method", "route", "status"],
  });
  const stock = new Gauge({ ...about, name: "shop_stock_items", labelNames: ["sku", "warehouse"] });
  const seconds = new Histogram({
    ...about,
    name: "http_server_request_duration_seconds",
    labelNames: ["method", "route"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  });
  const sizes = new Histogram({
    ...about,
    name: "shop_order_total_euros",
    labelNames: ["country", "channel"],
    native: true,
  });
  for (let i = 0; i < 600; i++) {
    const method = METHODS[i % 4]!;
    const status = STATUSES[Math.floor(i / 4) % 5]!;
    requests.inc({ method, status, route: `/orders/:id/part-${Math.floor(i / 20)}` }, i + 1);
  }
  for (let i = 0; i < 200; i++) stock.set({ sku: `sku-${1_000 + i}`, warehouse: "north" }, i / 3);
  for (let i = 0; i < 150; i++) {
    const labels = { method: METHODS[i % 4]!, route: `/orders/:id/part-${Math.floor(i / 4)}` };
    for (let j = 0; j < 40; j++) seconds.observe(labels, 0.002 * 1.3 ** (j % 36));
  }
  for (let i = 0; i < 50; i++) {
    for (let j = 0; j < 60; j++) {
      sizes.observe({ country: `C${i % 25}`, channel: i < 25 ? "web" : "app" }, 5 * 1.1 ** j);
    }
  }
  return registry;
}

/** Exports of so many services, the same minute. */
export function shopMetrics(services: number, nowMs: number): Uint8Array[] {
  const families = shopRegistry().familiesNow();
  return Array.from({ length: services }, (_, i) => {
    const out = new MessageWriter(256 * 1024);
    const times = { startMs: nowMs - 3_600_000, nowMs: nowMs + i };
    for (const family of families) {
      writeMetrics(out, family, { ...times, temporality: "cumulative" });
    }
    const resource = encodeResource({
      "service.name": "orders",
      "service.version": "1.4.0",
      "service.instance.id": `orders-${i}`,
      "host.name": `shop-${i % 10}`,
    });
    return encodeRequest(resource, "", [{ scope: SCOPE, schemaUrl: "", pieces: [out.take()] }]);
  });
}
