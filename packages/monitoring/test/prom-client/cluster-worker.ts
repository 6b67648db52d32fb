// A worker of cluster.test.ts: counts what it is told, and ends as it is told.

import { ClusterRegistry, Counter } from "@flx/monitoring/prom-client";

const registry = new ClusterRegistry();
const done = new Counter({ name: "jobs_total", help: "Jobs", labelNames: ["kind"] });

process.on("message", (message: { readonly add?: number; readonly end?: true }) => {
  if (message.add !== undefined) {
    done.inc({ kind: "a|b" }, message.add);
    process.send?.({ added: message.add });
  }
  if (message.end) {
    void registry.shutdown().then(() => {
      process.exit(0);
    });
  }
});
process.send?.({ ready: true });
