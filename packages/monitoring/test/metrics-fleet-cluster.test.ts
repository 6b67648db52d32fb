// Processes that share their metrics: a real cluster whose workers are killed, stopped and blocked, and forked children.

import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import { parseProtobufExpositionStrict } from "@flx/model";
import { type FleetRegistry, gatherMetrics } from "@flx/monitoring/fleet";
import { Counter, Registry } from "@flx/monitoring/metrics";
import { waitUntil } from "@flx/testkit";

const FILE = new URL("./metrics-fleet-process.ts", import.meta.url).pathname;

cluster.setupPrimary({
  exec: FILE,
  args: [],
  execArgv: ["--conditions=@flx/source"],
  silent: false,
});

/**
 * Waits for what a process says of itself. One listener for all messages: several may come in one turn, between two calls of
 * `once()`, and those of the metrics come for ever.
 */
async function said(process: ChildProcess, done: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const listen = (message: { readonly done?: string }) => {
    if (message.done === done) resolve();
  };
  const late = setTimeout(() => {
    reject(new Error(`${process.pid} has not said ${JSON.stringify(done)} in 30 s`));
  }, 30_000);
  process.on("message", listen);
  try {
    await promise;
  } finally {
    clearTimeout(late);
    process.off("message", listen);
  }
}

async function worker(t: TestContext): Promise<Worker> {
  const started = cluster.fork();
  t.after(() => started.process.kill("SIGKILL"));
  await said(started.process, "start");
  return started;
}

async function tell(process: ChildProcess, order: string, count = 0): Promise<void> {
  const done = said(process, order);
  process.send({ order, count });
  await done;
}

function gather(t: TestContext): { fleet: FleetRegistry; registers: readonly Registry[] } {
  const registry = new Registry();
  const fleet = gatherMetrics({ registry });
  t.after(() => fleet.close());
  return { fleet, registers: [registry] };
}

async function value(fleet: FleetRegistry, series: string): Promise<number> {
  const text = await fleet.metrics();
  const line = text.split("\n").find((one) => one.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1));
}

const COUNTED = 'counted_total{kind="counted"}';

test("workers of a cluster are added up, and what they counted stays however they end", async (t) => {
  const { fleet, registers } = gather(t);
  const own = new Counter({ name: "counted_total", help: "c", labelNames: ["kind"], registers });
  own.inc({ kind: "counted" }, 1000);
  const [one, two, three] = await Promise.all([worker(t), worker(t), worker(t)]);
  await tell(one.process, "count", 1);
  await tell(two.process, "count", 20);
  await tell(three.process, "count", 300);
  await waitUntil(async () => (await value(fleet, COUNTED)) === 1321);
  assert.equal(await value(fleet, "now"), 321);
  assert.equal(await value(fleet, "took_count"), 321);
  const chunks = await fleet.expose({ format: "protobuf", names: ["took"] });
  const [took] = parseProtobufExpositionStrict(Buffer.concat(chunks));
  assert.ok(took?.type === "histogram");
  assert.equal([...took.points][0]?.value.native?.count, 321);

  // Killed: the last second may be lost, here nothing had changed in it.
  one.process.kill("SIGKILL");
  await once(one, "exit");
  await waitUntil(async () => (await value(fleet, "now")) === 320);
  assert.equal(await value(fleet, COUNTED), 1321);
  // Ends by itself: what it counted last arrives.
  two.send({ order: "exit", count: 5 });
  await once(two, "disconnect");
  await waitUntil(async () => (await value(fleet, "now")) === 300);
  assert.equal(await value(fleet, COUNTED), 1326);
  // In its place comes another, which begins with nothing.
  const four = await worker(t);
  await tell(four.process, "count", 4000);
  await waitUntil(async () => (await value(fleet, COUNTED)) === 5326);
  assert.equal(await value(fleet, "took_count"), 4321);
  assert.match(await fleet.metrics(), /flx_fleet_members\{kind="process"\} 2\n/);
  assert.match(await fleet.metrics(), /flx_fleet_ended_members_total\{kind="process"\} 2\n/);
});

test("a worker that is stopped or blocked delays no scrape; what it sent last is there", async (t) => {
  const { fleet } = gather(t);
  const [stopped, blocked] = await Promise.all([worker(t), worker(t)]);
  await tell(stopped.process, "count", 1);
  await tell(blocked.process, "count", 20);
  await waitUntil(async () => (await value(fleet, COUNTED)) === 21);
  stopped.process.kill("SIGSTOP");
  blocked.send({ order: "block", count: 0 });
  for (let i = 0; i < 20; i++) {
    const startedMs = performance.now();
    assert.equal(await value(fleet, COUNTED), 21);
    // Far below what waiting for a member would be; not a measurement.
    assert.ok(performance.now() - startedMs < 900);
  }
  const silent = /flx_fleet_silent_members\{kind="process"\} 2\n/;
  await waitUntil(async () => silent.test(await fleet.metrics()), { timeoutMs: 20_000 });
  stopped.process.kill("SIGCONT");
  await tell(stopped.process, "count", 300);
  await waitUntil(async () => (await value(fleet, COUNTED)) === 321);
});

test("a primary that gathers late finds the workers, and forked children are adopted", async (t) => {
  const early = await worker(t);
  await tell(early.process, "count", 7);
  const child = fork(FILE, [], { execArgv: ["--conditions=@flx/source"] });
  t.after(() => child.kill("SIGKILL"));
  await said(child, "start");
  await tell(child, "count", 30);
  const { fleet } = gather(t);
  fleet.adopt(child);
  await waitUntil(async () => (await value(fleet, COUNTED)) === 37);
  child.send({ order: "exit", count: 1 });
  await once(child, "exit");
  await waitUntil(async () => (await value(fleet, COUNTED)) === 38);
});
