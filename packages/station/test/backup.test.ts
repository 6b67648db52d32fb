// flx backup with real stations: a backup while everybody writes has all that was acknowledged before it, verify finds
// each damaged byte, and restore makes a data folder that answers the same.

import assert from "node:assert/strict";
import {
  cp,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { remoteWrite, type RemoteSeries, temporaryFolder, waitUntil } from "@flx/testkit";
import { type BackupManifest, readManifest, writeManifest } from "../src/store/backup/manifest.ts";
import { restoreBackup } from "../src/store/backup/restore-backup.ts";
import { verifyBackup } from "../src/store/backup/verify-backup.ts";
import { fillStore } from "./store/fill-store.ts";
import { madeLogs, madeSpans } from "./store/made-records.ts";
import { runFlx } from "./run-flx.ts";
import { StationProcess } from "./running-station.ts";

const HOUR = 3_600_000;
const SERIES = 20;
const WAIT = { timeoutMs: 120_000, everyMs: 200 };

const folder = await temporaryFolder("backup");
after(() => folder.remove());

function loadAt(writer: string, at: number, value: number): RemoteSeries[] {
  return Array.from({ length: SERIES }, (_, i) => ({
    labels: ["__name__", "load_total", "series", String(i), "writer", writer],
    timestamps: [at],
    values: Float64Array.of(value),
  }));
}

/** How much of what one writer sent was acknowledged. */
interface Acknowledged {
  samples: number;
  spans: number;
  logs: number;
  errors: number;
}

async function post(
  station: StationProcess,
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  type: string,
) {
  const response = await fetch(`${station.otlpHttp}${path}`, {
    method: "POST",
    body,
    headers: { "content-type": type },
  });
  const text = await response.text();
  assert.equal(response.status, 200, text);
}

/** One log record with an exception: an error group, and a record. */
function exception(number: number): string {
  const attributes = [
    { key: "exception.type", value: { stringValue: `Backup${number % 7}Error` } },
    { key: "exception.message", value: { stringValue: "it broke" } },
  ];
  const record = { timeUnixNano: `${Date.now()}000000`, severityNumber: 17, attributes };
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "breaks" } }] };
  return JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record] }] }] });
}

async function write(
  station: StationProcess,
  writer: number,
  startMs: number,
  counts: Acknowledged,
  signal: AbortSignal,
): Promise<void> {
  for (let i = 0; !signal.aborted; i++) {
    await remoteWrite(station.url, loadAt(String(writer), startMs + i, i));
    counts.samples++;
    const seed = writer * 100_000 + i + 1;
    const spans = madeSpans(seed, { count: 5, startMs, traces: 1_000_000 });
    const protobuf = "application/x-protobuf";
    await post(station, "/v1/traces", new Uint8Array(spans.request), protobuf);
    counts.spans += 5;
    const logs = madeLogs(seed, { count: 3, startMs, first: 1 });
    await post(station, "/v1/logs", new Uint8Array(logs.request), protobuf);
    counts.logs += 3;
    await post(station, "/v1/logs", exception(i), "application/json");
    counts.logs++;
    counts.errors++;
  }
}

interface Answer {
  readonly data: unknown;
}

async function api(station: StationProcess, path: string): Promise<unknown> {
  const response = await fetch(`${station.url}${path}`);
  const body = (await response.json()) as Answer;
  assert.equal(response.status, 200, JSON.stringify(body));
  return body.data;
}

const paths = (startMs: number): readonly string[] => {
  const [start, end] = [(startMs - 8 * HOUR) / 1_000, startMs / 1_000 - 60];
  const range = (query: string, step: number): string =>
    `/api/v1/query_range?${new URLSearchParams({ query, start: `${start}`, end: `${end}`, step: `${step}` }).toString()}`;
  return [
    range("old_total", 60),
    range("sum by (i) (rate(old_total[5m]))", 300),
    range("max_over_time(old_total[1h])", 900),
    `/api/v1/series?match[]=old_total&start=${start}&end=${end}`,
    "/api/v1/metadata?metric=old_total",
  ];
};

/** Values of a writer's series at the time of each of its samples: nothing is missing, nothing twice. */
async function samplesOf(station: StationProcess, writer: number, startMs: number, count: number) {
  const query = `count_over_time(load_total{writer="${writer}"}[1h])`;
  const found = await station.query(query, (startMs + count - 1) / 1_000);
  return found.map(([, value]) => Number(value));
}

