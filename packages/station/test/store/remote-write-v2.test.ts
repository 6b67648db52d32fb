// Sending remote write 2.0 to receivers that take it, take a part, take it not, and do not look at what it is.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Labels, NativeHistogram, type UnixMs } from "@flx/model";
import { temporaryFolder, waitUntil } from "@flx/testkit";
import { SampleBatch } from "../../src/store/metric-sink.ts";
import { type Answer, counted, FAST, FaultyEngine, opened, put } from "./faulty-engine.ts";

const WAIT = { timeoutMs: 30_000, everyMs: 20 };
const V2 = "protobuf_message: io.prometheus.write.v2.Request";

function wrote(samples: number, histograms = 0, exemplars = 0): Record<string, string> {
  return {
    "X-Prometheus-Remote-Write-Samples-Written": String(samples),
    "X-Prometheus-Remote-Write-Histograms-Written": String(histograms),
    "X-Prometheus-Remote-Write-Exemplars-Written": String(exemplars),
  };
}

const all = (values: readonly number[]): Answer => ({ status: 204, headers: wrote(values.length) });

function yamlOf(engine: FaultyEngine, more: string): string {
  return `url: "http://127.0.0.1:${engine.port}", ${FAST}, ${more}`;
}

test("RemoteStore sends 2.0 with its headers: series with their exemplars, metadata and start times", async () => {
  await using folder = await temporaryFolder("remote");
  await using engine = await FaultyEngine.start();
  engine.onWrite = () => ({ status: 204, headers: wrote(2, 1, 2) });
  await using opening = await opened(folder.path, yamlOf(engine, V2));
  const { store, registry } = opening;
  const batch = new SampleBatch();
  const bucket = store.ref(Labels.from({ __name__: "lag_bucket", le: "1" }));
  const calls = store.ref(Labels.from({ __name__: "calls_total" }));
  const native = store.ref(Labels.from({ __name__: "size" }));
  const silent = store.ref(Labels.from({ __name__: "silent" }));
  batch.add(bucket, 1_000, 3);
  batch.add(calls, 1_000, 4, 500);
  const positive = { indexes: [0], counts: [2] };
  const histogram = NativeHistogram.from({ schema: 0, sum: 2, positive });
  batch.histograms.push({ ref: native, timestampMs: 1_000, startMs: 400, histogram });
  for (const [ref, value] of [
    [bucket, 1],
    [silent, 2],
    [native, 3],
  ] as const) {
    batch.exemplars.push({
      ref,
      exemplar: { labels: Labels.empty, value, timestampMs: 900 as UnixMs },
    });
  }
  batch.metadata.push(
    { name: "lag", type: "histogram", help: "Lag", unit: "seconds" },
    { name: "calls", type: "counter", help: "Calls", unit: "" },
    { name: "size", type: "histogram", help: "Size", unit: "bytes" },
  );
  await store.append(batch);
  await waitUntil(() => engine.requests.length === 1, WAIT);
  const { headers, read } = engine.requests[0]!;
  assert.equal(
    headers["content-type"],
    "application/x-protobuf;proto=io.prometheus.write.v2.Request",
  );
  assert.equal(headers["content-encoding"], "snappy");
  assert.equal(headers["x-prometheus-remote-write-version"], "2.0.0");
  assert.deepEqual([...read!.startsMs!.subarray(0, 2)], [0, 500]);
  assert.deepEqual(
    read!.histograms.map(({ startMs, histogram: sent }) => [startMs, sent]),
    [[400, histogram]],
  );
  // One whose series has no sample would be refused.
  assert.deepEqual(
    read!.exemplars.map(({ exemplar }) => exemplar.value),
    [1, 3],
  );
  assert.deepEqual(
    read!.metadata.map(({ name, type, help }) => `${name} ${type} ${help}`),
    ["lag histogram Lag", "calls_total counter Calls", "size histogram Size"],
  );
  // The next request says it again: each stands for itself.
  engine.onWrite = all;
  const next = new SampleBatch();
  next.add(calls, 2_000, 5);
  await store.append(next);
  await waitUntil(() => engine.requests.length === 2, WAIT);
  assert.equal(engine.requests[1]!.read!.metadata[0]?.help, "Calls");
  await waitUntil(
    async () => (await counted(registry, /samples_total\{[^}]*outcome="sent"\} (\d+)/)) === 4,
    WAIT,
  );
  assert.equal(await counted(registry, /exemplars_total\{[^}]*outcome="sent"\} (\d+)/), 2);
  assert.equal(store.condition.state, "ready");
});

