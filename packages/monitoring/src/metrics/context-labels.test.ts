import assert from "node:assert/strict";
import { test } from "node:test";
import { Counter } from "./counter.ts";
import { Histogram } from "./histogram.ts";
import { MetricsCollector } from "./collector/metrics-collector.ts";
import { Registry } from "./registry.ts";
import { Summary } from "./summary.ts";

let tenant: string | undefined;
const contextLabels = { names: ["tenant"], read: () => ({ tenant }) };

const within = (name: string | undefined, work: () => void): void => {
  tenant = name;
  work();
  tenant = undefined;
};

async function lines(registry: Registry, name: string): Promise<string[]> {
  const text = await registry.metrics();
  return text
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
}

test("a counter has labels of the context beside those of its calls, also on bound handles", async () => {
  const registry = new Registry();
  const options = { help: "h", registers: [registry], contextLabels };
  const placed = new Counter({ ...options, name: "placed_total", labelNames: ["country"] });
  const bare = new Counter({ ...options, name: "bare_total" });
  const bound = placed.labels("DK");
  const boundToo = placed.labels({ country: "DK" });
  for (const name of ["acme", "beta", "acme", undefined]) {
    within(name, () => {
      placed.inc({ country: "DE" });
      bound.inc(2);
      boundToo.inc();
      bare.inc();
    });
  }
  within("acme", () => placed.inc({ country: "DE", tenant: "said" } as never));
  assert.deepEqual(await lines(registry, "placed_total"), [
    'placed_total{country="DK"} 3',
    'placed_total{country="DE",tenant="acme"} 2',
    'placed_total{country="DK",tenant="acme"} 6',
    'placed_total{country="DE",tenant="beta"} 1',
    'placed_total{country="DK",tenant="beta"} 3',
    'placed_total{country="DE"} 1',
    'placed_total{country="DE",tenant="said"} 1',
  ]);
  assert.deepEqual(await lines(registry, "bare_total"), [
    'bare_total{tenant="acme"} 2',
    'bare_total{tenant="beta"} 1',
    "bare_total 1",
  ]);
  within("beta", () => placed.remove("DE"));
  within("beta", () => placed.remove({ country: "DE" }));
  assert.ok(!(await registry.metrics()).includes('country="DE",tenant="beta"'));
});

test("histograms, summaries, timers and declared metrics have them, too; gauges do not", async () => {
  const registry = new Registry();
  const metrics = new MetricsCollector(registry, { contextLabels });
  const took = metrics.histogram({ name: "took", help: "h", labelNames: ["route"], buckets: [1] });
  const size = metrics.summary({ name: "size", help: "h" });
  const waiting = metrics.gauge({ name: "waiting", help: "h" });
  const shop = metrics.define({
    orders_total: { type: "counter", help: "h", labels: ["country"] },
    paid_total: { type: "counter", help: "h", currencies: ["EUR"] },
    open: { type: "gauge", help: "h" },
  });
  within("acme", () => {
    took.observe({ route: "/" }, 0.5);
    took.labels("/").observe(2);
    took.startTimer({ route: "/" })();
    size.observe(3);
    size.startTimer()();
    waiting.set(1);
    shop.orders_total.inc({ country: "DE" });
    shop.paid_total.add({ currency: "EUR" }, 1999);
    shop.open.set(1);
    metrics.trackPipeline("import", () => {});
  });
  const text = await registry.metrics();
  for (const line of [
    'took_count{route="/",tenant="acme"} 3',
    'size_count{tenant="acme"} 2',
    "waiting 1",
    'orders_total{country="DE",tenant="acme"} 1',
    'paid_total{currency="EUR",tenant="acme"} 19.99',
    "open 1",
    'flx_pipeline_runs_total{pipeline_name="import",status="success",tenant="acme"} 1',
    'flx_pipeline_duration_seconds_count{pipeline_name="import",tenant="acme"} 1',
  ]) {
    assert.ok(text.includes(`\n${line}\n`), `${line}\n${text}`);
  }
});

test("maxSeries holds for labels of the context: what strangers send goes to the overflow series", async () => {
  const registry = new Registry();
  const options = { name: "hits_total", help: "h", registers: [registry], contextLabels };
  const hits = new Counter({ ...options, maxSeries: 10 });
  for (let i = 0; i < 1_000; i++) within(`t${i}`, () => hits.inc());
  const found = await lines(registry, "hits_total");
  assert.equal(found.length, 11);
  assert.ok(found.includes('hits_total{tenant="__overflow__"} 990'), found.join("\n"));
});

test("wrong calls are told as ever", () => {
  const registry = new Registry();
  const options = { help: "h", registers: [registry], contextLabels };
  const placed = new Counter({ ...options, name: "a_total", labelNames: ["country"] });
  const size = new Summary({ ...options, name: "b", labelNames: ["kind"] });
  const loose = placed as unknown as Counter<string>;
  assert.throws(() => loose.inc({}), {
    code: "FLX_METRIC_LABELS",
    message: /"country".*is missing/,
  });
  assert.throws(() => loose.inc({ country: "DE", x: 1 }), { code: "FLX_METRIC_LABELS" });
  assert.throws(() => loose.labels("DE", "acme"), /has 1 labels \(country\), got 2 values/);
  assert.throws(() => (size as unknown as Summary).observe(1), { code: "FLX_METRIC_LABELS" });
  assert.throws(
    () =>
      new Counter({
        ...options,
        name: "c_total",
        contextLabels: { ...contextLabels, names: ["__x"] },
      }),
    { code: "FLX_METRIC_LABEL_NAME" },
  );
  // A histogram's own label is not taken from outside.
  const le = { names: ["le", "tenant"], read: () => ({ le: "1", tenant: "acme" }) };
  const took = new Histogram({ ...options, name: "took", buckets: [1], contextLabels: le });
  took.observe(0.5);
});

test("one metric that is declared with and without them is one metric, as it was first", async () => {
  const registry = new Registry();
  const common = { name: "a_total", help: "h", labelNames: ["country"] } as const;
  const first = new MetricsCollector(registry, { contextLabels });
  const second = new MetricsCollector(registry);
  within("acme", () => {
    first.counter(common).inc({ country: "DE" });
    second.counter(common).inc({ country: "DE" });
  });
  assert.deepEqual(await lines(registry, "a_total"), ['a_total{country="DE",tenant="acme"} 2']);
  assert.throws(() => second.counter({ ...common, labelNames: ["city"] }), {
    code: "FLX_METRIC_CLASH",
  });
});
