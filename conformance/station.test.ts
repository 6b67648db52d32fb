// A whole station beside a real Prometheus: the same data in, the same answers out, over HTTP on both sides.
//
//   remote write   the data of promql-data.ts into both, 400 generated queries, instant and range, off the sample grid
//   scraping       a target with timestamps of its own, scraped by both; staleness, `up` and metadata when it goes
//   forwarding     a Prometheus scrapes a node exporter and itself and writes everything on to the station
//   clients        promtool asks it; vmagent writes to it; OpenTelemetry JS and our SDK push to it over gRPC and HTTP

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { OTLPMetricExporter as GrpcExporter } from "@opentelemetry/exporter-metrics-otlp-grpc";
import { OTLPMetricExporter as ProtobufExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { startMonitoring } from "@flx/monitoring";
import {
  freePort,
  peer,
  requirePeer,
  startNodeExporter,
  startProcess,
  startPrometheus,
  temporaryFolder,
  waitUntil,
  seededRandom,
} from "@flx/testkit";
import { StationProcess } from "../packages/station/test/running-station.ts";
import {
  AnswerClient,
  compare,
  type Difference,
  differencesOf,
  explained,
  report,
  type Times,
  timesFrom,
} from "./promql-answers.ts";
import { writeDataTo } from "./promql-data.ts";
import { QueryGenerator } from "./promql-queries.ts";

const PATIENT = { timeoutMs: 90_000, everyMs: 200 };
const QUERIES = process.env["FLX_FULL"] === "1" ? 4_000 : 400;

const isExplained = (difference: Difference): boolean =>
  explained.some(({ covers }) => covers(difference));

function clientOf(url: string): AnswerClient {
  return new AnswerClient(Number(new URL(url).port));
}

test(`the same remote-written data gives the same answers to ${QUERIES} queries`, async (t) => {
  if (!requirePeer(t, "prometheus")) return;
  await using prometheus = await startPrometheus({
    args: ["--enable-feature=native-histograms"],
  });
  await using station = await StationProcess.start({
    config: "storage: { tsdb: { out_of_order_time_window: 20y } }\n",
  });
  await writeDataTo(prometheus.url);
  await writeDataTo(station.url);
  const random = seededRandom(8);
  const generator = new QueryGenerator(random);
  const questions = Array.from(
    { length: QUERIES },
    () => [generator.next(), timesFrom(random)] as const,
  );
  const [ours, theirs] = [clientOf(station.url), clientOf(prometheus.url)];
  const { filled, differences } = await differencesOf(ours, theirs, questions, isExplained);
  ours.close();
  theirs.close();
  t.diagnostic(`${QUERIES} queries, ${filled} with samples`);
  assert.ok(filled > QUERIES / 2, `only ${filled} queries gave samples`);
  assert.equal(differences.length, 0, report(differences));
});

const STEP_MS = 3_000;
/** The longest window of a query below. */
const WINDOW_MS = 12_000;

/** A target whose samples have timestamps: whoever asks it within a step gets the same ones. */
async function steppingTarget() {
  const server = createServer((_request, response) => {
    const step = Math.floor(Date.now() / STEP_MS);
    const at = step * STEP_MS;
    const lines = ["# HELP jobs_total Jobs done", "# TYPE jobs_total counter"];
    for (const queue of ["a", "b", "c"]) {
      lines.push(`jobs_total{queue="${queue}"} ${(step % 1_000) * queue.charCodeAt(0)} ${at}`);
    }
    lines.push("# HELP level Now", "# TYPE level gauge", `level ${step % 7} ${at}`);
    lines.push("# TYPE plain gauge", "plain 1");
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.end(`${lines.join("\n")}\n`);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { close, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/**
 * A stretch of which both have every step, with the longest window before it: on a machine that stands still for a step one of
 * the two may miss it, and their answers differ although both are right. Fails when it takes more than ten attempts.
 */
async function stretchThatBothSaw(ours: AnswerClient, theirs: AnswerClient) {
  const missed: string[] = [];
  for (let attempt = 1; attempt <= 10; attempt++) {
    const firstMs = Math.ceil((Date.now() + WINDOW_MS) / STEP_MS + 1) * STEP_MS;
    await sleep(firstMs + 4 * STEP_MS - Date.now());
    const endMs = Math.floor(Date.now() / STEP_MS) * STEP_MS;
    const sinceMs = firstMs - WINDOW_MS;
    const seen = async (client: AnswerClient): Promise<number[]> => {
      const rangeMs = endMs - sinceMs;
      const times = { kind: "instant", timeMs: endMs - 1 } as const;
      const [samples] = (await client.ask(`level[${rangeMs}ms]`, times)).series.values();
      return [...(samples?.keys() ?? [])];
    };
    const wanted: number[] = [];
    for (let at = sinceMs; at < endMs; at += STEP_MS) wanted.push(at);
    const both = await Promise.all([seen(ours), seen(theirs)]);
    const without = both.map((had) => wanted.filter((at) => !had.includes(at)).length);
    if (without[0] === 0 && without[1] === 0) return { firstMs, endMs };
    missed.push(`attempt ${attempt}: ${without[0]} of ours, ${without[1]} of theirs are missing`);
  }
  throw new Error(`no stretch that both saw:\n${missed.join("\n")}`);
}

test("the same scraped target gives the same series, answers, metadata and staleness", async (t) => {
  if (!requirePeer(t, "prometheus")) return;
  const { close, address } = await steppingTarget();
  t.after(close);
  const config = `
global: { scrape_interval: 500ms, scrape_timeout: 500ms }
scrape_configs:
  - job_name: stepping
    static_configs: [{ targets: ["${address}"], labels: { env: test } }]
    metric_relabel_configs:
      - { source_labels: [queue], regex: c, action: drop }
`;
  await using prometheus = await startPrometheus({ config });
  await using station = await StationProcess.start({ config });
  const [ours, theirs] = [clientOf(station.url), clientOf(prometheus.url)];
  const startMs = Date.now();
  const instant = (timeMs: number): Times => ({ kind: "instant", timeMs });
  const up = async (client: AnswerClient, timeMs: number): Promise<number> => {
    const answer = await client.ask('up{job="stepping"}', instant(timeMs));
    return Number([...answer.series.values()][0]?.values().next().value);
  };
  await waitUntil(async () => (await up(ours, Date.now())) + (await up(theirs, Date.now())) === 2, {
    ...PATIENT,
    what: "both to have scraped",
  });
  const { firstMs, endMs } = await stretchThatBothSaw(ours, theirs);
  const names = [
    "jobs_total",
    "level",
    "rate(jobs_total[11s])",
    "increase(jobs_total[8s])",
    "sum without (queue) (jobs_total)",
    "max_over_time(level[10s])",
    "changes(level[12s])",
    "count by (env, job, instance) (jobs_total)",
    "jobs_total offset 6s",
    "timestamp(level)",
    "topk(1, jobs_total)",
    "label_replace(level, 'x', '$1', 'instance', '(.*):.*')",
  ];
  const random = seededRandom(3);
  const questions = Array.from({ length: 120 }, (_, i) => {
    // Never on a round 100 ms: there the edge of a window would meet a sample, and 2.42's windows are closed.
    const at = firstMs + 100 * Math.floor((random() * (endMs - firstMs - STEP_MS)) / 100) + 7;
    const query = names[i % names.length]!;
    const times: Times =
      i % 2 === 0
        ? instant(at)
        : {
            kind: "range",
            startMs: firstMs + 7,
            endMs: endMs - STEP_MS,
            stepMs: 1_300 + 100 * (i % 9),
          };
    return [query, times] as const;
  });
  const { asked, filled, differences } = await differencesOf(ours, theirs, questions, isExplained);
  t.diagnostic(`${asked} queries, ${filled} with samples`);
  assert.ok(filled > asked / 2);
  assert.equal(differences.length, 0, report(differences));

  const metadata = async (url: string): Promise<string[]> => {
    const response = await fetch(`${url}/api/v1/targets/metadata?match_target={job="stepping"}`);
    const { data } = (await response.json()) as { data: readonly { metric: string }[] };
    return data.map((entry) => JSON.stringify(entry, Object.keys(entry).toSorted())).toSorted();
  };
  assert.deepEqual(await metadata(station.url), await metadata(prometheus.url));
  const labels = async (url: string): Promise<unknown> => {
    const parameters = new URLSearchParams({ "match[]": '{job="stepping"}' });
    parameters.set("start", String(startMs / 1_000));
    return (
      (await (await fetch(`${url}/api/v1/series?${parameters.toString()}`)).json()) as {
        data: readonly Readonly<Record<string, string>>[];
      }
    ).data
      .map((series) => JSON.stringify(series, Object.keys(series).toSorted()))
      .toSorted();
  };
  assert.deepEqual(await labels(station.url), await labels(prometheus.url));

  close();
  await waitUntil(async () => (await up(ours, Date.now())) + (await up(theirs, Date.now())) === 0, {
    ...PATIENT,
    what: "both to see that it is gone",
  });
  for (const query of ["plain", "level", 'up{job="stepping"}']) {
    const now = instant(Date.now());
    const [mine, other] = await Promise.all([ours.ask(query, now), theirs.ask(query, now)]);
    assert.equal(compare(query, now, mine, other), undefined, `${query} when the target is gone`);
  }
  ours.close();
  theirs.close();
});

test("what a Prometheus scrapes and writes on gives the same answers here", async (t) => {
  if (!requirePeer(t, "prometheus") || !requirePeer(t, "node-exporter")) return;
  await using exporter = await startNodeExporter();
  await using station = await StationProcess.start();
  await using prometheus = await startPrometheus({
    config: `
global: { scrape_interval: 1s, external_labels: {} }
scrape_configs:
  - job_name: node
    static_configs: [{ targets: ["127.0.0.1:${exporter.port}"] }]
remote_write:
  - url: ${station.url}/api/v1/write
    queue_config: { batch_send_deadline: 1s }
`,
  });
  const [ours, theirs] = [clientOf(station.url), clientOf(prometheus.url)];
  const since = Date.now();
  await waitUntil(
    async () => {
      const times: Times = { kind: "instant", timeMs: Date.now() };
      const query = 'count_over_time(up{job="node"}[1m])';
      const [series] = (await ours.ask(query, times)).series.values();
      return Number(series?.values().next().value) >= 15;
    },
    { ...PATIENT, what: "15 scrapes to arrive" },
  );
  const now: Times = { kind: "instant", timeMs: Date.now() };
  const [scraped] = (await theirs.ask("timestamp(up{job='node'})", now)).series.values();
  const lastMs = Math.round(Number(scraped?.values().next().value) * 1_000);
  // Halfway between two scrapes: no edge of a window meets a sample, where 2.42 and 3 differ.
  const endMs = lastMs - 4_500;
  const queries = [
    "up{job='node'}",
    "scrape_samples_scraped{job='node'}",
    "node_memory_MemTotal_bytes",
    "rate(node_cpu_seconds_total[5s])",
    "sum by (mode) (rate(node_cpu_seconds_total[7s]))",
    "1 - avg by (instance) (rate(node_cpu_seconds_total{mode='idle'}[6s]))",
    "node_load1",
    "count({job='node'})",
    "count by (__name__) ({job='node'})",
    "topk(3, count by (__name__) ({job='node'}))",
    "histogram_quantile(0.9, sum by (le) (rate(go_gc_duration_seconds_bucket[5s])))",
    "go_gc_duration_seconds",
    "max_over_time(node_load1[8s])",
    "deriv(node_memory_MemAvailable_bytes[9s])",
    "node_filesystem_avail_bytes / node_filesystem_size_bytes",
    "sum(node_filesystem_avail_bytes) without (device, fstype, mountpoint)",
    "node_uname_info * on (instance) group_left node_load1",
    "resets(process_cpu_seconds_total[10s])",
    "absent(nothing{job='node'})",
    "quantile_over_time(0.5, node_load5[7s])",
  ];
  const random = seededRandom(5);
  const questions = Array.from({ length: 100 }, (_, i) => {
    const times: Times =
      i % 2 === 0
        ? { kind: "instant", timeMs: endMs - 1_000 * Math.floor(random() * 8) }
        : { kind: "range", startMs: endMs - 9_000, endMs, stepMs: 1_000 * (1 + (i % 3)) };
    return [queries[i % queries.length]!, times] as const;
  });
  const { asked, filled, differences } = await differencesOf(ours, theirs, questions, isExplained);
  t.diagnostic(`${asked} queries, ${filled} with samples, ${Date.now() - since} ms of data`);
  assert.ok(filled > asked / 2);
  // Its own job is the station's alone.
  assert.equal(differences.length, 0, report(differences));
  ours.close();
  theirs.close();
});

test("promtool asks the station", async (t) => {
  const promtool = requirePeer(t, "promtool") ? peer("promtool") : undefined;
  if (promtool === undefined) return;
  await using station = await StationProcess.start();
  const ask = (...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync(promtool.path, ["query", ...args], {
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
    return stdout;
  };
  const now = Math.floor(Date.now() / 1_000);
  const range = [`--start=${now - 60}`, `--end=${now + 2}`];
  assert.match(ask("instant", station.url, 'up{job="flx"}'), /up\{.*job="flx"\} => 1 @/);
  assert.match(ask("range", "--step=1s", ...range, station.url, "up"), /job="flx"/);
  assert.match(ask("series", "--match=up", ...range, station.url), /__name__="up".*job="flx"/);
  assert.match(ask("labels", ...range, station.url, "job"), /^flx$/m);
});

test("a Prometheus federates from the station: the same samples, with the station's own labels", async (t) => {
  if (!requirePeer(t, "prometheus") || !requirePeer(t, "node-exporter")) return;
  await using exporter = await startNodeExporter();
  await using station = await StationProcess.start({
    config: `
global: { scrape_interval: 1s, external_labels: { site: eu1 } }
scrape_configs:
  - { job_name: node, static_configs: [{ targets: ["127.0.0.1:${exporter.port}"] }] }
`,
  });
  await using prometheus = await startPrometheus({
    config: `
scrape_configs:
  - job_name: federate
    scrape_interval: 1s
    honor_labels: true
    metrics_path: /federate
    params: { "match[]": ['{job="node"}', '{__name__=~"flx_build_.*"}'] }
    static_configs: [{ targets: ["${new URL(station.url).host}"] }]
`,
  });
  const [ours, theirs] = [clientOf(station.url), clientOf(prometheus.url)];
  const samples = async (client: AnswerClient, query: string): Promise<Map<number, unknown>> => {
    const times: Times = { kind: "instant", timeMs: Date.now() };
    const [series] = (await client.ask(query, times)).series.values();
    return new Map(series);
  };
  const query = "node_load1[1m]";
  await waitUntil(async () => (await samples(theirs, query)).size >= 4, {
    ...PATIENT,
    what: "four federated samples",
  });
  const federated = await samples(theirs, 'node_load1{site="eu1",job="node"}[1m]');
  const own = await samples(ours, query);
  assert.ok(federated.size >= 4);
  for (const [time, value] of federated) assert.equal(own.get(time), value, `at ${time}`);
  const counted = async (client: AnswerClient): Promise<number> => {
    const [[, count] = [0, 0]] = await samples(client, 'count({job="node"})');
    return Number(count);
  };
  // What is NaN or a staleness marker is there or not by the same rule; what the scrape adds of itself is the station's.
  assert.equal(await counted(theirs), await counted(ours));
  assert.equal((await samples(theirs, "flx_build_info")).size, 1);
  const refused = await fetch(`${station.url}/federate?match[]={}`);
  assert.equal(refused.status, 400);
  ours.close();
  theirs.close();
});

test("vmagent scrapes and writes to the station", async (t) => {
  const vmagent = requirePeer(t, "vmagent") ? peer("vmagent") : undefined;
  if (vmagent === undefined) return;
  await using station = await StationProcess.start();
  await using folder = await temporaryFolder("vmagent");
  const port = await freePort();
  await writeFile(
    folder.file("scrape.yml"),
    `global: { scrape_interval: 1s }
scrape_configs:
  - job_name: agent
    static_configs: [{ targets: ["127.0.0.1:${port}"] }]
`,
  );
  await using agent = await startProcess({
    name: "vmagent",
    command: vmagent.path,
    args: [
      `-httpListenAddr=127.0.0.1:${port}`,
      `-promscrape.config=${folder.file("scrape.yml")}`,
      `-remoteWrite.url=${station.url}/api/v1/write`,
      `-remoteWrite.tmpDataPath=${folder.file("queue")}`,
    ],
    cwd: folder.path,
    ready: { url: `http://127.0.0.1:${port}/health` },
    readyTimeoutMs: 30_000,
  });
  await waitUntil(
    async () => (await station.query('count_over_time(up{job="agent"}[1m]) >= 3')).length === 1,
    { ...PATIENT, what: `three scrapes of vmagent (process ${agent.pid})` },
  );
  assert.equal(
    (await station.query('vm_app_version{job="agent"} or up{job="agent"}')).length > 0,
    true,
  );
});

test("OpenTelemetry JS and our SDK push to the station over gRPC and HTTP", async () => {
  await using station = await StationProcess.start();
  for (const [name, exporter] of [
    ["grpc", new GrpcExporter({ url: station.otlpGrpc })],
    ["http", new ProtobufExporter({ url: `${station.otlpHttp}/v1/metrics` })],
  ] as const) {
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    const provider = new MeterProvider({ readers: [reader] });
    provider.getMeter("conformance").createCounter("otel_reqs").add(3, { over: name });
    await provider.forceFlush();
    await provider.shutdown();
  }
  for (const [over, endpoint] of [
    ["grpc", station.otlpGrpc],
    ["http/protobuf", station.otlpHttp],
  ] as const) {
    await using flx = await startMonitoring({
      service: `sdk-${over}`,
      admin: false,
      health: false,
      otlp: { endpoint, protocol: over, traces: false, logs: false },
    });
    flx.metrics.gauge({ name: "sdk_level", help: "How much" }).set(4);
    assert.equal(await flx.flush(), true);
  }
  const values = async (query: string) => (await station.query(query)).map(([, value]) => value);
  assert.deepEqual(await values("sum by (over) (otel_reqs_total)"), ["3", "3"]);
  assert.deepEqual(await values("sum by (job) (sdk_level)"), ["4", "4"]);
});
