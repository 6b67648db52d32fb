// The embedded store against series in memory: what was taken is what is answered, over restarts, snapshots and closed windows.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Labels, NativeHistogram } from "@flx/model";
import { Matcher, MemoryQueryable, type SampleInput, type SeriesData } from "@flx/promql";
import { temporaryFolder } from "@flx/testkit";
import fc from "fast-check";
import {
  type EmbeddedStore,
  growthUntilSnapshot,
  openEmbeddedStore,
} from "../../src/store/embedded-store.ts";
import { SampleBatch } from "../../src/store/metric-sink.ts";
import { MemoryWindows } from "./memory-windows.ts";

const START = Date.UTC(2026, 0, 1, 1);
const MINUTE = 60_000;
const ALL = { startMs: 0, endMs: 8e15 };
const HINTS = { stepMs: 0, rangeMs: 0, func: "", grouping: [], by: false };
const ANY = [new Matcher("=~", "__name__", ".+")];

interface Fixture {
  readonly folder: string;
  readonly windows: MemoryWindows;
  now: number;
}

function open(fixture: Fixture, more: object = {}): Promise<EmbeddedStore> {
  return openEmbeddedStore({
    folder: fixture.folder,
    now: () => fixture.now,
    openWindows: () => Promise.resolve(fixture.windows),
    upkeepMs: 0,
    ...more,
  });
}

function named(name: string): Labels {
  return Labels.from({ __name__: name, job: name.slice(0, 1) });
}

/** Series as text: name, then time=value. */
function texts(found: readonly SeriesData[]): string[] {
  const lines = found.map(({ labels, timestamps, values, histograms }) => {
    const words = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
    const samples = Array.from(timestamps, (time, i) => {
      const histogram = histograms?.[i];
      if (histogram !== undefined) return `${time - START}=h${histogram.count}/${histogram.sum}`;
      return `${time - START}=${words[2 * i + 1]!.toString(16)}.${words[2 * i]!.toString(16)}`;
    });
    return `${labels.toString()} ${samples.join(" ")}`;
  });
  return lines.toSorted();
}

async function select(store: EmbeddedStore, range = ALL): Promise<string[]> {
  return texts(await store.select(ANY, range, HINTS, undefined));
}

interface Append {
  readonly kind: "append";
  readonly samples: readonly (readonly [series: number, minute: number, value: number])[];
}

type Step = Append | { readonly kind: "reopen" | "maintain" };

const NAMES = ["a_total", "b_total", "c_seconds", "h_seconds"];
const sample = fc.tuple(
  fc.integer({ min: 0, max: NAMES.length - 1 }),
  fc.integer({ min: 0, max: 400 }),
  fc.oneof(
    fc.integer({ min: 0, max: 3 }),
    fc.double(),
    fc.constant(Number.NaN),
    fc.constant(-1e308),
  ),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      samples: fc.array(sample, { maxLength: 60 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom("reopen" as const, "maintain" as const) }),
  },
);

test("EmbeddedStore answers with what it took, over restarts, snapshots and closed windows", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
      await using folder = await temporaryFolder("store");
      const fixture = { folder: folder.path, windows: new MemoryWindows(), now: START };
      const options = { snapshotBytes: 500 };
      let store = await open(fixture, options);
      const taken = new Map<string, Map<number, SampleInput>>();
      for (const each of steps) {
        if (each.kind === "append") await appendAndNote(store, fixture, each.samples, taken);
        else if (each.kind === "reopen") {
          await store[Symbol.asyncDispose]();
          store = await open(fixture, options);
        } else await store.maintain();
      }
      const memory = new MemoryQueryable();
      for (const [name, samples] of taken) {
        for (const [time, value] of [...samples].toSorted((a, b) => a[0] - b[0])) {
          memory.append(named(name), time, value);
        }
      }
      assert.deepEqual(await select(store), texts(memory.select(ANY, ALL)));
      const part = { startMs: START + 90 * MINUTE, endMs: START + 200 * MINUTE };
      assert.deepEqual(await select(store, part), texts(memory.select(ANY, part)));
      await store[Symbol.asyncDispose]();
    }),
    { numRuns: Number(process.env["FLX_FUZZ_RUNS"] ?? 60) },
  );
});

