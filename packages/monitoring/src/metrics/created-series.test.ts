// Created times of the instruments: when they are kept, and which formats say them.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  parseExpositionStrict,
  parseProtobufExpositionStrict,
  type MetricFamily,
} from "@flx/model";
import { Counter } from "./counter.ts";
import { Gauge } from "./gauge.ts";
import { Histogram } from "./histogram.ts";
import { observableCounter } from "./observable.ts";
import { Registry } from "./registry.ts";
import { Summary } from "./summary.ts";

function setting(options: { createdSeries?: boolean } = {}) {
  const registry = new Registry(options);
  const time = { nowMs: 1_000 };
  const about = { help: "h", registers: [registry], wallClock: () => time.nowMs };
  return { registry, time, about };
}

const bytes = (chunks: readonly Uint8Array[]): Uint8Array => Buffer.concat(chunks);

/** Created times by name and labels. */
function createdIn(families: readonly MetricFamily[]): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const { name, points } of families) {
    for (const { labels, value } of points) {
      const { createdMs } = value as { createdMs?: number };
      if (createdMs !== undefined) found[`${name}${labels.toString()}`] = createdMs;
    }
  }
  return found;
}

test("a counter, histogram or summary keeps when each series was opened, or reset", async () => {
  const { registry, time, about } = setting();
  const at = (nowMs: number, work: () => void) => {
    time.nowMs = nowMs;
    work();
  };
  const f = async (want: Record<string, number>) => {
    assert.deepEqual(createdIn(await registry.families()), want);
  };

  const plain = new Counter({ name: "p_total", ...about });
  const counter = new Counter({ name: "c_total", labelNames: ["a"], ...about });
  const histogram = new Histogram({ name: "h", labelNames: ["a"], ...about });
  const summary = new Summary({ name: "s", labelNames: ["a"], ...about });
  await f({ "p{}": 1_000 });
  at(2_000, () => plain.inc());
  at(2_000, () => counter.inc({ a: "x" }));
  at(2_500, () => counter.inc({ a: "y" }));
  at(3_000, () => histogram.observe({ a: "x" }, 1));
  at(4_000, () => summary.observe({ a: "x" }, 1));
  await f({
    "p{}": 1_000,
    'c{a="x"}': 2_000,
    'c{a="y"}': 2_500,
    'h{a="x"}': 3_000,
    's{a="x"}': 4_000,
  });
  at(5_000, () => counter.remove({ a: "x" }));
  at(6_000, () => counter.inc({ a: "x" }));
  at(7_000, () => plain.reset());
  at(8_000, () => histogram.reset());
  at(9_000, () => histogram.observe({ a: "z" }, 1));
  at(9_500, () => summary.remove("x"));
  await f({ "p{}": 7_000, 'c{a="x"}': 6_000, 'c{a="y"}': 2_500, 'h{a="z"}': 9_000 });
  at(10_000, () => plain.remove());
  at(10_000, () => registry.get("c_total")!.reset());
  await f({ "p{}": 10_000, 'h{a="z"}': 9_000 });
});

test("a gauge, and a counter that is only observed, have no created times", async () => {
  const { registry, about } = setting({ createdSeries: true });
  new Gauge({ name: "g", ...about }).set(1);
  const { help, registers } = about;
  observableCounter({ name: "o_total", help, registers, collect: (observe) => observe(7) });
  assert.deepEqual(createdIn(await registry.families()), {});
  assert.doesNotMatch(await registry.metrics({ format: "openmetrics" }), /_created/);
});

test("Registry.expose() says created times always in protobuf, in OpenMetrics when asked, never in text", async () => {
  const declare = ({ registry, about }: ReturnType<typeof setting>) => {
    new Counter({ name: "c_total", labelNames: ["a"], ...about }).inc({ a: 'q"' });
    new Counter({ name: "my.hits", ...about }).inc();
    new Histogram({ name: "h", buckets: [1], ...about }).observe(0.5);
    new Summary({ name: "s", percentiles: [0.5], ...about }).observe(2);
    return registry;
  };
  const all = { 'c{a="q\\""}': 1_000, "my.hits{}": 1_000, "h{}": 1_000, "s{}": 1_000 };
  const f = async (
    options: { createdSeries?: boolean },
    asked: boolean | undefined,
    want: object,
  ) => {
    const registry = declare(setting(options));
    const request = { createdSeries: asked };
    const openMetrics = await registry.metrics({ format: "openmetrics", ...request });
    const parsed = parseExpositionStrict(openMetrics, { format: "openmetrics" });
    assert.deepEqual(createdIn(parsed), want);
    const protobuf = bytes(await registry.expose({ format: "protobuf", ...request }));
    assert.deepEqual(createdIn(parseProtobufExpositionStrict(protobuf)), all);
    assert.doesNotMatch(await registry.metrics(request), /_created/);
    // The way of names that are not classic.
    const escaping = "underscores";
    const escaped = await registry.metrics({ format: "openmetrics", escaping, ...request });
    assert.equal(/^my_hits_created 1$/m.test(escaped), want === all);
  };

  await f({}, undefined, {});
  await f({ createdSeries: true }, undefined, all);
  await f({}, true, all);
  await f({ createdSeries: true }, false, {});
});
