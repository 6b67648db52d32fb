import assert from "node:assert/strict";
import { test } from "node:test";
import { Gauge } from "./gauge.ts";
import { Registry } from "./registry.ts";

async function lines(registry: Registry): Promise<string[]> {
  return (await registry.metrics())
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
}

test("Gauge goes up, down and anywhere", async () => {
  const registry = new Registry();
  const gauge = new Gauge({ name: "g", help: "g", registers: [registry] });
  const f = async (want: string) => assert.deepEqual(await lines(registry), [want]);

  await f("g 0");
  gauge.inc();
  await f("g 1");
  gauge.inc(2.5);
  gauge.dec();
  await f("g 2.5");
  gauge.dec(0.5);
  gauge.set(-7);
  await f("g -7");
  gauge.set(Number.NaN);
  await f("g NaN");
  gauge.set(-Infinity);
  await f("g -Inf");
  gauge.reset();
  await f("g 0");
});

test("Gauge keeps its label sets apart, and takes them away", async () => {
  const registry = new Registry();
  const gauge = new Gauge({ name: "g", help: "g", labelNames: ["a"], registers: [registry] });
  gauge.set({ a: "x" }, 1);
  gauge.inc({ a: "y" }, 2);
  gauge.dec({ a: "y" });
  const bound = gauge.labels("z");
  bound.set(5);
  bound.dec(2);
  assert.deepEqual(await lines(registry), ['g{a="x"} 1', 'g{a="y"} 1', 'g{a="z"} 3']);

  gauge.remove({ a: "z" });
  gauge.remove("none");
  assert.deepEqual(await lines(registry), ['g{a="x"} 1', 'g{a="y"} 1']);
  gauge.set({ a: "w" }, 9); // takes the free row
  bound.inc(); // and the old handle does not count into it
  assert.deepEqual(await lines(registry), ['g{a="x"} 1', 'g{a="y"} 1', 'g{a="w"} 9', 'g{a="z"} 1']);
});

test("Gauge.trackInprogress() counts what is under way, whatever way it ends", async () => {
  const registry = new Registry();
  const gauge = new Gauge({ name: "g", help: "g", registers: [registry] });
  const f = async (want: string) => assert.deepEqual(await lines(registry), [want]);

  const { promise, resolve } = Promise.withResolvers<number>();
  const running = gauge.trackInprogress(() => promise);
  await f("g 1");
  resolve(7);
  assert.equal(await running, 7);
  await f("g 0");

  await assert.rejects(gauge.trackInprogress(() => Promise.reject(new Error("no"))));
  assert.throws(() =>
    gauge.trackInprogress(() => {
      throw new Error("no");
    }),
  );
  assert.equal(
    gauge.trackInprogress(() => 3),
    3,
  );
  await f("g 0");
});

test("Gauge.trackInprogress() counts down in its own series only, whatever was removed meanwhile", async () => {
  const registry = new Registry();
  const gauge = new Gauge({ name: "g", help: "g", labelNames: ["a"], registers: [registry] });
  const work = () => Promise.withResolvers<void>();
  const [first, second] = [work(), work()];
  const kept = gauge.trackInprogress({ a: "kept" }, () => first.promise);
  const removed = gauge.trackInprogress({ a: "removed" }, () => second.promise);
  gauge.remove({ a: "removed" });
  gauge.set({ a: "other" }, 5); // takes the free row
  first.resolve();
  second.resolve();
  await Promise.all([kept, removed]);
  assert.deepEqual(await lines(registry), ['g{a="kept"} 0', 'g{a="other"} 5']);
});

test("Gauge.startTimer() sets seconds, with labels known in two steps", async () => {
  const registry = new Registry();
  const gauge = new Gauge({ name: "g", help: "g", labelNames: ["a", "b"], registers: [registry] });
  const end = gauge.startTimer({ a: "1" });
  const seconds = end({ b: "2" });
  assert.ok(seconds >= 0);
  assert.deepEqual(await lines(registry), [`g{a="1",b="2"} ${seconds}`]);
});

test("Gauge refuses what is not a number, and in production only counts it", async () => {
  const registry = new Registry({ misuse: "throw" });
  const gauge = new Gauge({ name: "g", help: "g", registers: [registry] });
  assert.throws(() => gauge.set("3" as unknown as number), { code: "FLX_METRIC_VALUE" });

  const production = new Registry({ misuse: "count" });
  const quiet = new Gauge({ name: "g", help: "g", labelNames: ["a"], registers: [production] });
  quiet.set({ a: "x" }, undefined as unknown as number);
  quiet.set({} as { a: string }, 1);
  quiet.set(1 as never, 1);
  assert.deepEqual(await lines(production), [
    'g{a="x"} 0',
    'flx_metrics_misuse_total{reason="FLX_METRIC_VALUE"} 1',
    'flx_metrics_misuse_total{reason="FLX_METRIC_LABELS"} 2',
  ]);
});
