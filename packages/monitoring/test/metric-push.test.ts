// Metrics pushed to a receiver, cumulative and as differences: what arrives adds up to what was counted.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startMonitoring } from "@flx/monitoring";
import { Counter, Gauge, Histogram, Registry } from "@flx/monitoring/metrics";
import { type ReceivedMetric, startOtlpReceiver, waitUntil } from "@flx/testkit";

interface Point {
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
  readonly asDouble?: number;
  readonly asInt?: string;
  readonly count?: string;
  readonly sum?: number;
  readonly bucketCounts?: readonly string[];
  readonly scale?: number;
  readonly zeroCount?: string;
  readonly positive?: { readonly bucketCounts?: readonly string[] };
  readonly exemplars?: readonly { readonly traceId: string; readonly spanId: string }[];
}

interface Data {
  readonly aggregationTemporality: number;
  readonly dataPoints: readonly Point[];
}

const DELTA = 1;
const CUMULATIVE = 2;

/** Of every push, what came of a metric. */
function pushes(metrics: readonly ReceivedMetric[], name: string, kind: string): Data[] {
  return metrics.filter((each) => each["name"] === name).map((each) => each[kind] as Data);
}

const numberOf = ({ asDouble, asInt }: Point) => Number(asDouble ?? asInt);
const total = (counts: readonly string[] = []) =>
  counts.reduce((sum, each) => sum + Number(each), 0);

async function pushed(temporality: "cumulative" | "delta") {
  const registry = new Registry();
  await using receiver = await startOtlpReceiver();
  const flx = await startMonitoring({
    service: "pushing",
    admin: false,
    health: false,
    otlp: { endpoint: receiver.url, protocol: "http/json", logs: false },
    metrics: { registry, system: false, temporality, intervalMs: 3_600_000 },
  });
  const registers = [registry];
  const counter = new Counter({ name: "jobs_total", help: "Jobs", registers });
  const gauge = new Gauge({ name: "depth", help: "Depth", registers });
  const buckets = [1, 10];
  const classic = new Histogram({ name: "took_seconds", help: "Time", buckets, registers });
  const native = new Histogram({ name: "size_bytes", help: "Size", native: true, registers });
  for (let round = 1; round <= 3; round++) {
    flx.traceSync("job", () => {
      for (let i = 0; i < round; i++) {
        counter.inc(2);
        classic.observe(i * 4);
        native.observe(100 * round);
      }
    });
    gauge.set(round);
    await flx.flush();
  }
  await flx.shutdown();
  return receiver.metrics;
}

test("pushed cumulatively, every push says all from the start on", async () => {
  const metrics = await pushed("cumulative");
  const counters = pushes(metrics, "jobs", "sum");
  // What is asked for, the end's, and the early one when it falls between them.
  assert.deepEqual(
    [...new Set(counters.map(({ dataPoints }) => numberOf(dataPoints[0]!)))],
    [2, 6, 12],
  );
  assert.ok(counters.every((each) => each.aggregationTemporality === CUMULATIVE));
  assert.equal(new Set(counters.map((each) => each.dataPoints[0]!.startTimeUnixNano)).size, 1);
  const last = pushes(metrics, "took_seconds", "histogram").at(-1)!.dataPoints[0]!;
  assert.deepEqual([Number(last.count), last.sum], [6, 4 + 4 + 8]);
  assert.deepEqual(last.bucketCounts?.map(Number), [3, 3, 0]);
  const exponential = pushes(metrics, "size_bytes", "exponentialHistogram").at(-1)!.dataPoints[0]!;
  assert.equal(Number(exponential.count), 6);
  assert.equal(total(exponential.positive?.bucketCounts), 6);
  const exemplars = pushes(metrics, "took_seconds", "histogram").flatMap(({ dataPoints }) =>
    dataPoints.flatMap((point) => point.exemplars ?? []),
  );
  assert.ok(
    exemplars.length > 0 && exemplars.every(({ traceId }) => /^[0-9a-f]{32}$/.test(traceId)),
  );
});

test("pushed as differences, the pushes add up, each from where the last one ended", async () => {
  const metrics = await pushed("delta");
  const counters = pushes(metrics, "jobs", "sum");
  assert.ok(counters.every((each) => each.aggregationTemporality === DELTA));
  assert.equal(
    counters.reduce((sum, { dataPoints }) => sum + numberOf(dataPoints[0]!), 0),
    12,
  );
  for (const [i, { dataPoints }] of counters.entries()) {
    if (i === 0) continue;
    const before = counters[i - 1]!.dataPoints[0]!;
    assert.equal(dataPoints[0]!.startTimeUnixNano, before.timeUnixNano);
  }
  const classic = pushes(metrics, "took_seconds", "histogram").map(
    ({ dataPoints }) => dataPoints[0]!,
  );
  assert.equal(
    classic.reduce((sum, { count }) => sum + Number(count), 0),
    6,
  );
  assert.equal(
    classic.reduce((sum, point) => sum + total(point.bucketCounts), 0),
    6,
  );
  const native = pushes(metrics, "size_bytes", "exponentialHistogram").map(
    ({ dataPoints }) => dataPoints[0]!,
  );
  assert.equal(
    native.reduce((sum, { count }) => sum + Number(count), 0),
    6,
  );
  assert.equal(
    native.reduce((sum, point) => sum + total(point.positive?.bucketCounts), 0),
    6,
  );
  const gauges = pushes(metrics, "depth", "gauge").map(({ dataPoints }) =>
    numberOf(dataPoints[0]!),
  );
  assert.deepEqual(gauges.slice(0, 3), [1, 2, 3]);
});

test("the first push comes long before a minute is over", async () => {
  const registry = new Registry();
  await using receiver = await startOtlpReceiver();
  const flx = await startMonitoring({
    service: "early",
    admin: false,
    health: false,
    otlp: { endpoint: receiver.url, protocol: "http/json", logs: false },
    metrics: { registry, system: false, intervalMs: 3_600_000 },
  });
  new Counter({ name: "jobs_total", help: "Jobs", registers: [registry] }).inc(7);
  await waitUntil(() => receiver.metrics.length > 0);
  const [first] = pushes(receiver.metrics, "jobs", "sum");
  assert.equal(numberOf(first!.dataPoints[0]!), 7);
  await flx.shutdown();
});
