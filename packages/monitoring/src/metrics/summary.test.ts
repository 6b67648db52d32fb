import assert from "node:assert/strict";
import { test } from "node:test";
import { FlxError, parseExpositionStrict, writeExposition } from "@flx/model";
import { Registry } from "./registry.ts";
import { Summary, type SummaryOptions } from "./summary.ts";

async function samples(registry: Registry): Promise<string[]> {
  const lines = (await registry.metrics()).split("\n");
  return lines.filter((line) => line !== "" && !line.startsWith("#"));
}

test("Summary.observe() counts, sums up and knows the quantiles", async () => {
  const registry = new Registry();
  const percentiles = [0.5, 1];
  const summary = new Summary({ name: "s", help: "h", percentiles, registers: [registry] });
  const f = async (...want: string[]) =>
    assert.deepEqual(await samples(registry), [
      `s{quantile="0.5"} ${want[0]}`,
      `s{quantile="1"} ${want[1]}`,
      `s_sum ${want[2]}`,
      `s_count ${want[3]}`,
    ]);

  await f("NaN", "NaN", "0", "0");
  summary.observe(5);
  await f("5", "5", "5", "1");
  summary.observe(0);
  summary.labels().observe(-2);
  await f("0", "5", "3", "3");
  summary.reset();
  await f("NaN", "NaN", "0", "0");
  summary.observe(7);
  await f("7", "7", "7", "1");
});

test("Summary forgets quantiles after maxAgeSeconds, and never sum and count", async () => {
  const registry = new Registry();
  const time = { ms: 0 };
  const summary = new Summary({
    name: "s",
    help: "h",
    percentiles: [0, 1],
    maxAgeSeconds: 10,
    ageBuckets: 5,
    registers: [registry],
    clock: () => time.ms,
  });
  const f = async (ms: number, ...want: string[]) => {
    time.ms = ms;
    const values = (await samples(registry)).map((line) => line.split(" ")[1]);
    assert.deepEqual(values, want);
  };

  summary.observe(1);
  time.ms = 3_000;
  summary.observe(3);
  await f(9_999, "1", "3", "4", "2");
  await f(10_000, "3", "3", "4", "2");
  await f(12_000, "NaN", "NaN", "4", "2");
  summary.observe(2);
  await f(21_999, "2", "2", "6", "3");
  await f(22_000, "NaN", "NaN", "6", "3");
});

test("Summary with maxAgeSeconds Infinity forgets nothing, and asks no clock", async () => {
  const registry = new Registry();
  const summary = new Summary({
    name: "s",
    help: "h",
    percentiles: [1],
    maxAgeSeconds: Infinity,
    registers: [registry],
    clock: () => assert.fail("asked"),
  });
  summary.observe(4);
  assert.equal((await samples(registry))[0], 's{quantile="1"} 4');
});

test("Summary keeps its label sets apart, and a row given out again knows nothing", async () => {
  const registry = new Registry();
  const summary = new Summary({
    name: "s",
    help: "h",
    labelNames: ["a"],
    percentiles: [0.5],
    registers: [registry],
  });
  const x = summary.labels("x");
  x.observe(1);
  summary.observe({ a: "y" }, 2);
  summary.remove({ a: "x" });
  summary.observe({ a: "z" }, 3); // takes the row of x
  const z = ['s{a="z",quantile="0.5"} 3', 's_sum{a="z"} 3', 's_count{a="z"} 1'];
  const y = ['s{a="y",quantile="0.5"} 2', 's_sum{a="y"} 2', 's_count{a="y"} 1'];
  assert.deepEqual(await samples(registry), [...z, ...y]);
  x.observe(9);
  assert.deepEqual((await samples(registry)).slice(6), [
    's{a="x",quantile="0.5"} 9',
    's_sum{a="x"} 9',
    's_count{a="x"} 1',
  ]);
  summary.reset();
  assert.deepEqual(await samples(registry), []);
});

