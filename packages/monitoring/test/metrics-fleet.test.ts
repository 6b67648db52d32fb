// Threads that share their metrics, for real: what is gathered is exact, whatever the threads do and however they end.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { parseExpositionStrict, parseProtobufExpositionStrict } from "@flx/model";
import { type FleetRegistry, gatherMetrics, shareMetrics } from "@flx/monitoring/fleet";
import { Counter, Gauge, Histogram, Registry } from "@flx/monitoring/metrics";
import { waitUntil } from "@flx/testkit";
import type { Job } from "./metrics-fleet-thread.ts";

const THREAD = new URL("./metrics-fleet-thread.ts", import.meta.url);

interface Thread {
  readonly worker: Worker;
  /** Numbers that thread and test share. */
  readonly control: Float64Array;
  /** Runs another job there. */
  readonly run: (job: Job) => Promise<void>;
}

/** A thread that runs a job; resolves once it has, or at once for one that never ends. */
async function thread(
  t: TestContext,
  job: Job,
  { endless = false, share = true }: { endless?: boolean; share?: boolean } = {},
): Promise<Thread> {
  const control = new Float64Array(new SharedArrayBuffer(64));
  const worker = new Worker(THREAD, { workerData: { control, first: String(job), share } });
  t.after(() => worker.terminate());
  if (endless) await waitUntil(() => control[0]! > 0);
  else await once(worker, "message");
  const run = async (next: Job): Promise<void> => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin
    worker.postMessage(String(next));
    await once(worker, "message");
  };
  return { worker, control, run };
}

/** A gatherer with a registry of its own, so that tests do not meet. */
function gather(t: TestContext): { fleet: FleetRegistry; registers: readonly Registry[] } {
  const registry = new Registry();
  const fleet = gatherMetrics({ registry, answerTimeoutMs: 300 });
  t.after(() => fleet.close());
  return { fleet, registers: [registry] };
}

/** The lines of a metric, without comments. */
async function lines(fleet: FleetRegistry, name: string): Promise<string[]> {
  const text = await fleet.metrics({ names: [name] });
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#") && !line.startsWith("flx_"));
}

