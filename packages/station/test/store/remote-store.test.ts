// The store elsewhere against an engine with faults: what is sent again, what is not, and what questions are answered when
// the engine does not answer them. The real engines are in conformance/remote-engine.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { type FlxError, Labels, NativeHistogram } from "@flx/model";
import { Matcher } from "@flx/promql";
import { requirePeer, temporaryFolder, TestAuthority, waitUntil } from "@flx/testkit";
import { RemoteEngine } from "../../src/query/remote-engine.ts";
import { SampleBatch } from "../../src/store/metric-sink.ts";
import { type Answer, counted, FAST, FaultyEngine, opened, put } from "./faulty-engine.ts";

test("RemoteStore sends again after 5xx, 429 and no answer, in order, and waits as Retry-After says", async () => {
  await using folder = await temporaryFolder("remote");
  await using engine = await FaultyEngine.start();
  const faults: Answer[] = [
    { status: 500, body: "out of order for a moment\nand more" },
    "hang",
    { status: 429, headers: { "retry-after": "1" } },
    { status: 503, headers: { "retry-after": "Thu, 01 Jan 1970 00:00:00 GMT" } },
    { status: 302, headers: { location: "http://127.0.0.1:1/" } },
  ];
  const statuses = faults.length;
  engine.onWrite = () => faults.shift() ?? { status: 200 };
  const url = `url: "http://127.0.0.1:${engine.port}/prom/", remote_timeout: 300ms, ${FAST}`;
  await using opening = await opened(folder.path, url);
  const { store, registry, problems } = opening;
  await put(store, 1);
  await waitUntil(() => engine.requests.length >= 1, { timeoutMs: 20_000 });
  await put(store, 2, 3, 4);
  await waitUntil(() => engine.taken.length === 4, { timeoutMs: 30_000 });
  assert.deepEqual(engine.taken, [1, 2, 3, 4]);
  assert.equal(engine.requests[0]!.url, "/prom/api/v1/write");
  const [, , limited, after] = engine.requests;
  assert.ok(after!.atMs - limited!.atMs > 950, "Retry-After of 429");
  assert.ok(engine.requests.length > statuses);
  assert.match(
    problems[0]!,
    /engine: nothing can be sent, .* status 500: out of order for a moment$/,
  );
  await waitUntil(async () => (await counted(registry, /queue_samples\{[^}]*\} (\d+)/)) === 0);
  assert.equal(await counted(registry, /outcome="sent"\} (\d+)/), 4);
  assert.equal(store.condition.state, "ready");
});

test("RemoteStore does not send again what is refused for good, and only that", async () => {
  await using folder = await temporaryFolder("remote");
  await using engine = await FaultyEngine.start();
  let isAway = true;
  engine.onWrite = (values) => {
    if (isAway) return { status: 503 };
    return values.includes(7) ? { status: 400, body: "out of order sample" } : { status: 204 };
  };
  await using opening = await opened(
    folder.path,
    `url: "http://127.0.0.1:${engine.port}", ${FAST}`,
  );
  const { store, registry } = opening;
  const values = Array.from({ length: 20 }, (_, i) => i);
  await put(store, ...values);
  isAway = false;
  await waitUntil(() => engine.taken.length === 19, { timeoutMs: 20_000 });
  assert.deepEqual(
    engine.taken,
    values.filter((value) => value !== 7),
  );
  await waitUntil(async () => (await counted(registry, /outcome="refused"\} (\d+)/)) === 1);
  assert.deepEqual(store.condition, {
    state: "degraded",
    reason: "samples were refused for good: status 400: out of order sample",
  });
  // What is not about the data is not tried sample by sample.
  engine.onWrite = () => (isAway ? { status: 503 } : { status: 401, body: "who are you" });
  isAway = true;
  await put(store, ...values);
  isAway = false;
  const before = engine.requests.length;
  await waitUntil(async () => (await counted(registry, /outcome="refused"\} (\d+)/)) === 21);
  assert.ok(engine.requests.length - before < 10);
});

