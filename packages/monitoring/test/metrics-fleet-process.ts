// A process of metrics-fleet-cluster.test.ts: a worker of its cluster, or a forked child. It does what it is told.

import cluster from "node:cluster";
import { shareMetrics } from "@flx/monitoring/fleet";
import { Counter, Gauge, Histogram } from "@flx/monitoring/metrics";

shareMetrics();
const counted = new Counter({ name: "counted_total", help: "c", labelNames: ["kind"] });
const now = new Gauge({ name: "now", help: "n" });
const took = new Histogram({ name: "took", help: "t", buckets: [1], native: true });

interface Order {
  readonly order: string;
  readonly count: number;
}

process.on("message", (message: Order) => {
  const { order, count } = message;
  if (order === "count") {
    counted.inc({ kind: "counted" }, count);
    now.set(count);
    for (let i = 0; i < count; i++) took.observe(i);
  }
  if (order === "exit") {
    counted.inc({ kind: "counted" }, count);
    process.exit(0);
  }
  if (order === "block") for (;;) counted.inc({ kind: "blocked" });
  if (order !== undefined) process.send?.({ done: order, cluster: cluster.isWorker });
});
process.send?.({ done: "start" });