async function valueOf(fleet: FleetRegistry, series: string): Promise<number> {
  const name = series.replace(/\{.*/, "");
  const found = (await lines(fleet, name)).find((line) => line.startsWith(`${series} `));
  return Number(found?.slice(series.length + 1));
}

/** Counts for ever, first in a number that the test reads, then in the metrics. */
const countForEver: Job = ({ metrics }, control) => {
  const counter = new metrics.Counter({ name: "endless_total", help: "e", labelNames: ["kind"] });
  const took = new metrics.Histogram({ name: "endless_seconds", help: "e", buckets: [1, 2, 4] });
  const native = new metrics.Histogram({ name: "endless_native", help: "e", native: true });
  const bound = counter.labels({ kind: "bound" });
  for (let i = 0; ; i++) {
    control[0]! += 1;
    bound.inc();
    took.observe(i % 5);
    native.observe((i % 1000) + 1);
    if (i % 100 === 0) counter.inc({ kind: `new ${i / 100}` });
    if (i % 100 === 50) counter.remove({ kind: `new ${(i - 50) / 100}` });
    control[1]! += 1;
  }
};

test("`gatherMetrics()` adds what all threads have counted, its own among them", async (t) => {
  const { fleet, registers } = gather(t);
  const job: Job = ({ metrics }) => {
    const jobs = new metrics.Counter({ name: "jobs_total", help: "Jobs", labelNames: ["kind"] });
    for (let i = 0; i < 1000; i++) jobs.inc({ kind: i % 2 === 0 ? "even" : "odd" });
    const took = new metrics.Histogram({ name: "took_seconds", help: "t", buckets: [1, 2] });
    took.observe(0.5);
    took.observe(1.5);
  };
  const own = new Counter({ name: "jobs_total", help: "Jobs", labelNames: ["kind"], registers });
  own.inc({ kind: "own" });
  own.inc({ kind: "odd" }, 7);
  await Promise.all([thread(t, job), thread(t, job), thread(t, job)]);

  assert.deepEqual((await lines(fleet, "jobs_total")).toSorted(), [
    'jobs_total{kind="even"} 1500',
    'jobs_total{kind="odd"} 1507',
    'jobs_total{kind="own"} 1',
  ]);
  assert.deepEqual(await lines(fleet, "took_seconds"), [
    'took_seconds_bucket{le="1"} 3',
    'took_seconds_bucket{le="2"} 6',
    'took_seconds_bucket{le="+Inf"} 6',
    "took_seconds_sum 6",
    "took_seconds_count 6",
  ]);
  own.inc({ kind: "own" });
  assert.equal(await valueOf(fleet, 'jobs_total{kind="own"}'), 2);
});

test("a thread in an endless loop is counted, its counters never go back, and all formats hold together", async (t) => {
  const { fleet } = gather(t);
  const { control } = await thread(t, countForEver, { endless: true });
  let last = 0;
  for (let i = 0; i < 20; i++) {
    const before = control[1]!;
    const text = await fleet.metrics({ format: "openmetrics" });
    const families = parseExpositionStrict(text, { format: "openmetrics" });
    const bound = Number(/endless_total\{kind="bound"\} (\d+)/.exec(text)?.[1]);
    assert.ok(families.length > 0 && bound >= before && bound >= last && bound <= control[0]!);
    last = bound;
    const chunks = await fleet.expose({ format: "protobuf", names: ["endless_native"] });
    const [family] = parseProtobufExpositionStrict(Buffer.concat(chunks));
    assert.ok(family?.type === "histogram" && [...family.points].length === 1);
  }
});

test("threads that are terminated at any moment have lost nothing they had counted", async (t) => {
  const { fleet } = gather(t);
  const total = { started: 0, done: 0 };
  for (let i = 1; i <= 8; i++) {
    const { worker, control } = await thread(t, countForEver, { endless: true });
    await sleep(Math.random() * 40);
    if (i % 2 === 0) await fleet.metrics();
    await sleep(Math.random() * 10);
    await worker.terminate();
    total.started += control[0]!;
    total.done += control[1]!;
    // Each thread was somewhere between its first number and its second.
    for (const [series, want] of [
      ['endless_total{kind="bound"}', total],
      ["endless_seconds_count", total],
      ["endless_native_count", total],
    ] as const) {
      const got = await valueOf(fleet, series);
      assert.ok(want.done <= got && got <= want.started, `${series} ${got}: ${want.done}`);
    }
    assert.ok(total.started - total.done <= i);
  }
  assert.equal(await valueOf(fleet, 'flx_fleet_ended_members_total{kind="thread"}'), Number.NaN);
});

test("threads that end by themselves, throw, or run out of memory have lost nothing either", async (t) => {
  const endings: Record<string, Job> = {
    exit: ({ metrics }) => {
      const counter = new metrics.Counter({ name: "ended_total", help: "e" });
      // Handlers that run after ours still count.
      process.on("exit", () => counter.inc(10));
      counter.inc();
      process.exit(3);
    },
    throw: ({ metrics }) => {
      new metrics.Counter({ name: "ended_total", help: "e" }).inc(100);
      setTimeout(() => {
        throw new Error("on purpose");
      });
    },
    memory: ({ metrics }) => {
      new metrics.Counter({ name: "ended_total", help: "e" }).inc(1000);
      const kept: unknown[] = [];
      for (;;) kept.push(Array.from({ length: 1000 }, () => ({})));
    },
  };
  const { fleet } = gather(t);
  for (const [ending, job] of Object.entries(endings)) {
    const worker = new Worker(THREAD, {
      workerData: { control: new Float64Array(1), first: String(job), share: true },
      // Of a large young generation more survives at once than the limit forgives, and the process ends instead of the thread.
      resourceLimits: { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 2 },
      stderr: true,
    });
    const ended = new Promise((resolve) => worker.once("exit", resolve));
    worker.on("error", () => {});
    await ended;
    assert.ok(ending);
  }
  assert.equal(await valueOf(fleet, "ended_total"), 1111);
});

test("gauges, states and facts of a thread go with it; the others are put together as declared", async (t) => {
  const { fleet } = gather(t);
  const job: Job = ({ metrics }, control) => {
    const { Gauge: AnyGauge, StateSet, Info } = metrics;
    for (const aggregator of ["sum", "min", "max", "average", "first", "omit"] as const) {
      new AnyGauge({ name: `gauge_${aggregator}`, help: "g", aggregator }).set(control[1]!);
    }
    new AnyGauge({ name: "gauge_default", help: "g" }).set(control[1]!);
    const phase = new StateSet({ name: "phase", help: "p", states: ["up", "down"] });
    phase.set(control[1] === 1 ? "up" : "down");
    const build = new Info({ name: "build_info", help: "b", labelNames: ["version"] });
    build.set({ version: String(control[1]) });
  };
  const again = (n: number): Job =>
    Object.assign(() => {}, {
      toString: () =>
        `(context, control) => { control[1] = ${n}; (${String(job)})(context, control) }`,
    });
  const one = await thread(t, again(1));
  const two = await thread(t, again(5));
  const all = async () => {
    const found = (await fleet.metrics()).split("\n");
    return found.filter((line) => /^(gauge|phase|build)/.test(line)).toSorted();
  };
  assert.deepEqual(await all(), [
    'build_info{version="1"} 1',
    'build_info{version="5"} 1',
    "gauge_average 3",
    "gauge_default 6",
    "gauge_first 1",
    "gauge_max 5",
    "gauge_min 1",
    "gauge_sum 6",
    'phase{phase="down"} 1',
    'phase{phase="up"} 1',
  ]);
  await one.worker.terminate();
  assert.deepEqual(await all(), [
    'build_info{version="5"} 1',
    "gauge_average 5",
    "gauge_default 5",
    "gauge_first 5",
    "gauge_max 5",
    "gauge_min 5",
    "gauge_sum 5",
    'phase{phase="down"} 1',
    'phase{phase="up"} 0',
  ]);
  await two.worker.terminate();
  assert.deepEqual(await all(), []);
});

test("series that a thread removes, resets or lets expire leave, and the rows are used again", async (t) => {
  const { fleet } = gather(t);
  const job: Job = ({ metrics }) => {
    const options = { help: "c", labelNames: ["a"] as const };
    const kept = new metrics.Counter({ name: "kept_total", ...options });
    for (let i = 0; i < 3000; i++) kept.inc({ a: i }, i + 1);
    const old = new metrics.Counter({ name: "old_total", ...options, expireAfterMs: 1 });
    old.inc({ a: "x" });
    const reset = new metrics.Histogram({
      name: "reset_seconds",
      ...options,
      native: true,
      buckets: [1],
    });
    reset.observe({ a: "x" }, 2);
    Object.assign(globalThis, { kept, reset });
  };
  const { run } = await thread(t, job);
  assert.equal((await lines(fleet, "kept_total")).length, 3000);
  assert.equal((await lines(fleet, "reset_seconds")).length, 4);
  await run(() => {
    const { kept, reset } = globalThis as unknown as {
      kept: Counter<"a">;
      reset: Histogram<"a">;
    };
    for (let i = 0; i < 3000; i++) if (i % 3 !== 0) kept.remove({ a: i });
    for (let i = 0; i < 500; i++) kept.inc({ a: `new ${i}` }, 5);
    reset.reset();
    reset.observe({ a: "y" }, 0.5);
  });
  const now = await lines(fleet, "kept_total");
  assert.equal(now.length, 1500);
  assert.ok(now.includes('kept_total{a="2997"} 2998') && now.includes('kept_total{a="new 499"} 5'));
  assert.deepEqual(await lines(fleet, "reset_seconds"), [
    'reset_seconds_bucket{a="y",le="1"} 1',
    'reset_seconds_bucket{a="y",le="+Inf"} 1',
    'reset_seconds_sum{a="y"} 0.5',
    'reset_seconds_count{a="y"} 1',
  ]);
  await sleep(5);
  await waitUntil(async () => (await lines(fleet, "old_total")).length === 0);
});

test("label values of any kind arrive as they were, and different ones stay different", async (t) => {
  const { fleet, registers } = gather(t);
  const values = [
    "",
    "\0",
    '"\\\n',
    "\ud800",
    "\udfff\ud800",
    "\ufffdd800",
    "é",
    "日本",
    "x".repeat(70_000),
  ];
  const job: Job = ({ metrics }) => {
    const odd = new metrics.Counter({
      name: "odd_total",
      help: "o",
      labelNames: ["a", "constructor"],
    });
    const given = [
      "",
      "\0",
      '"\\\n',
      "\ud800",
      "\udfff\ud800",
      "\ufffdd800",
      "é",
      "日本",
      "x".repeat(70_000),
    ];
    for (const value of given) odd.inc({ a: value, constructor: value });
  };
  await thread(t, job);
  const registry = new Registry();
  const options = { name: "odd_total", help: "o", labelNames: ["a", "constructor"] as const };
  const same = new Counter({ ...options, registers: [registry] });
  for (const text of values) same.inc({ a: text, constructor: text });
  assert.ok(registers.length === 1);
  const want = (await registry.metrics()).split("\n").filter((line) => line.startsWith("odd"));
  assert.deepEqual(await lines(fleet, "odd_total"), want);
});

test("a metric that is declared differently costs the later declaration, and is reported", async (t) => {
  const { fleet, registers } = gather(t);
  new Gauge({ name: "both", help: "b", registers }).set(5);
  new Counter({ name: "fine_total", help: "f", registers }).inc();
  await fleet.metrics();
  const { worker } = await thread(t, ({ metrics }) => {
    new metrics.Counter({ name: "both", help: "b", labelNames: ["a"] }).inc({ a: "x" });
    new metrics.Counter({ name: "fine_total", help: "f" }).inc();
  });
  assert.deepEqual(await lines(fleet, "both"), ["both 5"]);
  assert.equal(await valueOf(fleet, "fine_total"), 2);
  const refused = 'flx_fleet_refused_metrics{metric="both"} 1';
  assert.ok((await fleet.metrics()).includes(refused));
  await worker.terminate();
  await waitUntil(async () => !(await fleet.metrics()).includes(refused));
});

test("series over `maxSeries` go to the overflow series, in a thread and in the sum", async (t) => {
  const { fleet } = gather(t);
  const job: Job = ({ metrics, threadId }) => {
    const many = new metrics.Counter({
      name: "many_total",
      help: "m",
      labelNames: ["a"],
      maxSeries: 10,
    });
    for (let i = 0; i < 15; i++) many.inc({ a: `${threadId} ${i}` });
  };
  await Promise.all([thread(t, job), thread(t, job)]);
  const found = await lines(fleet, "many_total");
  assert.equal(found.length, 11);
  const sum = found.reduce((total, line) => total + Number(line.split(" ").at(-1)), 0);
  assert.equal(sum, 30);
  await waitUntil(async () => {
    const text = await fleet.metrics();
    return Number(/flx_metrics_overflow_total\{metric="many_total"\} (\d+)/.exec(text)?.[1]) >= 10;
  });
});

test("callbacks run in their thread; one that is blocked costs its fresh values and one wait", async (t) => {
  const { fleet } = gather(t);
  const { run, control } = await thread(t, ({ metrics }, numbers) => {
    metrics.observableGauge({
      name: "asked",
      help: "a",
      collect: async (observe) => {
        await Promise.resolve();
        observe((numbers[1]! += 1));
      },
    });
  });
  assert.equal(await valueOf(fleet, "asked"), 1);
  assert.equal(await valueOf(fleet, "asked"), 2);
  const block: Job = (_, numbers) => {
    numbers[2] = 1;
    for (;;) if (numbers[3] === 1) return;
  };
  void run(block);
  await waitUntil(() => control[2] === 1);
  assert.equal(await valueOf(fleet, "asked"), 2);
  const silent = 'flx_fleet_silent_members{kind="thread"} 1';
  assert.ok((await fleet.metrics()).includes(silent));
  control[3] = 1;
  await waitUntil(async () => (await valueOf(fleet, "asked")) > 2);
  assert.ok(!(await fleet.metrics()).includes(silent));
});

test("exemplars, misuse and default labels of threads arrive", async (t) => {
  const { fleet } = gather(t);
  await thread(t, ({ metrics }) => {
    metrics.register.setDefaultLabels({ zone: "a" });
    const counter = new metrics.Counter({ name: "sampled_total", help: "s" });
    counter.labels().incWithExemplar({ trace_id: "abc" }, 1, 1_000 as never);
    counter.labels().incWithExemplar({ trace_id: "def" }, 1, 2_000 as never);
    const took = new metrics.Histogram({ name: "sampled_seconds", help: "s", buckets: [1] });
    took.labels().observeWithExemplar({ trace_id: "ghi" }, 5, 3_000 as never);
    try {
      counter.inc(-1);
    } catch {
      metrics.register.misuse.counts.set("FLX_METRIC_VALUE", 1);
    }
  });
  fleet.setDefaultLabels({ zone: "b" });
  const text = await fleet.metrics({ format: "openmetrics" });
  assert.match(text, /sampled_total\{zone="b"\} 2 # \{trace_id="def"\} 1 2/);
  assert.match(text, /sampled_seconds_bucket\{zone="b",le="\+Inf"\} 1 # \{trace_id="ghi"\} 5 3/);
  await waitUntil(async () =>
    (await fleet.metrics()).includes(
      'flx_metrics_misuse_total{reason="FLX_METRIC_VALUE",zone="b"} 1',
    ),
  );
});

test("threads of threads count, and go with the thread that started them", async (t) => {
  const { fleet } = gather(t);
  const { worker } = await thread(t, async ({ metrics, startThread }, control) => {
    const inner = String((context: { metrics: typeof metrics }) => {
      new context.metrics.Counter({ name: "inner_total", help: "i" }).inc(2);
      new context.metrics.Gauge({ name: "inner_now", help: "i" }).set(2);
    });
    await startThread(inner, control);
    await startThread(inner, control);
  });
  assert.equal(await valueOf(fleet, "inner_total"), 4);
  assert.equal(await valueOf(fleet, "inner_now"), 4);
  await worker.terminate();
  await waitUntil(async () => Number.isNaN(await valueOf(fleet, "inner_now")));
  assert.equal(await valueOf(fleet, "inner_total"), 4);
});

test("threads that shared before anybody gathered are found, and any thread may gather", async (t) => {
  const shared = shareMetrics({ registry: new Registry() });
  t.after(() => shared.close());
  const early = await thread(t, ({ metrics }) => {
    new metrics.Counter({ name: "early_total", help: "e" }).inc(3);
  });
  const { fleet } = gather(t);
  await waitUntil(async () => (await valueOf(fleet, "early_total")) === 3);
  const other = await thread(t, async ({ gatherMetrics: gatherThere }, control) => {
    const there = gatherThere();
    for (let i = 0; i < 100 && control[1] !== 3; i++) {
      const text = await there.metrics({ names: ["early_total"] });
      control[1] = Number(/early_total (\d+)/.exec(text)?.[1] ?? 0);
    }
  });
  assert.equal(other.control[1], 3);
  assert.ok(early.worker.threadId > 0);
});

test("threads that are started one after the other leave their counts and no memory", async (t) => {
  const { fleet } = gather(t);
  const count = 12;
  for (let i = 0; i < count; i++) {
    const { worker } = await thread(t, ({ metrics, threadId }) => {
      new metrics.Counter({ name: "brief_total", help: "b" }).inc();
      const each = new metrics.Gauge({ name: "brief_now", help: "b", labelNames: ["thread"] });
      each.set({ thread: threadId }, 1);
    });
    await worker.terminate();
  }
  assert.equal(await valueOf(fleet, "brief_total"), count);
  await waitUntil(async () => (await lines(fleet, "brief_now")).length === 0);
  assert.match(await fleet.metrics(), /flx_fleet_members\{kind="thread"\} 1\n/);
});

test("sharing stops without a trace, and metrics go on counting", async (t) => {
  const { fleet, registers } = gather(t);
  const registry = new Registry();
  const plain = new Counter({ name: "plain_total", help: "p", registers: [registry] });
  const native = new Histogram({
    name: "plain_native",
    help: "p",
    native: true,
    registers: [registry],
  });
  plain.inc();
  native.observe(3);
  const shared = shareMetrics({ registry });
  plain.inc();
  native.observe(4);
  assert.equal(await valueOf(fleet, "plain_total"), 2);
  assert.equal(await valueOf(fleet, "plain_native_count"), 2);
  shared.close();
  plain.inc();
  native.observe(5);
  assert.deepEqual(await lines(fleet, "plain_total"), []);
  assert.match(await registry.metrics(), /plain_total 3/);
  assert.match(await registry.metrics(), /plain_native_count 3/);
  assert.ok(registers.length === 1);
});

test("a process that shares and gathers ends when it is done", async () => {
  const program = `
    import { gatherMetrics } from "@flx/monitoring/fleet";
    import { Counter } from "@flx/monitoring/metrics";
    const fleet = gatherMetrics();
    new Counter({ name: "c_total", help: "c" }).inc();
    console.log((await fleet.metrics({ names: ["c_total"] })).includes("c_total 1"));
  `;
  const args = ["--conditions=@flx/source", "--input-type=module", "-e", program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 30_000 });
  assert.equal(stdout, "true\n");
});
