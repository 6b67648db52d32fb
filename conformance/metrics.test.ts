// The SDK's metrics as the programs see them: a registry behind `metricsHandler()`, scraped by a real Prometheus.
//
//   as it asks by itself              OpenMetrics 1.0, gzip           values, exemplars
//   with native histograms enabled    protobuf                        values, native buckets, exemplars
//   asked for text by its headers     0.0.4                           values; promtool check metrics
//
// Debian's Prometheus 2.42 takes classic names only, so one metric with another name shows the escaping.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { type ExpositionFormat, ExpositionLineParser, type HistogramValue } from "@flx/model";
import {
  Counter,
  type ExposedFormat,
  Gauge,
  Histogram,
  Info,
  metricsHandler,
  negotiateFormat,
  Registry,
  StateSet,
  Summary,
} from "@flx/monitoring/metrics";
import { httpGet, type PeerServer, requirePeer, startPrometheus, waitUntil } from "@flx/testkit";

const awkward = 'C:\\DIR\\"FILE"\nnext, {x="y"} ü 😀';

/** Every kind of metric, with names that promtool's linter likes. */
function shopRegistry(): Registry {
  const registry = new Registry();
  const registers = [registry];
  const placed = new Counter({
    name: "shop_orders_total",
    help: 'Orders placed, with \\ and "quotes"\nand a second line.',
    labelNames: ["country", "note"],
    registers,
  });
  placed.labels("DE", awkward).incWithExemplar({ trace_id: "4bf92f35" }, 5);
  placed.inc({ country: "FR", note: "" }, 0.25);
  const warm = new Gauge({
    name: "shop_temperature_celsius",
    help: "Temperature.",
    unit: "celsius",
    labelNames: ["place"],
    registers,
  });
  for (const value of [-0.5, Infinity, -Infinity, 5e-324, 9_007_199_254_740_991, 1e300]) {
    warm.set({ place: String(value) }, value);
  }
  const length = new Gauge({
    name: "shop.queue.length",
    help: "A name for OpenTelemetry's ears.",
    labelNames: ["queue.name"],
    registers,
  });
  length.set({ "queue.name": "ü" }, 3);
  const wait = new Histogram({
    name: "shop_wait_seconds",
    help: "Waiting time.",
    unit: "seconds",
    labelNames: ["queue"],
    buckets: [0.005, 1, 1_000_000],
    registers,
  });
  for (const value of [0.001, 0.5, 30, 2e6]) wait.observe({ queue: "a" }, value);
  wait.labels("a").observeWithExemplar({ trace_id: "00f067aa" }, 0.75);
  const latency = new Histogram({
    name: "shop_latency_seconds",
    help: "Latency, with exponential buckets.",
    labelNames: ["route"],
    native: { schema: 2 },
    registers,
  });
  for (let i = 0; i < 500; i++) latency.observe({ route: "/" }, 1.03 ** (i - 200));
  for (const value of [0, 0, -3, -4]) latency.observe({ route: "/" }, value);
  const size = new Summary({
    name: "shop_size_bytes",
    help: "Sizes.",
    percentiles: [0.5, 1],
    maxAgeSeconds: Infinity,
    registers,
  });
  for (const value of [1, 2, 4]) size.observe(value);
  const build = new Info({
    name: "shop_build",
    help: "Build.",
    labelNames: ["version"],
    registers,
  });
  build.set({ version: "1.4.0" });
  const state = new StateSet({
    name: "shop_state",
    help: "State.",
    states: ["open", "shut"],
    registers,
  });
  state.set("open");
  return registry;
}

/** What the scraper asked for, and got. */
interface Scrape {
  readonly accept: string | undefined;
  readonly encoding: string | undefined;
  readonly format: ExposedFormat;
}

