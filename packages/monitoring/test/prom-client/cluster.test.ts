import assert from "node:assert/strict";
import cluster, { type Worker } from "node:cluster";
import { on, once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { AggregatorRegistry, ClusterRegistry, Counter } from "@flx/monitoring/prom-client";

async function start(): Promise<Worker> {
  const worker = cluster.fork();
  await once(worker, "message", { signal: AbortSignal.timeout(20_000) });
  return worker;
}

async function add(worker: Worker, count: number): Promise<void> {
  // Others may come with it, in the same turn: every one is kept until it is looked at.
  const messages = on(worker, "message", { signal: AbortSignal.timeout(60_000) });
  worker.send({ add: count });
  for await (const [message] of messages as AsyncIterable<[{ readonly added?: number }]>) {
    if (message.added === count) return;
  }
}

test("`ClusterRegistry` sums real workers, and keeps what those that ended or crashed have counted", async (t) => {
  cluster.setupPrimary({
    exec: join(import.meta.dirname, "cluster-worker.ts"),
    execArgv: ["--conditions=@flx/source"],
  });
  const registry = new ClusterRegistry();
  assert.equal(AggregatorRegistry, ClusterRegistry);
  const own = new Counter({ name: "jobs_total", help: "Jobs", labelNames: ["kind"] });
  own.inc({ kind: "a|b" }, 100);
  const total = async () =>
    /jobs_total{kind="a\|b"} (\d+)/.exec(await registry.clusterMetrics())?.[1];

  const orderly = await start();
  const crashing = await start();
  t.after(() => {
    for (const worker of [orderly, crashing]) worker.process.kill("SIGKILL");
  });
  await add(orderly, 1);
  await add(crashing, 20);
  assert.equal(await total(), "121");

  await add(orderly, 2);
  orderly.send({ end: true });
  await once(orderly, "exit");
  assert.equal(await total(), "123");

  crashing.process.kill("SIGKILL");
  await once(crashing, "exit");
  assert.equal(await total(), "123");
});
