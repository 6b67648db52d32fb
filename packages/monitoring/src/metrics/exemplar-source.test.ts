import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Counter } from "./counter.ts";
import { type ExemplarSource, setExemplarSource } from "./exemplar-source.ts";
import { Gauge } from "./gauge.ts";
import { Histogram } from "./histogram.ts";
import { Registry } from "./registry.ts";

beforeEach(() => mock.timers.enable({ apis: ["setInterval"] }));
afterEach(() => {
  setExemplarSource(undefined);
  mock.timers.reset();
});

/** Not a literal: the compiler knows no such file. */
const copyOfModule: string = "./exemplar-source.ts?copy";

/** A source that counts how often it is asked, and gives a new trace each time. */
function traces(): { asked: number; readonly source: ExemplarSource } {
  const self = {
    asked: 0,
    source: () => {
      self.asked++;
      return { trace_id: `t${self.asked}` };
    },
  };
  return self;
}

function setting(options: { exemplars?: boolean } = {}) {
  const registry = new Registry({ misuse: "throw" });
  const about = { help: "h", registers: [registry], wallClock: () => 2_500, ...options };
  return {
    registry,
    plain: new Counter({ name: "p_total", ...about }),
    counter: new Counter({ name: "c_total", labelNames: ["a"], ...about }),
    histogram: new Histogram({ name: "h", buckets: [1, 5], labelNames: ["a"], ...about }),
    text: async () => {
      const text = await registry.metrics({ format: "openmetrics" });
      return text.split("\n").filter((line) => line.includes(" # "));
    },
  };
}

test("setExemplarSource() gives counters and buckets exemplars, one in an interval", async () => {
  const { plain, counter, histogram, text } = setting();
  const trace = traces();
  plain.inc(); // before there is a source
  setExemplarSource(trace.source, { intervalMs: 1_000 });
  const count = () => {
    plain.inc();
    plain.inc(7);
    counter.inc({ a: "x" });
    counter.labels("x").inc(2);
    histogram.observe({ a: "x" }, 3);
    histogram.labels("x").observe(4);
    histogram.labels("x").observe(9);
  };
  for (let i = 0; i < 5; i++) count();
  assert.equal(trace.asked, 4);
  assert.deepEqual(await text(), [
    'p_total 41 # {trace_id="t1"} 1 2.5',
    'c_total{a="x"} 15 # {trace_id="t2"} 1 2.5',
    'h_bucket{a="x",le="5.0"} 10 # {trace_id="t3"} 3 2.5',
    'h_bucket{a="x",le="+Inf"} 15 # {trace_id="t4"} 9 2.5',
  ]);

  mock.timers.tick(999);
  count();
  assert.equal(trace.asked, 4);
  mock.timers.tick(1);
  histogram.labels("x").observe(2);
  counter.labels("x").inc(2);
  count();
  assert.equal(trace.asked, 8);
  assert.deepEqual((await text())[2], 'h_bucket{a="x",le="5.0"} 15 # {trace_id="t5"} 2 2.5');

  setExemplarSource(undefined);
  mock.timers.tick(5_000);
  count();
  assert.equal(trace.asked, 8);
});

test("setExemplarSource() asks again after a call that belonged to nothing, but not for ever", () => {
  const { counter, plain } = setting();
  let asked = 0;
  setExemplarSource(() => void asked++, { maxAskings: 10 });
  for (let i = 0; i < 6; i++) plain.inc();
  assert.equal(asked, 6);
  for (let i = 0; i < 100; i++) counter.inc({ a: i });
  assert.equal(asked, 10);
  mock.timers.tick(1_000);
  for (let i = 0; i < 100; i++) counter.inc({ a: i });
  assert.equal(asked, 20);
});

test("a counter or histogram with `exemplars: false`, and a gauge, ask no source", async () => {
  const { registry, plain, counter, histogram, text } = setting({ exemplars: false });
  const gauge = new Gauge({ name: "g", help: "h", registers: [registry] });
  const trace = traces();
  setExemplarSource(trace.source);
  plain.inc();
  counter.inc({ a: "x" });
  histogram.observe({ a: "x" }, 1);
  gauge.inc();
  assert.equal(trace.asked, 0);
  counter.labels("x").incWithExemplar({ trace_id: "own" });
  assert.equal((await text()).length, 1);
});

test("a series that begins in the row of another takes an exemplar of its own", async () => {
  const { counter, plain, text } = setting();
  setExemplarSource(traces().source);
  counter.inc({ a: "x" });
  counter.remove("x");
  counter.inc({ a: "y" });
  plain.inc();
  plain.reset();
  plain.inc();
  assert.deepEqual(await text(), [
    'p_total 1 # {trace_id="t4"} 1 2.5',
    'c_total{a="y"} 1 # {trace_id="t2"} 1 2.5',
  ]);
});

test("a source that throws, or gives wrong labels, is counted and reaches nobody", async () => {
  const { registry, plain, counter, text } = setting();
  const f = (source: ExemplarSource, calls: number) => {
    const before = registry.misuse.counts.get("FLX_METRIC_EXEMPLAR") ?? 0;
    setExemplarSource(source);
    for (let i = 0; i < 3; i++) counter.inc({ a: "x" });
    plain.inc();
    assert.equal(registry.misuse.counts.get("FLX_METRIC_EXEMPLAR"), before + calls);
  };

  f(() => {
    throw new Error("no");
  }, 4);
  f(() => ({ trace_id: {} }), 2);
  f(() => ({ trace_id: "x".repeat(200) }), 2);
  assert.deepEqual(await text(), []);
});

test("setExemplarSource() of another copy of this module is the same", async () => {
  const { plain, text } = setting();
  const copy = (await import(copyOfModule)) as {
    setExemplarSource: typeof setExemplarSource;
  };
  assert.notEqual(copy.setExemplarSource, setExemplarSource);
  copy.setExemplarSource(traces().source);
  plain.inc();
  assert.deepEqual(await text(), ['p_total 1 # {trace_id="t1"} 1 2.5']);
});

test("OpenMetrics has the exemplars of some rows among many", async () => {
  const registry = new Registry();
  const registers = [registry];
  const counter = new Counter({ name: "c_total", help: "h", labelNames: ["a"], registers });
  const want: string[] = [];
  for (let a = 0; a < 1_000; a++) {
    counter.inc({ a }, a);
    want.push(`c_total{a="${a}"} ${a}`);
  }
  counter.labels(300).incWithExemplar({ trace_id: "7" }, 1, 1_000 as never);
  want[300] = 'c_total{a="300"} 301 # {trace_id="7"} 1 1';
  counter.remove(301);
  want.splice(301, 1);
  for (let round = 0; round < 2; round++) {
    const text = await registry.metrics({ format: "openmetrics" });
    assert.deepEqual(
      text.split("\n").filter((line) => line.startsWith("c_total{")),
      want,
    );
  }
});
