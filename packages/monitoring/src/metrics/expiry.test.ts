import assert from "node:assert/strict";
import { test } from "node:test";
import { FlxError } from "@flx/model/write";
import { Counter } from "./counter.ts";
import { Gauge } from "./gauge.ts";
import { Registry } from "./registry.ts";

/** A registry, a clock that a test moves, and the series exposed now. */
function setting() {
  const registry = new Registry();
  const time = { ms: 0 };
  return {
    registers: [registry],
    clock: () => time.ms,
    seriesAt: async (ms: number): Promise<string[]> => {
      time.ms = ms;
      const lines = (await registry.metrics()).split("\n");
      return lines.filter((line) => line !== "" && !line.startsWith("#"));
    },
  };
}

const about = { name: "c_total", help: "h", labelNames: ["user"], expireAfterMs: 100 } as const;

test("expireAfterMs takes a counter's series away that stood still for so long", async () => {
  const { registers, clock, seriesAt } = setting();
  const counter = new Counter({ ...about, registers, clock });
  counter.inc({ user: "a" });
  counter.inc({ user: "b" });
  const f = async (ms: number, want: string[]) => assert.deepEqual(await seriesAt(ms), want);

  await f(0, ['c_total{user="a"} 1', 'c_total{user="b"} 1']);
  await f(60, ['c_total{user="a"} 1', 'c_total{user="b"} 1']);
  counter.inc({ user: "b" });
  await f(99, ['c_total{user="a"} 1', 'c_total{user="b"} 2']);
  await f(100, ['c_total{user="b"} 2']);
  await f(198, ['c_total{user="b"} 2']);
  await f(199, []);
  counter.inc({ user: "a" });
  await f(200, ['c_total{user="a"} 1']);
  await f(299, ['c_total{user="a"} 1']);
  await f(300, []);
});

test("a handle of an expired series counts into its own series again", async () => {
  const { registers, clock, seriesAt } = setting();
  const counter = new Counter({ ...about, registers, clock });
  const a = counter.labels("a");
  a.inc(5);
  await seriesAt(0);
  assert.deepEqual(await seriesAt(100), []);
  counter.inc({ user: "b" }, 7); // takes the row that a had
  a.inc();
  assert.deepEqual(await seriesAt(101), ['c_total{user="b"} 7', 'c_total{user="a"} 1']);
});

test("a row that is given to another series with the same number starts its time anew", async () => {
  const { registers, clock, seriesAt } = setting();
  const counter = new Counter({ ...about, registers, clock });
  counter.inc({ user: "a" });
  await seriesAt(0);
  counter.remove({ user: "a" });
  counter.inc({ user: "b" });
  assert.deepEqual(await seriesAt(100), ['c_total{user="b"} 1']);
  counter.reset();
  counter.inc({ user: "c" });
  assert.deepEqual(await seriesAt(200), ['c_total{user="c"} 1']);
  assert.deepEqual(await seriesAt(299), ['c_total{user="c"} 1']);
});

test("a gauge that does not change expires, NaN too; one that changes stays", async () => {
  const { registers, clock, seriesAt } = setting();
  const gauge = new Gauge({ ...about, name: "g", registers, clock });
  gauge.set({ user: "same" }, 3);
  gauge.set({ user: "nan" }, Number.NaN);
  gauge.set({ user: "moves" }, 1);
  await seriesAt(0);
  gauge.set({ user: "same" }, 3);
  gauge.set({ user: "nan" }, Number.NaN);
  gauge.set({ user: "moves" }, 2);
  assert.deepEqual(await seriesAt(100), ['g{user="moves"} 2']);
});

test("a metric without labels never expires", async () => {
  const { registers, clock, seriesAt } = setting();
  const counter = new Counter({ name: "c_total", help: "h", expireAfterMs: 1, registers, clock });
  counter.inc();
  await seriesAt(0);
  assert.deepEqual(await seriesAt(1_000_000), ["c_total 1"]);
});

test("expireAfterMs reaches series beyond the first chunk of cells", async () => {
  const { registers, clock, seriesAt } = setting();
  const counter = new Counter({ ...about, registers, clock });
  for (let i = 0; i < 3_000; i++) counter.inc({ user: i });
  await seriesAt(0);
  for (let i = 0; i < 3_000; i += 2) counter.inc({ user: i });
  const left = await seriesAt(100);
  assert.equal(left.length, 1_500);
  assert.ok(left.every((line) => line.endsWith(" 2")));
});

test("expireAfterMs must be above 0", () => {
  const f = (expireAfterMs: number) => {
    assert.throws(
      () => new Counter({ ...about, expireAfterMs, registers: [] }),
      (error) => error instanceof FlxError && error.code === "FLX_METRIC_EXPIRY",
    );
  };

  f(0);
  f(-1);
  f(Number.NaN);
});
