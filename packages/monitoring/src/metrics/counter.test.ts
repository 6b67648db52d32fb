import assert from "node:assert/strict";
import { test } from "node:test";
import { FlxError, parseExpositionStrict, type UnixMs } from "@flx/model";
import { Counter } from "./counter.ts";
import { Registry } from "./registry.ts";

async function samples(registry: Registry): Promise<string[]> {
  const lines = (await registry.metrics()).split("\n");
  return lines.filter((line) => line !== "" && !line.startsWith("#"));
}

test("Counter.inc() adds one, or what is said", async () => {
  const registry = new Registry();
  const counter = new Counter({ name: "c_total", help: "h", registers: [registry] });
  const f = async (want: number) => assert.deepEqual(await samples(registry), [`c_total ${want}`]);

  await f(0);
  counter.inc();
  await f(1);
  counter.inc(2.5);
  counter.inc(0);
  await f(3.5);
  counter.labels().inc(0.5);
  await f(4);
  counter.reset();
  await f(0);
});

test("Counter keeps label sets apart whose values joined would be the same", async () => {
  const registry = new Registry();
  const labelNames = ["a", "b"] as const;
  const counter = new Counter({ name: "c_total", help: "h", labelNames, registers: [registry] });
  counter.inc({ a: "x|y", b: "z" });
  counter.inc({ a: "x", b: "y|z" }, 2);
  counter.inc({ a: "x,b:y", b: "z" }, 3);
  counter.inc({ a: 'x",b="y', b: "z" }, 4);
  assert.deepEqual(await samples(registry), [
    'c_total{a="x|y",b="z"} 1',
    'c_total{a="x",b="y|z"} 2',
    'c_total{a="x,b:y",b="z"} 3',
    String.raw`c_total{a="x\",b=\"y",b="z"} 4`,
  ]);
});

test("Counter keeps nothing of the caller's labels, bound or not", async () => {
  const registry = new Registry();
  const counter = new Counter({
    name: "c_total",
    help: "h",
    labelNames: ["a"],
    registers: [registry],
  });
  const labels = { a: "x" };
  counter.inc(labels);
  const bound = counter.labels(labels);
  labels.a = "y";
  counter.inc(labels, 10);
  bound.inc();
  counter.remove({ a: "x" });
  bound.inc(5);
  assert.deepEqual(await samples(registry), ['c_total{a="x"} 5', 'c_total{a="y"} 10']);
});

test("Counter refuses what would not make it grow, and opens no series for it", async () => {
  const registry = new Registry({ misuse: "throw" });
  const registers = [registry];
  const plain = new Counter({ name: "plain_total", help: "h", registers });
  const labelled = new Counter({ name: "l_total", help: "h", labelNames: ["a"], registers });
  const bound = plain.labels();
  const f = (value: unknown) => {
    const calls = [
      () => plain.inc(value as number),
      () => labelled.inc({ a: "x" }, value as number),
      () => bound.inc(value as number),
    ];
    for (const call of calls) {
      assert.throws(call, (e) => e instanceof FlxError && e.code === "FLX_METRIC_VALUE");
    }
  };

  f(-1);
  f(Number.NaN);
  f(Infinity);
  f("5");
  f(true);
  assert.deepEqual(await samples(registry), ["plain_total 0"]);
});

test("Counter counts misuse instead of throwing when its registry says so", async () => {
  const registry = new Registry({ misuse: "count" });
  const counter = new Counter({
    name: "c_total",
    help: "h",
    labelNames: ["a"],
    registers: [registry],
  });
  const wrong = counter as unknown as { inc(...args: unknown[]): void; labels(): typeof handle };
  const handle = counter.labels("x");
  wrong.inc({ b: "x" });
  wrong.inc();
  wrong.inc({ a: "x" }, -1);
  wrong.labels().inc(); // made in vain: one wrong call, and it never counts
  assert.deepEqual(await samples(registry), [
    'c_total{a="x"} 0',
    'flx_metrics_misuse_total{reason="FLX_METRIC_LABELS"} 3',
    'flx_metrics_misuse_total{reason="FLX_METRIC_VALUE"} 1',
  ]);
});

