// Metrics kept by a real engine behind the station (`store.metrics.url`): Prometheus and VictoriaMetrics.
//
//   answers   the same data through the station and directly; every query through the station answers what the engine does
//   killed    engine and station killed again and again under load: what the station acknowledged is in the engine
//   away      an engine that is away longer than the queue holds: refused with 503 and Retry-After, the rest is there after

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  encodeRemoteWrite,
  freePort,
  httpGet,
  requirePeer,
  temporaryFolder,
  waitUntil,
  seededRandom,
} from "@flx/testkit";
import { StationProcess } from "../packages/station/test/running-station.ts";
import {
  assertWhole,
  drained,
  Load,
  SERIES,
  startsPrometheus,
  startsVictoria,
} from "./engine-load.ts";
import {
  AnswerClient,
  compare,
  differencesOf,
  report,
  type Times,
  timesFrom,
} from "./promql-answers.ts";
import { DATA_START_MS, SCRAPE_MS, SCRAPES, writeDataTo } from "./promql-data.ts";
import { QueryGenerator } from "./promql-queries.ts";

const PATIENT = { timeoutMs: 120_000, everyMs: 200 };
const isFull = process.env["FLX_FULL"] === "1";
const QUERIES = isFull ? 2_000 : 200;
const KILLS = isFull ? 30 : 4;

function configOf(url: string, more = ""): string {
  return `store: { metrics: { url: "${url}"${more} } }\n`;
}

function clientOf(url: string): AnswerClient {
  return new AnswerClient(Number(new URL(url).port));
}

async function apiOf(url: string, path: string): Promise<unknown> {
  const { body } = await httpGet(`${url}/api/v1/${path}`, { timeoutMs: 10_000 });
  return (JSON.parse(body) as { data: unknown }).data;
}

test(`${QUERIES} queries through the station answer what its Prometheus answers`, async (t) => {
  if (!requirePeer(t, "prometheus")) return;
  await using folder = await temporaryFolder("engine");
  await using engine = await startsPrometheus({ folder, port: await freePort() });
  await using other = await temporaryFolder("engine");
  await using direct = await startsPrometheus({ folder: other, port: await freePort() });
  await using station = await StationProcess.start({ config: configOf(engine.url) });
  // Later than what the station says of itself: a native histogram may not be out of order at a 2.42.
  const shiftMs = Date.now() + 1_000 - DATA_START_MS;
  await writeDataTo(direct.url, shiftMs);
  await writeDataTo(station.url, shiftMs);
  await drained(station);
  const { body: metrics } = await httpGet(`${station.url}/metrics`);
  assert.doesNotMatch(metrics, /outcome="refused"/);
  const [ours, theirs, reference] = [station.url, engine.url, direct.url].map(clientOf) as [
    AnswerClient,
    AnswerClient,
    AnswerClient,
  ];
  t.after(() => {
    for (const client of [ours, theirs, reference]) client.close();
  });
  // What arrived is what was sent: each sample, staleness and histogram.
  const whole: Times = {
    kind: "instant",
    timeMs: DATA_START_MS + shiftMs + (SCRAPES + 1) * SCRAPE_MS,
  };
  for (const selector of ['{__name__=~"[a-z_]+",job!="flx"}[90m]']) {
    const sent = await reference.ask(selector, whole);
    const kept = await theirs.ask(selector, whole);
    assert.ok(sent.series.size > 0, selector);
    assert.equal(compare(selector, whole, kept, sent), undefined);
  }
  const random = seededRandom(21);
  const generator = new QueryGenerator(random);
  const questions = Array.from(
    { length: QUERIES },
    () => [generator.next(), shifted(timesFrom(random), shiftMs)] as const,
  );
  const { filled, differences } = await differencesOf(ours, theirs, questions);
  t.diagnostic(`${QUERIES} queries, ${filled} with samples`);
  assert.ok(filled > QUERIES / 4, `only ${filled} queries gave samples`);
  assert.equal(differences.length, 0, report(differences));
});

function shifted(times: Times, shiftMs: number): Times {
  return times.kind === "instant"
    ? { ...times, timeMs: times.timeMs + shiftMs }
    : { ...times, startMs: times.startMs + shiftMs, endMs: times.endMs + shiftMs };
}

