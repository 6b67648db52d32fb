// The archive with real stations: windows are copied before retention removes them, are part of every answer afterwards,
// and make a data folder again.

import assert from "node:assert/strict";
import { readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { temporaryFolder, type TemporaryFolder, waitUntil } from "@flx/testkit";
import { runFlx } from "./run-flx.ts";
import { StationProcess } from "./running-station.ts";
import { fillStore } from "./store/fill-store.ts";
import { madeLogs, madeSpans } from "./store/made-records.ts";
import { startS3 } from "./store/s3-server.ts";

const HOUR = 3_600_000;
const WAIT = { timeoutMs: 180_000, everyMs: 500 };
const now = Date.now();

const folder = await temporaryFolder("archive");
after(() => folder.remove());

async function fill(home: TemporaryFolder): Promise<void> {
  await fillStore(home.file("data"), {
    series: Array.from({ length: 8 }, (_, i) => ({ __name__: "old_total", i: String(i) })),
    fromMs: now - 20 * HOUR,
    toMs: now - 120_000,
    stepMs: 60_000,
    valueOf: (i, step) => step * (i + 1),
  });
}

async function api(station: StationProcess, path: string): Promise<unknown> {
  const response = await fetch(`${station.url}${path}`);
  const body = (await response.json()) as { data: unknown };
  assert.equal(response.status, 200, JSON.stringify(body));
  return body.data;
}

/** What is asked of every station: over all of the past, and of a part of it. */
const QUESTIONS: readonly string[] = (() => {
  const range = (query: string, hours: number, step: number): string => {
    const start = String((now - hours * HOUR) / 1_000);
    const end = String(now / 1_000 - 120);
    const parameters = new URLSearchParams({ query, start, end, step: String(step) });
    return `/api/v1/query_range?${parameters.toString()}`;
  };
  const all = `start=${(now - 30 * HOUR) / 1_000}&end=${now / 1_000}`;
  return [
    range("old_total", 21, 60),
    range("sum(rate(old_total[10m]))", 21, 300),
    range('old_total{i="3"} - old_total{i="3"} offset 6h', 12, 600),
    `/api/v1/series?match[]=old_total&${all}`,
    `/api/v1/label/i/values?${all}`,
    `/api/v1/spans?${all}&limit=1000`,
    `/api/v1/logs?${all}&limit=1000`,
    `/api/v1/traces?${all}&limit=100`,
  ];
})();

async function answersOf(station: StationProcess): Promise<readonly unknown[]> {
  const answers: unknown[] = [];
  for (const question of QUESTIONS) answers.push(sorted(await api(station, question)));
  return answers;
}

async function checkAnswers(station: StationProcess, want: readonly unknown[]): Promise<void> {
  for (const [i, answer] of (await answersOf(station)).entries()) {
    // Answers are long: which question it was says more.
    assert.ok(isDeepStrictEqual(answer, want[i]), QUESTIONS[i]);
  }
}

/** Records of the same time may come in any order. */
function sorted(answer: unknown): unknown {
  if (!Array.isArray(answer)) return answer;
  return answer.map((each) => JSON.stringify(each)).toSorted((a, b) => (a < b ? -1 : 1));
}

async function sendRecords(station: StationProcess, seed: number): Promise<void> {
  const startMs = now - 10 * 60_000;
  const spans = madeSpans(seed, { count: 40, startMs, traces: 12 });
  const logs = madeLogs(seed, { count: 40, startMs, first: 1 });
  for (const [path, request] of [
    ["/v1/traces", spans.request],
    ["/v1/logs", logs.request],
  ] as const) {
    const response = await fetch(`${station.otlpHttp}${path}`, {
      method: "POST",
      body: new Uint8Array(request),
      headers: { "content-type": "application/x-protobuf" },
    });
    assert.equal(response.status, 200, await response.text());
  }
}

/** A data folder with the past, two windows of spans and logs that are closed and look old, and what it answers. */
async function makePast(home: TemporaryFolder): Promise<readonly unknown[]> {
  await fill(home);
  await using station = await StationProcess.start({ folder: home });
  for (const seed of [1, 2]) {
    await sendRecords(station, seed);
    // A backup closes the windows that are open.
    const made = await runFlx("backup", "create", "--name", `b${seed}`, "--url", station.url);
    assert.equal(made.code, 0, made.error);
  }
  await sendRecords(station, 3);
  const answers = await answersOf(station);
  await station.stop();
  for (const signal of ["spans", "logs"]) {
    const place = home.file(`data/records/${signal}`);
    for (const name of await readdir(place)) {
      const old = new Date(now - 20 * HOUR);
      if (name.endsWith(".parquet")) await utimes(join(place, name), old, old);
    }
  }
  return answers;
}

async function localWindows(home: TemporaryFolder): Promise<Readonly<Record<string, number>>> {
  const count = async (path: string, end: string): Promise<number> =>
    (await readdir(home.file(path))).filter((name) => name.endsWith(end)).length;
  return {
    metrics: await count("data/metrics/windows", ".window"),
    spans: await count("data/records/spans", ".parquet"),
    logs: await count("data/records/logs", ".parquet"),
  };
}

/** Waits until retention has removed what is older than four hours. */
async function waitForRetention(home: TemporaryFolder): Promise<void> {
  await waitUntil(async () => {
    const { metrics, spans, logs } = await localWindows(home);
    return metrics! <= 3 && spans === 0 && logs === 0;
  }, WAIT);
}

test("windows are copied to a folder before they are removed, and queries read them as if they were there", async () => {
  await using home = await temporaryFolder("station");
  const want = await makePast(home);
  const before = await localWindows(home);
  assert.ok(before["metrics"]! >= 7);
  assert.deepEqual([before["spans"], before["logs"]], [2, 2]);
  const archive = folder.file("windows");
  const config = `store: { retention: 4h, archive: { path: ${archive} } }\n`;
  {
    await using station = await StationProcess.start({ folder: home, config });
    await waitForRetention(home);
    await checkAnswers(station, want);
    const names = await readdir(archive, { recursive: true });
    assert.equal(names.filter((name) => name.endsWith(".window")).length, before["metrics"]);
    assert.equal(names.filter((name) => name.endsWith(".parquet")).length, 4);
    assert.deepEqual(
      names.filter((name) => name.endsWith(".draft")),
      [],
    );
  }
  // And at the next start.
  await using station = await StationProcess.start({ folder: home, config });
  await checkAnswers(station, want);

  const listed = await runFlx("archive", "ls", "--config", home.file("flx.yml"));
  assert.equal(listed.code, 0, listed.error);
  assert.match(listed.out, /^metrics +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ .* \d+ +[\d.]+ ?\w+B$/m);
  const json = await runFlx(
    "archive",
    "ls",
    archive,
    "--json",
    "--from",
    String(now / 1_000 - 8 * 3_600),
  );
  const windows = JSON.parse(json.out) as { signal: string }[];
  const some = windows.filter(({ signal }) => signal === "metrics").length;
  assert.ok(some >= 3 && some <= 5, `${some} windows of the last eight hours`);

  const data = folder.file("again/data");
  const restored = await runFlx("archive", "restore", archive, "--data", data);
  assert.equal(restored.code, 0, restored.error);
  const again = await runFlx("archive", "restore", archive, "--data", data);
  assert.equal(again.code, 1);
  assert.match(again.error, /is not empty/);
  assert.equal((await readdir(join(data, "metrics/windows"))).length, before["metrics"]);
  assert.equal((await readdir(join(data, "records/spans"))).length, 2);
});

test("a window of the archive that is damaged is no part of an answer, is told, and is not restored", async () => {
  const archive = folder.file("windows");
  await using home = await temporaryFolder("station");
  const config = `store: { retention: 4h, archive: { path: ${archive} } }\n`;
  const [victim] = (await readdir(join(archive, "metrics"))).toSorted();
  const path = join(archive, "metrics", victim!);
  const whole = await readFile(path);
  const bytes = Buffer.from(whole);
  bytes[20]! ^= 1;
  await writeFile(path, bytes);
  const restored = await runFlx("archive", "restore", archive, "--data", home.file("none"));
  assert.equal(restored.code, 1);
  assert.match(restored.error, new RegExp(`${victim} of .* is damaged`));
  assert.deepEqual(await readdir(home.file("none")), []);

  await using station = await StationProcess.start({ folder: home, config });
  const answer = (await api(station, QUESTIONS[0]!)) as { result: { values: unknown[] }[] };
  const count = answer.result[0]!.values.length;
  assert.ok(count > 10 * 60 && count < 18.5 * 60 + 6, `${count} steps`);
  assert.match(station.process.log(), /metrics\/.*\.window of .* is damaged/);
  await writeFile(path, whole);
});

test("windows stay while the archive cannot be reached, and go when it can", async () => {
  await using home = await temporaryFolder("station");
  const want = await makePast(home);
  const before = await localWindows(home);
  const archive = home.file("away");
  await writeFile(archive, "this is a file, not a folder");
  await using station = await StationProcess.start({
    folder: home,
    config: `store: { retention: 4h, archive: { path: ${archive} } }\n`,
  });
  await waitUntil(() => /cannot list .*away: ENOTDIR/.test(station.process.log()), WAIT);
  assert.deepEqual(await localWindows(home), before);
  await rm(archive);
  await waitForRetention(home);
  await checkAnswers(station, want);
});

test("the same with a bucket: windows are brought when a question needs them, within a cache", async () => {
  await using home = await temporaryFolder("station");
  await using s3 = await startS3(home.file("buckets"));
  const want = await makePast(home);
  const before = await localWindows(home);
  const config = `
store:
  retention: 4h
  archive:
    cache: 1MB
    s3: { endpoint: "${s3.url}", bucket: ${s3.bucket}, prefix: station-1, access_key_id: ${s3.accessKeyId}, secret_access_key: ${s3.secretAccessKey} }
`;
  {
    await using station = await StationProcess.start({ folder: home, config });
    await waitForRetention(home);
    await checkAnswers(station, want);
    const cached = await readdir(home.file("data/archive-cache"));
    assert.ok(cached.some((name) => name.endsWith(".window")));
    assert.ok(cached.some((name) => name.startsWith("spans-")));
  }
  const data = folder.file("from-bucket");
  const restored = await runFlx(
    "archive",
    "restore",
    "--config",
    home.file("flx.yml"),
    "--data",
    data,
  );
  assert.equal(restored.code, 0, restored.error);
  assert.equal((await readdir(join(data, "metrics/windows"))).length, before["metrics"]);

  await s3.stop();
  await using station = await StationProcess.start({ folder: home, config });
  const response = await fetch(`${station.url}${QUESTIONS[0]}`);
  // Unknown what is there: what is here is answered, and the log says why it is not more.
  assert.equal(response.status, 200);
  await waitUntil(() => /cannot list s3:\/\/.*ECONNREFUSED/.test(station.process.log()), WAIT);
});
