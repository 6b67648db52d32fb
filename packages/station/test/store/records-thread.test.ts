// The thread of records dies: it is started again, and nothing that was acknowledged is lost or there twice.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { temporaryFolder } from "@flx/testkit";
import { EmbeddedRecords } from "../../src/store/records/embedded-records.ts";
import { EmbeddedSpanStore } from "../../src/store/spans/embedded-span-store.ts";
import { madeSpans } from "./made-records.ts";

/** The thread that was spoken to last: the store does not show it. */
let thread: Worker | undefined;
const postMessage: unknown = Reflect.get(Worker.prototype, "postMessage");
Reflect.set(Worker.prototype, "postMessage", function remembered(this: Worker, ...args: unknown[]) {
  // eslint-disable-next-line unicorn/no-this-assignment, typescript/no-this-alias -- that is what it is for
  thread = this;
  Reflect.apply(postMessage as () => void, this, args);
});

function open(folder: string, onFault?: (fault: string) => void): Promise<EmbeddedRecords> {
  const keep = { windowMs: 7_200_000, maxWindowRecords: 4_000_000, retentionMs: 0, maxBytes: 0 };
  return EmbeddedRecords.open({
    folder,
    keep: { spans: keep, logs: keep },
    memoryBytes: 256 * 1024 * 1024,
    threads: 2,
    ...(onFault !== undefined && { onFault }),
  });
}

test("EmbeddedRecords has no thread before the first record, and gives it what came meanwhile", async () => {
  await using folder = await temporaryFolder("thread");
  thread = undefined;
  await using closed = await open(folder.path);
  await closed.close();
  assert.equal(thread, undefined);

  const made = madeSpans(1, { count: 40, startMs: 1_790_000_000_000, traces: 10 });
  {
    await using records = await open(folder.path);
    await Promise.all([1, 2, 3].map(() => records.append("spans", made.request, 40)));
    await records.flush("spans");
    assert.equal((await records.statistics("spans")).records, 120);
    assert.notEqual(thread, undefined);
  }
  await using again = await open(folder.path);
  assert.equal((await again.statistics("spans")).records, 120);
});

test("EmbeddedRecords starts a thread again that has died, and loses nothing", async () => {
  await using folder = await temporaryFolder("thread");
  const faults: string[] = [];
  await using records = await open(folder.path, (fault) => faults.push(fault));
  const store = new EmbeddedSpanStore(records);
  const sent = new Set<string>();
  const deaths = 5;
  for (let seed = 1; seed <= 10 * deaths; seed++) {
    const made = madeSpans(seed, { count: 40, startMs: 1_790_000_000_000, traces: 1_000 });
    await records.append("spans", made.request, 40);
    for (const { spanId } of made.records) sent.add(spanId);
    if (seed % 3 === 0) await records.flush("spans").catch(() => undefined);
    // Everything goes on: what comes meanwhile is in the log.
    if (seed % 10 === 5) void thread!.terminate();
  }
  const deadline = Date.now() + 60_000;
  while (records.condition.state !== "ready" && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const found = await store.spans({
    range: { startMs: 0, endMs: 4e12 },
    attributes: [],
    limit: 10_000,
  });
  assert.deepEqual(new Set(found.items.map(({ spanId }) => spanId)), sent);
  assert.equal((await store.statistics()).records, sent.size, "and nothing twice");
  assert.deepEqual((await store.statistics()).quarantined, []);
  assert.ok(faults.length >= 1);
});
