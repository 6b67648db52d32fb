import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { test } from "node:test";
import { FlxError, parseExpositionStrict, writeExposition } from "@flx/model";
import { Counter } from "./counter.ts";
import { Gauge } from "./gauge.ts";
import { Histogram } from "./histogram.ts";
import { Registry } from "./registry.ts";
import { Summary } from "./summary.ts";

function samplesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

test("Registry.register() gives the identical metric that is there", async () => {
  const registry = new Registry();
  const registers = [registry];
  const declare = () => new Counter({ name: "c_total", help: "h", labelNames: ["a"], registers });
  const first = declare();
  first.inc({ a: "x" });
  const second = declare();
  second.inc({ a: "x" });
  assert.deepEqual(samplesOf(await registry.metrics()), ['c_total{a="x"} 2']);
});

test("Registry.register() keeps the newest collect callback", async () => {
  const registry = new Registry();
  const declare = (value: number) =>
    new Gauge({
      name: "g",
      help: "h",
      registers: [registry],
      collect() {
        this.set(value);
      },
    });
  declare(1);
  declare(2);
  assert.deepEqual(samplesOf(await registry.metrics()), ["g 2"]);
});

test("Registry.register() refuses a name that another metric has, or writes", () => {
  type Declare = (registers: readonly Registry[]) => unknown;
  const counter =
    (name: string, help = "h"): Declare =>
    (registers) =>
      new Counter({ name, help, registers });
  const gauge =
    (name: string): Declare =>
    (registers) =>
      new Gauge({ name, help: "h", registers });
  const histogram =
    (name: string, buckets = [1]): Declare =>
    (registers) =>
      new Histogram({ name, help: "h", buckets, registers });
  const f = (first: Declare, second: Declare) => {
    for (const [a, b] of [
      [first, second],
      [second, first],
    ] as const) {
      const registers = [new Registry()];
      a(registers);
      assert.throws(
        () => b(registers),
        (error) => error instanceof FlxError && error.code === "FLX_METRIC_CLASH",
      );
      assert.equal(registers[0]!.catalogue().length, 1);
    }
  };

  f(counter("c_total"), gauge("c_total"));
  f(counter("c_total"), counter("c_total", "another help"));
  f(counter("c_total"), counter("c"));
  f(counter("c_total"), gauge("c")); // one family in OpenMetrics
  f(histogram("h"), counter("h_count"));
  f(histogram("h"), gauge("h_sum"));
  f(histogram("h"), gauge("h_bucket"));
  f(histogram("h"), histogram("h", [2]));
});

test("Registry.register() keeps the names of its own metrics for itself", () => {
  const registry = new Registry();
  const declare = () =>
    new Counter({ name: "flx_metrics_misuse_total", help: "h", registers: [registry] });
  assert.throws(declare, (e) => e instanceof FlxError && e.code === "FLX_METRIC_CLASH");
  registry.clear();
  assert.throws(declare);
});

test("Registry.unregister() and clear() free the names and leave the metric usable", async () => {
  const registry = new Registry();
  const declare = (help: string) => new Counter({ name: "c_total", help, registers: [registry] });
  const first = declare("one");
  registry.unregister("c_total");
  registry.unregister("none");
  first.inc();
  declare("two");
  assert.deepEqual(samplesOf(await registry.metrics()), ["c_total 0"]);
  registry.clear();
  assert.equal(await registry.metrics(), "");
  declare("three");
  assert.equal(registry.get("c_total")?.help, "three");
});

test("Registry.release() takes declarations back; with the last one the metric goes", () => {
  const registry = new Registry();
  const declare = (registers: readonly Registry[] = [registry]) =>
    new Counter({ name: "c_total", help: "h", registers });
  const f = (want: boolean) => assert.equal(registry.get("c_total") !== undefined, want);

  declare();
  declare();
  declare();
  registry.release("c_total");
  registry.release("c_total");
  f(true);
  // A declaration that fails in another registry is none here.
  const other = new Registry();
  new Gauge({ name: "c_total", help: "h", registers: [other] }).set(1);
  assert.throws(() => declare([registry, other]), { code: "FLX_METRIC_CLASH" });
  registry.release("c_total");
  f(false);
  registry.release("c_total");
  declare();
  declare();
  registry.unregister("c_total");
  declare();
  registry.release("c_total");
  f(false);
});

