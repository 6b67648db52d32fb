import assert from "node:assert/strict";
import { test } from "node:test";
import { parseExpositionStrict, writeExposition } from "@flx/model";
import fc from "fast-check";
import { Histogram } from "./histogram.ts";
import { Registry } from "./registry.ts";

async function lines(registry: Registry): Promise<string[]> {
  return (await registry.metrics())
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
}

test("Histogram counts observations at or below each bound", async () => {
  const registry = new Registry();
  const histogram = new Histogram({
    name: "h",
    help: "h",
    buckets: [1, 2.5],
    registers: [registry],
  });
  for (const value of [0.5, 1, 1.5, 2.5, 3, -1, Infinity]) histogram.observe(value);
  assert.deepEqual(await lines(registry), [
    'h_bucket{le="1"} 3',
    'h_bucket{le="2.5"} 5',
    'h_bucket{le="+Inf"} 7',
    "h_sum +Inf",
    "h_count 7",
  ]);
  histogram.reset();
  assert.deepEqual((await lines(registry)).at(-1), "h_count 0");
});

test("Histogram keeps its label sets apart", async () => {
  const registry = new Registry();
  const histogram = new Histogram({
    name: "h",
    help: "h",
    labelNames: ["path"],
    buckets: [1],
    registers: [registry],
  });
  histogram.observe({ path: '/"ä"' }, 0.5);
  histogram.labels("/b").observe(2);
  histogram.zero({ path: "/c" });
  assert.deepEqual(await lines(registry), [
    'h_bucket{path="/\\"ä\\"",le="1"} 1',
    'h_bucket{path="/\\"ä\\"",le="+Inf"} 1',
    'h_sum{path="/\\"ä\\""} 0.5',
    'h_count{path="/\\"ä\\""} 1',
    'h_bucket{path="/b",le="1"} 0',
    'h_bucket{path="/b",le="+Inf"} 1',
    'h_sum{path="/b"} 2',
    'h_count{path="/b"} 1',
    'h_bucket{path="/c",le="1"} 0',
    'h_bucket{path="/c",le="+Inf"} 0',
    'h_sum{path="/c"} 0',
    'h_count{path="/c"} 0',
  ]);
});

test("Histogram's exposition is what the model's writer writes, in both formats", async () => {
  const name = fc.constantFrom("h", "my.histogram");
  const label = fc.constantFrom("a", "b.c");
  const observations = fc.array(
    fc.tuple(
      fc.string({ unit: "binary", maxLength: 3 }),
      fc.double({ noNaN: true, min: 0, max: 50 }),
    ),
    { maxLength: 20 },
  );
  await fc.assert(
    fc.asyncProperty(name, label, observations, async (metricName, labelName, values) => {
      const registry = new Registry({ createdSeries: true });
      const histogram = new Histogram({
        name: metricName,
        help: "h",
        labelNames: [labelName],
        buckets: [0.1, 1, 10],
        registers: [registry],
      });
      for (const [text, value] of values) histogram.observe({ [labelName]: text } as never, value);
      const families = await registry.families();
      for (const format of ["text", "openmetrics"] as const) {
        assert.equal(await registry.metrics({ format }), writeExposition(families, { format }));
      }
    }),
    { numRuns: 100 },
  );
});

test("Histogram keeps the exemplar of each bucket", async () => {
  const registry = new Registry();
  const histogram = new Histogram({ name: "h", help: "h", buckets: [1], registers: [registry] });
  histogram.labels({}).observeWithExemplar({ trace_id: "t1" }, 0.5, 1_000 as never);
  histogram.labels({}).observeWithExemplar({ trace_id: "t2" }, 7, 2_500 as never);
  const text = await registry.metrics({ format: "openmetrics" });
  assert.ok(text.includes('h_bucket{le="1.0"} 1 # {trace_id="t1"} 0.5 1\n'), text);
  assert.ok(text.includes('h_bucket{le="+Inf"} 2 # {trace_id="t2"} 7 2.5\n'), text);
  assert.equal(parseExpositionStrict(text, { format: "openmetrics" }).length, 1);
});

test("Histogram.time() observes sync, async and failing work", async () => {
  const registry = new Registry();
  const histogram = new Histogram({
    name: "h",
    help: "h",
    labelNames: ["a"],
    buckets: [],
    registers: [registry],
  });
  const failing = () => {
    throw new Error("no");
  };
  assert.equal(
    histogram.time({ a: "x" }, () => 1),
    1,
  );
  assert.equal(await histogram.time({ a: "x" }, async () => 2), 2);
  assert.throws(() => histogram.time({ a: "x" }, failing));
  await assert.rejects(histogram.time({ a: "x" }, async () => failing()));
  const end = histogram.startTimer();
  assert.ok(end({ a: "x" }) >= 0);
  assert.equal((await lines(registry)).at(-1), 'h_count{a="x"} 5');
});

test("Histogram refuses bounds that are none, `le` as a label, and NaN", () => {
  const registers = [new Registry({ misuse: "throw" })];
  const f = (buckets: number[]) => {
    assert.throws(() => new Histogram({ name: "h", help: "h", buckets, registers }), {
      code: "FLX_METRIC_BUCKETS",
    });
  };

  f([2, 1]);
  f([1, 1]);
  f([Number.NaN]);
  f([-Infinity, 1]);
  assert.throws(() => new Histogram({ name: "h", help: "h", labelNames: ["le"], registers }), {
    code: "FLX_METRIC_LABEL_NAME",
  });
  const histogram = new Histogram({ name: "h", help: "h", buckets: [1, Infinity], registers });
  assert.throws(() => histogram.observe(Number.NaN), { code: "FLX_METRIC_VALUE" });
  assert.throws(() => histogram.observe(undefined as never), { code: "FLX_METRIC_VALUE" });
});

test("Histogram keeps exponential buckets beside the classic ones, or instead", async () => {
  const registry = new Registry();
  const both = new Histogram({
    name: "both",
    help: "h",
    buckets: [1, 10],
    native: true,
    registers: [registry],
  });
  const only = new Histogram({
    name: "only",
    help: "h",
    labelNames: ["a"],
    native: { schema: 0, zeroThreshold: 0.5 },
    registers: [registry],
  });
  for (const value of [0.25, 3, 3, 12]) {
    both.observe(value);
    only.labels("x").observe(value);
  }
  const [first, second] = await registry.families();
  assert.ok(first?.type === "histogram" && second?.type === "histogram");
  const [bothPoint] = first.points;
  const [onlyPoint] = second.points;
  assert.equal(bothPoint?.value.native?.schema, 3);
  assert.equal(bothPoint?.value.native?.count, bothPoint?.value.histogram.count);
  assert.equal(
    onlyPoint?.value.native?.toString(),
    "{count:4, sum:18.25, [-0.5,0.5]:1, (2,4]:2, (8,16]:1}",
  );
  assert.deepEqual((await lines(registry)).slice(-3), [
    'only_bucket{a="x",le="+Inf"} 4',
    'only_sum{a="x"} 18.25',
    'only_count{a="x"} 4',
  ]);

  both.reset();
  only.remove("x");
  only.zero({ a: "x" });
  for (const family of await registry.families()) {
    assert.ok(family.type === "histogram");
    assert.equal(family.points[0]?.value.native?.count, 0);
  }
  const registers = [registry];
  for (const native of [{ schema: 9 }, { schema: 0.5 }, { maxBuckets: 1 }, { zeroThreshold: -1 }]) {
    assert.throws(() => new Histogram({ name: "bad", help: "h", native, registers }), {
      code: "FLX_METRIC_BUCKETS",
    });
  }
});
