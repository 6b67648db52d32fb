import assert from "node:assert/strict";
import { test } from "node:test";
import { otlpFromJson, readMetricsRequest } from "@flx/model";
import { MemorySink } from "../../../test/ingest/memory-sink.ts";
import { prometheusLabel, prometheusName } from "./metric-name.ts";
import { OtlpTranslator, type Translated, type TranslationSettings } from "./translate.ts";

const T0 = 1_767_225_600_000;
const text = (key: string, value: string): object => ({ key, value: { stringValue: value } });
const times = (seconds = 0): object => ({
  startTimeUnixNano: `${T0 - 60_000}000000`,
  timeUnixNano: `${T0 + seconds * 1000}000000`,
});

class Bench {
  readonly sink = new MemorySink();
  readonly translator: OtlpTranslator;

  constructor(settings: Partial<TranslationSettings> = {}) {
    this.translator = new OtlpTranslator(this.sink, settings);
  }

  async send(metrics: readonly object[], resource: readonly object[] = []): Promise<Translated> {
    const translated = this.translate(metrics, resource);
    await this.sink.append(translated.batch);
    return translated;
  }

  translate(metrics: readonly object[], resource: readonly object[] = []): Translated {
    const scope = { name: "lib", version: "2", attributes: [text("k", "v")] };
    const request = {
      resourceMetrics: [{ resource: { attributes: resource }, scopeMetrics: [{ scope, metrics }] }],
    };
    const json = new TextEncoder().encode(JSON.stringify(request));
    return this.translator.translate(readMetricsRequest(otlpFromJson("metrics", json)));
  }
}

test("prometheusName() keeps Prometheus' rules of units and suffixes", () => {
  const f = (name: string, unit: string, kind: "counter" | "gauge" | "other", want: string): void =>
    assert.equal(
      prometheusName(
        { name, unit, counter: kind === "counter", gauge: kind === "gauge" },
        "UnderscoreEscapingWithSuffixes",
      ),
      want,
    );

  f("http.server.duration", "s", "other", "http_server_duration_seconds");
  f("http.server.requests", "{request}", "counter", "http_server_requests_total");
  f("http_requests_total", "", "counter", "http_requests_total");
  f("total.requests", "", "counter", "requests_total");
  f("system.memory.usage", "By", "gauge", "system_memory_usage_bytes");
  f("cpu.utilization", "1", "gauge", "cpu_utilization_ratio");
  f("cpu.time", "1", "counter", "cpu_time_total");
  f("disk.speed", "MiBy/s", "gauge", "disk_speed_mebibytes_per_second");
  f("req_seconds", "s", "gauge", "req_seconds");
  f("2xx", "", "gauge", "_2xx");
  f("größe", "m", "gauge", "gr_e_meters");
  assert.equal(
    prometheusName(
      { name: "a.b", unit: "s", counter: true, gauge: false },
      "NoUTF8EscapingWithSuffixes",
    ),
    "a.b_seconds_total",
  );
  assert.equal(
    prometheusName({ name: "a.b", unit: "s", counter: true, gauge: false }, "NoTranslation"),
    "a.b",
  );
  assert.equal(
    prometheusName(
      { name: "a.b", unit: "s", counter: true, gauge: false },
      "UnderscoreEscapingWithoutSuffixes",
    ),
    "a_b",
  );
});

test("prometheusLabel() escapes what is no label name", () => {
  const f = (key: string, want: string): void =>
    assert.equal(prometheusLabel(key, "UnderscoreEscapingWithSuffixes"), want);

  f("http.method", "http_method");
  f("1st", "key_1st");
  f("__x", "key__x");
  f("größe", "gr__e");
  assert.equal(prometheusLabel("http.method", "NoTranslation"), "http.method");
});

