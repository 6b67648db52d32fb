import assert from "node:assert/strict";
import { test } from "node:test";
import { FlxError } from "@flx/model/write";
import { defaultRegistry } from "../default-registry.ts";
import { Registry } from "../registry.ts";
import { MetricsCollector } from "./metrics-collector.ts";

async function lines(registry: Registry, ...names: string[]): Promise<string[]> {
  const text = await registry.metrics({ names });
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

test("MetricsCollector has the promised families, with the promised labels", () => {
  const registry = new Registry();
  const collector = new MetricsCollector(registry);
  assert.deepEqual(
    registry.catalogue().map(({ name, type, unit, labelNames }) => {
      return `${type} ${name}{${labelNames.join(",")}} ${unit ?? "-"}`;
    }),
    [
      "gauge flx_app_info{version,env} -",
      "gauge flx_cpu_usage_percent{} percent",
      "gauge flx_memory_usage_percent{} percent",
      "gauge flx_disk_usage_percent{mountpoint} percent",
      "counter flx_pipeline_runs_total{pipeline_name,status} -",
      "histogram flx_pipeline_duration_seconds{pipeline_name} seconds",
      "counter flx_command_executions_total{command,status} -",
      "histogram flx_command_duration_seconds{command} seconds",
      "counter flx_grpc_requests_total{method,status} -",
      "histogram flx_grpc_request_duration_seconds{method} seconds",
    ],
  );
  assert.equal(collector.registry, registry);
});

test("flx_app_info is one series: who the service is", async () => {
  const registry = new Registry();
  const f = async (...want: string[]) =>
    assert.deepEqual(await lines(registry, "flx_app_info"), want);

  const nobody = new MetricsCollector(registry);
  assert.equal(nobody.service, undefined);
  await f();
  const first = new MetricsCollector(registry, { service: "orders", version: "1.4.0" });
  assert.equal(first.service, "orders");
  await f('flx_app_info{version="1.4.0",env="unknown"} 1');
  const options = { version: "1.5.0", environment: "production" };
  assert.equal(new MetricsCollector(registry, options).service, undefined);
  await f('flx_app_info{version="1.5.0",env="production"} 1');
});

test("MetricsCollector.setSystemUsage() sets what is known, and NaN for what is not", async () => {
  const registry = new Registry();
  const collector = new MetricsCollector(registry);
  const f = async (...want: string[]) =>
    assert.deepEqual(
      await lines(
        registry,
        "flx_cpu_usage_percent",
        "flx_memory_usage_percent",
        "flx_disk_usage_percent",
      ),
      want,
    );

  await f("flx_cpu_usage_percent NaN", "flx_memory_usage_percent NaN");
  const root = { mountpoint: "/", usedPercent: 42.5 };
  const data = { mountpoint: "/data", usedPercent: undefined };
  collector.setSystemUsage({ cpuPercent: 12, memoryPercent: 50, disks: [root, data] });
  const disks = [
    'flx_disk_usage_percent{mountpoint="/"} 42.5',
    'flx_disk_usage_percent{mountpoint="/data"} NaN',
  ];
  await f("flx_cpu_usage_percent 12", "flx_memory_usage_percent 50", ...disks);
  // Another one shares the gauges, and does not forget.
  assert.equal(new MetricsCollector(registry).cpuUsage.name, "flx_cpu_usage_percent");
  await f("flx_cpu_usage_percent 12", "flx_memory_usage_percent 50", ...disks);
  collector.setSystemUsage({ cpuPercent: 13 });
  await f("flx_cpu_usage_percent 13", "flx_memory_usage_percent NaN", ...disks);
  collector.setSystemUsage({ cpuPercent: 13, disks: [root] }); // /data is unmounted
  await f("flx_cpu_usage_percent 13", "flx_memory_usage_percent NaN", disks[0]!);
});

test("MetricsCollector.counter(), gauge(), histogram() make typed instruments in its registry", async () => {
  const registry = new Registry({ misuse: "throw" });
  const collector = new MetricsCollector(registry);
  const placed = collector.counter({
    name: "orders_placed_total",
    help: "Orders placed",
    labelNames: ["country"],
    labelValues: { country: ["DE", "DK"] },
  });
  placed.inc({ country: "DE" });
  // @ts-expect-error FR is not in the list
  assert.throws(() => placed.inc({ country: "FR" }), FlxError);
  // @ts-expect-error the label is missing
  assert.throws(() => placed.inc(), FlxError);
  collector.gauge({ name: "queue_length", help: "Jobs waiting" }).set(3);
  collector.histogram({ name: "size_bytes", help: "Size", unit: "bytes", buckets: [1] }).observe(2);
  assert.deepEqual(await lines(registry, "orders_placed_total", "queue_length", "size_bytes"), [
    'orders_placed_total{country="DE"} 1',
    "queue_length 3",
    'size_bytes_bucket{le="1"} 0',
    'size_bytes_bucket{le="+Inf"} 1',
    "size_bytes_sum 2",
    "size_bytes_count 1",
  ]);
});

test("MetricsCollector.trackPipeline(), trackCommand(), trackGrpc() run now, each in its families", async () => {
  const registry = new Registry();
  const time = { ms: 0 };
  const collector = new MetricsCollector(registry, { clock: () => time.ms });
  const work = <T>(result: T) => {
    time.ms += 20;
    return result;
  };
  const one: number = collector.trackPipeline("nightly", () => work(1));
  assert.equal(one, 1);
  assert.equal(await collector.trackCommand("migrate", async () => work("two")), "two");
  assert.throws(() => {
    collector.trackGrpc("/shop.v1.Orders/Place", () => {
      throw work(Object.assign(new Error("x"), { code: 3 }));
    });
  }, /x/);
  const text = await registry.metrics();
  for (const line of [
    'flx_pipeline_runs_total{pipeline_name="nightly",status="success"} 1',
    'flx_pipeline_runs_total{pipeline_name="nightly",status="failure"} 0',
    'flx_pipeline_duration_seconds_sum{pipeline_name="nightly"} 0.02',
    'flx_command_executions_total{command="migrate",status="success"} 1',
    'flx_command_duration_seconds_sum{command="migrate"} 0.02',
    'flx_grpc_requests_total{method="/shop.v1.Orders/Place",status="OK"} 0',
    'flx_grpc_requests_total{method="/shop.v1.Orders/Place",status="INVALID_ARGUMENT"} 1',
    'flx_grpc_request_duration_seconds_count{method="/shop.v1.Orders/Place"} 1',
  ]) {
    assert.ok(text.includes(`\n${line}\n`), `${line} in\n${text}`);
  }
});

test("two collectors of one registry count into the same series", async () => {
  const registry = new Registry();
  const [first, second] = [new MetricsCollector(registry), new MetricsCollector(registry)];
  first.trackPipeline("p", () => 1);
  second.trackPipeline("p", () => 1);
  assert.ok(
    (await lines(registry, "flx_pipeline_runs_total")).includes(
      'flx_pipeline_runs_total{pipeline_name="p",status="success"} 2',
    ),
  );
});

test("a name that is no text is refused in development, and counted in production", () => {
  const f = (misuse: "throw" | "count") =>
    new MetricsCollector(new Registry({ misuse })).trackPipeline(undefined as never, () => 7);
  assert.throws(() => f("throw"), FlxError);
  assert.equal(f("count"), 7);
});

test("new MetricsCollector() works on the registry of the process", () => {
  const before = new Set(defaultRegistry.catalogue().map(({ name }) => name));
  try {
    assert.equal(new MetricsCollector().registry, defaultRegistry);
    assert.ok(defaultRegistry.get("flx_pipeline_runs_total") !== undefined);
  } finally {
    // Other tests of this process see the registry as it was.
    for (const { name } of defaultRegistry.catalogue()) {
      if (!before.has(name)) defaultRegistry.unregister(name);
    }
  }
});

test("MetricsCollector makes instruments of every kind in its registry", async () => {
  const registry = new Registry();
  const collector = new MetricsCollector(registry);
  const help = "h";
  collector.counter({ name: "c_total", help }).inc();
  collector.gauge({ name: "g", help }).set(2);
  collector.histogram({ name: "h", help, buckets: [] }).observe(3);
  collector.summary({ name: "s", help, percentiles: [], labelNames: ["a"] }).observe({ a: 1 }, 4);
  collector.info({ name: "i", help, labelNames: ["a"] }).set({ a: "x" });
  collector.stateSet({ name: "t", help, states: ["on", "off"] }).set("on");
  const text = await registry.metrics({ names: ["c_total", "g", "h", "s", "i", "t"] });
  assert.deepEqual(
    text.split("\n").filter((line) => line !== "" && !line.startsWith("#")),
    [
      "c_total 1",
      "g 2",
      'h_bucket{le="+Inf"} 1',
      "h_sum 3",
      "h_count 1",
      's_sum{a="1"} 4',
      's_count{a="1"} 1',
      'i_info{a="x"} 1',
      't{t="on"} 1',
      't{t="off"} 0',
    ],
  );
});
