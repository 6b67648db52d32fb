import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { test } from "node:test";
import { parseExpositionStrict } from "@flx/model";
import { observableCounter, observableGauge, type Observe } from "./observable.ts";
import { Registry } from "./registry.ts";

async function samples(registry: Registry, collectTimeoutMs = 1_000): Promise<string[]> {
  const lines = (await registry.metrics({ collectTimeoutMs })).split("\n");
  return lines.filter((line) => line !== "" && !line.startsWith("#"));
}

test("observableGauge() exposes what each round observes, and nothing else", async () => {
  for (const wait of [false, true]) {
    const registry = new Registry();
    let pools: Record<string, number> = {};
    const observeAll = (observe: Observe<"pool", {}>) => {
      for (const [pool, value] of Object.entries(pools)) observe({ pool }, value);
    };
    observableGauge({
      name: "g",
      help: "h",
      labelNames: ["pool"],
      registers: [registry],
      collect: wait
        ? async (observe) => {
            await turn();
            observeAll(observe);
          }
        : observeAll,
    });
    const f = async (next: Record<string, number>, want: string[]) => {
      pools = next;
      assert.deepEqual(await samples(registry), want);
    };

    await f({}, []);
    await f({ db: 4, http: -1 }, ['g{pool="db"} 4', 'g{pool="http"} -1']);
    await f({ db: 5 }, ['g{pool="db"} 5']);
    await f({ db: 5, cache: Number.NaN }, ['g{pool="db"} 5', 'g{pool="cache"} NaN']);
    await f({}, []);
  }
});

test("observableCounter() exposes absolute values, also when they go back", async () => {
  const registry = new Registry();
  let value = 0;
  const counter = observableCounter({
    name: "c_total",
    help: "h",
    registers: [registry],
    collect: (observe) => {
      if (value >= 0) observe(value);
    },
  });
  assert.equal(counter.name, "c_total");
  const f = async (next: number, want: string[]) => {
    value = next;
    assert.deepEqual(await samples(registry), want);
    const openMetrics = await registry.metrics({ format: "openmetrics" });
    parseExpositionStrict(openMetrics, { format: "openmetrics" });
  };

  await f(-1, []);
  await f(0, ["c_total 0"]);
  await f(7, ["c_total 7"]);
  await f(2, ["c_total 2"]);
  await f(-1, []);
  await f(3, ["c_total 3"]);
});

test("an observable takes the later of two values for the same labels", async () => {
  const registry = new Registry();
  observableGauge({
    name: "g",
    help: "h",
    labelNames: ["a", "b"],
    registers: [registry],
    collect(observe) {
      observe({ a: 1, b: 2 }, 3);
      observe({ b: "2", a: "1" }, 4);
    },
  });
  assert.deepEqual(await samples(registry), ['g{a="1",b="2"} 4']);
});

test("an observable whose round fails is left out of that exposition only", async () => {
  const registry = new Registry({ misuse: "throw" });
  let value: unknown = 1;
  observableCounter({
    name: "c_total",
    help: "h",
    labelNames: ["a"],
    registers: [registry],
    collect(observe) {
      observe({ a: "x" }, 1);
      observe({ a: "y" }, value as number);
    },
  });
  const failed = (n: number) => `flx_metrics_collect_failures_total{metric="c_total"} ${n}`;
  const works = ['c_total{a="x"} 1', 'c_total{a="y"} 1'];
  const wrong = [-1, Number.NaN, Infinity, "1", undefined];
  for (const [i, bad] of wrong.entries()) {
    value = bad;
    assert.deepEqual(await samples(registry), [failed(i + 1)]);
    value = 1;
    assert.deepEqual(await samples(registry), [...works, failed(i + 1)]);
  }
});

test("what a round observes after it was given up, or had ended, is ignored", async () => {
  const registry = new Registry({ misuse: "count" });
  const late: Observe<"a", {}>[] = [];
  const hanging = Promise.withResolvers<void>();
  observableGauge({
    name: "g",
    help: "h",
    labelNames: ["a"],
    registers: [registry],
    collect(observe) {
      late.push(observe);
      if (late.length === 1) return hanging.promise;
      observe({ a: "now" }, late.length);
      return undefined;
    },
  });
  const failures = 'flx_metrics_collect_failures_total{metric="g"} 1';
  assert.deepEqual(await samples(registry, 5), [failures]);
  assert.deepEqual(await samples(registry), ['g{a="now"} 2', failures]);
  late[0]!({ a: "late" }, 1);
  hanging.resolve();
  await turn();
  assert.deepEqual(await samples(registry), ['g{a="now"} 3', failures]);
  late[2]!({ a: "too late" }, 1);
  assert.deepEqual(await samples(registry), [
    'g{a="now"} 4',
    'flx_metrics_misuse_total{reason="FLX_METRIC_COLLECT"} 1',
    failures,
  ]);
});

test("an observable declared again asks the newer callback", async () => {
  const registry = new Registry();
  const declare = (value: number) =>
    observableGauge({
      name: "g",
      help: "h",
      registers: [registry],
      collect: (observe) => {
        observe(value);
      },
    });
  declare(1);
  assert.deepEqual(await samples(registry), ["g 1"]);
  declare(2);
  assert.deepEqual(await samples(registry), ["g 2"]);
});

test("observe() compiles with the declared labels only", async () => {
  const registry = new Registry({ misuse: "count" });
  observableGauge({
    name: "g",
    help: "h",
    labelNames: ["a"],
    labelValues: { a: ["x"] },
    registers: [registry],
    collect(observe) {
      observe({ a: "x" }, 1);
      // @ts-expect-error y is not in the list
      observe({ a: "y" }, 1);
      // @ts-expect-error the value is missing
      observe({ a: "x" });
      // @ts-expect-error the labels are missing
      observe(1);
      // @ts-expect-error b is not declared
      observe({ a: "x", b: "y" }, 1);
    },
  });
  assert.deepEqual(await samples(registry), [
    'g{a="x"} 1',
    'flx_metrics_misuse_total{reason="FLX_METRIC_LABELS"} 2',
    'flx_metrics_misuse_total{reason="FLX_METRIC_VALUE"} 2',
  ]);
});
