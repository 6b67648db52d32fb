import assert from "node:assert/strict";
import { test } from "node:test";
import { MemorySink } from "../../test/ingest/memory-sink.ts";
import { type SaidSpan, spanRequest } from "../../test/traces/span-request.ts";
import { walkRequest } from "../store/records/walk-request.ts";
import { SeriesWriter } from "./series-writer.ts";
import { ServiceGraph, type ServiceGraphLimits } from "./service-graph.ts";
import { TracedSpan } from "./traced-span.ts";

const LIMITS: ServiceGraphLimits = { wait: 10_000, waiting: 100, edges: 100 };
const NOW = 1_790_000_000_000;

/** A graph that spans are given to, and what it writes. */
class Tried {
  readonly graph: ServiceGraph;
  readonly #sink = new MemorySink();
  elapsedMs = 0;

  constructor(limits: Partial<ServiceGraphLimits> = {}) {
    this.graph = new ServiceGraph({ ...LIMITS, ...limits });
  }

  add(...spans: readonly SaidSpan[]): this {
    const span = new TracedSpan();
    for (const said of spans) {
      const number = (): number => 0;
      walkRequest(spanRequest([said]), { number }, (reader, end) => {
        span.take(reader, end, said.service ?? "unknown_service");
        this.graph.add(span, NOW + this.elapsedMs, this.elapsedMs);
      });
    }
    return this;
  }

  wait(ms: number): this {
    this.elapsedMs += ms;
    this.graph.expire(NOW + this.elapsedMs, this.elapsedMs);
    return this;
  }

  /** "client > server type: requests failed", sorted. */
  async edges(): Promise<string[]> {
    const sink = this.#sink;
    const writer = new SeriesWriter(sink, NOW + 60_000, NOW);
    this.graph.write(writer, 0);
    await writer.commit([]);
    const edges = new Map<string, [number, number]>();
    for (const labels of sink.labels) {
      const name = labels.metricName!;
      const at = name.endsWith("request_total") ? 0 : 1;
      const value = sink.floats.get(labels.toString())?.at(-1)?.[1] as number;
      const node = (label: string): string => labels.get(label) ?? "-";
      const key = labels.has("otel_metric_overflow")
        ? "overflow"
        : `${node("client")} > ${node("server")} ${labels.get("connection_type") ?? ""}`.trim();
      if (/(?:request|failed)_total$/.test(name)) {
        const counts = edges.get(key) ?? [0, 0];
        counts[at] = value;
        edges.set(key, counts);
      } else if (/unpaired/.test(name)) edges.set(`unpaired ${key}`, [value, 0]);
    }
    return [...edges]
      .map(([key, [requests, failed]]) => `${key}: ${requests}${failed > 0 ? ` ${failed}` : ""}`)
      .toSorted();
  }
}

const client = (id: string, more: Partial<SaidSpan> = {}): SaidSpan => ({
  service: "orders",
  kind: "client",
  id,
  parent: "r",
  ...more,
});
const server = (id: string, parent: string, more: Partial<SaidSpan> = {}): SaidSpan => ({
  service: "payments",
  kind: "server",
  id,
  parent,
  ...more,
});

test("ServiceGraph pairs client and server, in any order, and says which failed", async () => {
  const f = async (spans: readonly SaidSpan[], want: readonly string[]) =>
    assert.deepEqual(await new Tried().add(...spans).edges(), want);

  await f([client("c"), server("s", "c")], ["orders > payments: 1"]);
  await f([server("s", "c"), client("c")], ["orders > payments: 1"]);
  await f([client("c"), server("s", "c", { status: 2 })], ["orders > payments: 1 1"]);
  await f([client("c", { status: 2 }), server("s", "c")], ["orders > payments: 1 1"]);
  await f([server("s", "c"), server("s2", "c"), client("c")], ["orders > payments: 2"]);
  await f([client("c"), server("s", "c", { trace: "other" })], []);
  await f([server("s", "c", { kind: "internal" }), client("c")], []);
  // The parent of a root is nobody: the user.
  await f(
    [{ service: "gateway", kind: "server", id: "g", status: 2 }],
    ["user > gateway virtual_node: 1 1"],
  );
  // Zipkin: both sides have one id.
  const shared = { "zipkin.shared": true };
  await f([client("z"), { ...server("z", "r"), attributes: shared }], ["orders > payments: 1"]);
  const { parent: _, ...root } = server("z", "r");
  await f([{ ...root, attributes: shared }, client("z")], ["orders > payments: 1"]);
});

