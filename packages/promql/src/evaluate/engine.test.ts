import assert from "node:assert/strict";
import { test } from "node:test";
import { Labels } from "@flx/model";
import { MemoryQueryable } from "../series/memory-queryable.ts";
import type { Queryable, SelectHints, SeriesData, TimeRange } from "../series/queryable.ts";
import type { Matcher } from "../matcher/matcher.ts";
import { floatHistogram } from "../histogram/float-histogram.ts";
import { type InstantOptions, PromqlEngine, type RangeOptions } from "./engine.ts";

const MINUTE = 60_000;

/** `count` counters of an hour, a sample a minute. */
function counters(count: number): MemoryQueryable {
  const memory = new MemoryQueryable();
  const timestamps = Float64Array.from({ length: 61 }, (_, i) => i * MINUTE);
  for (let n = 0; n < count; n++) {
    const labels = Labels.from({ __name__: "x_total", n: String(n) });
    memory.addSeries(
      labels,
      timestamps,
      timestamps.map((time) => time / 1000),
    );
  }
  return memory;
}

const at: InstantOptions = { timeMs: 60 * MINUTE };
const hour: RangeOptions = { startMs: 0, endMs: 60 * MINUTE, stepMs: MINUTE };

test("PromqlEngine holds each limit, with an error that names it", async () => {
  const engine = new PromqlEngine({ queryable: counters(20) });
  const f = async (code: string, run: () => Promise<unknown>, message: RegExp) => {
    await assert.rejects(run(), (error: { code?: string; message?: string }) => {
      assert.equal(error.code, code, error.message);
      assert.match(error.message ?? "", message);
      return true;
    });
  };

  await f(
    "FLX_PROMQL_SAMPLES",
    () => engine.range("x_total", { ...hour, limits: { maxSamples: 1000 } }),
    /too many samples/,
  );
  await f(
    "FLX_PROMQL_SAMPLES",
    () => engine.instant("x_total[1h]", { ...at, limits: { maxSamples: 100 } }),
    /too many samples/,
  );
  await f(
    "FLX_PROMQL_STEPS",
    () => engine.range("x_total", { ...hour, stepMs: 1 }),
    /exceeded maximum resolution of 11,000 points/,
  );
  await f(
    "FLX_PROMQL_BYTES",
    () => engine.range("x_total", { ...hour, limits: { maxBytes: 1000 } }),
    /more than its limit of 1000; select fewer series, or make the step longer/,
  );
  await f(
    "FLX_PROMQL_DEPTH",
    () =>
      Promise.resolve()
        .then(() => engine.instant("((((1))))", { ...at, limits: { maxDepth: 2 } }))
        .then(() =>
          engine.instant("abs(abs(abs(abs(x_total))))", { ...at, limits: { maxDepth: 2 } }),
        ),
    /nested deeper than 2/,
  );
  await f(
    "FLX_PROMQL_QUERY",
    () => engine.range("x_total", { ...hour, stepMs: 0 }),
    /zero or negative query resolution step widths/,
  );
  await f(
    "FLX_PROMQL_QUERY",
    () => engine.range("x_total", { ...hour, endMs: -1 }),
    /end timestamp must not be before start time/,
  );
  await f(
    "FLX_PROMQL_QUERY",
    () => engine.range("x_total[5m]", hour),
    /invalid expression type "range vector" for range query/,
  );
});

test("PromqlEngine counts what is held at one time, not what was held in all", async () => {
  const engine = new PromqlEngine({ queryable: counters(20) });
  const { statistics } = await engine.range("sum(x_total) + sum(x_total) + sum(x_total)", hour);
  // 20 series of 61 samples at a time, and the sums.
  assert.ok(statistics.peakSamples >= 20 * 61, String(statistics.peakSamples));
  assert.ok(statistics.peakSamples < 2 * 20 * 61, String(statistics.peakSamples));
  await engine.range("sum(x_total) + sum(x_total)", { ...hour, limits: { maxSamples: 2000 } });
});

test("PromqlEngine stops at its timeout, when it has a clock", async () => {
  let now = 0;
  const engine = new PromqlEngine({
    queryable: counters(2000),
    now: () => (now += 10),
    limits: { timeoutMs: 25 },
  });
  await assert.rejects(engine.instant("sum(rate(x_total[5m]))", at), {
    code: "FLX_PROMQL_TIMEOUT",
    message: "query timed out in expression evaluation",
  });
  const clockless = new PromqlEngine({ queryable: counters(1), limits: { timeoutMs: 0 } });
  await clockless.instant("x_total", at);
});

