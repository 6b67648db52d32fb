// The station's own `remote_write`, beside its store, to a real Prometheus and a real VictoriaMetrics.
//
//   equal     what the station scrapes and is sent is in both, relabelled, with the station's labels
//   2.0       neither takes it: both are sent 1.0 instead, and nothing is lost
//   killed    both killed and the station killed under load: what was acknowledged is in the station and in both

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  freePort,
  httpGet,
  type PeerServer,
  requirePeer,
  temporaryFolder,
  type TemporaryFolder,
  waitUntil,
} from "@flx/testkit";
import { StationProcess } from "../packages/station/test/running-station.ts";
import { assertWhole, drained, Load, startsPrometheus, startsVictoria } from "./engine-load.ts";

const PATIENT = { timeoutMs: 120_000, everyMs: 200 };
const KILLS = process.env["FLX_FULL"] === "1" ? 20 : 3;

/** Both engines, each on its folder. */
class Engines implements AsyncDisposable {
  readonly #folders: readonly [TemporaryFolder, TemporaryFolder];
  readonly #ports: readonly [number, number];
  prometheus: PeerServer | undefined;
  victoria: PeerServer | undefined;

  private constructor(
    folders: readonly [TemporaryFolder, TemporaryFolder],
    ports: readonly [number, number],
  ) {
    this.#folders = folders;
    this.#ports = ports;
  }

  static async create(): Promise<Engines> {
    const folders = [await temporaryFolder("engine"), await temporaryFolder("engine")] as const;
    return new Engines(folders, [await freePort(), await freePort()]);
  }

  get urls(): readonly [prometheus: string, victoria: string] {
    return [`http://127.0.0.1:${this.#ports[0]}`, `http://127.0.0.1:${this.#ports[1]}`];
  }

