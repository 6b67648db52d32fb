import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ClassicHistogram } from "../classic-histogram.ts";
import type { Exemplar } from "../exemplar.ts";
import { Labels } from "../labels.ts";
import type { MetricFamily } from "../metric-family.ts";
import type { UnixMs } from "../units.ts";
import { ProtobufRows } from "./protobuf-rows.ts";
import { ProtobufExposition, writeProtobufExposition } from "./protobuf-write.ts";

/** Sorted, as the model writes labels, and before those of `fixedLabels`. */
const labelNames = ["a", "büro", "c"];
const labelValue = fc.oneof(
  fc.string({ maxLength: 4 }),
  fc.string({ unit: "grapheme", maxLength: 3 }),
  fc.constantFrom("", "x".repeat(119), "x".repeat(130), "é".repeat(70), "x".repeat(20_000)),
);
const labelSet = fc.tuple(labelValue, labelValue, labelValue);
const exemplar = fc.option(
  fc.record({
    labels: fc
      .dictionary(fc.constantFrom("trace_id", "ä"), fc.string({ unit: "grapheme", maxLength: 9 }))
      .map((labels) => Labels.from(labels)),
    value: fc.constantFrom(0, 0.5, -2),
    timestampMs: fc.constantFrom(0, 1_520_879_607_789.25, 999.9999999) as fc.Arbitrary<UnixMs>,
  }),
  { nil: undefined },
);
const createdMs = fc.constantFrom(
  undefined,
  0,
  1_520_879_607_789,
  1_520_879_608_000.5,
  -1,
) as fc.Arbitrary<UnixMs | undefined>;
const fixedLabels: [string, string][] = [
  ["zone", "ö"],
  ["empty", ""],
];

function labelsOf(values: readonly string[]): Labels {
  const own = labelNames.map((name, i) => [name, values[i]!] as const);
  return Labels.from([...own, ...fixedLabels]);
}

/** What rows write, as one body. */
function rowsBody(family: MetricFamily, writes: readonly ((rows: ProtobufRows) => void)[]) {
  const exposition = new ProtobufExposition();
  const rows = new ProtobufRows({ labelNames, fixedLabels });
  function* steps(): Generator<void, void, undefined> {
    for (const write of writes) {
      write(rows);
      yield;
    }
  }
  for (const _ of exposition.addRows({ ...family, points: [] }, rows, steps()));
  return Buffer.concat(exposition.chunks);
}

/** The same label sets may come twice, which the model's writer refuses. */
function byLabels<Row extends { values: readonly string[] }>(rows: readonly Row[]): Row[] {
  return [...new Map(rows.map((row) => [labelsOf(row.values).key, row])).values()];
}

test("ProtobufRows writes counters and gauges as the model's writer does", () => {
  const row = fc.record({
    values: labelSet,
    value: fc.oneof(fc.double({ min: 0, noNaN: true }), fc.nat()),
    createdMs,
    exemplar,
  });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 12 }), (given) => {
      const rows = byLabels(given);
      const about = { name: "m", help: "h" };
      const counters = rows.map(({ values, value: total, createdMs: at, exemplar: kept }) => {
        const created = at === undefined ? {} : { createdMs: at };
        const value = { total, ...created, ...(kept === undefined ? {} : { exemplar: kept }) };
        return { labels: labelsOf(values), value };
      });
      const counter: MetricFamily = { ...about, type: "counter", points: counters };
      const counterBody = rowsBody(
        counter,
        rows.map((one) => (out) => out.counter(one.values, one.value, one.createdMs, one.exemplar)),
      );
      assert.ok(counterBody.equals(writeProtobufExposition([counter])));

      const gauges = rows.map(({ values, value }) => ({ labels: labelsOf(values), value }));
      const gauge: MetricFamily = { ...about, type: "gauge", points: gauges };
      const gaugeBody = rowsBody(
        gauge,
        rows.map((one) => (out) => out.gauge(one.values, one.value)),
      );
      assert.ok(gaugeBody.equals(writeProtobufExposition([gauge])));
    }),
    { numRuns: 200 },
  );
});

test("ProtobufRows writes classic histograms as the model's writer does", () => {
  const upperBounds = [-1, 0.5, 10];
  const row = fc.record({
    values: labelSet,
    counts: fc.array(fc.oneof(fc.nat(300), fc.constantFrom(0, 2 ** 33, 2 ** 52)), {
      minLength: 4,
      maxLength: 4,
    }),
    sum: fc.double(),
    createdMs,
    // Of the bucket up to 0.5, and of +Inf.
    exemplars: fc.tuple(exemplar, exemplar),
  });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 8 }), (given) => {
      const rows = byLabels(given).map((one) => {
        const exemplars = new Map<number, Exemplar>();
        const [second, last] = one.exemplars;
        if (second !== undefined && second.value > -1) exemplars.set(1, second);
        if (last !== undefined) exemplars.set(3, { ...last, value: 11 });
        const { values, counts, sum, createdMs: at } = one;
        return { values, counts, sum, createdMs: at, exemplars };
      });
      const points = rows.map(({ values, counts, sum, createdMs: at, exemplars }) => {
        let count = 0;
        const cumulativeCounts = Float64Array.from(counts, (n) => (count += n));
        const histogram = ClassicHistogram.from({ upperBounds, cumulativeCounts, sum });
        const value = { histogram, exemplars, ...(at === undefined ? {} : { createdMs: at }) };
        return { labels: labelsOf(values), value };
      });
      const family: MetricFamily = { name: "h", type: "histogram", points };
      const body = rowsBody(
        family,
        rows.map(({ values, counts, sum, createdMs: at, exemplars }) => (out) => {
          const cells = Float64Array.of(7, ...counts, sum);
          out.histogram(values, upperBounds, cells, 1, at, (bucket) => exemplars.get(bucket));
        }),
      );
      assert.ok(body.equals(writeProtobufExposition([family])));
    }),
    { numRuns: 200 },
  );
});

test("ProtobufRows hands full chunks out and goes on", () => {
  const family: MetricFamily = { name: "g", type: "gauge", points: [] };
  const values = (i: number) => [`${i}`, "x".repeat(i % 300), ""];
  const writes = Array.from(
    { length: 5_000 },
    (_, i) => (out: ProtobufRows) => out.gauge(values(i), i),
  );
  const points = writes.map((_, i) => ({ labels: labelsOf(values(i)), value: i }));
  const want = writeProtobufExposition([{ ...family, points }]);
  assert.ok(rowsBody(family, writes).equals(want));
});

test("ProtobufRows gives the text of values that are not ASCII to wireText()", () => {
  const rows = new ProtobufRows({ labelNames: ["a"], wireText: (value) => value.toUpperCase() });
  rows.gauge(["abc"], 1);
  assert.equal(Buffer.from(rows.take()).includes("abc"), true);
  rows.gauge(["é"], 1);
  assert.equal(Buffer.from(rows.take()).includes("É"), true);
});
