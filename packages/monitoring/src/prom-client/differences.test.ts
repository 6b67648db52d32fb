// Where this entry differs from @prometheus-io/client on purpose: the table in docs/guides/moving-from-prom-client.md.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Counter, Gauge, Histogram, openMetricsContentType, Registry } from "./index.ts";

async function linesOf(registry: Registry): Promise<string[]> {
  return (await registry.metrics()).split("\n").filter((line) => !line.startsWith("#") && line);
}

const declared = { name: "c_total", help: "C" };

test("label values never meet, whatever they contain", async () => {
  const registry = new Registry();
  const counter = new Counter({ ...declared, labelNames: ["a", "b"], registers: [registry] });
  counter.inc({ a: "x|y", b: "z" });
  counter.inc({ a: "x", b: "y|z" });
  assert.deepEqual(await linesOf(registry), [
    'c_total{a="x|y",b="z"} 1',
    'c_total{a="x",b="y|z"} 1',
  ]);
});

test("a labels object may be used again by its owner", async () => {
  const registry = new Registry();
  const counter = new Counter({ ...declared, labelNames: ["a"], registers: [registry] });
  const labels = { a: "x" };
  const bound = counter.labels(labels);
  counter.inc(labels);
  labels.a = "y";
  counter.inc(labels);
  bound.inc();
  assert.deepEqual(await linesOf(registry), ['c_total{a="x"} 2', 'c_total{a="y"} 1']);
});

test("a label that is left out and an empty one are one series", async () => {
  const registry = new Registry();
  const counter = new Counter({ ...declared, labelNames: ["a"], registers: [registry] });
  counter.inc({});
  counter.inc({ a: "" });
  assert.deepEqual(await linesOf(registry), ["c_total 2"]);
});

test("values that are no text are escaped", async () => {
  const registry = new Registry();
  const gauge = new Gauge({ name: "g", help: "G", labelNames: ["a"], registers: [registry] });
  gauge.set({ a: { toString: () => '"} 1\n' } as unknown as string }, 1);
  assert.deepEqual(await linesOf(registry), [String.raw`g{a="\"} 1\n"} 1`]);
});

test("a collect() that fails costs its own metric only, and is counted", async () => {
  const registry = new Registry();
  const registers = [registry];
  const collect = () => Promise.reject(new Error("no"));
  const failing = new Gauge({ name: "failing", help: "F", registers, collect });
  const fine = new Gauge({ name: "fine", help: "F", registers });
  fine.set(1);
  assert.deepEqual(await linesOf(registry), [
    "fine 1",
    'flx_metrics_collect_failures_total{metric="failing"} 1',
  ]);
  assert.deepEqual(
    (await registry.getMetricsAsJSON()).map(({ name }) => name),
    ["fine"],
  );
  await assert.rejects(failing.get(), /no/);
});

test("a collect() that never settles is given up after 5 seconds", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const registry = new Registry();
  const collect = () => Promise.withResolvers<void>().promise;
  const options = { name: "hanging", help: "H", registers: [registry], collect };
  assert.ok(new Gauge(options));
  const lines = linesOf(registry);
  t.mock.timers.tick(5_000);
  assert.deepEqual(await lines, ['flx_metrics_collect_failures_total{metric="hanging"} 1']);
});

test("OpenMetrics: one `_total`, no renamed metric, also when aggregated", async () => {
  const registry = new Registry(openMetricsContentType);
  const counter = new Counter({ ...declared, registers: [registry] });
  const text = "# HELP c C\n# TYPE c counter\nc_total 0\n# EOF\n";
  assert.equal(await registry.metrics(), text);
  assert.equal((await counter.get()).name, "c_total");
  const json = await registry.getMetricsAsJSON();
  assert.equal(await Registry.aggregate([json], openMetricsContentType).metrics(), text);
  assert.equal(await new Registry(openMetricsContentType).metrics(), "# EOF\n");
});

test("the bounds of a histogram are sorted, each once, without +Inf", async () => {
  const registry = new Registry();
  const buckets = [2, 1, 1, Infinity];
  const histogram = new Histogram({ name: "h", help: "H", buckets, registers: [registry] });
  histogram.observe(1.5);
  assert.deepEqual(await linesOf(registry), [
    'h_bucket{le="1"} 0',
    'h_bucket{le="2"} 1',
    'h_bucket{le="+Inf"} 1',
    "h_sum 1.5",
    "h_count 1",
  ]);
  assert.deepEqual(buckets, [2, 1, 1, Infinity]);
  assert.equal(Object.isFrozen(buckets), false);
});

