// A server over a store with some spans, logs and errors, for tests of the API and of commands.

import { HttpServer } from "../../src/api/http/http-server.ts";
import { errorRoutes } from "../../src/api/errors/error-routes.ts";
import { jaegerRoutes } from "../../src/api/jaeger/jaeger-routes.ts";
import { logRoutes } from "../../src/api/logs/log-routes.ts";
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
