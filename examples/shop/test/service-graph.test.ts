// The service graph that a station finds in the shop's spans is the shop as it is built, whatever goes wrong in it.
//
//   user ─► gateway ─► orders ─► payments
//                        │          └─► sqlite:payments.db
//     pipelines ─────────┴─► sqlite:orders.db

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type TemporaryFolder, temporaryFolder, waitUntil } from "@flx/testkit";
import { StationProcess } from "../../../packages/station/test/running-station.ts";
import type { FaultName } from "../src/faults/catalogue.ts";
import { openShop, type OpenShop } from "./open-shop.ts";

const WAIT = { timeoutMs: 60_000, everyMs: 500 };
const ORDERING = [
  "gateway > orders",
  "orders > payments",
  "orders > sqlite:orders.db",
  "payments > sqlite:payments.db",
  "user > gateway",
];
const TOPOLOGY = [...ORDERING, "pipelines > sqlite:orders.db"].toSorted();

interface Durations {
  readonly meanSeconds: number;
  readonly p99Seconds: number;
}

interface Edge {
  readonly client: string;
  readonly server: string;
  readonly calls: number;
  readonly failed: number;
  readonly clientDurations?: Durations;
  readonly serverDurations?: Durations;
}

interface Graph {
  readonly nodes: readonly { readonly name: string; readonly type: string }[];
  readonly edges: readonly Edge[];
}

const name = ({ client, server }: Edge): string => `${client} > ${server}`;

let folder: TemporaryFolder;
let station: StationProcess;
let shop: OpenShop;
let openedMs: number;
before(async () => {
  openedMs = Date.now();
  folder = await temporaryFolder("service-graph");
  const config = "traces: { interval: 1s, service_graph: { wait: 4s } }\n";
  station = await StationProcess.start({ config, folder });
  shop = await openShop({
    args: ["--traffic", "2"],
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: station.otlpHttp,
      OTEL_METRICS_EXPORTER: "none",
      OTEL_LOGS_EXPORTER: "none",
      OTEL_BSP_SCHEDULE_DELAY: "300",
    },
  });
});
after(async () => {
  await shop[Symbol.asyncDispose]();
  await station[Symbol.asyncDispose]();
  await folder.remove();
});

/** What was called since a time. */
async function graphSince(startMs: number): Promise<Graph> {
  const response = await fetch(`${station.url}/api/v1/services/graph?start=${startMs / 1_000}`);
  const { data } = (await response.json()) as { readonly data: Graph };
  return data;
}

/** Every span that was made before has been counted, or has waited in vain. */
async function settled(): Promise<void> {
  const quiet = 'sum(flx_traces_waiting_spans{job="flx"})';
  await new Promise((resolve) => setTimeout(resolve, 7_000));
  assert.ok((await station.query(quiet)).length <= 1);
}

/** Runs something under a fault; the graph of that time. */
async function under(fault: FaultName, work: () => Promise<void>): Promise<Graph> {
  const startMs = Date.now();
  await shop.switchFault(fault, true);
  try {
    await work();
    await settled();
    return await graphSince(startMs);
  } finally {
    await shop.switchFault(fault, false);
  }
}

/** No edge and no node but the shop's own, and those that ordering needs. */
function assertTopology({ nodes, edges }: Graph): void {
  const seen = edges.map(name);
  for (const edge of seen) assert.ok(TOPOLOGY.includes(edge), `${edge} is no edge of the shop`);
  for (const edge of ORDERING) assert.ok(seen.includes(edge), `${edge} is in ${seen.join(", ")}`);
  const types = Object.fromEntries(nodes.map((node) => [node.name, node.type]));
  const { pipelines: _, ...others } = types;
  assert.deepEqual(others, {
    gateway: "service",
    orders: "service",
    payments: "service",
    "sqlite:orders.db": "database",
    "sqlite:payments.db": "database",
    user: "user",
  });
}

const failedEdges = ({ edges }: Graph): string[] =>
  edges
    .filter(({ failed }) => failed > 0)
    .map(name)
    .toSorted();

async function place(count: number, order: Parameters<OpenShop["place"]>[0] = {}): Promise<void> {
  for (let i = 0; i < count; i++) await shop.place(order);
}

