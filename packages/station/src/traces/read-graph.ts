// The service graph of a range of time, read back from its series: what service-graph.ts wrote, from this station or another.
//
//   ..._request_total[range]             ─► edges: calls, failed
//   increase(..._request_..._seconds[range])  ─► durations of both sides
//   services of the store of spans       ─► which nodes are services
//
// Through PromQL, so that its limits, its gate and its list of what runs hold here as well. Calls are counted from the samples:
// increase() would go on to the end of the range, and make eleven of ten.

import { bitsOf, isStale, type Labels, NativeHistogram } from "@flx/model";
import type { QueryValue, SeriesData, VectorSample } from "@flx/promql";
import type { QueryRunner } from "../query/query-runner.ts";
import type { SpanStore } from "../store/spans/span-store.ts";
import type { RecordRange } from "../store/stored-record.ts";
import {
  CLIENT_SECONDS,
  FAILED,
  QUEUE_SECONDS,
  REQUESTS,
  SERVER_SECONDS,
  USER,
} from "./service-graph.ts";

/** What a node is. */
export type NodeType = "service" | "database" | "queue" | "peer" | "user";

/** A service, or what a service has to do with. */
export interface GraphNode {
  readonly name: string;
  readonly type: NodeType;
}

/** How long something took. */
export interface Durations {
  readonly meanSeconds: number;
  readonly p50Seconds: number;
  readonly p95Seconds: number;
  readonly p99Seconds: number;
}

/** Calls from one node to another. */
export interface GraphEdge {
  readonly client: string;
  readonly server: string;
  readonly type: "call" | "database" | "messaging_system" | "virtual_node";
  readonly calls: number;
  readonly failed: number;
  /** As each side saw it, as far as it was seen. */
  readonly clientDurations?: Durations;
  readonly serverDurations?: Durations;
  /** How long messages were in the queue. */
  readonly queueDurations?: Durations;
}

/** Who called whom. */
export interface ReadGraph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  /** There were more services than are told. */
  readonly isCut: boolean;
}

/** What it is read from. */
export interface GraphSource {
  readonly runner: QueryRunner;
  readonly spans: SpanStore;
}

const MAX_SERVICES = 10_000;
/** So long before the range the sample may be that it begins with. */
const BEFORE_MS = 300_000;

/** One edge while it is put together. */
interface Draft {
  readonly client: string;
  readonly server: string;
  readonly type: GraphEdge["type"];
  calls: number;
  failed: number;
  clientDurations?: Durations;
  serverDurations?: Durations;
  queueDurations?: Durations;
}

/**
 * Reads the graph.
 *
 * @throws {FlxError} as queries and questions about spans do
 */
export async function readGraph(
  { runner, spans }: GraphSource,
  range: RecordRange,
  signal?: AbortSignal,
): Promise<ReadGraph> {
  const drafts = new Map<string, Draft>();
  const ask = async (text: string): Promise<QueryValue> => {
    const { value } = await runner.instant(runner.prepare(text), range.endMs, { signal });
    return value;
  };
  const lengthMs = Math.max(1, Math.round(range.endMs - range.startMs));
  for (const [name, what] of [
    [REQUESTS, "calls"],
    [FAILED, "failed"],
  ] as const) {
    const value = await ask(`${name}[${lengthMs + BEFORE_MS}ms]`);
    for (const series of value.kind === "matrix" ? value.series : []) {
      const draft = draftOf(drafts, series.labels);
      if (draft !== undefined) draft[what] += increaseOf(series, range.startMs);
    }
  }
  for (const [name, side] of [
    [CLIENT_SECONDS, "clientDurations"],
    [SERVER_SECONDS, "serverDurations"],
    [QUEUE_SECONDS, "queueDurations"],
  ] as const) {
    const increase = `increase(${name}[${lengthMs}ms])`;
    const value = await ask(`sum by (client, server, connection_type) (${increase})`);
    for (const sample of value.kind === "vector" ? value.samples : []) {
      const draft = draftOf(drafts, sample.labels);
      const durations = durationsOf(sample);
      if (draft !== undefined && durations !== undefined) draft[side] = durations;
    }
  }
  const edges = [...drafts.values()].filter(({ calls }) => calls > 0).toSorted(byCalls);
  const { items, isCut } = await spans.services(range, { limit: MAX_SERVICES, signal });
  return { nodes: nodesOf(edges, items), edges, isCut };
}

/** The edge of a sample; none for those beyond the limit, which are nobody's. */
function draftOf(drafts: Map<string, Draft>, labels: Labels): Draft | undefined {
  const [client, server] = [labels.get("client"), labels.get("server")];
  if (client === undefined || server === undefined) return undefined;
  const type = typeOf(labels.get("connection_type"));
  const key = `${client}\u0000${server}\u0000${type}`;
  let draft = drafts.get(key);
  if (draft === undefined) {
    draft = { client, server, type, calls: 0, failed: 0 };
    drafts.set(key, draft);
  }
  return draft;
}

/** By how much a counter rose since a time; what fell began again at 0. */
function increaseOf({ timestamps, values }: SeriesData, startMs: number): number {
  const bits = bitsOf(values);
  let before: number | undefined;
  let increase = 0;
  for (const [i, value] of values.entries()) {
    if (isStale(bits, i)) continue;
    if (timestamps[i]! > startMs && before !== undefined) {
      increase += value >= before ? value - before : value;
    }
    before = value;
  }
  return Math.round(increase);
}

function typeOf(connection: string | undefined): GraphEdge["type"] {
  switch (connection) {
    case "database":
    case "messaging_system":
    case "virtual_node":
      return connection;
    case undefined:
    default:
      return "call";
  }
}

function durationsOf({ histogram }: VectorSample): Durations | undefined {
  if (histogram === undefined || !(histogram.count > 0)) return undefined;
  const { schema, zeroThreshold, zeroCount, count, sum, positive } = histogram;
  const seconds = NativeHistogram.from({ schema, zeroThreshold, zeroCount, count, sum, positive });
  return {
    meanSeconds: sum / count,
    p50Seconds: seconds.quantile(0.5),
    p95Seconds: seconds.quantile(0.95),
    p99Seconds: seconds.quantile(0.99),
  };
}

/** The most calls first. */
function byCalls(a: GraphEdge, b: GraphEdge): number {
  const name = (edge: GraphEdge): string => `${edge.client}\u0000${edge.server}\u0000${edge.type}`;
  return b.calls - a.calls || (name(a) < name(b) ? -1 : 1);
}

function nodesOf(edges: readonly GraphEdge[], services: readonly string[]): GraphNode[] {
  const known = new Set(services);
  const types = new Map<string, NodeType>(services.map((name) => [name, "service"]));
  const see = (name: string, type: NodeType): void => {
    if (known.has(name) || types.get(name) === "service") return;
    types.set(name, type);
  };
  for (const { client, server, type } of edges) {
    const isUser = type === "virtual_node" && client === USER;
    see(client, isUser ? "user" : type === "messaging_system" ? "queue" : "service");
    see(server, isUser ? "service" : SERVER_TYPES[type]);
  }
  return [...types]
    .map(([name, type]) => ({ name, type }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

const SERVER_TYPES: Readonly<Record<GraphEdge["type"], NodeType>> = {
  call: "service",
  database: "database",
  messaging_system: "queue",
  virtual_node: "peer",
};