test("what a 2.0 receiver says it did not write is counted and told, and is not sent again", async () => {
  await using folder = await temporaryFolder("remote");
  await using engine = await FaultyEngine.start();
  await using opening = await opened(folder.path, yamlOf(engine, V2));
  const { store, registry, problems } = opening;
  const outcomes = async (): Promise<[sent: number, refused: number]> => [
    await counted(registry, /samples_total\{[^}]*outcome="sent"\} (\d+)/),
    await counted(registry, /samples_total\{[^}]*outcome="refused"\} (\d+)/),
  ];
  // A success that is none.
  engine.onWrite = () => ({ status: 204, headers: wrote(0) });
  await put(store, 1);
  await waitUntil(async () => (await outcomes())[1] === 1, WAIT);
  assert.match(problems[0]!, /1 samples were refused.*the answer says that they were not written/);
  // A joined request of which some was written: the rest is refused for good, and nothing is tried by parts.
  engine.onWrite = () => ({ status: 503 });
  await put(store, 2, 3, 4, 5);
  await waitUntil(() => engine.requests.length > 2, WAIT);
  let before = 0;
  engine.onWrite = (values) => {
    before = engine.requests.length;
    assert.equal(values.length, 4);
    return { status: 400, headers: wrote(3), body: "one is out of order" };
  };
  await waitUntil(async () => (await outcomes())[1] === 2, WAIT);
  assert.deepEqual(await outcomes(), [3, 2]);
  assert.equal(engine.requests.length, before + 1);
  assert.equal(
    store.condition.reason,
    "samples were refused for good: status 400: one is out of order",
  );
  // One of which nothing was written: by parts.
  engine.onWrite = () => ({ status: 503 });
  await put(store, 6, 7, 8);
  await waitUntil(() => engine.requests.length > before + 2, WAIT);
  engine.onWrite = (values) =>
    values.includes(7) ? { status: 400, headers: wrote(0) } : all(values);
  await waitUntil(async () => (await outcomes())[1] === 3, WAIT);
  await waitUntil(async () => (await outcomes())[0] === 5, WAIT);
  assert.deepEqual(engine.taken.slice(-2), [6, 8]);
});

const notTaken: readonly (readonly [what: string, answer: Answer])[] = [
  ["answers 415", { status: 415, body: "only prometheus.WriteRequest" }],
  ["answers 400, as older ones do", { status: 400, body: "proto: wrong wire type" }],
  ["answers 204 and has read nothing", { status: 204 }],
];

for (const [what, answer] of notTaken) {
  test(`a receiver of 1.0 that ${what} is sent 1.0 instead, and it is told which and where that is set`, async () => {
    await using folder = await temporaryFolder("remote");
    await using engine = await FaultyEngine.start();
    const asSecond: number[] = [];
    const asFirst: number[] = [];
    engine.onWrite = (values, version) => {
      (version === 2 ? asSecond : asFirst).push(...values);
      return version === 2 ? answer : { status: 200 };
    };
    await using opening = await opened(folder.path, yamlOf(engine, V2));
    const { store, registry, problems } = opening;
    await put(store, 1);
    await waitUntil(() => asFirst.length === 1, WAIT);
    await put(store, 2);
    await put(store, 3);
    await waitUntil(() => asFirst.length === 3, WAIT);
    assert.deepEqual(asFirst, [1, 2, 3]);
    assert.deepEqual(asSecond, [1], "it is not asked again with every request");
    await waitUntil(
      async () => (await counted(registry, /samples_total\{[^}]*outcome="sent"\} (\d+)/)) === 3,
      WAIT,
    );
    assert.equal(await counted(registry, /samples_total\{[^}]*outcome="refused"\} (\d+)/), 0);
    assert.equal(problems.length, 1);
    assert.match(
      problems[0]!,
      /^engine: 127\.0\.0\.1:\d+\/api\/v1\/write does not take io\.prometheus\.write\.v2\.Request \(status \d+.*\), which store\.metrics\.protobuf_message says: prometheus\.WriteRequest is sent instead/,
    );
  });
}