test("PromqlEngine stops when its signal says so: before, while the store is asked, and in between", async () => {
  const queryable = counters(5000);
  const engine = new PromqlEngine({ queryable });
  const aborted = { code: "FLX_PROMQL_ABORTED" };
  await assert.rejects(engine.instant("x_total", { ...at, signal: AbortSignal.abort() }), aborted);

  const asking = new AbortController();
  const slow: Queryable = {
    select: async (_matchers, _range, _hints, signal) => {
      asking.abort(new Error("gone"));
      signal?.throwIfAborted();
      return await Promise.resolve([]);
    },
  };
  const slowEngine = new PromqlEngine({ queryable: slow });
  await assert.rejects(slowEngine.instant("x_total", { ...at, signal: asking.signal }), aborted);

  const between = new AbortController();
  let pauses = 0;
  const paused = new PromqlEngine({
    queryable,
    now: () => pauses * 1000 + performance.now(),
    pause: async () => {
      if (++pauses === 2) between.abort();
      await Promise.resolve();
    },
  });
  await assert.rejects(
    paused.range("sum(rate(x_total[5m]))", {
      ...hour,
      signal: between.signal,
      limits: { timeoutMs: 1e12 },
    }),
    aborted,
  );
});

test("PromqlEngine lets other work run between pieces", async () => {
  let now = 0;
  let pauses = 0;
  const engine = new PromqlEngine({
    queryable: counters(5000),
    now: () => (now += 5),
    pause: async () => {
      pauses++;
      await Promise.resolve();
    },
  });
  await engine.range("sum(rate(x_total[5m]))", hour);
  assert.ok(pauses > 3, String(pauses));
});

test("PromqlEngine looks at the clock also within one series, when its windows are long", async () => {
  let now = 0;
  let pauses = 0;
  const engine = new PromqlEngine({
    queryable: new MemoryQueryable(),
    now: () => (now += 100),
    limits: { timeoutMs: 1e9 },
    pause: async () => {
      pauses++;
      await Promise.resolve();
    },
  });
  // 6,000 windows of up to 6,000 samples.
  await engine.instant("max_over_time(sum_over_time(vector(1)[1m:10ms])[1m:10ms])", at);
  assert.ok(pauses > 10, String(pauses));
});

test("PromqlEngine says what the store failed with", async () => {
  const f = async (queryable: Queryable) => {
    await assert.rejects(new PromqlEngine({ queryable }).instant("x", at), {
      code: "FLX_PROMQL_STORAGE",
      message: "expanding series: disk on fire",
    });
  };

  await f({
    select: () => {
      throw new Error("disk on fire");
    },
  });
  await f({ select: () => Promise.reject(new Error("disk on fire")) });
});

test("PromqlEngine asks the store for the samples a query needs, once per selector, all at once", async () => {
  interface Asked {
    readonly matchers: string;
    readonly range: TimeRange;
    readonly hints: SelectHints;
  }
  const asked: Asked[] = [];
  let waiting = 0;
  let most = 0;
  const queryable: Queryable = {
    select: async (matchers: readonly Matcher[], range, hints): Promise<readonly SeriesData[]> => {
      asked.push({ matchers: matchers.map(({ value }) => value).join(), range, hints });
      most = Math.max(most, ++waiting);
      await Promise.resolve();
      waiting--;
      hints.note?.("from afar");
      return [];
    },
  };
  const engine = new PromqlEngine({ queryable });
  const { infos } = await engine.range(
    "sum by (job) (rate(a[5m] offset 1m)) / max_over_time(b[10m:1m] @ 1200) + c",
    {
      startMs: 3_600_000,
      endMs: 7_200_000,
      stepMs: 30_000,
    },
  );
  assert.equal(most, 3);
  assert.deepEqual(
    asked.map(({ matchers, range }) => [matchers, range.startMs, range.endMs]),
    [
      ["a", 3_600_000 - 360_000 + 1, 7_140_000],
      ["b", 1_200_000 - 600_000 - 300_000 + 1, 1_200_000],
      ["c", 3_600_000 - 300_000 + 1, 7_200_000],
    ],
  );
  const [a, b, c] = asked;
  const { note: _, ...hints } = a!.hints;
  assert.deepEqual(hints, {
    stepMs: 30_000,
    rangeMs: 300_000,
    func: "rate",
    grouping: [],
    by: false,
    firstMs: 3_540_000,
  });
  assert.equal(b!.hints.stepMs, MINUTE);
  assert.deepEqual([b!.hints.firstMs, c!.hints.firstMs], [undefined, 3_600_000]);
  assert.deepEqual(infos, ["from afar"], "told once");
});

