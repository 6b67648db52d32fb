// Text, OpenMetrics and protobuf each have a writer of their own here; whatever is counted, they say the same.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type MetricFamily,
  parseExpositionStrict,
  parseProtobufExpositionStrict,
  type UnixMs,
  writeExposition,
  writeProtobufExposition,
} from "@flx/model";
import { Counter } from "./counter.ts";
import { Gauge } from "./gauge.ts";
import { Histogram } from "./histogram.ts";
import { Registry } from "./registry.ts";
import { Summary } from "./summary.ts";

const label = fc.oneof(
  fc.constantFrom("", "x", "y", "é", "日本", 'q"\\\n', "\ud800", "l".repeat(200)),
  fc.string({ unit: "binary", maxLength: 3 }),
);
const commandKind = fc.constantFrom("count" as const, "exemplar" as const, "remove" as const);
const command = fc.record({
  metric: fc.nat(3),
  kind: commandKind,
  a: label,
  b: label,
  value: fc.oneof(fc.nat(2_000), fc.double({ min: 0, max: 1e9, noNaN: true })),
});

function setting(defaultLabels: Record<string, string>) {
  const registry = new Registry({ createdSeries: true });
  registry.setDefaultLabels(defaultLabels);
  const time = { nowMs: 1_700_000_000_000.25 };
  const labelNames = ["a", "b"] as const;
  const wallClock = () => time.nowMs;
  const about = { help: 'h\n"\\', labelNames, wallClock, registers: [registry] };
  return {
    registry,
    time,
    counter: new Counter({ name: "c_bytes_total", unit: "bytes", ...about }),
    gauge: new Gauge({ name: "my.gauge", ...about }),
    histogram: new Histogram({ name: "h", buckets: [0.5, 20, 1e6], ...about }),
    summary: new Summary({ name: "s", percentiles: [0.5], maxAgeSeconds: Infinity, ...about }),
  };
}

function run(at: ReturnType<typeof setting>, { metric, kind, a, b, value }: Command): void {
  at.time.nowMs += 1_000;
  const labels = { a, b };
  const exemplar = { trace_id: a.toWellFormed().slice(0, 20), b: 1 };
  if (kind === "remove") {
    [at.counter, at.gauge, at.histogram, at.summary][metric]!.remove(labels);
  } else if (metric === 0) {
    const bound = at.counter.labels(labels);
    if (kind === "count") bound.inc(value);
    else bound.incWithExemplar(exemplar, value);
  } else if (metric === 1) {
    at.gauge.set(labels, kind === "count" ? value : -value);
  } else if (metric === 2) {
    const bound = at.histogram.labels(labels);
    if (kind === "count") bound.observe(value);
    else bound.observeWithExemplar(exemplar, value, at.time.nowMs as UnixMs);
  } else {
    at.summary.observe(labels, value);
  }
}

type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never;

test("Registry.expose() says the same in every format", async () => {
  const defaults = fc.constantFrom<Record<string, string>>(
    {},
    { app: "shop" },
    { a: "never", zone: "ö\ud800", empty: "" },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 40 }), defaults, async (commands, labels) => {
      const at = setting(labels);
      for (const one of commands) run(at, one);
      const families = await at.registry.families();
      for (const format of ["text", "openmetrics"] as const) {
        const read = parseExpositionStrict(await at.registry.metrics({ format }), { format });
        const again = (list: readonly MetricFamily[]) => writeExposition(list, { format });
        assert.equal(again(read), again(families));
      }
      const chunks = await at.registry.expose({ format: "protobuf" });
      const read = parseProtobufExpositionStrict(Buffer.concat(chunks));
      const want = writeProtobufExposition(families);
      assert.ok(Buffer.from(writeProtobufExposition(read)).equals(want));
    }),
    { numRuns: 150 },
  );
});