/** Appends, and notes what was not refused. */
async function appendAndNote(
  store: EmbeddedStore,
  fixture: Fixture,
  samples: Append["samples"],
  taken: Map<string, Map<number, SampleInput>>,
): Promise<void> {
  const batch = new SampleBatch();
  const given: { name: string; time: number; value: SampleInput }[] = [];
  for (const [series, minute, value] of samples) {
    const name = NAMES[series]!;
    const time = START + minute * MINUTE;
    fixture.now = Math.max(fixture.now, time);
    if (name !== "h_seconds") {
      batch.add(store.ref(named(name), "test"), time, value);
      given.push({ name, time, value });
    }
  }
  for (const [series, minute, value] of samples) {
    const name = NAMES[series]!;
    if (name !== "h_seconds") continue;
    const counts = Number.isSafeInteger(value) && value >= 0 ? [1, value] : [1, 2];
    const histogram = NativeHistogram.from({
      schema: 2,
      sum: 1,
      positive: { indexes: [-3, 5], counts },
    });
    const timestampMs = START + minute * MINUTE;
    batch.histograms.push({
      ref: store.ref(named(name), "test"),
      timestampMs,
      startMs: 0,
      histogram,
    });
    given.push({ name, time: timestampMs, value: histogram });
  }
  const { rejected } = await store.append(batch);
  const refused = new Set(rejected.map(({ index }) => index));
  for (const [i, { name, time, value }] of given.entries()) {
    if (refused.has(i)) continue;
    const series = taken.get(name) ?? new Map<number, SampleInput>();
    taken.set(name, series);
    // The same one twice is taken once; `add` keeps the bits of any NaN.
    series.set(time, value);
  }
}

test("append() tells which samples it does not take, and why", async () => {
  await using folder = await temporaryFolder("store");
  const fixture = { folder: folder.path, windows: new MemoryWindows(), now: START };
  await using store = await open(fixture);
  const a = store.ref(named("a_total"), "test");
  const append = async (
    ...samples: readonly (readonly [ref: number, time: number, value: number])[]
  ) => {
    const batch = new SampleBatch();
    for (const [ref, time, value] of samples) batch.add(ref, time, value);
    const { rejected } = await store.append(batch);
    return rejected.map(({ index, kind }) => `${index} ${kind}`);
  };
  assert.deepEqual(await append([a, START, 1], [a, START - 30 * MINUTE, 2]), []);
  assert.deepEqual(await append([a, START, 1], [a, START - 30 * MINUTE, 2]), [], "sent twice");
  assert.deepEqual(await append([a, START, 2], [a, START - 30 * MINUTE, 3]), [
    "0 duplicate",
    "1 duplicate",
  ]);
  assert.deepEqual(await append([a, START - 61 * MINUTE, 1]), ["0 too-old"]);
  assert.deepEqual(await append([a, START + 25 * MINUTE, 1]), ["0 too-far-ahead"]);
  assert.deepEqual(await append([77, START, 1], [a, START + 1, 5]), ["0 invalid"]);
  assert.deepEqual(await append([a, Number.NaN, 1]), ["0 invalid"]);
  assert.equal(
    (await select(store)).join(),
    `a_total{job="a"} -1800000=40000000.0 0=3ff00000.0 1=40140000.0`,
  );
});

test("ref() keeps a source that makes up series within its limit, and others unharmed", async () => {
  await using folder = await temporaryFolder("store");
  const fixture = { folder: folder.path, windows: new MemoryWindows(), now: START };
  const limits = { maxSeriesPerSource: 3, maxSeries: 5, maxLabels: 4, maxValueLength: 10 };
  await using store = await open(fixture, { limits });
  const f = (i: number | string, source: string) =>
    store.ref(Labels.from({ __name__: "x", i: String(i) }), source);
  for (let i = 0; i < 3; i++) f(i, "bomb");
  assert.throws(() => f(3, "bomb"), {
    code: "FLX_STORE_SOURCE_LIMIT",
    message: /bomb has brought 3 series/,
  });
  assert.equal(f(2, "bomb"), 2, "known ones stay");
  f("a", "good");
  f("b", "good");
  assert.throws(() => f("c", "good"), { code: "FLX_STORE_SERIES_LIMIT" });
  assert.throws(() => f("d", "bomb"), { code: "FLX_STORE_SOURCE_LIMIT" });
  const code = "FLX_STORE_LABEL_LIMIT";
  await using other = await temporaryFolder("store");
  await using roomy = await open(
    { ...fixture, folder: other.path },
    { limits: { maxLabels: 2, maxValueLength: 10 } },
  );
  assert.throws(() => roomy.ref(Labels.from({ __name__: "x", a: "1", b: "2" }), "s"), { code });
  assert.throws(() => roomy.ref(Labels.from({ __name__: "x", a: "12345678901" }), "s"), { code });
});

