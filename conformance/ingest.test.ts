// The station's receivers against real senders: OpenTelemetry's metric exporters on every protocol, a Prometheus that
// writes remotely and scrapes the same node exporter as we do.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { OTLPMetricExporter as GrpcExporter } from "@opentelemetry/exporter-metrics-otlp-grpc";
import { OTLPMetricExporter as JsonExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPMetricExporter as ProtobufExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { Registry } from "@flx/monitoring/metrics";
import { httpGet, requirePeer, startNodeExporter, startPrometheus, waitUntil } from "@flx/testkit";
import { Admission } from "../packages/station/src/ingest/admission.ts";
import { IngestMetrics } from "../packages/station/src/ingest/ingest-metrics.ts";
import { metricsHandler } from "../packages/station/src/ingest/otlp/export-handler.ts";
import { OtlpGrpcReceiver } from "../packages/station/src/ingest/otlp/grpc-receiver.ts";
import { OtlpHttpReceiver } from "../packages/station/src/ingest/otlp/http-receiver.ts";
import { Relabeling } from "../packages/station/src/ingest/relabel.ts";
import { RemoteWriteReceiver } from "../packages/station/src/ingest/remote-write/receiver.ts";
import { targetOf } from "../packages/station/src/ingest/scrape/target.ts";
import { TargetScraper } from "../packages/station/src/ingest/scrape/target-scraper.ts";
import { MemorySink } from "../packages/station/test/ingest/memory-sink.ts";

/** Prometheus takes some seconds until its first scrape. */
const PATIENT = { timeoutMs: 60_000 };

function parts() {
  const sink = new MemorySink();
  const metrics = new IngestMetrics(new Registry());
  const handlers = { metrics: metricsHandler(sink, metrics) };
  return { sink, metrics, handlers, admission: new Admission() };
}

test("OpenTelemetry's exporters arrive equal over gRPC, HTTP/protobuf and HTTP/JSON", async () => {
  const want = {
    'reqs_total{method="GET"}': 3,
    "temp_celsius{}": 21.5,
    "lat_seconds_count{}": 2,
    "lat_seconds_sum{}": 3.5,
    'lat_seconds_bucket{le="1"}': 1,
    'lat_seconds_bucket{le="5"}': 2,
    'lat_seconds_bucket{le="+Inf"}': 2,
  };
  for (const protocol of ["grpc", "protobuf", "json"] as const) {
    const { sink, ...rest } = parts();
    await using http = new OtlpHttpReceiver({ host: "127.0.0.1", port: 0 }, rest);
    await using grpc = new OtlpGrpcReceiver({ host: "127.0.0.1", port: 0 }, rest);
    await Promise.all([http.start(), grpc.start()]);
    const url = `http://127.0.0.1:${http.port}/v1/metrics`;
    const exporter =
      protocol === "grpc"
        ? new GrpcExporter({ url: `http://127.0.0.1:${grpc.port}` })
        : protocol === "json"
          ? new JsonExporter({ url })
          : new ProtobufExporter({ url });
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    const provider = new MeterProvider({ readers: [reader] });
    const meter = provider.getMeter("conformance");
    meter.createCounter("reqs").add(3, { method: "GET" });
    meter
      .createObservableGauge("temp", { unit: "Cel" })
      .addCallback((result) => result.observe(21.5));
    const advice = { explicitBucketBoundaries: [1, 5] };
    const latency = meter.createHistogram("lat", { unit: "s", advice });
    latency.record(0.5);
    latency.record(3);
    await provider.forceFlush();
    await provider.shutdown();
    // Job and the SDK's own resource attributes are the sender's business.
    const got = Object.entries(sink.last(/^(?!target_info)/)).map(
      ([name, value]): [string, unknown] => {
        const bare = name.replace(/, job="[^"]*"|job="[^"]*"(?:, )?/, "");
        return [bare.includes("{") ? bare : `${bare}{}`, value];
      },
    );
    assert.deepEqual(Object.fromEntries(got), want, protocol);
  }
});

test("a real Prometheus writes remotely what it scraped, stale markers included", async (t) => {
  if (requirePeer(t, "prometheus") === undefined) return;
  const { sink, ...rest } = parts();
  const receiver = new RemoteWriteReceiver({}, { sink, ...rest });
  const server = createServer((request, response) => void receiver.handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = (server.address() as AddressInfo).port;
  let body = "answer 42\ngone 1\n";
  const target = createServer((_request, response) => response.end(body));
  await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
  const address = `127.0.0.1:${(target.address() as AddressInfo).port}`;
  const prometheus = await startPrometheus({
    config: `global: { scrape_interval: 200ms }
scrape_configs: [{ job_name: t, static_configs: [{ targets: ["${address}"] }] }]
remote_write: [{ url: "http://127.0.0.1:${port}/api/v1/write", queue_config: { batch_send_deadline: 200ms } }]
`,
  });
  try {
    const labels = `{instance="${address}", job="t"}`;
    await waitUntil(() => sink.last()[`gone${labels}`] === 1, PATIENT);
    body = "answer 43\n";
    await waitUntil(() => sink.last()[`gone${labels}`] === "stale", PATIENT);
    assert.equal(sink.last()[`answer${labels}`], 43);
    assert.equal(sink.last()[`up${labels}`], 1);
  } finally {
    await prometheus.stop();
    for (const each of [server, target]) {
      each.close();
      each.closeAllConnections();
    }
  }
});

test("a scrape of the real node exporter has the series that Prometheus stores", async (t) => {
  if (requirePeer(t, "node-exporter") === undefined) return;
  if (requirePeer(t, "prometheus") === undefined) return;
  const exporter = await startNodeExporter();
  const address = new URL(exporter.url).host;
  const prometheus = await startPrometheus({
    config: `global: { scrape_interval: 500ms }
scrape_configs: [{ job_name: node, static_configs: [{ targets: ["${address}"] }] }]
`,
  });
  try {
    const { sink, metrics } = parts();
    const { target } = targetOf({ jobName: "node" }, new Relabeling([]), address, {});
    const job = { jobName: "node" };
    const scrapeParts = { sink, metrics, now: Date.now };
    const scraper = new TargetScraper(target!, job, new Relabeling([]), scrapeParts);
    await scraper.scrape();
    assert.equal(scraper.status.health, "up", scraper.status.lastError);
    const query = `${prometheus.url}/api/v1/series?match[]={job="node"}`;
    interface Answer {
      readonly data: readonly Record<string, string>[];
    }
    const theirs = await waitUntil(async () => {
      const { data } = JSON.parse((await httpGet(query)).body) as Answer;
      return data.length > 100 ? data : false;
    }, PATIENT);
    const text = (labels: Record<string, string>): string =>
      JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    const ours = new Set(sink.labels.map((labels) => text(Object.fromEntries(labels))));
    const wanted = new Set(theirs.map(text));
    // Series of devices and collectors come and go between two scrapes: a handful at most.
    const differing = [...ours.symmetricDifference(wanted)];
    assert.ok(differing.length <= 10, differing.join("\n"));
    const meta = `${prometheus.url}/api/v1/targets/metadata?metric=node_cpu_seconds_total`;
    const { data } = JSON.parse((await httpGet(meta)).body) as Answer;
    const own = scraper.status.metadata.find(({ name }) => name === "node_cpu_seconds_total");
    assert.deepEqual([own?.type, own?.help], [data[0]?.["type"], data[0]?.["help"]]);
  } finally {
    await prometheus.stop();
    await exporter.stop();
  }
});