test("series, labels, values, exemplars and errors through the station are the engine's", async (t) => {
  if (!requirePeer(t, "prometheus")) return;
  await using folder = await temporaryFolder("engine");
  await using engine = await startsPrometheus({ folder, port: await freePort() });
  await using station = await StationProcess.start({ config: configOf(engine.url) });
  await waitUntil(async () => (await station.query('up{job="flx"}')).length === 1, PATIENT);
  await drained(station);
  const match = new URLSearchParams({ "match[]": '{job="flx",__name__=~"flx_store.*|up"}' });
  for (const path of [
    `series?${match.toString()}`,
    `labels?${match.toString()}`,
    `label/__name__/values?${match.toString()}`,
    `label/job/values`,
  ]) {
    const [mine, theirs] = [await apiOf(station.url, path), await apiOf(engine.url, path)];
    assert.ok((theirs as unknown[]).length > 0, path);
    assert.deepEqual(mine, theirs, path);
  }
  const metadata = (await apiOf(station.url, "metadata?metric=flx_store_ready")) as object;
  assert.deepEqual(Object.keys(metadata), ["flx_store_ready"], "what it was told is known here");
  const bad = await httpGet(`${station.url}/api/v1/query?query=${encodeURIComponent("rate(up)")}`);
  assert.equal(bad.status, 400);
  const failing = encodeURIComponent('label_replace(up, "a", "b", "job", "(")');
  const [mine, theirs] = await Promise.all(
    [station.url, engine.url].map((url) => httpGet(`${url}/api/v1/query?query=${failing}`)),
  );
  assert.equal(mine!.status, theirs!.status);
  assert.deepEqual(JSON.parse(mine!.body), JSON.parse(theirs!.body));
  // Away: questions are answered with what is wrong, and the station itself is well.
  await engine.process.kill();
  const away = await httpGet(`${station.url}/api/v1/query?query=up`, { timeoutMs: 10_000 });
  assert.equal(away.status, 503);
  assert.match(away.body, /"errorType":"unavailable".*ECONNREFUSED/);
  assert.equal((await httpGet(`${station.url}/livez`)).status, 200);
});

const engines = [
  { name: "prometheus", start: startsPrometheus, end: "kill" },
  // It acknowledges before it has written: what kill -9 costs it no sender can know. So it is stopped in order.
  { name: "victoria-metrics", start: startsVictoria, end: "stop" },
] as const;

for (const { name, start, end } of engines) {
  test(`nothing that was acknowledged is lost when ${name} and the station are ended ${KILLS} times under load`, async (t) => {
    if (!requirePeer(t, name)) return;
    await using engineFolder = await temporaryFolder("engine");
    await using stationFolder = await temporaryFolder("station");
    const port = await freePort();
    let engine = await start({ folder: engineFolder, port });
    const config = configOf(engine.url, ", queue_config: { max_backoff: 500ms }");
    let station: StationProcess | undefined = await StationProcess.start({
      config,
      folder: stationFolder,
    });
    const load = new Load(() => station?.url);
    try {
      for (let kill = 0; kill < KILLS; kill++) {
        await sleep(500 + ((kill * 7_919) % 1_000));
        await (end === "kill" ? engine.process.kill() : engine.process.stop());
        await sleep(500 + ((kill * 104_729) % 1_000));
        if (kill % 2 === 1) {
          const killed = station;
          station = undefined;
          await killed.process.kill();
          station = await StationProcess.start({ config, folder: stationFolder });
        }
        engine = await start({ folder: engineFolder, port });
      }
      await sleep(500);
      await load.stop();
      await drained(station);
      t.diagnostic(
        `${load.acknowledged * SERIES} samples acknowledged, ${load.refusals} writes without an answer`,
      );
      assert.ok(load.acknowledged > 100);
      await assertWhole(engine.url, load);
    } finally {
      await load.stop();
      await station?.process.stop();
      await engine.process.stop();
    }
  });
}

test("an engine that is away longer than the queue holds: 503 with Retry-After, and then everything that was taken", async (t) => {
  if (!requirePeer(t, "prometheus")) return;
  await using folder = await temporaryFolder("engine");
  const port = await freePort();
  const config = configOf(`http://127.0.0.1:${port}`, ", queue_config: { max_size: 16MB }");
  await using station = await StationProcess.start({ config });
  const startMs = Date.now() - 600_000;
  const random = seededRandom(5);
  const write = (step: number): Promise<Response> => {
    const series = Array.from({ length: 500 }, (_, i) => ({
      labels: ["__name__", "wide", "i", String(i)],
      timestamps: Array.from({ length: 20 }, (__, n) => startMs + step * 1_000 + n),
      // Values that do not compress.
      values: Float64Array.from({ length: 20 }, random),
    }));
    return fetch(`${station.url}/api/v1/write`, {
      method: "POST",
      body: encodeRemoteWrite(series),
      headers: { "content-encoding": "snappy", "content-type": "application/x-protobuf" },
    });
  };
  let taken = 0;
  let refused = await write(taken);
  for (; refused.ok && taken < 5_000; refused = await write(++taken)) await refused.text();
  assert.equal(refused.status, 503, `${taken} requests were taken`);
  assert.equal(refused.headers.get("retry-after"), "10");
  assert.match(await refused.text(), /bytes wait to be sent, at most 16777216 do/);
  await waitUntil(async () => (await httpGet(`${station.url}/readyz`)).status === 503, PATIENT);
  await using engine = await startsPrometheus({ folder, port });
  const last = await waitUntil(async () => {
    const response = await write(taken);
    await response.text();
    return response.ok;
  }, PATIENT);
  assert.ok(last);
  await drained(station);
  const { data } = JSON.parse(
    (
      await httpGet(
        `${engine.url}/api/v1/query?query=${encodeURIComponent("sum(count_over_time(wide[1h]))")}`,
        { timeoutMs: 30_000 },
      )
    ).body,
  ) as { data: { result: { value: [number, string] }[] } };
  t.diagnostic(`${taken} requests fitted into the queue`);
  assert.equal(Number(data.result[0]!.value[1]), (taken + 1) * 10_000);
});