test("Registry.expose() leaves families without series out, in every format", async () => {
  const registry = new Registry();
  const about = { help: "h", labelNames: ["a"], registers: [registry] } as const;
  const gauge = new Gauge({ name: "g", ...about });
  const all = [
    new Counter({ name: "c_total", ...about }),
    gauge,
    new Histogram({ name: "h", ...about }),
    new Summary({ name: "s", ...about }),
  ];
  assert.equal(await registry.metrics(), "");
  assert.equal(await registry.metrics({ format: "openmetrics" }), "# EOF\n");
  assert.deepEqual(await registry.expose({ format: "protobuf" }), []);
  assert.deepEqual(await registry.families(), []);
  assert.equal(registry.catalogue().length, all.length);
  gauge.set({ a: "x" }, 1);
  assert.equal(await registry.metrics(), '# HELP g h\n# TYPE g gauge\ng{a="x"} 1\n');
  gauge.remove("x");
  assert.equal(await registry.metrics(), "");
});

test("Registry.catalogue() says what is registered", () => {
  const registry = new Registry();
  const options = { help: "h", registers: [registry] };
  const made = [
    new Counter({ ...options, name: "c_total", labelNames: ["a"] }),
    new Gauge({ ...options, name: "g_bytes", unit: "bytes" }),
  ];
  assert.equal(made.length, 2);
  assert.deepEqual(registry.catalogue(), [
    { name: "c_total", type: "counter", help: "h", unit: undefined, labelNames: ["a"] },
    { name: "g_bytes", type: "gauge", help: "h", unit: "bytes", labelNames: [] },
  ]);
});

test("a collect callback that fails or hangs costs its own metric only", async () => {
  const registry = new Registry();
  const registers = [registry];
  const broken = { now: true };
  const gauge = (name: string, collect: () => void | Promise<void>) =>
    new Gauge({ name, help: "h", registers, collect });
  const made = [
    gauge("a_throws", () => {
      if (broken.now) throw new Error("no");
    }),
    gauge("b_rejects", async () => {
      await turn();
      if (broken.now) throw new Error("no");
    }),
    gauge("c_hangs", () => (broken.now ? new Promise<void>(() => {}) : undefined)),
    gauge("d_works", async () => {
      await turn();
      made[3]!.set(4);
    }),
  ];

  const want = [
    "d_works 4",
    'flx_metrics_collect_failures_total{metric="a_throws"} 1',
    'flx_metrics_collect_failures_total{metric="b_rejects"} 1',
    'flx_metrics_collect_failures_total{metric="c_hangs"} 1',
  ];
  const request = { collectTimeoutMs: 250 };
  assert.deepEqual(samplesOf(await registry.metrics(request)).toSorted(), want);
  assert.deepEqual(
    (await registry.families(request)).map(({ name }) => name),
    ["d_works", "flx_metrics_collect_failures"],
  );
  broken.now = false;
  const after = samplesOf(await registry.metrics(request));
  assert.deepEqual(after.slice(0, 4), ["a_throws 0", "b_rejects 0", "c_hangs 0", "d_works 4"]);
});

test("a metric that cannot be written costs itself only, also half-way", async () => {
  const registry = new Registry();
  const registers = [registry];
  const made = [
    new Gauge({ name: "a", help: "h", registers }),
    new Gauge({ name: "b", help: "h", registers }),
    new Gauge({ name: "c", help: "h", registers }),
  ];
  assert.equal(made.length, 3);
  const metric = registry.get("b")!;
  metric.expose = function* expose(out) {
    out.text("half of ");
    yield;
    throw new Error("no");
  };
  metric.family = () => {
    throw new Error("no");
  };
  const failed = 'flx_metrics_collect_failures_total{metric="b"}';
  assert.deepEqual(samplesOf(await registry.metrics()), ["a 0", "c 0", `${failed} 1`]);
  const families = await registry.families();
  assert.deepEqual(
    families.map(({ name }) => name),
    ["a", "c", "flx_metrics_collect_failures"],
  );
});

test("equal expositions at the same time are one; a callback is not called twice at a time", async () => {
  const registry = new Registry();
  let calls = 0;
  const gauge: Gauge = new Gauge({
    name: "g",
    help: "h",
    registers: [registry],
    async collect() {
      calls++;
      await turn();
      gauge.set(calls);
    },
  });
  const [a, b, other, families] = await Promise.all([
    registry.expose(),
    registry.expose(),
    registry.expose({ format: "openmetrics" }),
    registry.families(),
  ]);
  assert.equal(a, b);
  assert.notEqual(a, other);
  assert.equal(families[0]?.points[0]?.value, 1);
  assert.equal(calls, 1);
  await registry.expose();
  assert.equal(calls, 2);
});

test("an exposition lets other work in, and no series is in it twice when labels change meanwhile", async () => {
  const registry = new Registry();
  const gauge = new Gauge({
    name: "g",
    help: "h",
    labelNames: ["a"],
    registers: [registry],
    maxSeries: 100_000,
  });
  const size = 15_000;
  for (let i = 0; i < size; i++) gauge.set({ a: i }, i);
  let turns = 0;
  const state = { finished: false };
  const exposing = registry.metrics().finally(() => {
    state.finished = true;
  });
  for (; !state.finished && turns < 10_000; turns++) {
    await turn();
    // The usual way of publishing a changing list: everything away, and in another order back.
    if (turns === 1) {
      gauge.reset();
      for (let i = size - 1; i >= 0; i--) gauge.set({ a: i }, i);
    }
  }
  const lines = samplesOf(await exposing);
  assert.ok(turns > 2);
  assert.equal(lines.length, size);
  assert.equal(new Set(lines).size, size);
});