test("ref() takes series of the store's own owner when the head is full, and limits change while it runs", async () => {
  await using folder = await temporaryFolder("store");
  const fixture: Fixture = { folder: folder.path, windows: new MemoryWindows(), now: START };
  const limits = { maxSeries: 1, maxSeriesPerSource: 2, ownSources: "scrape flx/" };
  await using store = await open(fixture, { limits });
  store.ref(named("a"), "scrape shop/a");
  assert.throws(() => store.ref(named("b"), "scrape shop/a"), { code: "FLX_STORE_SERIES_LIMIT" });
  store.ref(named("c"), "scrape flx/a");
  store.ref(named("d"), "scrape flx/a");
  assert.throws(() => store.ref(named("e"), "scrape flx/a"), { code: "FLX_STORE_SOURCE_LIMIT" });
  store.limitTo({ maxSeries: 10 });
  fixture.now += 2_000;
  store.ref(named("b"), "scrape shop/a");
});

test("ref() says when there has been no room for new series for long, and so does the condition; room ends it", async () => {
  await using folder = await temporaryFolder("store");
  const fixture: Fixture = { folder: folder.path, windows: new MemoryWindows(), now: START };
  await using store = await open(fixture, { limits: { maxSeries: 1 } });
  store.ref(named("a"), "s");
  const f = (code: string, state: string): void => {
    assert.throws(() => store.ref(named("b"), "s"), { code });
    assert.equal(store.condition.state, state);
  };
  f("FLX_STORE_SERIES_LIMIT", "ready");
  fixture.now += MINUTE;
  f("FLX_STORE_SERIES_LIMIT", "ready");
  fixture.now += MINUTE;
  f("FLX_STORE_FULL", "degraded");
  assert.match(store.condition.reason, /^no new series since 20.*: there are 1 series/);
  fixture.now += 10 * MINUTE;
  assert.equal(store.condition.state, "ready", "nobody asks any more");
  f("FLX_STORE_FULL", "degraded");
  assert.equal(store.ref(named("a"), "s"), 0, "known ones go on");
  store.limitTo({ maxSeries: 2 });
  fixture.now += 2_000;
  store.ref(named("b"), "s");
  assert.equal(store.condition.state, "ready");
  assert.throws(() => store.ref(named("c"), "s"), { code: "FLX_STORE_SERIES_LIMIT" });
});

test("a window that cannot be closed stays in the head until it can", async () => {
  await using folder = await temporaryFolder("store");
  const fixture = { folder: folder.path, windows: new MemoryWindows(), now: START };
  const problems: string[] = [];
  const onProblem = (error: Error) => void problems.push(error.message);
  await using store = await open(fixture, { onProblem });
  const a = store.ref(named("a_total"), "test");
  const put = async (time: number): Promise<void> => {
    fixture.now = time;
    const batch = new SampleBatch();
    batch.add(a, time, 1);
    assert.deepEqual((await store.append(batch)).rejected, []);
  };
  for (let i = 0; i < 60; i++) await put(START + i * 3 * MINUTE);
  fixture.windows.failure = new Error("no space");
  await put(START + 181 * MINUTE);
  const whole = await select(store);
  await store.maintain();
  assert.deepEqual([store.condition.state, problems.length], ["degraded", 1]);
  assert.match(store.condition.reason, /no space/);
  assert.deepEqual(await select(store), whole);
  fixture.windows.failure = undefined;
  await store.maintain();
  assert.deepEqual([store.condition.state, fixture.windows.windows], ["ready", 1]);
  assert.deepEqual(await select(store), whole);
});

test("series that are gone are forgotten with their window, and the generation tells", async () => {
  await using folder = await temporaryFolder("store");
  const fixture = { folder: folder.path, windows: new MemoryWindows(), now: START };
  let store = await open(fixture);
  const put = async (name: string, time: number): Promise<void> => {
    fixture.now = time;
    const batch = new SampleBatch();
    batch.add(store.ref(named(name), "test"), time, 1);
    await store.append(batch);
  };
  await put("a_total", START);
  const { generation } = store;
  for (const minutes of [1, 100, 300]) await put("b_total", START + minutes * MINUTE);
  await store.maintain();
  assert.notEqual(store.generation, generation);
  assert.equal((await store.statistics(5)).series, 1);
  await put("a_total", START + 301 * MINUTE);
  const whole = await select(store);
  assert.equal(whole.length, 2);
  await store[Symbol.asyncDispose]();
  store = await open(fixture);
  assert.deepEqual(await select(store), whole);
  assert.equal((await store.statistics(5)).series, 2);
  await store[Symbol.asyncDispose]();
});

