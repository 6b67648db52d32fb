// Spans and logs through log, thread, hot files and windows, compared with a filter over what was sent.

import assert from "node:assert/strict";
import { open, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { valueText } from "@flx/model";
import { seededRandom, temporaryFolder } from "@flx/testkit";
import type { AttributeCondition } from "../../src/store/attribute-condition.ts";
import { EmbeddedLogStore } from "../../src/store/logs/embedded-log-store.ts";
import type { LogQuestion, StoredLog } from "../../src/store/logs/log-store.ts";
import {
  EmbeddedRecords,
  type EmbeddedRecordsOptions,
} from "../../src/store/records/embedded-records.ts";
import { traceIdWords } from "../../src/store/records/ids.ts";
import { WindowRows } from "../../src/store/records/window-rows.ts";
import { readFooter } from "../../src/store/parquet/footer.ts";
import { EmbeddedSpanStore } from "../../src/store/spans/embedded-span-store.ts";
import {
  SPAN_KINDS,
  SPAN_STATUSES,
  type SpanQuestion,
  type StoredSpan,
} from "../../src/store/spans/span-store.ts";
import { largeSpans, madeLogs, madeSpans } from "./made-records.ts";

const START = 1_790_000_000_000;
const EVER = { startMs: 0, endMs: 4e12 };

function options(folder: string, faults: string[] = []): EmbeddedRecordsOptions {
  const keep = { windowMs: 7_200_000, maxWindowRecords: 4_000_000, retentionMs: 0, maxBytes: 0 };
  return {
    folder,
    keep: { spans: keep, logs: keep },
    memoryBytes: 256 * 1024 * 1024,
    threads: 2,
    onFault: (fault) => faults.push(fault),
  };
}

interface Parts {
  readonly attributes: StoredSpan["attributes"];
  readonly resource: StoredSpan["resource"];
  readonly scope: StoredSpan["scope"];
}

function fits(record: Parts, { key, operator, value }: AttributeCondition): boolean {
  const has = (isSo: (text: string) => boolean): boolean =>
    [record.attributes, record.resource.attributes, record.scope.attributes].some((list) =>
      list.some(([name, each]) => name === key && isSo(valueText(each))),
    );
  const pattern = operator.startsWith("matches") ? new RegExp(`^(?:${value})$`, "su") : undefined;
  switch (operator) {
    case "exists":
      return has(() => true);
    case "is":
      return has((text) => text === value);
    case "isNot":
      return !has((text) => text === value);
    case "matches":
      return has((text) => pattern!.test(text));
    case "matchesNot":
    default:
      return !has((text) => pattern!.test(text));
  }
}

function fitsSpan(span: StoredSpan, question: SpanQuestion): boolean {
  const { range, service, operation, kind, status, minDurationNs, maxDurationNs } = question;
  const startMs = Number(span.startNs) / 1e6;
  return (
    startMs >= range.startMs &&
    startMs < range.endMs + 1 &&
    (service === undefined || span.service === service) &&
    (operation === undefined || span.name === operation) &&
    (kind === undefined || span.kind === kind) &&
    (status === undefined || span.status === status) &&
    (minDurationNs === undefined || span.durationNs >= minDurationNs) &&
    (maxDurationNs === undefined || span.durationNs <= maxDurationNs) &&
    (question.isRoot !== true || span.parentSpanId === "") &&
    question.attributes.every((condition) => fits(span, condition))
  );
}

function conditions(random: () => number, from: Parts): AttributeCondition[] {
  const pairs = [...from.attributes, ...from.resource.attributes, ...from.scope.attributes];
  const [key, value] = pairs[Math.floor(random() * pairs.length)]!;
  const text = valueText(value);
  const quoted = text.replaceAll(/[\\^$.|?*+()[\]{}]/g, "\\$&");
  const all: AttributeCondition[] = [
    { key, operator: "is", value: text },
    { key, operator: "isNot", value: text },
    { key, operator: "exists", value: "" },
    { key: "no.such", operator: "exists", value: "" },
    { key: "no.such", operator: "isNot", value: "x" },
    { key, operator: "matches", value: `${quoted}|nothing` },
    { key, operator: "matchesNot", value: "[a-z].*" },
  ];
  return all.filter(() => random() < 0.2);
}

/** Spans that fit, the newest first, with a limit that cuts no group of equal times. */
async function compareSpans(store: EmbeddedSpanStore, sent: readonly StoredSpan[], seed: number) {
  const random = seededRandom(seed);
  for (let i = 0; i < 40; i++) {
    const like = sent[Math.floor(random() * sent.length)]!;
    const maybe = <T>(value: T): T | undefined => (random() < 0.25 ? value : undefined);
    const startMs = Math.floor(Number(like.startNs) / 1e6) - Math.floor(random() * 60_000);
    const question: SpanQuestion = {
      range: random() < 0.5 ? EVER : { startMs, endMs: startMs + Math.floor(random() * 90_000) },
      service: maybe(like.service),
      operation: maybe(like.name),
      kind: maybe(SPAN_KINDS[Math.floor(random() * 6)]!),
      status: maybe(SPAN_STATUSES[Math.floor(random() * 3)]!),
      minDurationNs: maybe(like.durationNs),
      maxDurationNs: maybe(like.durationNs + 1e8),
      isRoot: maybe(true),
      attributes: conditions(random, like),
      limit: 1 + Math.floor(random() * 200),
    };
    const want = sent
      .filter((span) => fitsSpan(span, question))
      .toSorted((a, b) => Number(b.startNs - a.startNs));
    const got = await store.spans(question);
    assert.deepEqual(got.items, want.slice(0, question.limit), JSON.stringify(question));
    assert.equal(got.isCut, want.length > question.limit);
    const longest = await store.spans({ ...question, order: "longest" });
    assert.deepEqual(
      longest.items.map(({ durationNs }) => durationNs),
      want
        .map(({ durationNs }) => durationNs)
        .toSorted((a, b) => b - a)
        .slice(0, question.limit),
    );

    const traces = await store.search(question);
    const ids = [...new Set(want.map(({ traceId }) => traceId))];
    assert.deepEqual(
      traces.items.map(({ traceId }) => traceId),
      ids.slice(0, question.limit),
    );
    for (const { traceId, spans } of traces.items.slice(0, 3)) {
      assert.deepEqual(spans, wholeTrace(sent, traceId));
    }
  }
}

/** Rate, errors and duration of services, against a recount. */
async function compareActivity(store: EmbeddedSpanStore, sent: readonly StoredSpan[]) {
  const { items } = await store.activity(EVER, { limit: 100 });
  const entries = sent.filter(
    ({ kind, parentSpanId }) => kind === "server" || kind === "consumer" || parentSpanId === "",
  );
  assert.deepEqual(
    items.map(({ service }) => service).toSorted(),
    [...new Set(entries.map(({ service }) => service))].toSorted(),
  );
  for (const { service, count, errors, firstMs, medianNs, p95Ns } of items) {
    const own = entries.filter((span) => span.service === service);
    const durations = own.map(({ durationNs }) => durationNs).toSorted((a, b) => a - b);
    const quantile = (q: number): number => durations[Math.ceil(q * own.length) - 1]!;
    assert.equal(count, own.length);
    const starts = own.map(({ startNs }) => Math.floor(Number(startNs) / 1e6));
    assert.equal(firstMs, Math.min(...starts));
    assert.equal(errors, own.filter(({ status }) => status === "error").length);
    assert.ok(Math.abs(medianNs / quantile(0.5) - 1) < 0.05, `${medianNs} ${quantile(0.5)}`);
    assert.ok(Math.abs(p95Ns / quantile(0.95) - 1) < 0.05, `${p95Ns} ${quantile(0.95)}`);
  }
  assert.equal((await store.activity(EVER, { limit: 1 })).isCut, true);
}

function wholeTrace(sent: readonly StoredSpan[], traceId: string): StoredSpan[] {
  return sent
    .filter((span) => span.traceId === traceId)
    .toSorted((a, b) => Number(a.startNs - b.startNs));
}

test("EmbeddedSpanStore answers as a filter over what was sent: hot, over windows, after a restart", async () => {
  await using folder = await temporaryFolder("spans");
  let records = await EmbeddedRecords.open(options(folder.path));
  let store = new EmbeddedSpanStore(records);
  const sent: StoredSpan[] = [];
  try {
    for (let seed = 1; seed <= 24; seed++) {
      // Now and then some that are an hour late: their traces are found across windows.
      const startMs = START + seed * 20_000 - (seed % 5 === 0 ? 3_600_000 : 0);
      const made = madeSpans(seed, { count: 60, startMs, traces: 150 });
      await records.append("spans", made.request, made.records.length);
      sent.push(...made.records);
      const any = made.records[7]!;
      const trace = await store.trace(any.traceId, { limit: 10_000 });
      assert.deepEqual(
        trace?.spans,
        wholeTrace(sent, any.traceId),
        "what was acknowledged is found",
      );
      if (seed === 8) await compareSpans(store, sent, 1);
      if (seed === 8 || seed === 16) await records.closeWindow("spans");
    }
    await compareSpans(store, sent, 2);
    await compareActivity(store, sent);
    await records.close();
    records = await EmbeddedRecords.open(options(folder.path));
    store = new EmbeddedSpanStore(records);
    await compareSpans(store, sent, 3);

    const names = [...new Set(sent.map(({ service }) => service))].toSorted((a, b) =>
      a < b ? -1 : 1,
    );
    assert.deepEqual((await store.services(EVER, { limit: 100 })).items, names);
    const operations = await store.operations(names[0]!, EVER, { limit: 1_000 });
    const pairs = sent
      .filter(({ service }) => service === names[0])
      .map(({ name, kind }) => `${kind} ${name}`);
    assert.deepEqual(
      operations.items.map(({ name, kind }) => `${kind} ${name}`).toSorted(),
      [...new Set(pairs)].toSorted(),
    );
    const statistics = await store.statistics();
    assert.equal(statistics.records, sent.length);
    assert.equal(statistics.windows, 2);
    assert.equal(await store.trace("f".repeat(32), { limit: 10 }), undefined);
  } finally {
    await records.close();
  }
});

test("EmbeddedSpanStore finds every trace over windows, each read without the database", async () => {
  await using folder = await temporaryFolder("by-id");
  await using records = await EmbeddedRecords.open(options(folder.path));
  const store = new EmbeddedSpanStore(records);
  const sent: StoredSpan[] = [];
  for (let seed = 1; seed <= 12; seed++) {
    const startMs = START + seed * 3_600_000 - (seed % 4 === 0 ? 86_400_000 : 0);
    const made = madeSpans(seed, { count: 30, startMs, traces: seed % 3 === 0 ? 20 : 1_000_000 });
    await records.append("spans", made.request, made.records.length);
    sent.push(...made.records);
    if (seed % 3 === 0 && seed < 12) await records.closeWindow("spans");
  }
  const names = await readdir(folder.file("spans"));
  const paths = names
    .filter((name) => name.endsWith(".parquet"))
    .map((name) => join(folder.path, "spans", name));
  assert.equal(paths.length, 3);
  const windows = new WindowRows();
  const times = ({ length }: readonly unknown[], traceId: string): string => `${traceId} ${length}`;
  for (const traceId of new Set(sent.map((span) => span.traceId))) {
    const want = wholeTrace(sent, traceId);
    const trace = await store.trace(traceId, { limit: 10_000 });
    assert.deepEqual(trace?.spans, want);
    const [high, low] = traceIdWords(traceId);
    const rows = await Promise.all(
      paths.map((path) =>
        windows.trace(path, { high, low, limit: 10_000, left: { characters: 1e6 } }),
      ),
    );
    const closed = wholeTrace(sent.slice(0, 270), traceId);
    assert.equal(times(rows.flat(), traceId), times(closed, traceId));
  }
});

test("EmbeddedSpanStore finds traces in the windows that are sound, and tells of one that is not", async () => {
  await using folder = await temporaryFolder("by-id");
  await using records = await EmbeddedRecords.open(options(folder.path));
  const store = new EmbeddedSpanStore(records);
  const sent: StoredSpan[] = [];
  for (let seed = 1; seed <= 3; seed++) {
    const made = madeSpans(seed, { count: 400, startMs: START, traces: 60 });
    await records.append("spans", made.request, made.records.length);
    sent.push(...made.records);
    await records.closeWindow("spans");
  }
  const { traceId } = sent[500]!;
  const trace = await store.trace(traceId, { limit: 10_000 });
  assert.deepEqual(trace?.spans, wholeTrace(sent, traceId));
  const names = await readdir(folder.file("spans"));
  const second = names.find((name) => name.startsWith("000002") && name.endsWith(".parquet"))!;
  const path = join(folder.path, "spans", second);
  await writeFile(path, Buffer.alloc((await stat(path)).size, 3));
  const others = await store.trace(traceId, { limit: 10_000 });
  const sound = [...sent.slice(0, 400), ...sent.slice(800)];
  assert.deepEqual(others?.spans, wholeTrace(sound, traceId));
  const { quarantined } = await store.statistics();
  assert.deepEqual(quarantined, [{ file: second, reason: "its checksum is another one" }]);
});

test("EmbeddedRecords makes shorter row groups of spans with long texts that differ", async () => {
  const f = async (textOf: (i: number) => string, want: readonly number[]): Promise<void> => {
    await using folder = await temporaryFolder("groups");
    await using records = await EmbeddedRecords.open(options(folder.path));
    const { request, records: spans } = largeSpans(5_000, 4_000, textOf);
    await records.append("spans", request, spans.length);
    await records.closeWindow("spans");
    const names = await readdir(folder.file("spans"));
    const window = names.find((name) => name.endsWith(".parquet"))!;
    await using file = await open(join(folder.path, "spans", window));
    const groups = await readFooter(file);
    assert.deepEqual(
      groups.map(({ rows }) => rows),
      want,
    );
    const trace = await new EmbeddedSpanStore(records).trace(spans[7]!.traceId, { limit: 10_000 });
    assert.equal(trace?.spans.length, wholeTrace(spans, spans[7]!.traceId).length);
  };

  await f(() => "x".repeat(4_000), [5_000]);
  await f((i) => `${i}`.padEnd(4_000, "x"), [2_048, 2_048, 904]);
  await f((i) => `${i}`, [5_000]);
});

test("EmbeddedSpanStore refuses what cannot be asked, and stops for who has gone", async () => {
  await using folder = await temporaryFolder("spans");
  await using records = await EmbeddedRecords.open(options(folder.path));
  const store = new EmbeddedSpanStore(records);
  const question = { range: EVER, attributes: [], limit: 10 };
  const f = (work: Promise<unknown>, code: string) => assert.rejects(work, { code });

  await f(store.trace("'; DROP TABLE records; --", { limit: 1 }), "FLX_STORE_QUESTION");
  await f(store.trace("A".repeat(32), { limit: 1 }), "FLX_STORE_QUESTION");
  await f(store.spans({ ...question, limit: 0 }), "FLX_STORE_QUESTION");
  await f(store.spans({ ...question, limit: 1e9 }), "FLX_STORE_QUESTION");
  await f(store.spans({ ...question, minDurationNs: Number.NaN }), "FLX_STORE_QUESTION");
  await f(store.search({ ...question, signal: AbortSignal.abort() }), "FLX_STORE_ABORTED");
  const hostile = `x' OR '1'='1`;
  assert.deepEqual(
    (await store.spans({ ...question, service: hostile, operation: `${hostile}\u0000` })).items,
    [],
  );
});

function fitsLog(log: StoredLog, question: LogQuestion): boolean {
  const { service, minSeverity, text, pattern, traceId, spanId, eventName, after } = question;
  const timeMs = Number(log.timeNs) / 1e6;
  const body = valueText(log.body);
  return (
    timeMs >= question.range.startMs &&
    timeMs < question.range.endMs + 1 &&
    (service === undefined || log.service === service) &&
    (minSeverity === undefined || log.severity >= minSeverity) &&
    (text === undefined || body.toLowerCase().includes(text.toLowerCase())) &&
    (pattern === undefined || new RegExp(pattern, "u").test(body)) &&
    (traceId === undefined || log.traceId === traceId) &&
    (spanId === undefined || log.spanId === spanId) &&
    (eventName === undefined || log.eventName === eventName) &&
    (after === undefined || log.position > after) &&
    question.attributes.every((condition) => fits(log, condition))
  );
}

async function compareLogs(store: EmbeddedLogStore, sent: readonly StoredLog[], seed: number) {
  const random = seededRandom(seed);
  for (let i = 0; i < 60; i++) {
    const like = sent[Math.floor(random() * sent.length)]!;
    const maybe = <T>(value: T): T | undefined => (random() < 0.25 ? value : undefined);
    const order = random() < 0.5 ? ("newest" as const) : ("oldest" as const);
    const question: LogQuestion = {
      range: EVER,
      service: maybe(like.service),
      minSeverity: maybe(like.severity),
      text: maybe("ORDER 1"),
      pattern: maybe("Order [0-4]"),
      traceId: like.traceId === "" ? undefined : maybe(like.traceId),
      eventName: maybe("exception"),
      attributes: conditions(random, like),
      after: maybe(like.position),
      order,
      limit: 1 + Math.floor(random() * 100),
    };
    const want = sent
      .filter((log) => fitsLog(log, question))
      .toSorted((a, b) => {
        if (question.after !== undefined) return a.position - b.position;
        const by = Number(a.timeNs - b.timeNs) || a.position - b.position;
        return order === "oldest" ? by : -by;
      });
    const got = await store.search(question);
    assert.deepEqual(got.items, want.slice(0, question.limit), JSON.stringify(question));
    assert.equal(got.isCut, want.length > question.limit);
  }
}

test("EmbeddedLogStore answers as a filter over what was sent: hot, over windows, after a restart", async () => {
  await using folder = await temporaryFolder("logs");
  let records = await EmbeddedRecords.open(options(folder.path));
  let store = new EmbeddedLogStore(records);
  const sent: StoredLog[] = [];
  try {
    assert.equal(await store.lastPosition(), 0);
    for (let seed = 1; seed <= 18; seed++) {
      const startMs = START + seed * 20_000;
      const made = madeLogs(seed, { count: 50, startMs, first: sent.length + 1 });
      await records.append("logs", made.request, made.records.length);
      sent.push(...made.records);
      assert.equal(await store.lastPosition(), sent.length);
      if (seed === 6 || seed === 12) await records.closeWindow("logs");
    }
    await compareLogs(store, sent, 1);
    await records.close();
    records = await EmbeddedRecords.open(options(folder.path));
    store = new EmbeddedLogStore(records);
    await compareLogs(store, sent, 2);
  } finally {
    await records.close();
  }
});

test("EmbeddedLogStore answers any pattern at once, or says that it is none", async () => {
  await using folder = await temporaryFolder("patterns");
  await using records = await EmbeddedRecords.open(options(folder.path));
  const store = new EmbeddedLogStore(records);
  const made = madeLogs(1, { count: 50, startMs: START, first: 1 });
  await records.append("logs", made.request, 50);
  const f = async (pattern: string, want: "answered" | "refused") => {
    const work = store.search({ range: EVER, attributes: [], pattern, limit: 10 });
    if (want === "answered") assert.ok((await work).items.length <= 10);
    else await assert.rejects(work, { code: "FLX_STORE_QUESTION" }, pattern);
  };

  await f("(((((a*)*)*)*)*)*b", "answered");
  await f("(x+x+)+y", "answered");
  await f(`(?i)${"é|".repeat(400)}`, "answered");
  await f("((a{100}){100}){100}", "refused");
  await f("[\\p{L}]{1000}", "refused");
  await f("\\pN{900}\\pL{900}", "refused");
  await f("(?<n>a)", "refused");
  await f("(?=a)", "refused");
});

test("EmbeddedRecords puts a damaged file aside, says so, and answers from the others", async () => {
  await using folder = await temporaryFolder("damage");
  const faults: string[] = [];
  const sent: StoredSpan[][] = [];
  {
    await using records = await EmbeddedRecords.open(options(folder.path));
    for (let seed = 1; seed <= 3; seed++) {
      const made = madeSpans(seed, { count: 40, startMs: START, traces: 1_000_000 });
      await records.append("spans", made.request, made.records.length);
      sent.push([...made.records]);
      if (seed < 3) await records.closeWindow("spans");
    }
  }
  const names = await readdir(folder.file("spans"));
  const window = names.find((name) => name.startsWith("000001"))!;
  const bytes = await readFile(join(folder.path, "spans", window));
  const middle = bytes.length >> 1;
  bytes[middle] = bytes[middle]! ^ 1;
  await writeFile(join(folder.path, "spans", window), bytes);
  await using records = await EmbeddedRecords.open(options(folder.path, faults));
  const store = new EmbeddedSpanStore(records);
  const found = await store.spans({ range: EVER, attributes: [], limit: 10_000 });
  assert.equal(found.items.length, 80);
  const statistics = await store.statistics();
  assert.deepEqual(statistics.quarantined, [
    { file: window, reason: "its checksum is another one" },
  ]);
  assert.ok((await readdir(folder.file("spans"))).includes(`${window}.damaged`));
});

test("EmbeddedRecords puts files aside that are damaged or taken away while it runs", async () => {
  await using folder = await temporaryFolder("damage");
  await using records = await EmbeddedRecords.open(options(folder.path));
  const store = new EmbeddedSpanStore(records);
  const question = { range: EVER, attributes: [], limit: 10_000 };
  for (let seed = 1; seed <= 5; seed++) {
    const made = madeSpans(seed, { count: 40, startMs: START, traces: 1_000_000 });
    await records.append("spans", made.request, 40);
    if (seed < 5) await records.closeWindow("spans");
  }
  assert.equal((await store.spans(question)).items.length, 200);
  const names = (await readdir(folder.file("spans")))
    .filter((name) => name.endsWith(".parquet"))
    .toSorted();
  const path = (i: number): string => join(folder.path, "spans", names[i]!);
  await truncate(path(0), 1_000);
  assert.equal((await store.spans(question)).items.length, 160);
  await writeFile(path(1), Buffer.alloc((await stat(path(1))).size, 3));
  assert.equal((await store.spans(question)).items.length, 120);
  await rm(path(2));
  assert.equal((await store.spans(question)).items.length, 80);
  assert.equal((await store.statistics()).quarantined.length, 3);
});

test("EmbeddedRecords lets no request that cannot be read stand in the way of others", async () => {
  await using folder = await temporaryFolder("unreadable");
  await using records = await EmbeddedRecords.open(options(folder.path));
  const store = new EmbeddedSpanStore(records);
  const good = madeSpans(1, { count: 40, startMs: START, traces: 100 });
  const invalid = Buffer.from(good.request);
  // A name that is no UTF-8, and requests that end in the middle.
  for (let at = invalid.indexOf("SELECT"); at >= 0; at = invalid.indexOf("SELECT", at + 1)) {
    invalid[at] = 0xff;
  }
  await Promise.all([
    records.append("spans", good.request.subarray(0, 1_000), 3),
    records.append("spans", good.request, 40),
    records.append("spans", Buffer.from("no request at all"), 1),
    records.append("spans", invalid, 40),
  ]);
  await records.flush("spans");
  const found = await store.spans({ range: EVER, attributes: [], limit: 10_000 });
  const ids = new Set(found.items.map(({ spanId }) => spanId));
  for (const { spanId } of good.records) assert.ok(ids.has(spanId));
  assert.ok((await store.statistics()).quarantined.length >= 2);
  const next = madeSpans(2, { count: 40, startMs: START, traces: 100 });
  await records.append("spans", next.request, 40);
  await records.closeWindow("spans");
  const after = await store.spans({ range: EVER, attributes: [], limit: 10_000 });
  assert.equal(after.items.length, found.items.length + 40);
});

test("EmbeddedRecords takes what is good of mutated requests, and stops at none", async () => {
  await using folder = await temporaryFolder("mutated");
  await using records = await EmbeddedRecords.open(options(folder.path));
  const random = seededRandom(7);
  const [spans, logs] = [new EmbeddedSpanStore(records), new EmbeddedLogStore(records)];
  for (let i = 0; i < 120; i++) {
    const signal = i % 2 === 0 ? ("spans" as const) : ("logs" as const);
    const made =
      signal === "spans"
        ? madeSpans(i, { count: 5, startMs: START, traces: 10 })
        : madeLogs(i, { count: 5, startMs: START, first: 1 });
    const bytes = Buffer.from(made.request);
    for (let j = 0; j <= i % 4; j++) {
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    }
    await records.append(signal, bytes, 5);
  }
  const good = madeSpans(500, { count: 5, startMs: START, traces: 10 });
  await records.append("spans", good.request, 5);
  await records.append("logs", madeLogs(501, { count: 5, startMs: START, first: 1 }).request, 5);
  await records.flush("spans");
  await records.flush("logs");
  const found = await spans.spans({
    range: { startMs: 0, endMs: 1.8e13 },
    attributes: [],
    limit: 10_000,
  });
  const ids = new Set(found.items.map(({ spanId }) => spanId));
  for (const { spanId } of good.records) assert.ok(ids.has(spanId));
  const all = await logs.search({
    range: { startMs: 0, endMs: 1.8e13 },
    attributes: [],
    limit: 10_000,
  });
  assert.ok(all.items.length >= 5);
  await records.closeWindow("spans");
  await records.closeWindow("logs");
  assert.equal((await spans.statistics()).windows, 1);
});

test("EmbeddedRecords begins anew behind a hot file that is no database, and keeps what was sent later", async () => {
  await using folder = await temporaryFolder("damage");
  const made = [1, 2, 3].map((seed) => madeSpans(seed, { count: 40, startMs: START, traces: 100 }));
  {
    await using records = await EmbeddedRecords.open(options(folder.path));
    await records.append("spans", made[0]!.request, 40);
    await records.closeWindow("spans");
    await records.append("spans", made[1]!.request, 40);
  }
  await writeFile(folder.file("spans/000002.duckdb"), Buffer.alloc(20_000, 7));
  await using records = await EmbeddedRecords.open(options(folder.path));
  await records.append("spans", made[2]!.request, 40);
  const store = new EmbeddedSpanStore(records);
  const found = await store.spans({ range: EVER, attributes: [], limit: 10_000 });
  const ids = new Set(found.items.map(({ spanId }) => spanId));
  // The log still has what was in the damaged file: it is not old enough to be dropped.
  for (const { spanId } of made.flatMap(({ records: each }) => each)) assert.ok(ids.has(spanId));
  assert.equal(found.items.length, 120, "and nothing twice");
  assert.equal((await store.statistics()).quarantined[0]?.file, "000002.duckdb");
});

test("EmbeddedRecords drops the oldest windows by age and by size", async () => {
  await using folder = await temporaryFolder("retention");
  const keep = { windowMs: 7_200_000, maxWindowRecords: 4_000_000, retentionMs: 0, maxBytes: 1 };
  const given = options(folder.path);
  await using records = await EmbeddedRecords.open({ ...given, keep: { spans: keep, logs: keep } });
  const made = madeSpans(1, { count: 40, startMs: START, traces: 100 });
  await records.append("spans", made.request, 40);
  await records.closeWindow("spans");
  const store = new EmbeddedSpanStore(records);
  const deadline = Date.now() + 60_000;
  while ((await store.statistics()).windows > 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.equal((await store.statistics()).records, 0);
  assert.deepEqual(
    (await readdir(folder.file("spans"))).filter((name) => name.endsWith(".parquet")),
    [],
  );
});

test("EmbeddedRecords refuses an answer that is too large, and says what to do", async () => {
  await using folder = await temporaryFolder("large");
  await using records = await EmbeddedRecords.open(options(folder.path));
  const store = new EmbeddedSpanStore(records);
  const { request } = largeSpans(40, 1024 * 1024);
  await records.append("spans", request, 40);
  const question = { range: EVER, attributes: [], limit: 1_000 };
  await assert.rejects(store.spans(question), {
    code: "FLX_STORE_ANSWER",
    message: /smaller limit/,
  });
  assert.equal((await store.spans({ ...question, limit: 5 })).items.length, 5);
});