test("metrics whose samples would share a name are refused", () => {
  const f = (first: "h" | "h_count", message: RegExp) => {
    const registers = [new Registry()];
    const make = {
      h: () => new Histogram({ name: "h", help: "H", registers }),
      h_count: () => new Counter({ name: "h_count", help: "C", registers }),
    };
    make[first]();
    assert.throws(make[first === "h" ? "h_count" : "h"], message);
  };

  f("h", /^Error: A metric with the name h_count has already been registered\.$/);
  f("h_count", /^Error: A metric with the name h_count has already been registered\.$/);
});

test("a counter refuses what is no number, falsy or not", () => {
  const counter = new Counter({ ...declared, registers: [] });
  for (const value of [Number.NaN, "", false] as number[]) {
    assert.throws(
      () => {
        counter.inc(value);
      },
      { name: "TypeError", message: `Value is not a valid number: ${value}` },
    );
  }
});

test("labels(null) is the series without labels", async () => {
  const registry = new Registry();
  const registers = [registry];
  new Gauge({ name: "g", help: "G", registers }).labels(null as never).inc(3);
  new Gauge({ name: "labelled", help: "L", labelNames: ["a"], registers })
    .labels(null as never)
    .set(2);
  assert.deepEqual(await linesOf(registry), ["g 3", "labelled 2"]);
});

test("an option that is undefined is as if left out", () => {
  const options = { name: "h", help: "H", registers: [], aggregator: undefined };
  const undefinedOptions = {
    labelNames: undefined,
    buckets: undefined,
    enableExemplars: undefined,
  };
  const histogram = new Histogram({ ...options, ...undefinedOptions } as never);
  const { labelNames, buckets, aggregator, enableExemplars } = histogram as unknown as Record<
    string,
    unknown[]
  >;
  assert.deepEqual(
    [labelNames, buckets?.length, aggregator, enableExemplars],
    [[], 11, "sum", false],
  );
});

test("getSingleMetricAsString() says which metric there is not", async () => {
  await assert.rejects(new Registry().getSingleMetricAsString("none"), {
    name: "TypeError",
    message: "No metric with the name none is registered.",
  });
});

test("NaN is spelled NaN", async () => {
  const registry = new Registry();
  const gauge = new Gauge({ name: "g", help: "G", registers: [registry] });
  gauge.set(Number.NaN);
  assert.deepEqual(await linesOf(registry), ["g NaN"]);
});

test("default labels are not written into the series by getMetricsAsJSON()", async () => {
  const registry = new Registry();
  const counter = new Counter({ ...declared, registers: [registry] });
  counter.inc();
  registry.setDefaultLabels({ host: "a" });
  await registry.getMetricsAsJSON();
  registry.setDefaultLabels({});
  assert.deepEqual(await linesOf(registry), ["c_total 1"]);
});

test("a handle of a counter with exemplars counts its own series", async () => {
  const registry = new Registry(openMetricsContentType);
  const options = { ...declared, labelNames: ["a"], enableExemplars: true, registers: [registry] };
  new Counter(options).labels("x").inc(3);
  assert.deepEqual(await linesOf(registry), ['c_total{a="x"} 3']);
});

test("a metric whose declaration is refused is in no registry", () => {
  const registry = new Registry();
  const options = { name: "h", help: "H", labelNames: ["le"], registers: [registry] };
  assert.throws(() => new Histogram(options), /^Error: le is a reserved label keyword$/);
  assert.equal(registry.getSingleMetric("h"), undefined);
});

test("an exemplar that is refused leaves none behind", async () => {
  const registry = new Registry(openMetricsContentType);
  const counter = new Counter({ ...declared, enableExemplars: true, registers: [registry] });
  assert.throws(() => {
    counter.inc({ exemplarLabels: { id: "x".repeat(200) } } as object);
  }, RangeError);
  assert.deepEqual(await linesOf(registry), ["c_total 1"]);
});