test("RemoteStore sends what it had when it is opened again, and every kind of sample", async () => {
  await using folder = await temporaryFolder("remote");
  await using engine = await FaultyEngine.start();
  const yaml = `url: "http://127.0.0.1:${engine.port}", ${FAST}`;
  engine.onWrite = () => ({ status: 503 });
  {
    await using opening = await opened(folder.path, yaml);
    const { store } = opening;
    await put(store, 1, 2);
    const batch = new SampleBatch();
    const ref = store.ref(Labels.from({ __name__: "h" }));
    batch.addStale(ref, 5);
    const positive = { indexes: [1], counts: [3] };
    batch.histograms.push({
      ref,
      timestampMs: 6,
      startMs: 0,
      histogram: NativeHistogram.from({ schema: 0, sum: 99, positive }),
    });
    batch.metadata.push({ name: "h", type: "histogram", help: "H", unit: "" });
    await store.append(batch);
    // More series than are remembered: those of a batch that is under way are still known.
    const under = new SampleBatch();
    under.add(store.ref(Labels.from({ __name__: "u" })), 7, 77);
    const { generation } = store;
    for (let i = 0; i < 100; i++) store.ref(Labels.from({ __name__: "many", i: String(i) }));
    assert.equal(store.generation, generation + 1);
    await store.append(under);
    for (let i = 0; i < 100; i++) store.ref(Labels.from({ __name__: "more", i: String(i) }));
    await assert.rejects(store.append(under), { name: "SinkRefusal", refusal: "overloaded" });
    const labels = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`l${i}`, "x"]));
    assert.throws(() => store.ref(Labels.from({ __name__: "wide", ...labels })), {
      code: "FLX_STORE_LABEL_LIMIT",
    });
  }
  engine.onWrite = () => ({ status: 204 });
  await using opening = await opened(folder.path, yaml);
  await waitUntil(() => engine.taken.length === 5, { timeoutMs: 20_000 });
  // Floats of a request come before its histograms, and requests that wait are joined.
  assert.deepEqual(new Set(engine.taken), new Set([1, 2, NaN, 77, 99]));
  assert.equal(opening.store.condition.state, "ready");
});

test("RemoteStore speaks TLS with credentials, and refuses a server that it does not trust", async (t) => {
  const openssl = requirePeer(t, "openssl");
  if (openssl === undefined) return;
  await using authority = await TestAuthority.create(openssl.path);
  const names = ["DNS:localhost", "IP:127.0.0.1"];
  await using engine = await FaultyEngine.start(
    await authority.issue({ commonName: "localhost", names }),
  );
  const url = `url: "https://127.0.0.1:${engine.port}", ${FAST}`;
  {
    await using folder = await temporaryFolder("remote");
    const ca = JSON.stringify(authority.cert);
    const who = `tls_config: { ca: ${ca} }, basic_auth: { username: u, password: p }`;
    await using opening = await opened(
      folder.path,
      `${url}, ${who}, http_headers: { X-Scope-OrgID: { values: [shop] } }`,
    );
    await put(opening.store, 1);
    await waitUntil(() => engine.taken.length === 1, { timeoutMs: 20_000 });
    const { headers } = engine.requests[0]!;
    assert.equal(headers.authorization, `Basic ${Buffer.from("u:p").toString("base64")}`);
    assert.equal(headers["x-scope-orgid"], "shop");
    assert.equal(headers["x-prometheus-remote-write-version"], "0.1.0");
  }
  await using folder = await temporaryFolder("remote");
  await using opening = await opened(folder.path, url);
  await put(opening.store, 2);
  await waitUntil(() => opening.problems.length > 0, { timeoutMs: 20_000 });
  assert.match(opening.problems[0]!, /certificate|SELF_SIGNED|UNABLE_TO/i);
  assert.deepEqual(engine.taken, [1]);
});