  async start(): Promise<void> {
    this.prometheus ??= await startsPrometheus({ folder: this.#folders[0], port: this.#ports[0] });
    this.victoria ??= await startsVictoria({ folder: this.#folders[1], port: this.#ports[1] });
  }

  /** VictoriaMetrics in order: it acknowledges before it has written. */
  async end(): Promise<void> {
    await this.prometheus?.process.kill();
    await this.victoria?.process.stop();
    this.prometheus = undefined;
    this.victoria = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    for (const folder of this.#folders) await folder.remove();
  }
}

function configOf([prometheus, victoria]: Engines["urls"], more = ""): string {
  return `
global: { external_labels: { site: here } }
remote_write:
  - name: prometheus
    url: ${prometheus}/api/v1/write
    queue_config: { max_backoff: 500ms }
    write_relabel_configs:
      - { source_labels: [__name__], regex: flx_memory_.*, action: drop }
      - { source_labels: [job], target_label: origin }
${more}
  - name: victoria
    url: ${victoria}/api/v1/write
    queue_config: { max_backoff: 500ms }
`;
}

async function vector(url: string, query: string, timeMs: number): Promise<Map<string, string>> {
  const path = `query?query=${encodeURIComponent(query)}&time=${timeMs / 1_000}`;
  const { body } = await httpGet(`${url}/api/v1/${path}`, { timeoutMs: 30_000 });
  const { data } = JSON.parse(body) as {
    data: { result: { metric: Record<string, string>; value: [number, string] }[] };
  };
  return new Map(
    data.result.map(({ metric, value }) => {
      const { site: _site, origin: _origin, ...own } = metric;
      return [
        JSON.stringify(Object.entries(own).toSorted(([a], [b]) => (a < b ? -1 : 1))),
        value[1],
      ];
    }),
  );
}

test("what the station has is sent on, with relabelling and external labels, and a reload changes where to", async (t) => {
  if (!requirePeer(t, "prometheus") || !requirePeer(t, "victoria-metrics")) return;
  await using engines = await Engines.create();
  await engines.start();
  await using folder = await temporaryFolder("station");
  await using station = await StationProcess.start({ config: configOf(engines.urls), folder });
  const load = new Load(() => station.url);
  await waitUntil(async () => (await station.query('up{job="flx"}')).length === 1, PATIENT);
  await sleep(1_000);
  await load.stop();
  await drained(station, "prometheus");
  await drained(station, "victoria");
  const timeMs = Date.now();
  for (const [i, url] of engines.urls.entries()) {
    await assertWhole(url, load, 'load{site="here"}');
    // The metrics of the station itself, as it has them.
    const names = '{job="flx",__name__!~"flx_memory_.*|flx_remote_write_.*"}';
    const ours = await vector(station.url, `last_over_time(${names}[5m])`, timeMs);
    const theirs = await vector(url, `last_over_time(${names}[5m])`, timeMs);
    assert.ok(ours.size > 50);
    const missing = [...ours.keys()].filter((key) => !theirs.has(key));
    assert.deepEqual(missing, []);
    const dropped = await vector(url, '{__name__=~"flx_memory_.*"}', timeMs);
    assert.equal(dropped.size === 0, i === 0, "relabelling is of one of them only");
    const relabelled = await vector(url, 'up{origin="flx",site="here"}', timeMs);
    assert.equal(relabelled.size, i === 0 ? 1 : 0);
  }
  // A remote goes, the other one stays; another comes.
  const changed = configOf(engines.urls, "      - { regex: i, action: labeldrop }").replace(
    "name: victoria",
    "name: victoria-2",
  );
  await writeFile(folder.file("flx.yml"), changed);
  const reloaded = await fetch(`${station.url}/-/reload`, { method: "POST" });
  assert.equal(reloaded.status, 200, await reloaded.text());
  const { body } = await httpGet(`${station.url}/metrics`, { timeoutMs: 10_000 });
  assert.match(body, /queue_samples\{remote="victoria-2"\} \d/);
  assert.doesNotMatch(body, /queue_samples\{remote="victoria"\} \d/);
  assert.equal((await httpGet(`${station.url}/readyz`)).status, 200);
});

test("engines of remote write 1.0 that are sent 2.0 by mistake get everything as 1.0, and are told of", async (t) => {
  if (!requirePeer(t, "prometheus") || !requirePeer(t, "victoria-metrics")) return;
  await using engines = await Engines.create();
  await engines.start();
  const second = "protobuf_message: io.prometheus.write.v2.Request";
  const config = configOf(engines.urls, `    ${second}`) + `    ${second}\n`;
  await using station = await StationProcess.start({ config });
  const load = new Load(() => station.url);
  await waitUntil(async () => (await station.query('up{job="flx"}')).length === 1, PATIENT);
  await sleep(1_000);
  await load.stop();
  for (const [i, name] of ["prometheus", "victoria"].entries()) {
    await drained(station, name);
    await assertWhole(engines.urls[i]!, load, 'load{site="here"}');
    const told = `${name}: [\\d.:]+/api/v1/write does not take io.prometheus.write.v2.Request`;
    assert.match(station.process.log(), new RegExp(told));
  }
  const { body } = await httpGet(`${station.url}/metrics`, { timeoutMs: 10_000 });
  assert.doesNotMatch(body, /outcome="refused"\} [1-9]/);
});

test(`nothing is lost when both remotes are ended ${KILLS} times and the station is killed under load`, async (t) => {
  if (!requirePeer(t, "prometheus") || !requirePeer(t, "victoria-metrics")) return;
  await using engines = await Engines.create();
  await engines.start();
  await using folder = await temporaryFolder("station");
  const config = configOf(engines.urls);
  let station: StationProcess | undefined = await StationProcess.start({ config, folder });
  const load = new Load(() => station?.url);
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(500 + ((kill * 7_919) % 1_000));
      await engines.end();
      await sleep(300 + ((kill * 104_729) % 1_000));
      const killed: StationProcess | undefined = station;
      station = undefined;
      await killed?.process.kill();
      station = await StationProcess.start({ config, folder });
      await engines.start();
    }
    await sleep(500);
    await load.stop();
    await drained(station, "prometheus");
    await drained(station, "victoria");
    t.diagnostic(`${load.acknowledged} steps acknowledged, ${load.refusals} without an answer`);
    assert.ok(load.acknowledged > 100);
    for (const url of [station.url, ...engines.urls]) await assertWhole(url, load);
  } finally {
    await load.stop();
    await station?.process.stop();
  }
});