test("a receiver that takes neither message: counted as refused, told with both, not sent again, and what comes later is", async () => {
  await using folder = await temporaryFolder("remote");
  await using engine = await FaultyEngine.start();
  const versions: number[] = [];
  engine.onWrite = (_values, version) => {
    versions.push(version);
    return { status: 415, body: "no" };
  };
  await using opening = await opened(folder.path, yamlOf(engine, V2));
  const { store, registry, problems } = opening;
  const refused = (): Promise<number> =>
    counted(registry, /samples_total\{[^}]*outcome="refused"\} (\d+)/);
  await put(store, 1);
  await waitUntil(async () => (await refused()) === 1, WAIT);
  assert.deepEqual(versions, [2, 1]);
  assert.match(
    problems[0]!,
    /does not take io\.prometheus\.write\.v2\.Request \(status 415: no\), which store\.metrics\.protobuf_message says, nor prometheus\.WriteRequest \(status 415: no\)$/,
  );
  assert.equal(store.condition.state, "degraded");
  engine.onWrite = all;
  await put(store, 2);
  await waitUntil(() => engine.taken.length === 1, WAIT);
  assert.deepEqual(engine.taken, [2]);
});

test("a receiver that took 1.0 and answers 415 to it now is tried with 2.0 again; 415 to a configured 1.0 is told with the setting", async () => {
  await using folder = await temporaryFolder("remote");
  await using engine = await FaultyEngine.start();
  let takes = 1;
  engine.onWrite = (values, version) => (version === takes ? all(values) : { status: 415 });
  {
    await using opening = await opened(folder.path, yamlOf(engine, V2));
    await put(opening.store, 1);
    await waitUntil(() => engine.taken.length === 1, WAIT);
    takes = 2;
    await put(opening.store, 2);
    await waitUntil(() => engine.taken.length === 2, WAIT);
    assert.deepEqual(engine.taken, [1, 2]);
  }
  await using opening = await opened(folder.path, yamlOf(engine, "remote_timeout: 5s"));
  const { store, problems } = opening;
  await put(store, 3);
  await waitUntil(() => problems.length > 0, WAIT);
  assert.match(
    problems[0]!,
    /does not take prometheus\.WriteRequest \(status 415\), which store\.metrics\.protobuf_message says$/,
  );
});

test("what waits on disk is sent when the setting has changed, both ways", async () => {
  await using folder = await temporaryFolder("remote");
  await using engine = await FaultyEngine.start();
  const first = "protobuf_message: prometheus.WriteRequest";
  const fill = async (setting: string, ...values: readonly number[]): Promise<void> => {
    engine.onWrite = () => ({ status: 503 });
    await using opening = await opened(folder.path, yamlOf(engine, setting));
    const { store } = opening;
    for (const value of values) await put(store, value);
    const batch = new SampleBatch();
    const ref = store.ref(Labels.from({ __name__: "h" }));
    const positive = { indexes: [1], counts: [3] };
    const histogram = NativeHistogram.from({ schema: 0, sum: values[0]! / 10, positive });
    batch.histograms.push({ ref, timestampMs: values[0]!, startMs: 1, histogram });
    batch.metadata.push({ name: "h", type: "histogram", help: "H", unit: "" });
    await store.append(batch);
  };
  await fill(first, 1, 2);
  await fill(V2, 3, 4);
  await fill(first, 5);
  const versions = new Set<number>();
  const take = (values: readonly number[], version: number): Answer => {
    versions.add(version);
    return all(values);
  };
  {
    engine.onWrite = take;
    await using opening = await opened(folder.path, yamlOf(engine, V2));
    await waitUntil(() => engine.taken.length === 8, WAIT);
    assert.equal(opening.problems.length, 0);
  }
  assert.deepEqual([...versions], [2]);
  assert.deepEqual(new Set(engine.taken), new Set([1, 2, 0.1, 3, 4, 0.3, 5, 0.5]));
  assert.equal(engine.requests.at(-1)!.read!.metadata[0]?.help, "H");
  engine.taken.length = 0;
  versions.clear();
  await fill(V2, 6, 7);
  engine.onWrite = take;
  await using opening = await opened(folder.path, yamlOf(engine, first));
  await waitUntil(() => engine.taken.length === 3, WAIT);
  assert.deepEqual([...versions], [1]);
  assert.deepEqual(new Set(engine.taken), new Set([6, 7, 0.6]));
  assert.equal(engine.requests.at(-1)!.read!.metadata[0]?.help, "H");
  assert.equal(opening.problems.length, 0);
});