test("PromqlEngine takes samples that stand for others at their word", async () => {
  // 3 5 1 4 4 of five minutes; the lowest and highest stand for all, and 5 was lost before the 1.
  const series: SeriesData = {
    labels: Labels.from({ __name__: "a_total" }),
    timestamps: Float64Array.of(60_000, 120_000, 180_000, 300_000),
    values: Float64Array.of(3, 5, 1, 4),
    thinned: {
      weights: Float64Array.of(0, 3, 2, 0),
      lost: Float64Array.of(0, 0, 5, 0),
    },
  };
  const queryable: Queryable = { select: () => [series] };
  const whole: Queryable = {
    select: () => [
      {
        labels: series.labels,
        timestamps: Float64Array.of(60_000, 120_000, 180_000, 240_000, 300_000),
        values: Float64Array.of(3, 5, 1, 4, 4),
      },
    ],
  };
  for (const name of ["sum", "avg", "count", "min", "max", "first", "last"]
    .map((each) => `${each}_over_time`)
    .concat("rate", "increase", "delta")) {
    const of = async (from: Queryable): Promise<number | undefined> => {
      const { value } = await new PromqlEngine({ queryable: from }).instant(
        `${name}(a_total[5m])`,
        { timeMs: 300_000 },
      );
      return value.kind === "vector" && value.samples[0]?.histogram === undefined
        ? value.samples[0]?.value
        : undefined;
    };
    const want = await of(whole);
    assert.equal(typeof want, "number", name);
    assert.equal(await of(queryable), want, name);
  }
});

test("PromqlEngine gives statistics per node of the plan", async () => {
  let now = 0;
  const engine = new PromqlEngine({ queryable: counters(3), now: () => now++ });
  const { statistics } = await engine.instant("sum(rate(x_total[5m]))", at);
  assert.deepEqual(
    statistics.nodes.map(({ kind, text, depth, series, samplesRead }) => [
      kind,
      text,
      depth,
      series,
      samplesRead,
    ]),
    [
      ["aggregate", "sum(rate(x_total[5m]))", 0, 1, 0],
      ["call", "rate(x_total[5m])", 1, 3, 0],
      ["range", "x_total[5m]", 2, 0, 0],
      ["selector", "x_total", 3, 0, 15],
    ],
  );
  assert.equal(statistics.samplesRead, 15);
  assert.ok(statistics.evaluateMs > 0 && statistics.selectMs > 0);
  assert.ok(statistics.nodes[0]!.timeMs >= statistics.nodes[1]!.timeMs);
});

test("PromqlEngine.explain() draws the plan", () => {
  const engine = new PromqlEngine({ queryable: new MemoryQueryable() });
  assert.equal(
    engine.explain("sum by (job) (rate(x[5m])) > on (job) group_left (a) y @ 60", {
      startMs: 3_600_000,
      endMs: 7_200_000,
      stepMs: 15_000,
    }),
    `binary > on (job) group_left (a)
├── aggregate sum by (job)
│   └── call rate
│       └── range 5m
│           └── selector {__name__="x"}, samples from 1970-01-01T00:55:00.001Z to 1970-01-01T02:00:00.000Z
└── once, for all times
    └── selector {__name__="y"} at 1970-01-01T00:01:00.000Z, samples from 1969-12-31T23:56:00.001Z to 1970-01-01T00:01:00.000Z`,
  );
});

test("PromqlEngine runs a prepared query any number of times, many at once", async () => {
  const engine = new PromqlEngine({ queryable: counters(3) });
  const prepared = engine.prepare("sum(rate(x_total[5m]))");
  const results = await Promise.all(
    [10, 20, 60].map((minute) => engine.instant(prepared, { timeMs: minute * MINUTE })),
  );
  for (const { value } of results) {
    assert.ok(value.kind === "vector");
    assert.ok(Math.abs(value.samples[0]!.value - 3) < 1e-9);
  }
});

test("PromqlEngine leaves the samples of the store as they are", async () => {
  const memory = counters(2);
  const histogram = floatHistogram({ count: 3, sum: 4, positive: { counts: [1, 2] } });
  memory.append(Labels.from({ __name__: "h" }), 0, histogram);
  const before = JSON.stringify(memory.select([], { startMs: 0, endMs: Infinity }));
  const engine = new PromqlEngine({ queryable: memory });
  for (const query of [
    "-x_total",
    "abs(x_total) * 2",
    "sum(x_total) by (n)",
    "sort(x_total)",
    "-h",
    "h * 2 + h",
    "h </ 1",
    "x_total or h",
  ]) {
    await engine.instant(query, { timeMs: 0 });
    await engine.range(query, hour);
  }
  assert.equal(JSON.stringify(memory.select([], { startMs: 0, endMs: Infinity })), before);
});