test("a backup under continuous ingest has everything acknowledged before, and answers the same", async () => {
  // Six hours, a minute apart: two windows are closed, the rest is in head and log.
  const now = Date.now();
  await using home = await temporaryFolder("station");
  await fillStore(home.file("data"), {
    series: Array.from({ length: 5 }, (_, i) => ({ __name__: "old_total", i: String(i) })),
    fromMs: now - 6 * HOUR,
    toMs: now - 60_000,
    stepMs: 60_000,
    valueOf: (i, step) => step * (i + 1),
  });
  assert.ok((await readdir(home.file("data/metrics/windows"))).length >= 2);
  await using station = await StationProcess.start({
    folder: home,
    config: `store: { backups: ${folder.file("backups")} }\n`,
  });

  const startMs = Date.now() - 30_000;
  const ending = new AbortController();
  const counts = [0, 1, 2].map(() => ({ samples: 0, spans: 0, logs: 0, errors: 0 }));
  const writers = counts.map((each, i) => write(station, i, startMs, each, ending.signal));
  await waitUntil(() => counts.every(({ errors }) => errors > 8), WAIT);

  const before = structuredClone(counts);
  const made = await runFlx("backup", "create", "--name", "first", "--json", "--url", station.url);
  assert.equal(made.code, 0, made.error);
  const created = JSON.parse(made.out) as { path: string; files: number; bytes: number };
  assert.equal(created.path, folder.file("backups/first"));
  const during = structuredClone(counts);
  // Ingest goes on while it is made, and a second one has more.
  await waitUntil(() => counts.every(({ samples }, i) => samples > during[i]!.samples + 5), WAIT);
  const second = await runFlx("backup", "create", "--name", "second", "--url", station.url);
  assert.equal(second.code, 0, second.error);
  const again = await runFlx("backup", "create", "--name", "first", "--url", station.url);
  assert.equal(again.code, 1);
  assert.match(again.error, /backups\/first is there already/);
  ending.abort();
  await Promise.all(writers);
  const answers = await Promise.all(paths(now).map((path) => api(station, path)));
  assert.deepEqual(
    (await readdir(station.folder.file("data"))).filter((name) => name.endsWith(".draft")),
    [],
  );

  for (const name of ["first", "second"]) {
    const backup = folder.file(`backups/${name}`);
    const verified = await runFlx("backup", "verify", backup, "--json");
    assert.equal(verified.code, 0, verified.out + verified.error);
    const data = folder.file(`restored-${name}/data`);
    const restored = await runFlx("backup", "restore", backup, "--data", data);
    assert.equal(restored.code, 0, restored.error);
  }
  const restoredFolder = await temporaryFolder("restored");
  await cp(folder.file("restored-first/data"), restoredFolder.file("data"), {
    recursive: true,
    preserveTimestamps: true,
  });
  await using restored = await StationProcess.start({ folder: restoredFolder });
  for (const [i, path] of paths(now).entries()) {
    assert.deepEqual(await api(restored, path), answers[i], path);
  }
  for (const [writer, { samples }] of before.entries()) {
    const found = await samplesOf(restored, writer, startMs, samples);
    assert.deepEqual(found, Array.from<number>({ length: SERIES }).fill(samples));
  }
  const total = (of: readonly Acknowledged[], what: keyof Acknowledged): number =>
    of.reduce((sum, each) => sum + each[what], 0);
  const all = `start=0&end=${Math.ceil(now / 1_000) + 10_000}&limit=10000`;
  const spans = (await api(restored, `/api/v1/spans?${all}`)) as unknown[];
  assert.ok(spans.length >= total(before, "spans"), `${spans.length} spans`);
  assert.ok(spans.length <= total(counts, "spans"));
  const logs = (await api(restored, `/api/v1/logs?${all}`)) as unknown[];
  assert.ok(logs.length >= total(before, "logs"), `${logs.length} log records`);
  assert.ok(logs.length <= total(counts, "logs"));
  const groups = (await api(restored, "/api/v1/errors?limit=10000")) as { count: number }[];
  const errors = groups.reduce((sum, { count }) => sum + count, 0);
  assert.ok(errors >= total(before, "errors") && errors <= total(counts, "errors"), `${errors}`);
  // It goes on from there: what is sent now is not taken for something that is there already.
  await post(restored, "/v1/logs", exception(1), "application/json");
  const more = (await api(restored, `/api/v1/logs?${all}`)) as unknown[];
  assert.equal(more.length, logs.length + 1);
  await restoredFolder.remove();
});

