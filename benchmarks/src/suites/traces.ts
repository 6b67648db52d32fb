// The station's store of spans and log records: taking 100,000 of them, and what a question takes over a million spans.
//
// Taking is durable taking: each request is in the log, on disk, before the next but some is sent; then everything is in the
// hot file. Questions are asked of the store itself, through its thread, over a hot file (the window that is open) and over
// a closed window of the same million.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EmbeddedRecords } from "../../../packages/station/src/store/records/embedded-records.ts";
import { EmbeddedSpanStore } from "../../../packages/station/src/store/spans/embedded-span-store.ts";
import type { SpanQuestion } from "../../../packages/station/src/store/spans/span-store.ts";
import { type BenchmarkCase, contender, suite, type Suite } from "../harness/suite.ts";
import { type ShopRequest, shopLogs, shopSpans } from "./shop-traces.ts";

const HOUR_MS = 3_600_000;
const START_MS = 1_790_000_000_000;
/** Orders of a request: 1,000 spans over three services. */
const ORDERS = 100;
const ALL = { startMs: START_MS, endMs: START_MS + HOUR_MS };

async function openRecords(): Promise<EmbeddedRecords> {
  const folder = mkdtempSync(join(tmpdir(), "flx-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const keep = { windowMs: 1e12, maxWindowRecords: 1e9, retentionMs: 0, maxBytes: 0 };
  const records = await EmbeddedRecords.open({
    folder,
    keep: { spans: keep, logs: keep },
    memoryBytes: 512 * 1024 * 1024,
    threads: 2,
  });
  opened.push(records);
  return records;
}

const opened: EmbeddedRecords[] = [];

/** Appends as receivers do: several requests at a time, each acknowledged. */
async function appendAll(
  records: EmbeddedRecords,
  signal: "spans" | "logs",
  requests: readonly ShopRequest[],
): Promise<void> {
  for (let i = 0; i < requests.length; i += 16) {
    const some = requests.slice(i, i + 16);
    await Promise.all(
      some.map(({ request, records: count }) =>
        takenOnceThereIsRoom(records, signal, request, count),
      ),
    );
  }
  await records.flush(signal);
}

async function takenOnceThereIsRoom(
  records: EmbeddedRecords,
  signal: "spans" | "logs",
  request: Uint8Array,
  count: number,
): Promise<void> {
  for (;;) {
    try {
      await records.append(signal, request, count);
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== "FLX_STORE_BUSY") throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

interface Taking {
  readonly records: EmbeddedRecords;
  readonly requests: readonly ShopRequest[];
  readonly take: () => Promise<void>;
}

function taking(signal: "spans" | "logs"): BenchmarkCase {
  const first = contender({
    name: "ours",
    setup: async (): Promise<Taking> => {
      const records = await openRecords();
      const requests =
        signal === "spans"
          ? Array.from({ length: 100 }, (_, i) =>
              shopSpans(ORDERS, START_MS + i * 1_000, 1_000),
            ).flat()
          : Array.from({ length: 100 }, (_, i) => shopLogs(1_000, START_MS + i * 1_000, 1_000));
      return { records, requests, take: () => appendAll(records, signal, requests) };
    },
    op: ({ take }) => take(),
    check: async ({ records, take }) => {
      await take();
      const { records: count } = await records.statistics(signal);
      return count % 100_000;
    },
  });
  return {
    name: `take 100,000 ${signal === "spans" ? "spans" : "log records"} of the shop, durably`,
    kind: "long",
    async: true,
    contenders: [first],
    budgets: [{ atMost: 1_000 }],
  };
}

/** A store with a million spans, and the id of a trace in the middle. */
interface Million {
  readonly store: EmbeddedSpanStore;
  readonly traceId: string;
}

const millions = new Map<string, Promise<Million>>();

function million(where: "hot" | "closed"): Promise<Million> {
  let made = millions.get(where);
  if (made === undefined) {
    made = makeMillion(where);
    millions.set(where, made);
  }
  return made;
}

async function makeMillion(where: "hot" | "closed"): Promise<Million> {
  const records = await openRecords();
  const requests = 1_000;
  let traceId = "";
  for (let i = 0; i < requests; i += 50) {
    const some = Array.from({ length: 50 }, (_, j) =>
      shopSpans(ORDERS, START_MS + ((i + j) * HOUR_MS) / requests, HOUR_MS / requests),
    ).flat();
    await appendAll(records, "spans", some);
    if (i === 500) ({ traceId } = some[0]!);
  }
  if (where === "closed") await records.closeWindow("spans");
  return { store: new EmbeddedSpanStore(records), traceId };
}

interface Asking {
  readonly ask: () => Promise<unknown>;
}

function asking(
  name: string,
  where: "hot" | "closed",
  atMost: number,
  ask: (million: Million) => Promise<unknown>,
  check: (answer: never) => unknown,
): BenchmarkCase {
  const first = contender({
    name: "ours",
    setup: async (): Promise<Asking> => {
      const made = await million(where);
      return { ask: () => ask(made) };
    },
    op: (state) => state.ask(),
    check: async (state) => check((await state.ask()) as never),
  });
  return {
    name: `${name}, a million spans, ${where} window`,
    kind: "long",
    async: true,
    contenders: [first],
    budgets: [{ atMost }],
  };
}

function search(more: Partial<SpanQuestion>): (million: Million) => Promise<unknown> {
  return ({ store }) => store.search({ range: ALL, attributes: [], limit: 20, ...more });
}

const size = ({ items }: { readonly items: readonly unknown[] }): number => items.length;

const questions = (["hot", "closed"] as const).flatMap((where) => [
  asking(
    "trace by id",
    where,
    10,
    ({ store, traceId }) => store.trace(traceId, { limit: 1_000 }),
    ({ spans }: { spans: readonly unknown[] }) => spans.length,
  ),
  asking(
    "20 traces by a frequent attribute over the hour",
    where,
    300,
    search({ attributes: [{ key: "http.response.status_code", operator: "is", value: "503" }] }),
    size,
  ),
  asking(
    "traces by a rare attribute's pattern over the hour",
    where,
    300,
    search({ attributes: [{ key: "customer", operator: "matches", value: "cus_123.*" }] }),
    (answer: { readonly items: readonly unknown[] }) => size(answer) > 0,
  ),
  asking(
    "20 traces by service, operation and status over the hour",
    where,
    300,
    search({ service: "gateway", operation: "POST /orders", status: "error" }),
    size,
  ),
]);

/** The suite. */
export const traces: Suite = suite("traces", {
  title: "The store of spans and log records: taking them, asking over a million",
  cases: [taking("spans"), taking("logs"), ...questions],
});