test("questions to an engine that answers wrongly are answered with what is wrong", async () => {
  await using folder = await temporaryFolder("remote");
  await using engine = await FaultyEngine.start();
  await using opening = await opened(
    folder.path,
    `url: "http://127.0.0.1:${engine.port}", max_response: 1MB`,
    300,
  );
  const { store } = opening;
  const promql = new RemoteEngine(store.client);
  const ask = () => promql.instant(promql.prepare("up"), { timeMs: 1_000 });
  const f = async (answer: Answer, code: string, message: RegExp): Promise<void> => {
    engine.onAsk = () => answer;
    await assert.rejects(ask, (error: FlxError) => {
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    });
  };
  const large = Buffer.alloc(1_100_000, " ");
  const error = (type: string): string =>
    JSON.stringify({ status: "error", errorType: type, error: "too many samples" });
  await f("hang", "FLX_REMOTE_TIMEOUT", /300 ms/);
  await f({ status: 200, body: large }, "FLX_REMOTE_ANSWER_LIMIT", /1048576/);
  await f(
    { status: 200, body: gzipSync(large), headers: { "content-encoding": "gzip" } },
    "FLX_REMOTE_ANSWER_LIMIT",
    /1048576/,
  );
  await f({ status: 200, body: "<html>" }, "FLX_REMOTE_ANSWER", /not JSON/);
  await f({ status: 502, body: "<html>" }, "FLX_REMOTE_UNREACHABLE", /502: <html>/);
  await f({ status: 400, body: error("bad_data") }, "FLX_REMOTE_QUERY", /^too many samples$/);
  await f({ status: 422, body: error("422") }, "FLX_REMOTE_EXECUTION", /^too many samples$/);
  await f({ status: 503, body: error("timeout") }, "FLX_REMOTE_TIMEOUT", /too many samples/);
  await f({ status: 401, body: "no" }, "FLX_REMOTE_DENIED", /401: no/);
  for (const data of [
    '{"resultType":"vector"}',
    '{"resultType":"vector","result":[{"metric":{"a":1},"value":[1,"1"]}]}',
    '{"resultType":"vector","result":[{"metric":{},"value":[1,"one"]}]}',
    '{"resultType":"vector","result":[{"metric":{},"value":["1","1"]}]}',
    '{"resultType":"matrix","result":[{"metric":{},"histograms":[[1,{"count":"1"}]]}]}',
    '{"resultType":"tensor","result":[]}',
    "null",
  ]) {
    const body = `{"status":"success","data":${data}}`;
    await f({ status: 200, body }, "FLX_REMOTE_ANSWER", /form/);
  }
  engine.onAsk = () => "hang";
  const gone = AbortSignal.timeout(50);
  await assert.rejects(promql.instant(promql.prepare("up"), { timeMs: 1_000, signal: gone }), {
    code: "FLX_REMOTE_ABORTED",
  });
  assert.throws(() => promql.prepare("rate(up)"), { code: "FLX_PROMQL_PARSE" });
  // What is right is read: bounds of a window are ours, whatever the engine's are.
  engine.onAsk = (path) => {
    assert.match(decodeURIComponent(path), /query=\{__name__="up"\}\[2001ms\]&time=5\.000/);
    const values = '[[2.999,"0"],[3,"1"],[4.5,"+Inf"],[5.001,"9"]]';
    const result = `[{"metric":{"__name__":"up"},"values":${values}}]`;
    const body = `{"status":"success","data":{"resultType":"matrix","result":${result}}}`;
    return { status: 200, body };
  };
  const [series] = await store.select(
    [new Matcher("=", "__name__", "up")],
    { startMs: 3_000, endMs: 5_000 },
    { stepMs: 0, rangeMs: 0, func: "", grouping: [], by: false },
    undefined,
  );
  assert.deepEqual([...series!.timestamps], [3_000, 4_500]);
  assert.deepEqual([...series!.values], [1, Infinity]);
});