test("translate() makes job, instance, target_info and promoted labels of a resource", async () => {
  const bench = new Bench({
    promoteResourceAttributes: ["deployment.environment"],
    scopeLabels: true,
  });
  const points = [{ ...times(), asInt: "3", attributes: [text("http.method", "GET")] }];
  await bench.send(
    [
      {
        name: "reqs",
        description: "d",
        sum: { dataPoints: points, aggregationTemporality: 2, isMonotonic: true },
      },
    ],
    [
      text("service.name", "orders"),
      text("service.namespace", "shop"),
      text("service.instance.id", "i1"),
      text("deployment.environment", "prod"),
      text("host.name", "h"),
    ],
  );
  assert.deepEqual(bench.sink.last(), {
    'reqs_total{deployment_environment="prod", http_method="GET", instance="i1", job="shop/orders", otel_scope_k="v", otel_scope_name="lib", otel_scope_version="2"}': 3,
    'target_info{deployment_environment="prod", host_name="h", instance="i1", job="shop/orders"}': 1,
  });
  assert.equal(bench.sink.metadata.get("reqs_total"), "counter d");
  assert.equal([...bench.sink.floats.values()][0]?.[0]?.[2], T0 - 60_000);
});

test("translate() joins attributes whose names become one label", async () => {
  const bench = new Bench();
  const attributes = [text("a.b", "2"), text("a-b", "1"), text("", "x"), text("e", "")];
  await bench.send([
    { name: "g", gauge: { dataPoints: [{ ...times(), asDouble: 1, attributes }] } },
  ]);
  assert.deepEqual(bench.sink.last(), { 'g{a_b="1;2"}': 1 });
});

test("translate() makes classic histograms with cumulative buckets, and exemplars in their bucket", async () => {
  const bench = new Bench();
  const point = {
    ...times(),
    count: "6",
    sum: 3.5,
    bucketCounts: ["1", "2", "3"],
    explicitBounds: [0.5, 1],
    exemplars: [{ ...times(), asDouble: 0.7, traceId: "0a", filteredAttributes: [text("u", "7")] }],
  };
  await bench.send([
    { name: "lat", unit: "s", histogram: { dataPoints: [point], aggregationTemporality: 2 } },
  ]);
  assert.deepEqual(bench.sink.last(), {
    lat_seconds_count: 6,
    lat_seconds_sum: 3.5,
    'lat_seconds_bucket{le="0.5"}': 1,
    'lat_seconds_bucket{le="1"}': 3,
    'lat_seconds_bucket{le="+Inf"}': 6,
  });
  assert.deepEqual(bench.sink.exemplars, ['lat_seconds_bucket{le="1"} {trace_id="0a", u="7"} 0.7']);
});

test("translate() makes native histograms, coarser where the scale is too fine", async () => {
  const bench = new Bench();
  const point = (scale: number): object => ({
    ...times(),
    count: "10",
    sum: 4,
    scale,
    zeroCount: "1",
    zeroThreshold: 0.01,
    positive: { offset: -2, bucketCounts: ["1", "2", "0", "3"] },
    negative: { offset: 0, bucketCounts: ["3"] },
  });
  const send = (name: string, scale: number): Promise<Translated> =>
    bench.send([
      { name, exponentialHistogram: { dataPoints: [point(scale)], aggregationTemporality: 2 } },
    ]);
  await send("exact", 3);
  await send("fine", 9);
  const below = await send("coarse", -5);
  const exact = bench.sink.histograms.get("exact")![0]![1];
  assert.equal(exact.schema, 3);
  assert.deepEqual(
    [[...exact.positive.indexes], [...exact.positive.counts]],
    [
      [-1, 0, 2],
      [1, 2, 3],
    ],
  );
  assert.deepEqual([[...exact.negative.indexes], [...exact.negative.counts]], [[1], [3]]);
  assert.deepEqual(
    [exact.zeroCount, exact.zeroThreshold, exact.count, exact.sum],
    [1, 0.01, 10, 4],
  );
  const fine = bench.sink.histograms.get("fine")![0]![1];
  assert.equal(fine.schema, 8);
  assert.deepEqual(
    [[...fine.positive.indexes], [...fine.positive.counts]],
    [
      [0, 1],
      [3, 3],
    ],
  );
  assert.equal(below.rejected, 1);
  assert.match(below.reasons[0]!, /scale -5/);
});

