import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "@flx/monitoring/metrics";
import { MemorySink } from "../../test/ingest/memory-sink.ts";
import { type SaidSpan, spanRequest } from "../../test/traces/span-request.ts";
import { SinkRefusal } from "../store/metric-sink.ts";
import { TraceMetrics } from "./trace-metrics.ts";
import type { TracesConfig } from "./traces-config.ts";

const START = 1_790_000_000_000;
const MINUTE = 60_000;

function tried(config: Partial<TracesConfig> = {}) {
  const sink = new MemorySink();
  const faults: unknown[] = [];
  const time = { ms: 0 };
  const store = { refuses: false, taken: 0 };
  const metrics = new TraceMetrics({
    config: {
      interval: 15_000 as TracesConfig["interval"],
      idle: (10 * MINUTE) as TracesConfig["idle"],
      span_metrics: { enabled: true, operations_per_service: 100, label_sets: 1_000 },
      service_graph: { enabled: true, wait: 10_000, waiting: 1_000, edges: 100 },
      ...config,
    },
    records: {
      append: (_, __, records) => {
        if (store.refuses) {
          throw new SinkRefusal("FLX_STORE_BUSY", "too much", "overloaded", 1_000);
        }
        store.taken += records;
        return Promise.resolve();
      },
    },
    sink,
    clock: { now: () => START + time.ms, elapsed: () => time.ms },
    registry: new Registry(),
    onFault: (error) => void faults.push(error),
  });
  const send = (...spans: readonly SaidSpan[]) =>
    metrics.append("spans", spanRequest(spans), spans.length);
  const writeAfter = (ms: number) => {
    time.ms += ms;
    return metrics.write();
  };
  return { sink, faults, store, metrics, send, writeAfter };
}

const CALLS = /^traces_span_metrics_calls_total/;

test("TraceMetrics counts every span once: refused ones when they are taken, repeated ones never", async () => {
  const { sink, store, metrics, send, writeAfter } = tried();
  await using _ = metrics;
  const spans: SaidSpan[] = [
    { service: "shop", name: "GET /", kind: "server", id: "a", ms: 20 },
    { service: "shop", name: "GET /", kind: "server", id: "b", ms: 30, status: 2 },
  ];
  store.refuses = true;
  await assert.rejects(send(...spans), { code: "FLX_STORE_BUSY" });
  store.refuses = false;
  await send(...spans);
  await send(...spans);
  await send(spans[0]!, { ...spans[0]!, id: "c" });
  await writeAfter(15_000);
  const labels = `service_name="shop", span_kind="SPAN_KIND_SERVER", span_name="GET /"`;
  assert.deepEqual(sink.last(CALLS), {
    [`traces_span_metrics_calls_total{${labels}, status_code="STATUS_CODE_UNSET"}`]: 2,
    [`traces_span_metrics_calls_total{${labels}, status_code="STATUS_CODE_ERROR"}`]: 1,
  });
  const durations = `traces_span_metrics_duration_seconds{${labels}, status_code="STATUS_CODE_ERROR"}`;
  const written = sink.histograms.get(durations)!;
  assert.deepEqual(
    written.map(([at, { count, sum }]) => [at - START, count, sum]),
    [
      [1, 0, 0],
      [15_000, 1, 0.03],
    ],
  );
  assert.ok(
    sink.exemplars.some((text) => text.includes(`span_id="6200000000000000"`)),
    "an exemplar leads to the span",
  );
  assert.equal(sink.metadata.get("traces_span_metrics_calls_total")?.split(" ")[0], "counter");
});

test("TraceMetrics begins every series at 0, the interval before, and ends those that are idle", async () => {
  const { sink, metrics, send, writeAfter } = tried();
  await using _ = metrics;
  await send({ service: "a", id: "1" });
  await writeAfter(15_000);
  await send({ service: "b", id: "2" }, { service: "a", id: "3", name: "1" });
  await writeAfter(15_000);
  await writeAfter(9 * MINUTE);
  await send({ service: "a", id: "4", name: "1" });
  await writeAfter(2 * MINUTE);
  const of = (service: string) =>
    [...sink.floats]
      .filter(([name]) => CALLS.test(name) && name.includes(`service_name="${service}"`))
      .flatMap(([, samples]) =>
        samples.map(([at, value, since]) => [at - START, value, since - START]),
      );
  assert.deepEqual(of("a"), [
    [1, 0, 1],
    [15_000, 1, 1],
    [30_000, 2, 1],
    [570_000, 2, 1],
    [690_000, 3, 1],
  ]);
  assert.deepEqual(of("b"), [
    [15_001, 0, 15_001],
    [30_000, 1, 15_001],
    [570_000, 1, 15_001],
    [690_000, "stale", -START],
  ]);
});

test("TraceMetrics: a store that takes nothing now is told everything at the next interval", async () => {
  const { sink, faults, metrics, send, writeAfter } = tried();
  await using _ = metrics;
  await send({ service: "a", id: "1" });
  sink.refusal = "unavailable";
  await writeAfter(15_000);
  assert.equal(faults.length, 1);
  sink.refusal = undefined;
  await send({ service: "a", id: "2", name: "1" });
  await writeAfter(15_000);
  const [samples] = [...sink.floats].filter(([name]) => CALLS.test(name)).map(([, each]) => each);
  assert.deepEqual(
    samples!.map(([at, value]) => [at - START, value]),
    [
      [1, 0],
      [30_000, 2],
    ],
  );
});

test("TraceMetrics is bounded by service and in all, and no span is lost in the sums", async () => {
  const { sink, metrics, send, writeAfter } = tried({
    span_metrics: { enabled: true, operations_per_service: 3, label_sets: 5 },
  });
  await using _ = metrics;
  for (let i = 0; i < 20; i++) await send({ service: "a", name: `GET /users/${i}`, id: `a${i}` });
  for (let i = 0; i < 20; i++) await send({ service: `s${i}`, name: "x", id: `b${i}` });
  await send({ name: "x".repeat(5_000), id: "long" });
  await writeAfter(15_000);
  const counts = sink.last(CALLS);
  const values = Object.values(counts) as number[];
  assert.equal(
    values.reduce((sum, value) => sum + value, 0),
    41,
  );
  assert.equal(values.length, 3 + 1 + 2 + 1);
  const over = (more: string): number | "stale" | undefined =>
    counts[
      `traces_span_metrics_calls_total{otel_metric_overflow="true"${more}, span_kind="SPAN_KIND_INTERNAL", status_code="STATUS_CODE_UNSET"}`
    ];
  assert.equal(over(`, service_name="a"`), 17);
  assert.equal(over(""), 19);
});
