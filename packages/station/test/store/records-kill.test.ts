// kill -9 while spans and logs come and windows are closed: what was acknowledged is there, once.
//
// FLX_KILL_LOOPS says how often (default 4; 200 for a release).

import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { temporaryFolder } from "@flx/testkit";
import { EmbeddedLogStore } from "../../src/store/logs/embedded-log-store.ts";
import { EmbeddedRecords } from "../../src/store/records/embedded-records.ts";
import { EmbeddedSpanStore } from "../../src/store/spans/embedded-span-store.ts";
import { killedWriter } from "./killed-writer.ts";
import { madeLogs, madeSpans } from "./made-records.ts";
import { RECORDS_EACH, requestStartMs } from "./numbered-requests.ts";

const loops = Number(process.env["FLX_KILL_LOOPS"] ?? 4);

interface Outcome {
  readonly acknowledged: ReadonlyMap<number, "spans" | "logs">;
  readonly sent: ReadonlyMap<number, "spans" | "logs">;
}

/** Lets a process write for a while, and kills it. */
async function killed(folder: string, first: number, afterMs: number): Promise<Outcome> {
  const text = await killedWriter("record-writer.ts", [folder, String(first)], "ready", afterMs);
  const acknowledged = new Map<number, "spans" | "logs">();
  const sent = new Map<number, "spans" | "logs">();
  for (const [, signal, number] of text.matchAll(/^(spans|logs) (\d+)$/gm)) {
    acknowledged.set(Number(number), signal as "spans" | "logs");
  }
  for (const [, signal, number] of text.matchAll(/^sent (spans|logs) (\d+)$/gm)) {
    sent.set(Number(number), signal as "spans" | "logs");
  }
  return { acknowledged, sent };
}

test(`${loops} kills: no acknowledged span or log record is lost, none is there twice`, async (t) => {
  await using folder = await temporaryFolder("kill");
  const acknowledged = new Map<number, "spans" | "logs">();
  const sent = new Map<number, "spans" | "logs">();
  let first = 1;
  for (let i = 0; i < loops; i++) {
    const outcome = await killed(folder.path, first, 100 + Math.random() * 1_500);
    for (const [number, signal] of outcome.acknowledged) acknowledged.set(number, signal);
    for (const [number, signal] of outcome.sent) sent.set(number, signal);
    first = Math.max(first - 1, ...outcome.sent.keys()) + 1;
  }
  assert.ok(acknowledged.size > 0);
  const faults: string[] = [];
  const keep = { windowMs: 7_200_000, maxWindowRecords: 4_000_000, retentionMs: 0, maxBytes: 0 };
  await using records = await EmbeddedRecords.open({
    folder: folder.path,
    keep: { spans: keep, logs: keep },
    memoryBytes: 256 * 1024 * 1024,
    threads: 2,
    onFault: (fault) => faults.push(fault),
  });
  const found = await allFound(records, first);
  let lost = 0;
  for (const [number, signal] of sent) {
    const startMs = requestStartMs(number);
    const want =
      signal === "spans"
        ? madeSpans(number, { count: RECORDS_EACH, startMs, traces: 1_000 }).records
        : madeLogs(number, { count: RECORDS_EACH, startMs, first: 1 }).records;
    const got = found.get(number) ?? [];
    // What was not acknowledged may be there all the same: then whole.
    if (got.length === 0 && acknowledged.has(number)) lost++;
    if (got.length > 0) assert.equal(got.length, want.length, `request ${number} is there once`);
  }
  const windows = (await readdir(folder.file("spans"))).filter((name) => name.endsWith(".parquet"));
  t.diagnostic(
    `${loops} kills, ${acknowledged.size} requests acknowledged, ${lost} lost, ${windows.length} windows of spans`,
  );
  assert.equal(lost, 0);
  assert.deepEqual(faults, []);
  for (const name of ["spans", "logs"]) {
    const names = await readdir(folder.file(name));
    assert.deepEqual(
      names.filter((each) => each.endsWith(".damaged") || each.endsWith(".draft")),
      [],
    );
  }
});

/** What is in the store, by the number of the request. */
async function allFound(records: EmbeddedRecords, end: number): Promise<Map<number, bigint[]>> {
  const spans = new EmbeddedSpanStore(records);
  const logs = new EmbeddedLogStore(records);
  const found = new Map<number, bigint[]>();
  const at = 1_000;
  for (let number = 1; number < end; number += at) {
    const range = {
      startMs: requestStartMs(number),
      endMs: requestStartMs(number + at) - 1,
    };
    const question = { range, attributes: [], limit: 10_000 };
    const someSpans = await spans.spans(question);
    const someLogs = await logs.search(question);
    assert.ok(!someSpans.isCut && !someLogs.isCut);
    const times = [
      ...someSpans.items.map(({ startNs }) => startNs),
      ...someLogs.items.map(({ timeNs }) => timeNs),
    ];
    for (const timeNs of times) {
      const of = Math.floor((Number(timeNs / 1_000_000n) - requestStartMs(0)) / 100_000);
      found.set(of, [...(found.get(of) ?? []), timeNs]);
    }
  }
  // An answer has a span once, however often it is there: rows are counted as well.
  const rows = (await spans.statistics()).records + (await logs.statistics()).records;
  assert.equal(rows, [...found.values()].flat().length, "no record is there twice");
  return found;
}