test("flx backup verify names what is damaged, and restore takes none of it", async () => {
  const f = async (name: string, damage: (backup: string) => Promise<void>, want: RegExp) => {
    const backup = folder.file(`damaged-${name}`);
    await cp(folder.file("backups/first"), backup, { recursive: true });
    await damage(backup);
    const told = await verifyBackup(backup).then(
      ({ damaged }) => damaged.map(({ path, reason }) => `${path}: ${reason}`).join("\n"),
      (error: Error) => error.message,
    );
    assert.match(told, want, name);
    const data = folder.file(`not-restored-${name}`);
    await assert.rejects(restoreBackup(backup, data), /./, name);
    assert.deepEqual(await readdir(data).catch(() => []), [], name);
    return backup;
  };
  const text = await readFile(folder.file("backups/first/manifest.json"), "utf8");
  const { files } = JSON.parse(text) as BackupManifest;
  const one = files.find(({ path }) => path.endsWith(".parquet"))!.path;
  const flip = async (path: string): Promise<void> => {
    const bytes = await readFile(path);
    bytes[bytes.length >> 1]! ^= 1;
    await rm(path);
    await writeFile(path, bytes);
  };

  for (const [i, { path }] of files.entries()) {
    await f(`bit-${i}`, (backup) => flip(join(backup, path)), new RegExp(`^${path}: its SHA-256`));
  }
  const missing = await f("missing", (backup) => rm(join(backup, one)), /parquet: it is missing$/);
  const verified = await runFlx("backup", "verify", missing);
  assert.equal(verified.code, 1);
  assert.match(verified.out, /parquet: it is missing\n.*: 1 damaged\n$/);
  await f("short", (backup) => truncate(join(backup, one), 100), /it has 100 bytes instead of \d+/);
  await f(
    "manifest",
    (backup) => flip(join(backup, "manifest.json")),
    /manifest\.json: its SHA-256/,
  );
  await f("none", (backup) => rm(join(backup, "manifest.json")), /is no backup: manifest\.json/);
});

test("flx backup verify says what is not part of the backup, and hostile manifests lead nowhere", async () => {
  const backup = folder.file("strange");
  await cp(folder.file("backups/first"), backup, { recursive: true });
  await writeFile(join(backup, "metrics/extra"), "x");
  await symlink("/etc/passwd", join(backup, "link"));
  const { code, out } = await runFlx("backup", "verify", backup);
  assert.equal(code, 0);
  assert.match(out, /^metrics\/extra: not part of the backup/m);
  assert.match(out, /^link: not part/m);

  const manifest = await readManifest(backup);
  const sha256 = "0".repeat(64);
  for (const path of [
    "../../escaped",
    "/etc/passwd",
    "metrics/../../x",
    "metrics/.x",
    "queries.active",
  ]) {
    await rm(join(backup, "manifest.json"));
    await rm(join(backup, "manifest.sha256"));
    await writeManifest(backup, { ...manifest, files: [{ path, bytes: 1, sha256 }] });
    const want = { code: "FLX_BACKUP_DAMAGED", message: /is no path of a data folder/ };
    await assert.rejects(restoreBackup(backup, folder.file("hostile")), want);
  }
});

test("flx backup restore refuses a folder that is not empty, and a half-restored one starts no station", async () => {
  const data = folder.file("full");
  await mkdir(data);
  await writeFile(join(data, "mine"), "");
  const backup = folder.file("backups/first");
  const { code, error } = await runFlx("backup", "restore", backup, "--data", data);
  assert.equal(code, 1);
  assert.match(error, /full is not empty \(mine\): restore into a new folder/);
  assert.deepEqual(await readdir(data), ["mine"]);

  await mkdir(join(data, "restore.draft"));
  const started = await runFlx(
    "up",
    "--data",
    data,
    "--listen",
    "0",
    "--otlp-grpc",
    "0",
    "--otlp-http",
    "0",
  );
  assert.notEqual(started.code, 0);
  assert.match(started.error, /a restore into .*full did not end/);
});

test("backups are made by who may administer, one at a time, under names that lead nowhere", async () => {
  await using station = await StationProcess.start({
    config: `access:
  users:
    - { name: reader, roles: [read, write], token: 0123456789abcdef }
    - { name: admin, roles: [admin], token: fedcba9876543210 }
`,
  });
  const ask = async (token: string, form: Record<string, string>) => {
    const response = await fetch(`${station.url}/api/v1/backups`, {
      method: "POST",
      body: new URLSearchParams(form),
      headers: { authorization: `Bearer ${token}` },
    });
    return { status: response.status, text: await response.text() };
  };
  assert.equal((await ask("0123456789abcdef", {})).status, 403);
  for (const name of ["..", "../x", "a/b", ".hidden", "x.draft", "x".repeat(65)]) {
    const { status, text } = await ask("fedcba9876543210", { name });
    assert.equal(status, 400, name);
    assert.match(text, /is no name/);
  }
  const begun = await Promise.all([1, 2].map((i) => ask("fedcba9876543210", { name: `b${i}` })));
  assert.deepEqual(new Set(begun.map(({ status }) => status)), new Set([200, 409]));
  const done = await waitUntil(async () => {
    const response = await fetch(`${station.url}/api/v1/backups/b1`, {
      headers: { authorization: "Bearer fedcba9876543210" },
    });
    const { data } = (await response.json()) as { data: { state: string; path: string } };
    return data.state !== "running" && data;
  }, WAIT);
  assert.equal(done.state, "done");
  assert.ok((await stat(join(done.path, "manifest.json"))).isFile());
});