/** Places orders until the shop is as before. */
const healthy = (): Promise<boolean> =>
  waitUntil(async () => (await shop.place({ country: "DE" })).status === 201, {
    ...WAIT,
    what: "an order to be taken",
  });

test("the graph of a healthy shop is the shop", async () => {
  await place(3);
  // Pipelines run once when the shop opens.
  await waitUntil(
    async () => {
      const seen = new Set((await graphSince(openedMs)).edges.map(name));
      return TOPOLOGY.every((edge) => seen.has(edge));
    },
    { ...WAIT, what: "all edges of the shop" },
  );
  const graph = await graphSince(openedMs);
  assertTopology(graph);
  // Not from its opening on: on a busy machine calls may be late then.
  await waitUntil(
    async () => {
      const startMs = Date.now();
      await place(3);
      await settled();
      return failedEdges(await graphSince(startMs)).length === 0;
    },
    { ...WAIT, what: "a time without failures" },
  );
  const payments = graph.edges.find((edge) => name(edge) === "orders > payments")!;
  assert.ok(payments.serverDurations !== undefined && payments.clientDurations !== undefined);
});

test("payment-errors: the calls to payments fail, and those that need them", async () => {
  const graph = await under("payment-errors", async () => {
    await waitUntil(async () => (await shop.place()).status === 503, { ...WAIT, what: "a 503" });
    await place(8);
  });
  assertTopology(graph);
  assert.deepEqual(failedEdges(graph), ["gateway > orders", "orders > payments", "user > gateway"]);
});

test("network-delay: orders waits for payments, which is as quick as ever", async () => {
  await healthy();
  const graph = await under("network-delay", () => place(3));
  assertTopology(graph);
  const { clientDurations, serverDurations } = graph.edges.find(
    (edge) => name(edge) === "orders > payments",
  )!;
  assert.ok(clientDurations!.meanSeconds - serverDurations!.meanSeconds > 0.3);
});

test("slow-db: orders is slow, and payments is not", async () => {
  await healthy();
  const graph = await under("slow-db", () => place(8));
  assertTopology(graph);
  const slowest = (wanted: string): number =>
    graph.edges.find((edge) => name(edge) === wanted)!.serverDurations!.p99Seconds;
  assert.ok(slowest("gateway > orders") > 0.1, `${slowest("gateway > orders")} s`);
  assert.ok(slowest("orders > payments") < slowest("gateway > orders"));
});

test("bad-deploy: orders fails for some, and a restarted orders is still orders", async () => {
  await healthy();
  const danish = { country: "DK", sku: "tea-sencha-100" };
  const graph = await under("bad-deploy", async () => {
    await waitUntil(async () => (await shop.place(danish)).status === 500, {
      ...WAIT,
      what: "a 500",
    });
    await healthy();
  });
  assertTopology(graph);
  const failed = failedEdges(graph);
  assert.ok(failed.includes("gateway > orders") && failed.includes("user > gateway"));
  assert.ok(!failed.includes("payments > sqlite:payments.db"));
});

test("crash-loop: payments is away and stays in the graph, by its name", async () => {
  await healthy();
  const graph = await under("crash-loop", async () => {
    await waitUntil(async () => (await shop.place()).status === 503, { ...WAIT, what: "a 503" });
    await waitUntil(async () => (await shop.processStatus("payments")).restarts >= 1, WAIT);
    await place(5);
  });
  assertTopology(graph);
  assert.deepEqual(failedEdges(graph), ["gateway > orders", "orders > payments", "user > gateway"]);
  await healthy();
});

test("poisoned-order, memory-leak: the graph is as ever", async () => {
  for (const fault of ["poisoned-order", "memory-leak"] as const) {
    await healthy();
    const graph = await under(fault, async () => {
      await shop.command("run", "nightly-import");
      await place(3);
    });
    assertTopology(graph);
  }
});

test("traffic-spike: the same edges, many more calls", async () => {
  await healthy();
  const startMs = Date.now();
  await place(2);
  await settled();
  const calm = await graphSince(startMs);
  const rush = await under("traffic-spike", () => place(2));
  assertTopology(rush);
  const calls = ({ edges }: Graph): number =>
    edges.find((edge) => name(edge) === "user > gateway")?.calls ?? 0;
  assert.ok(calls(rush) > 2 * calls(calm), `${calls(rush)} calls, before ${calls(calm)}`);
});