/** Serves the registry; at /text in whatever way the scraper asks, it gets text 0.0.4. */
async function serve(
  t: TestContext,
  registry: Registry,
): Promise<{ readonly address: string; readonly scrapes: Map<string, Scrape> }> {
  const scrapes = new Map<string, Scrape>();
  const handle = metricsHandler({ registry });
  const server = createServer((request, response) => {
    if (request.url === "/text") request.headers.accept = "text/plain;version=0.0.4";
    const { accept, "accept-encoding": encoding } = request.headers;
    scrapes.set(request.url ?? "", {
      accept,
      encoding: String(encoding),
      format: negotiateFormat(accept).format,
    });
    handle(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, scrapes };
}

async function scrapeWith(features: string, address: string, paths: string[]): Promise<PeerServer> {
  const jobs = paths.map(
    (path) =>
      `{ job_name: ${path.slice(1)}, metrics_path: ${path}, static_configs: [{ targets: ["${address}"] }] }`,
  );
  const prometheus = await startPrometheus({
    config: `global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs: [${jobs.join(", ")}]
`,
    args: [`--enable-feature=${features}`],
  });
  await waitUntil(async () => (await query(prometheus.url, "up == 1")).length === paths.length, {
    what: `${paths.length} targets to be up`,
    timeoutMs: 60_000,
  });
  return prometheus;
}

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly histogram?: readonly [
    number,
    { readonly count: string; readonly sum: string; readonly buckets: readonly unknown[][] },
  ];
}

async function query(url: string, promql: string): Promise<readonly Sample[]> {
  const { body } = await httpGet(`${url}/api/v1/query?query=${encodeURIComponent(promql)}`);
  return (JSON.parse(body) as { data: { result: Sample[] } }).data.result;
}

function seriesKey(name: string, labels: Iterable<readonly [string, string]>): string {
  const sorted = [...labels].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([name, ...sorted]);
}

/** The samples of a text by their series. */
function samplesOf(text: string, format: ExpositionFormat): Map<string, number> {
  const samples = new Map<string, number>();
  const parser = new ExpositionLineParser<string>(
    {
      find: () => undefined,
      open: (_text, name, labels) => seriesKey(name, labels),
      sample: (series, value) => samples.set(series, value),
    },
    { format },
  );
  parser.push(new TextEncoder().encode(text));
  parser.end();
  assert.deepEqual(parser.problems, []);
  return samples;
}

/** What Prometheus has of a job, but for its own metrics and native histograms. */
async function samplesIn(url: string, job: string): Promise<Map<string, number>> {
  const samples = new Map<string, number>();
  for (const { metric, value } of await query(url, `{job="${job}",__name__=~"shop_.*"}`)) {
    if (value === undefined) continue;
    const { __name__: name = "", job: _, instance: __, ...labels } = metric;
    samples.set(
      seriesKey(name, Object.entries(labels)),
      Number(value[1].replace("Inf", "Infinity")),
    );
  }
  return samples;
}

const sorted = (samples: Map<string, number>): [string, number][] =>
  [...samples].toSorted(([a], [b]) => (a < b ? -1 : 1));

/** Name, exemplar labels and value of what /api/v1/query_exemplars finds. */
async function exemplarsIn(url: string, job: string): Promise<unknown[]> {
  const now = Date.now() / 1000;
  const promql = encodeURIComponent(`{job="${job}",__name__=~"shop_.+"}`);
  const { body } = await httpGet(
    `${url}/api/v1/query_exemplars?query=${promql}&start=${now - 600}&end=${now + 600}`,
  );
  const { data } = JSON.parse(body) as {
    data: {
      seriesLabels: Record<string, string>;
      exemplars: { labels: Record<string, string>; value: string }[];
    }[];
  };
  return data
    .map(({ seriesLabels, exemplars: [first] }) => [
      seriesLabels["__name__"],
      first?.labels["trace_id"],
      first?.value,
    ])
    .toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1));
}

const wantedExemplars = [
  ["shop_orders_total", "4bf92f35", "5"],
  ["shop_wait_seconds_bucket", "00f067aa", "0.75"],
];

