// A server over a store with some spans, logs and errors, for tests of the API and of commands.

import { join } from "node:path";
import { Labels, NativeHistogram } from "@flx/model";
import { MemoryQueryable, PromqlEngine } from "@flx/promql";
import { ActiveQueries } from "../../src/query/active-queries.ts";
import { Gate } from "../../src/query/gate.ts";
import { QueryRunner } from "../../src/query/query-runner.ts";
import { HttpServer } from "../../src/api/http/http-server.ts";
import { errorRoutes } from "../../src/api/errors/error-routes.ts";
import { jaegerRoutes } from "../../src/api/jaeger/jaeger-routes.ts";
import { logRoutes } from "../../src/api/logs/log-routes.ts";
import { graphRoute } from "../../src/api/traces/graph-route.ts";
import { traceRoutes } from "../../src/api/traces/trace-routes.ts";
import type { Route } from "../../src/api/http/route.ts";
import { openRecordStores, type RecordStores } from "../../src/store/open-record-stores.ts";
import type { StoredLog } from "../../src/store/logs/log-store.ts";
import type { StoredSpan } from "../../src/store/spans/span-store.ts";
import { madeOccurrence } from "../store/made-occurrence.ts";
import { madeLogs, madeSpans } from "../store/made-records.ts";

/** When everything happened. */
export const NOW_MS = 1_790_000_100_000;

/** A running server. */
export interface RecordServer extends AsyncDisposable {
  readonly url: string;
  readonly routes: readonly Route[];
  readonly stores: RecordStores;
  readonly spans: readonly StoredSpan[];
  readonly logs: readonly StoredLog[];
}

/** Starts one in a folder. */
export async function startRecordServer(folder: string): Promise<RecordServer> {
  const stores = await openRecordStores({
    path: folder,
    retentionMs: 0,
    memoryBytes: 256 * 1024 * 1024,
    now: () => NOW_MS,
    onFault: (fault) => {
      throw new Error(fault);
    },
  });
  const spans: StoredSpan[] = [];
  const logs: StoredLog[] = [];
  for (let seed = 1; seed <= 6; seed++) {
    const made = madeSpans(seed, { count: 50, startMs: NOW_MS - 90_000, traces: 40 });
    await stores.append("spans", made.request, made.records.length);
    spans.push(...made.records);
    const log = madeLogs(seed, { count: 30, startMs: NOW_MS - 90_000, first: logs.length + 1 });
    await stores.append("logs", log.request, log.records.length);
    logs.push(...log.records);
  }
  await stores.errors.record(Array.from({ length: 30 }, (_, i) => madeOccurrence(i, 4)));
  const now = (): number => NOW_MS;
  const routes = [
    ...traceRoutes(stores.spans, now),
    graphRoute({ runner: graphRunner(join(folder, "queries.active")), spans: stores.spans }, now),
    ...logRoutes(stores.logs, now),
    ...errorRoutes(stores.errors),
    ...jaegerRoutes(stores.spans, now),
  ];
  const server = await HttpServer.start({
    host: "127.0.0.1",
    port: 0,
    routes,
    gate: { admit: () => ({ name: "ann", roles: new Set(["read", "write"]) }) },
  });
  return {
    url: server.url,
    routes,
    stores,
    spans,
    logs,
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await stores[Symbol.asyncDispose]();
    },
  };
}

/** Queries over the series of a small service graph: an edge of each type. */
function graphRunner(activeFile: string): QueryRunner {
  const memory = new MemoryQueryable();
  for (const [client, server, type] of EDGES) {
    const labels = (name: string): Labels =>
      Labels.from({
        __name__: `traces_service_graph_${name}`,
        client,
        server,
        connection_type: type,
      });
    for (const [at, count] of [0, 10].entries()) {
      const timeMs = NOW_MS - 60_000 + at * 30_000;
      memory.append(labels("request_total"), timeMs, count);
      memory.append(labels("request_failed_total"), timeMs, count / 10);
      const positive = { indexes: [0], counts: [count] };
      const histogram = NativeHistogram.from({ schema: 0, sum: count, positive });
      memory.append(labels("request_client_seconds"), timeMs, histogram);
    }
  }
  const engine = new PromqlEngine({ queryable: memory, now: () => 0 });
  const active = new ActiveQueries(activeFile);
  return new QueryRunner({
    engine,
    gate: new Gate(4, 4),
    active,
    now: () => NOW_MS,
    timeoutMs: 10_000,
  });
}

const EDGES = [
  ["user", "gateway", "virtual_node"],
  ["gateway", "orders", ""],
  ["orders", "sqlite:orders", "database"],
  ["orders", "kafka:paid", "messaging_system"],
  ["kafka:paid", "mailer", "messaging_system"],
  ["mailer", "smtp.example.com", "virtual_node"],
] as const;