test("BoundCounter finds its series again after others were removed, and all", async () => {
  const registry = new Registry();
  const counter = new Counter({
    name: "c_total",
    help: "h",
    labelNames: ["a"],
    registers: [registry],
  });
  const x = counter.labels("x");
  const y = counter.labels({ a: "y" });
  x.inc();
  y.inc(2);
  counter.remove("x");
  counter.inc({ a: "z" }, 7); // takes the row of x
  y.inc(2);
  x.inc(3);
  const all = ['c_total{a="z"} 7', 'c_total{a="y"} 4', 'c_total{a="x"} 3'];
  assert.deepEqual(await samples(registry), all);
  counter.reset();
  x.inc();
  assert.deepEqual(await samples(registry), ['c_total{a="x"} 1']);
});

test("Counter is exposed under the names each format wants, and a scrape changes nothing", async () => {
  const f = async (name: string, text: string, openMetrics: string) => {
    const registry = new Registry();
    const counter = new Counter({ name, help: 'a "b"\\\nc', registers: [registry] });
    for (let i = 0; i < 2; i++) {
      assert.equal(await registry.metrics({ format: "text" }), text);
      assert.equal(await registry.metrics({ format: "openmetrics" }), openMetrics);
      assert.equal(counter.name, name);
    }
  };

  await f(
    "c_total",
    '# HELP c_total a "b"\\\\\\nc\n# TYPE c_total counter\nc_total 0\n',
    '# TYPE c counter\n# HELP c a \\"b\\"\\\\\\nc\nc_total 0\n# EOF\n',
  );
  await f(
    "c",
    '# HELP c a "b"\\\\\\nc\n# TYPE c counter\nc 0\n',
    '# TYPE c counter\n# HELP c a \\"b\\"\\\\\\nc\nc_total 0\n# EOF\n',
  );
  await f(
    "my.c",
    '# HELP "my.c" a "b"\\\\\\nc\n# TYPE "my.c" counter\n{"my.c"} 0\n',
    '# TYPE "my.c" counter\n# HELP "my.c" a \\"b\\"\\\\\\nc\n{"my.c_total"} 0\n# EOF\n',
  );
});

test("BoundCounter.incWithExemplar() keeps no exemplar of what was not counted", async () => {
  const registry = new Registry({ misuse: "count" });
  const counter = new Counter({ name: "c_total", help: "h", registers: [registry] });
  const bound = counter.labels();
  bound.incWithExemplar({ trace_id: "1" }, -1);
  bound.incWithExemplar({ trace_id: "2" }, Number.NaN);
  bound.incWithExemplar({ trace_id: "3".repeat(121) }, 2); // counted, the exemplar is too long
  const text = await registry.metrics({ format: "openmetrics", names: ["c_total"] });
  assert.match(text, /^c_total 2$/m);
  assert.deepEqual([...registry.misuse.counts.values()], [2, 1]);
});

test("BoundCounter.incWithExemplar() keeps the newest exemplar until the series goes", async () => {
  const registry = new Registry();
  const registers = [registry];
  const counter = new Counter({ name: "c_total", help: "h", labelNames: ["a"], registers });
  const plain = new Counter({ name: "p_total", help: "h", registers });
  const x = counter.labels("x");
  x.incWithExemplar({ trace_id: "1" }, 2, 1_000 as UnixMs);
  x.incWithExemplar({ trace_id: "2" }, 3, 2_500 as UnixMs);
  plain.labels().incWithExemplar({ trace_id: "3" }, 1, 1_000 as UnixMs);
  const text = async () => (await registry.metrics({ format: "openmetrics" })).split("\n");
  assert.ok((await text()).includes('c_total{a="x"} 5 # {trace_id="2"} 3 2.5'));
  assert.ok((await text()).includes('p_total 1 # {trace_id="3"} 1 1'));
  parseExpositionStrict(await registry.metrics({ format: "openmetrics" }), {
    format: "openmetrics",
  });

  counter.remove("x");
  x.inc();
  plain.reset();
  assert.ok((await text()).includes('c_total{a="x"} 1'));
  assert.ok((await text()).includes("p_total 0"));
});

test("a counter that clashes in one of its registries joins none of them", () => {
  const [first, second] = [new Registry(), new Registry()];
  new Counter({ name: "c_total", help: "another", registers: [second] }).inc();
  assert.throws(() => new Counter({ name: "c_total", help: "c", registers: [first, second] }), {
    code: "FLX_METRIC_CLASH",
  });
  assert.equal(first.get("c_total"), undefined);
  assert.equal(second.get("c_total")?.help, "another");
});