test("translate() makes summaries", async () => {
  const bench = new Bench();
  const point = { ...times(), count: "4", sum: 8, quantileValues: [{ quantile: 0.5, value: 2 }] };
  await bench.send([{ name: "q", summary: { dataPoints: [point] } }]);
  assert.deepEqual(bench.sink.last(), { q_count: 4, q_sum: 8, 'q{quantile="0.5"}': 2 });
});

const deltas = (seconds: number, more = 0, name = "c"): object[] => [
  {
    name,
    sum: {
      dataPoints: [{ ...times(seconds), asInt: String(3 + more) }],
      aggregationTemporality: 1,
      isMonotonic: true,
    },
  },
  {
    name: "h",
    histogram: {
      dataPoints: [
        {
          ...times(seconds),
          count: String(2 + more),
          sum: 1,
          bucketCounts: ["1", String(1 + more)],
          explicitBounds: [1],
        },
      ],
      aggregationTemporality: 1,
    },
  },
  {
    name: "e",
    exponentialHistogram: {
      dataPoints: [
        {
          ...times(seconds),
          count: String(1 + more),
          sum: 1,
          positive: { bucketCounts: [String(1 + more)] },
        },
      ],
      aggregationTemporality: 1,
    },
  },
];

test("translate() sums deltas up, takes the last again, and refuses others that are not after it", async () => {
  const bench = new Bench();
  const f = async (seconds: number, more: number, rejected: number): Promise<void> => {
    const translated = await bench.send(deltas(seconds, more));
    assert.equal(translated.rejected, rejected, `at ${seconds}`);
  };
  await f(1, 0, 0);
  await f(2, 0, 0);
  await f(2, 0, 0);
  await f(2, 1, 3);
  await f(1, 0, 3);
  await f(3, 0, 0);
  assert.deepEqual(bench.sink.last(), {
    c_total: 9,
    h_count: 6,
    h_sum: 3,
    'h_bucket{le="1"}': 3,
    'h_bucket{le="+Inf"}': 6,
  });
  assert.equal(bench.sink.histograms.get("e")!.at(-1)![1].count, 3);
  const refusing = new Bench({ deltaToCumulative: false });
  const point = { ...times(), asInt: "1" };
  const { rejected } = await refusing.send([
    { name: "c", sum: { dataPoints: [point], aggregationTemporality: 1 } },
  ]);
  assert.equal(rejected, 1);
});

test("undo() takes deltas out of the totals, all or those of rejected samples, unless more came since", async () => {
  const bench = new Bench();
  const { translator } = bench;
  await bench.send(deltas(1));
  const kept = { c_total: 6, h_count: 4, e: 2 };
  const totals = (): object => ({
    c_total: bench.sink.last()["c_total"],
    h_count: bench.sink.last()["h_count"],
    e: bench.sink.histograms.get("e")!.at(-1)![1].count,
  });
  translator.undo(bench.translate(deltas(2)));
  await bench.send(deltas(2));
  assert.deepEqual(totals(), kept, "as if it had come once");

  const translated = bench.translate(deltas(3));
  const reject = (index: number) => ({ index, kind: "too-old" as const, reason: "" });
  translator.undo(translated, []);
  // The number, and the native histogram behind five floats.
  translator.undo(translated, [reject(0), reject(translated.batch.count)]);
  await bench.send(deltas(4));
  assert.deepEqual(totals(), { c_total: 9, h_count: 8, e: 3 });

  const first = bench.translate(deltas(5));
  await bench.send(deltas(6));
  translator.undo(first);
  await bench.send(deltas(7));
  assert.deepEqual(totals(), { c_total: 18, h_count: 14, e: 6 }, "in the totals that came since");
});

test("translate() leaves what has no room, and takes it when it comes again", async () => {
  const bench = new Bench();
  await bench.send(deltas(1));
  bench.sink.isFull = true;
  const request = [...deltas(2), ...deltas(2, 0, "fresh").slice(0, 1)];
  const full = await bench.send(request, [text("host", "a"), text("service.name", "s")]);
  assert.equal(full.full?.code, "FLX_STORE_SERIES_LIMIT");
  assert.deepEqual([full.left, full.rejected], [4, 0], "another job: all of it is new");
  const some = await bench.send(request);
  assert.deepEqual([some.left, some.rejected], [1, 0]);
  assert.equal(bench.sink.last()["c_total"], 6);
  bench.sink.isFull = false;
  const again = await bench.send(request);
  assert.deepEqual([again.left, again.rejected, again.full], [0, 0, undefined]);
  assert.deepEqual(bench.sink.last(/total|count/), { c_total: 6, fresh_total: 3, h_count: 4 });
});