test("what comes after a snapshot that took the whole log is there at the start after the next", async () => {
  await using folder = await temporaryFolder("store");
  const fixture = { folder: folder.path, windows: new MemoryWindows(), now: START };
  for (let i = 0; i < 4; i++) {
    await using store = await open(fixture, { snapshotBytes: 0 });
    fixture.now = START + i * MINUTE;
    const batch = new SampleBatch();
    batch.add(store.ref(named("a_total"), "test"), fixture.now, i);
    await store.append(batch);
    // The first two leave nothing in the log; what the others leave must not look older than the snapshot.
    if (i < 2) await store.maintain();
    assert.equal((await select(store))[0]!.split(" ").length, 1 + i + 1);
  }
});

test("what a start finds in the log counts until the next snapshot: being killed again and again makes no log long", async () => {
  await using folder = await temporaryFolder("store");
  const fixture = { folder: folder.path, windows: new MemoryWindows(), now: START };
  const snapshots = () =>
    readdirSync(join(folder.path, "metrics/log")).filter((name) => name.endsWith(".snap")).length;
  for (let i = 0; i < 3; i++) {
    await using store = await open(fixture, { snapshotBytes: 10_000 });
    assert.equal(snapshots(), 0);
    const batch = new SampleBatch();
    const ref = store.ref(named("a_total"), "test");
    // About ten bytes each: two starts leave less than what a snapshot is worth, three more.
    for (let j = 0; j < 400; j++) batch.add(ref, START + i * 400 + j, Math.random());
    await store.append(batch);
    await store.maintain();
  }
  assert.equal(snapshots(), 1);
});

test("growthUntilSnapshot() is in proportion to the last snapshot, within bounds", () => {
  const f = (snapshot: number, want: number) =>
    assert.equal(growthUntilSnapshot(snapshot * 1_048_576) / 1_048_576, want);

  f(0, 16);
  f(10, 16);
  f(20, 30);
  f(50, 64);
});

test("a clock that jumps a day ahead and back does no harm", async () => {
  await using folder = await temporaryFolder("store");
  const fixture = { folder: folder.path, windows: new MemoryWindows(), now: START };
  await using store = await open(fixture);
  const put = async (time: number): Promise<readonly string[]> => {
    fixture.now = time;
    const batch = new SampleBatch();
    batch.add(store.ref(named("a_total"), "test"), time, 1);
    return (await store.append(batch)).rejected.map(({ kind }) => kind);
  };
  const day = 1_440 * MINUTE;
  for (const time of [0, 1, day, day + 1, 2, 3, 4]) {
    assert.deepEqual(await put(START + time), []);
  }
  await store.maintain();
  assert.equal(fixture.windows.windows, 0, "nothing is closed by a clock that was wrong");
  assert.equal((await select(store))[0]!.split(" ").length, 1 + 7);
});

test("questions about series, names and values are answered from head and windows", async () => {
  await using folder = await temporaryFolder("store");
  const fixture = { folder: folder.path, windows: new MemoryWindows(), now: START };
  await using store = await open(fixture);
  const batch = new SampleBatch();
  for (const name of ["a_total", "b_total"]) batch.add(store.ref(named(name), "test"), START, 1);
  const exemplar = { labels: Labels.from({ trace_id: "x" }), value: 3, timestampMs: START };
  batch.exemplars.push({ ref: store.ref(named("a_total"), "test"), exemplar: exemplar as never });
  batch.metadata.push({ name: "a_total", type: "counter", help: "A", unit: "" });
  await store.append(batch);
  const question = { selectors: [], range: ALL, limit: 0 };
  assert.deepEqual(await store.labelNames(question), { items: ["__name__", "job"], isCut: false });
  assert.deepEqual(await store.labelValues("job", { ...question, limit: 1 }), {
    items: ["a"],
    isCut: true,
  });
  const only = { ...question, selectors: [[new Matcher("=", "job", "b")]] };
  const { items } = await store.series(only);
  assert.deepEqual(items.map(String), ['b_total{job="b"}']);
  assert.deepEqual(await store.labelValues("__name__", only), { items: ["b_total"], isCut: false });
  const outside = { ...question, range: { startMs: START + 1, endMs: START + 2 } };
  assert.deepEqual((await store.series(outside)).items, []);
  const found = await store.exemplars([ANY], ALL, { limit: 0 });
  assert.deepEqual(
    found.map((each) => [String(each.labels), each.exemplars[0]?.value]),
    [['a_total{job="a"}', 3]],
  );
  assert.deepEqual([...(await store.metadata(undefined)).keys()], ["a_total"]);
});
