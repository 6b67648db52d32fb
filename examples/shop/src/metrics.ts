// What the shop counts, beside what every service counts: orders, money, declined cards, imported rows.

import { type BusinessMetrics, MetricsCollector, register } from "@flx/monitoring/metrics";
import type { Service } from "./service.ts";

const declarations = {
  orders_placed_total: {
    type: "counter",
    help: "Orders placed and paid",
    labels: ["country"],
  },
  orders_failed_total: {
    type: "counter",
    help: "Orders that came to nothing, by the reason",
    labels: { reason: ["declined", "payment_failed"] },
  },
  orders_revenue_total: {
    type: "counter",
    help: "Paid by customers",
    labels: ["country"],
    currencies: "any",
  },
  payments_declined_total: {
    type: "counter",
    help: "Cards the bank declined, by its reason",
    labels: ["reason"],
  },
  pipeline_rows_total: {
    type: "counter",
    help: "Rows a pipeline has handled, by what became of them",
    labels: {
      pipeline: ["nightly-import", "reconciliation", "restock"],
      outcome: ["written", "skipped", "rejected"],
    },
  },
} as const;

/** The metrics of a process of the shop. */
export type ShopMetrics = {
  /** Pipelines, commands, gRPC requests: what every service counts. */
  readonly collector: MetricsCollector;
  /** What only a shop counts. */
  readonly business: BusinessMetrics<typeof declarations>;
};

/** The metrics of this process, exposed at /metrics of its metrics port. */
export function shopMetrics({ name, version, environment }: Service): ShopMetrics {
  const collector = new MetricsCollector(register, { service: name, version, environment });
  return { collector, business: collector.define(declarations) };
}