test("translate() marks series stale where nothing was recorded", async () => {
  const bench = new Bench();
  const send = (flags: number, seconds: number): Promise<Translated> =>
    bench.send([
      { name: "g", gauge: { dataPoints: [{ ...times(seconds), asDouble: 1, flags }] } },
      {
        name: "h",
        histogram: {
          dataPoints: [
            { ...times(seconds), flags, count: "1", bucketCounts: ["1", "0"], explicitBounds: [1] },
          ],
          aggregationTemporality: 2,
        },
      },
    ]);
  await send(0, 1);
  await send(1, 2);
  assert.deepEqual(new Set(Object.values(bench.sink.last())), new Set(["stale"]));
});

test("translate() refuses points that cannot be, and takes the others", async () => {
  const bench = new Bench({ maxLabels: 4 });
  const gauge = (fields: object): object => ({ name: "g", gauge: { dataPoints: [fields] } });
  const histogram = (fields: object): object => ({
    name: "h",
    histogram: { dataPoints: [{ ...times(), ...fields }], aggregationTemporality: 2 },
  });
  const many = Array.from({ length: 5 }, (_, i) => text(`l${i}`, "x"));
  const { rejected, points, reasons } = await bench.send([
    gauge({ ...times() }),
    gauge({ ...times(), asDouble: 1, attributes: many }),
    histogram({ bucketCounts: ["1"], explicitBounds: [1] }),
    histogram({ bucketCounts: ["1", "1", "1"], explicitBounds: [2, 1] }),
    { name: "s", sum: { dataPoints: [{ asInt: "1" }] } },
    { name: "", gauge: { dataPoints: [{ asInt: "1" }] } },
    gauge({ ...times(), asDouble: 5 }),
  ]);
  assert.deepEqual([points, rejected], [7, 6]);
  assert.equal(reasons.length, 5);
  assert.deepEqual(bench.sink.last(), { g: 5 });
});

/** Counts how often a sink is asked for a reference from now on. */
function askedRefs(sink: MemorySink): { count: number } {
  const asked = { count: 0 };
  const ref = sink.ref.bind(sink);
  sink.ref = (labels, source) => {
    asked.count++;
    return ref(labels, source);
  };
  return asked;
}

test("translate() knows a series again by its bytes, and anew in another generation of the sink", async () => {
  const bench = new Bench();
  const asked = askedRefs(bench.sink);
  const metrics = [
    {
      name: "g",
      gauge: { dataPoints: [{ ...times(), asDouble: 1, attributes: [text("a", "b")] }] },
    },
  ];
  await bench.send(metrics);
  await bench.send(metrics);
  assert.equal(asked.count, 1);
  bench.sink.generation++;
  await bench.send(metrics);
  assert.equal(asked.count, 2);
});

test("translate() knows series again in whatever order their points come", async () => {
  const bench = new Bench();
  const asked = askedRefs(bench.sink);
  const point = (n: number, seconds: number): object => ({
    ...times(seconds),
    asInt: n,
    attributes: [text("n", `${n}`)],
  });
  const orders = [
    [0, 1, 2, 3, 4, 5, 6, 7],
    [0, 1, 2, 3, 4, 5, 6, 7],
    [7, 6, 5, 4, 3, 2, 1, 0],
    [3, 3, 0, 4, 9, 1, 9],
  ];
  for (const [i, order] of orders.entries()) {
    await bench.send([{ name: "g", gauge: { dataPoints: order.map((n) => point(n, i)) } }]);
  }
  assert.equal(asked.count, 9);
  for (const [name, samples] of bench.sink.floats) {
    const n = Number(/n="(\d+)"/.exec(name)?.[1]);
    assert.ok(samples.every(([, value]) => value === n));
  }
  assert.equal(bench.sink.floats.size, 9);
});