test("Prometheus scrapes OpenMetrics by its own wish, and text when it asks for that", async (t) => {
  if (requirePeer(t, "prometheus") === undefined) return;
  const registry = shopRegistry();
  const { address, scrapes } = await serve(t, registry);
  await using prometheus = await scrapeWith("exemplar-storage", address, ["/metrics", "/text"]);
  const { url } = prometheus;

  assert.equal(scrapes.get("/metrics")?.format, "openmetrics", scrapes.get("/metrics")?.accept);
  assert.equal(scrapes.get("/metrics")?.encoding, "gzip");
  for (const [job, format] of [
    ["metrics", "openmetrics"],
    ["text", "text"],
  ] as const) {
    const body = await registry.metrics({ format, escaping: "underscores" });
    const want = samplesOf(body, format);
    assert.ok(want.size >= 25, `${want.size} samples`);
    assert.deepEqual(sorted(await samplesIn(url, job)), sorted(want), format);
  }
  assert.deepEqual(await exemplarsIn(url, "metrics"), wantedExemplars);
});

test("Prometheus with native histograms scrapes protobuf and has our buckets", async (t) => {
  if (requirePeer(t, "prometheus") === undefined) return;
  const registry = shopRegistry();
  const { address, scrapes } = await serve(t, registry);
  const features = "native-histograms,exemplar-storage";
  await using prometheus = await scrapeWith(features, address, ["/metrics"]);
  const { url } = prometheus;

  assert.equal(scrapes.get("/metrics")?.format, "protobuf", scrapes.get("/metrics")?.accept);
  // Its bounds are written as in OpenMetrics; of a native histogram it keeps the native form only.
  const body = await registry.metrics({ format: "openmetrics", escaping: "underscores" });
  const want = samplesOf(body, "openmetrics");
  for (const series of want.keys()) if (series.includes("shop_latency")) want.delete(series);
  assert.deepEqual(sorted(await samplesIn(url, "metrics")), sorted(want));
  assert.deepEqual(await exemplarsIn(url, "metrics"), wantedExemplars);

  const [family] = await registry.families({ names: ["shop_latency_seconds"] });
  const native = (family?.points[0]?.value as HistogramValue | undefined)?.native;
  assert.ok(native !== undefined);
  const [sample] = await query(url, "shop_latency_seconds");
  const { count, sum, buckets } = sample?.histogram?.[1] ?? { count: "", sum: "", buckets: [] };
  assert.deepEqual([Number(count), Number(sum)], [504, native.sum]);
  // Its bounds are products of a table that was rounded, ours are the nearest doubles: 13 digits are equal.
  const digits = (bound: number) => bound.toPrecision(13);
  assert.deepEqual(
    buckets.map(([, lower, upper, n]) => [digits(Number(lower)), digits(Number(upper)), Number(n)]),
    [...native.buckets()].map(({ lower, upper, count: n }) => [digits(lower), digits(upper), n]),
  );
  for (const q of [0.1, 0.5, 0.99]) {
    const [answer] = await query(url, `histogram_quantile(${q}, shop_latency_seconds)`);
    const theirs = Number(answer?.value?.[1]);
    // Prometheus 2 interpolates linearly inside a bucket, Prometheus 3 and we exponentially.
    assert.ok(Math.abs(theirs / native.quantile(q) - 1) < 2 ** (1 / 4) - 1, `${q}: ${theirs}`);
  }
});

test("metricsHandler() passes promtool check metrics", async (t) => {
  if (requirePeer(t, "promtool") === undefined) return;
  const { address } = await serve(t, shopRegistry());
  const { body } = await httpGet(`http://${address}/metrics`);
  const child = spawn("promtool", ["check", "metrics"], { stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => (output += part));
  child.stderr.setEncoding("utf8").on("data", (part: string) => (output += part));
  child.stdin.on("error", () => {});
  child.stdin.end(body);
  const [code] = (await once(child, "close")) as [number | null];
  assert.deepEqual([code, output], [0, ""]);
});