test("ServiceGraph: databases, queues and peers without spans are nodes", async () => {
  const f = async (spans: readonly SaidSpan[], want: readonly string[]) =>
    assert.deepEqual(
      await new Tried()
        .add(...spans)
        .wait(10_000)
        .edges(),
      want,
    );
  const queue = { "messaging.system": "kafka", "messaging.destination.name": "paid" };
  const send = client("c", { kind: "producer" });
  const take = (parent?: string): SaidSpan => ({
    service: "mailer",
    kind: "consumer",
    id: "k",
    ...(parent !== undefined && { parent }),
  });

  await f(
    [client("c", { attributes: { "db.system.name": "sqlite", "db.namespace": "o" }, status: 2 })],
    ["orders > sqlite:o database: 1 1"],
  );
  await f(
    [client("c", { attributes: { "server.address": "bank" } })],
    ["orders > bank virtual_node: 1"],
  );
  await f([client("c")], ["unpaired orders > -: 1"]);
  await f([server("s", "nobody")], ["unpaired - > payments: 1"]);
  await f([send, take("c")], ["orders > mailer messaging_system: 1"]);
  const both = [
    "kafka:paid > mailer messaging_system: 1",
    "orders > kafka:paid messaging_system: 1",
  ];
  await f(
    [
      { ...send, attributes: queue },
      { ...take("c"), attributes: queue },
    ],
    both,
  );
  await f([{ ...send, attributes: queue }, take("c")], both);
  await f([{ ...take("c"), attributes: queue }, send], both);
  await f(
    [
      { ...send, attributes: queue },
      { ...take(), links: ["c"] },
    ],
    both,
  );
  await f([{ ...send, attributes: queue }], both.slice(1));
  await f([{ ...take("c"), attributes: queue }], both.slice(0, 1));
  await f([take()], ["unpaired - > mailer: 1"]);
});

test("ServiceGraph: what comes too late is alone, and a service that is away keeps its name", async () => {
  const at = { "server.address": "10.0.0.7", "server.port": 50051 };
  const tried = new Tried();
  tried
    .add(client("a", { attributes: at }))
    .wait(9_999)
    .add(server("s", "a"));
  assert.deepEqual(await tried.edges(), ["orders > payments: 1"]);
  tried.add(client("b", { attributes: at, status: 2 })).wait(10_000);
  assert.deepEqual(await tried.edges(), ["orders > payments: 2 1"]);
  tried.add(server("late", "b")).wait(10_000);
  assert.deepEqual(await tried.edges(), ["orders > payments: 2 1", "unpaired - > payments: 1"]);
  // Another service behind the same address: it is nobody's name any more.
  tried.add(client("c", { attributes: at }), server("x", "c", { service: "refunds" }));
  tried.add(client("d", { attributes: at })).wait(10_000);
  assert.deepEqual(await tried.edges(), [
    "orders > 10.0.0.7:50051 virtual_node: 1",
    "orders > payments: 2 1",
    "orders > refunds: 1",
    "unpaired - > payments: 1",
  ]);
});

test("ServiceGraph is bounded: in those that wait, and in edges", async () => {
  const tried = new Tried({ waiting: 3, edges: 2 });
  for (let i = 0; i < 10; i++) {
    tried.add(client(`c${i}`, { attributes: { "peer.service": `p${i}` } }));
  }
  assert.deepEqual(tried.graph.waiting, { spans: 3, early: 7 });
  tried.wait(10_000);
  assert.deepEqual(await tried.edges(), [
    "orders > p0 virtual_node: 1",
    "orders > p1 virtual_node: 1",
    "overflow: 8",
  ]);
  assert.equal(tried.graph.edges, 2);
  assert.equal(tried.graph.overflowed, 8);
});