test("Summary.startTimer() observes seconds, with labels known in two steps", async () => {
  const registry = new Registry();
  const time = { ms: 1_000 };
  const summary = new Summary({
    name: "s",
    help: "h",
    labelNames: ["a", "b"],
    percentiles: [],
    registers: [registry],
    clock: () => time.ms,
  });
  const end = summary.startTimer({ a: "x" });
  const endBound = summary.labels("x", "y").startTimer();
  time.ms = 3_500;
  assert.equal(end({ b: "y" }), 2.5);
  assert.equal(endBound(), 2.5);
  assert.deepEqual(await samples(registry), ['s_sum{a="x",b="y"} 5', 's_count{a="x",b="y"} 2']);
});

test("Summary is exposed as the model's writer writes it", async () => {
  const registry = new Registry({ createdSeries: true });
  registry.setDefaultLabels({ app: "x" });
  const summary = new Summary({
    name: "my.s_seconds",
    help: "h",
    unit: "seconds",
    labelNames: ["path"],
    percentiles: [0, 0.5, 1],
    registers: [registry],
  });
  summary.observe({ path: 'é"\n' }, 0.25);
  summary.observe({ path: 'é"\n' }, 1e-7);
  summary.observe({ path: "" }, 3);
  for (const format of ["text", "openmetrics"] as const) {
    const exposed = await registry.metrics({ format });
    parseExpositionStrict(exposed, { format });
    const written = writeExposition(await registry.families(), { format });
    assert.equal(exposed.replaceAll(/(path="(?:[^"\\]|\\.)*"),app="x"/g, 'app="x",$1'), written);
  }
  const openMetrics = await registry.metrics({ format: "openmetrics" });
  assert.match(openMetrics, /^\{"my\.s_seconds",app="x",quantile="1\.0"\} 3$/m);
});

test("Summary leaves negative sums and quantiles out of OpenMetrics, which has none", async () => {
  const registry = new Registry();
  const percentiles = [0, 1];
  const summary = new Summary({ name: "s", help: "h", percentiles, registers: [registry] });
  summary.observe(-3);
  summary.observe(1);
  const exposed = await registry.metrics({ format: "openmetrics" });
  parseExpositionStrict(exposed, { format: "openmetrics" });
  assert.match(exposed, /\ns\{quantile="1\.0"\} 1\ns_count 2\n# EOF\n$/);
  assert.match(await registry.metrics(), /^s\{quantile="0"\} -3$/m);
});

test("Summary refuses what is no finite number, and opens no series for it", async () => {
  const registry = new Registry({ misuse: "throw" });
  const registers = [registry];
  const plain = new Summary({ name: "p", help: "h", percentiles: [], registers });
  const labelled = new Summary({ name: "l", help: "h", labelNames: ["a"], registers });
  const f = (code: string, ...calls: (() => unknown)[]) => {
    for (const call of calls) {
      assert.throws(call, (error) => error instanceof FlxError && error.code === code);
    }
  };

  for (const value of [Number.NaN, Infinity, -Infinity, "5", undefined] as number[]) {
    f(
      "FLX_METRIC_VALUE",
      () => plain.observe(value),
      () => labelled.observe({ a: "x" }, value),
      () => plain.labels().observe(value),
    );
  }
  f(
    "FLX_METRIC_LABELS",
    // @ts-expect-error the label is missing
    () => labelled.observe({}, 1),
    // @ts-expect-error the labels are missing
    () => labelled.observe(1),
    // @ts-expect-error b is not declared
    () => labelled.observe({ a: "x", b: "y" }, 1),
    // @ts-expect-error one value too many
    () => labelled.labels("x", "y"),
    // @ts-expect-error there are no labels
    () => plain.observe({ a: "x" }, 1),
  );
  // @ts-expect-error the value is missing
  f("FLX_METRIC_VALUE", () => labelled.observe({ a: "x" }));
  assert.deepEqual(await samples(registry), ["p_sum 0", "p_count 0"]);
});

test("Summary refuses a wrong declaration", () => {
  const f = (options: Partial<SummaryOptions<string, {}>>, code: string) => {
    assert.throws(
      () => new Summary({ name: "s", help: "h", registers: [], ...options }),
      (error) => error instanceof FlxError && error.code === code,
    );
  };

  f({ percentiles: [0.5, 0.5] }, "FLX_METRIC_QUANTILES");
  f({ percentiles: [0.9, 0.5] }, "FLX_METRIC_QUANTILES");
  f({ percentiles: [1.1] }, "FLX_METRIC_QUANTILES");
  f({ percentiles: [-0.1] }, "FLX_METRIC_QUANTILES");
  f({ percentiles: [Number.NaN] }, "FLX_METRIC_QUANTILES");
  f({ maxAgeSeconds: 0 }, "FLX_METRIC_AGE");
  f({ maxAgeSeconds: Number.NaN }, "FLX_METRIC_AGE");
  f({ ageBuckets: 0 }, "FLX_METRIC_AGE");
  f({ ageBuckets: 2.5 }, "FLX_METRIC_AGE");
  f({ ageBuckets: 61 }, "FLX_METRIC_AGE");
  f({ labelNames: ["quantile"] }, "FLX_METRIC_LABEL_NAME");
});

test("Summary expires when it stands still", async () => {
  const registry = new Registry();
  const time = { ms: 0 };
  const summary = new Summary({
    name: "s",
    help: "h",
    labelNames: ["a"],
    percentiles: [],
    expireAfterMs: 100,
    registers: [registry],
    clock: () => time.ms,
  });
  const x = summary.labels("x");
  x.observe(0);
  await samples(registry);
  x.observe(0); // the sum stands still, the count does not
  time.ms = 100;
  assert.equal((await samples(registry)).length, 2);
  time.ms = 200;
  assert.deepEqual(await samples(registry), []);
});

test("Summary.collect is called before an exposition", async () => {
  const registry = new Registry();
  const summary = new Summary({
    name: "s",
    help: "h",
    percentiles: [],
    registers: [registry],
    async collect() {
      await Promise.resolve();
      this.observe(2);
    },
  });
  assert.equal(summary.name, "s");
  assert.deepEqual(await samples(registry), ["s_sum 2", "s_count 1"]);
});

test("Summary.time() observes sync, async and failing work", async () => {
  const registry = new Registry();
  const time = { ms: 0 };
  const summary = new Summary({
    name: "s",
    help: "h",
    labelNames: ["a"],
    percentiles: [],
    registers: [registry],
    clock: () => time.ms,
  });
  const pass = (ms: number) => {
    time.ms += ms;
  };
  const plain = new Summary({
    name: "p",
    help: "h",
    percentiles: [],
    registers: [registry],
    clock: () => time.ms,
  });

  assert.equal(
    summary.time({ a: "sync" }, () => (pass(500), 7)),
    7,
  );
  const later = summary.time({ a: "async" }, async () => {
    await Promise.resolve();
    pass(2_000);
    return "done";
  });
  assert.equal(await later, "done");
  const fail = () => {
    pass(1_000);
    throw new Error("no");
  };
  assert.throws(() => summary.time({ a: "throws" }, fail), /no/);
  await assert.rejects(
    summary.time({ a: "rejects" }, async () => fail()),
    /no/,
  );
  plain.time(() => pass(250));
  assert.deepEqual(await samples(registry), [
    's_sum{a="sync"} 0.5',
    's_count{a="sync"} 1',
    's_sum{a="async"} 2',
    's_count{a="async"} 1',
    's_sum{a="throws"} 1',
    's_count{a="throws"} 1',
    's_sum{a="rejects"} 1',
    's_count{a="rejects"} 1',
    "p_sum 0.25",
    "p_count 1",
  ]);
});
