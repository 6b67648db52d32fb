// Programs written for the peer's types: what compiled there compiles here, and what did not, does not.

import assert from "node:assert/strict";
import { test } from "node:test";
import client, {
  type AggregatorRegistry,
  type CollectFunction,
  Counter,
  type CounterConfiguration,
  type Gauge,
  Histogram,
  type LabelValues,
  type Metric,
  type MetricObjectWithValues,
  type MetricValue,
  type OpenMetricsContentType,
  type PrometheusContentType,
  Pushgateway,
  Registry,
  Summary,
} from "./index.ts";

test("classes are types too, with their namespaces, and the default export has all of them", () => {
  const registry: Registry<PrometheusContentType> = new Registry<PrometheusContentType>();
  const config: CounterConfiguration<"a" | "b"> = {
    name: "c_total",
    help: "C",
    labelNames: ["a", "b"] as const,
    registers: [registry],
    aggregator: "sum",
    collect() {
      this.inc({ a: 1 });
    },
  };
  const counter: Counter<"a" | "b"> = new Counter(config);
  const bound: Counter.Internal = counter.labels("x", "y");
  bound.inc(2);
  const gauge = new client.Gauge({
    name: "g",
    help: "G",
    labelNames: ["a"],
    registers: [registry],
  });
  const boundGauge: Gauge.Internal<"a"> = gauge.labels({ a: "x" });
  boundGauge.set(1);
  const histogram: Histogram = new Histogram({ name: "h", help: "H", registers: [registry] });
  const histogramConfig: Histogram.Config = { buckets: [1] };
  const summary = new Summary({ name: "s", help: "S", percentiles: [0.5], registers: [registry] });
  const summaryConfig: Summary.Config = { percentiles: [0.5] };
  const end: (labels?: LabelValues<never>) => number = summary.startTimer();
  const options: Pushgateway.Options = { timeout: 5000 };
  const gateway: Pushgateway<PrometheusContentType> = new Pushgateway(
    "http://h",
    options,
    registry,
  );
  const found: Metric<"a"> | undefined = registry.getSingleMetric<"a">("g");
  const values: Promise<MetricObjectWithValues<MetricValue<"a" | "b">>> = counter.get();
  const aggregator: AggregatorRegistry<OpenMetricsContentType> | undefined = undefined;
  const collect: CollectFunction<Gauge<"a">> = function () {
    this.set({ a: 1 }, 1);
  };
  class Own extends Registry {}

  assert.ok(counter instanceof Counter && histogram instanceof client.Histogram);
  assert.ok(new Own() instanceof Registry && found === gauge && values instanceof Promise);
  assert.deepEqual([histogramConfig, summaryConfig], [{ buckets: [1] }, { percentiles: [0.5] }]);
  assert.deepEqual([typeof end, typeof collect, aggregator], ["function", "function", undefined]);
  assert.equal(typeof gateway.push, "function");
});

test("labels that are not declared do not compile", () => {
  const registers = [new Registry()];
  const counter = new Counter({ name: "c_total", help: "C", labelNames: ["a"], registers });
  const bare = new Counter({ name: "d_total", help: "D", registers });
  // @ts-expect-error -- c is not declared
  assert.throws(() => counter.inc({ c: 1 }), /Added label "c"/);
  // @ts-expect-error -- no label is
  assert.throws(() => bare.inc({ a: "x" }), /Added label "a"/);
  // @ts-expect-error -- a counter cannot be set
  assert.throws(() => counter.set({ a: 1 }, 1), TypeError);
});