test("Registry.setDefaultLabels() adds to the series that do not have them", async () => {
  const registry = new Registry({ misuse: "count" });
  const registers = [registry];
  const counter = new Counter({ name: "c_total", help: "h", labelNames: ["zone"], registers });
  const gauge = new Gauge({ name: "g", help: "h", registers });
  counter.inc({ zone: "own" });
  counter.inc({ zone: "" });
  gauge.set("x" as unknown as number);
  registry.setDefaultLabels({ app: 'a"b', zone: 1 });
  const want = [
    'c_total{zone="own",app="a\\"b"} 1',
    'c_total{app="a\\"b"} 1',
    'g{app="a\\"b",zone="1"} 0',
    'flx_metrics_misuse_total{app="a\\"b",reason="FLX_METRIC_VALUE",zone="1"} 1',
  ];
  assert.deepEqual(samplesOf(await registry.metrics()), want);
  const rewritten = writeExposition(await registry.families(), { format: "text" });
  assert.deepEqual(samplesOf(rewritten).slice(0, 3), [
    'c_total{app="a\\"b",zone="own"} 1',
    ...want.slice(1, 3),
  ]);
  registry.setDefaultLabels({});
  assert.equal(samplesOf(await registry.metrics())[2], "g 0");

  const f = (labels: Record<string, unknown>) => {
    assert.throws(
      () => registry.setDefaultLabels(labels),
      (error) => error instanceof FlxError && error.code === "FLX_METRIC_LABELS",
    );
  };
  f({ "": "x" });
  f({ a: {} });
  f({ le: "1" });
  f({ quantile: "1" });
  f({ __name__: "x" });
  f({ "\ud800": "x" });
});

test("Registry.expose() gives the metrics that were asked for, each once", async () => {
  const registry = new Registry({ misuse: "count" });
  const registers = [registry];
  const made = ["a", "b", "c"].map((name) => new Gauge({ name, help: "h", registers }));
  made[0]!.set("x" as unknown as number);
  const f = async (names: string[], want: string[]) => {
    assert.deepEqual(samplesOf(await registry.metrics({ names })), want);
    const families = await registry.families({ names });
    assert.deepEqual(
      families.map(({ name }) => `${name} 0`),
      want,
    );
  };

  await f(["c", "a"], ["c 0", "a 0"]);
  await f(["b", "b", "none"], ["b 0"]);
  await f(["none"], []);
});

test("Registry counts calls that went to an overflow series", async () => {
  const registry = new Registry();
  const counter = new Counter({
    name: "c_total",
    help: "h",
    labelNames: ["a"],
    maxSeries: 1,
    registers: [registry],
  });
  for (const a of ["x", "y", "z"]) counter.inc({ a });
  assert.deepEqual(samplesOf(await registry.metrics()), [
    'c_total{a="x"} 1',
    'c_total{a="__overflow__"} 2',
    'flx_metrics_overflow_total{metric="c_total"} 2',
  ]);
});

test("Registry.resetMetrics() sets plain metrics to zero and takes labelled series away", async () => {
  const registry = new Registry();
  const registers = [registry];
  new Counter({ name: "c_total", help: "h", registers }).inc();
  new Counter({ name: "l_total", help: "h", labelNames: ["a"], registers }).inc({ a: 1 });
  registry.resetMetrics();
  assert.deepEqual(samplesOf(await registry.metrics()), ["c_total 0"]);
});

test("an exposition with hostile text and the registry's own metrics can be read, in both formats", async () => {
  const registry = new Registry({ misuse: "count" });
  const registers = [registry];
  const labelNames = ["a", "größe"] as const;
  const hostile = 'x"} 1\ny{\\\u0001\ud800';
  const counter = new Counter({
    name: hostile.toWellFormed(),
    help: hostile,
    labelNames,
    registers,
    maxSeries: 2,
  });
  for (const a of [hostile, "", "é", "more"]) counter.inc({ a, größe: hostile });
  counter.inc({ a: "x", größe: "y" }, Number.NaN);
  registry.setDefaultLabels({ [hostile.toWellFormed()]: hostile });
  for (const format of ["text", "openmetrics"] as const) {
    const families = parseExpositionStrict(await registry.metrics({ format }), { format });
    assert.equal(families.length, 3);
    assert.equal(families.flatMap(({ points }) => points as unknown[]).length, 5);
  }
});
