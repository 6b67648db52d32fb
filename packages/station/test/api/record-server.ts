// A server over a store with some spans, logs and errors, for tests of the API and of commands.

import { HttpServer } from "../../src/api/http/http-server.ts";
import { errorRoutes } from "../../src/api/errors/error-routes.ts";
import { jaegerRoutes } from "../../src/api/jaeger/jaeger-routes.ts";
import { logRoutes } from "../../src/api/logs/log-routes.ts";
import { traceRoutes } from "../../src/api/traces/trace-routes.ts";
import type { Route } from "../../src/api/http/route.ts";
import { EmbeddedErrorStore } from "../../src/store/errors/embedded-error-store.ts";
import { EmbeddedLogStore } from "../../src/store/logs/embedded-log-store.ts";
import type { StoredLog } from "../../src/store/logs/log-store.ts";
import { EmbeddedRecords } from "../../src/store/records/embedded-records.ts";
import { EmbeddedSpanStore } from "../../src/store/spans/embedded-span-store.ts";
import type { StoredSpan } from "../../src/store/spans/span-store.ts";
import { madeOccurrence } from "../store/made-occurrence.ts";
import { madeLogs, madeSpans } from "../store/made-records.ts";

/** When everything happened. */
export const NOW_MS = 1_790_000_100_000;

/** A running server. */
export interface RecordServer extends AsyncDisposable {
  readonly url: string;
  readonly routes: readonly Route[];
  readonly records: EmbeddedRecords;
  readonly spans: readonly StoredSpan[];
  readonly logs: readonly StoredLog[];
}

/** Starts one in a folder. */
export async function startRecordServer(folder: string): Promise<RecordServer> {
  const keep = { windowMs: 7_200_000, maxWindowRecords: 4_000_000, retentionMs: 0, maxBytes: 0 };
  const records = await EmbeddedRecords.open({
    folder,
    keep: { spans: keep, logs: keep },
    memoryBytes: 256 * 1024 * 1024,
    threads: 2,
  });
  const errors = await EmbeddedErrorStore.open({ folder: `${folder}/errors`, now: () => NOW_MS });
  const spans: StoredSpan[] = [];
  const logs: StoredLog[] = [];
  for (let seed = 1; seed <= 6; seed++) {
    const made = madeSpans(seed, { count: 50, startMs: NOW_MS - 90_000, traces: 40 });
    await records.append("spans", made.request, made.records.length);
    spans.push(...made.records);
    const log = madeLogs(seed, { count: 30, startMs: NOW_MS - 90_000, first: logs.length + 1 });
    await records.append("logs", log.request, log.records.length);
    logs.push(...log.records);
  }
  await errors.record(Array.from({ length: 30 }, (_, i) => madeOccurrence(i, 4)));
  const now = (): number => NOW_MS;
  const spanStore = new EmbeddedSpanStore(records);
  const routes = [
    ...traceRoutes(spanStore, now),
    ...logRoutes(new EmbeddedLogStore(records), now),
    ...errorRoutes(errors),
    ...jaegerRoutes(spanStore, now),
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
    records,
    spans,
    logs,
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await errors.close();
      await records.close();
    },
  };
}
