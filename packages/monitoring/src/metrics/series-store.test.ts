import assert from "node:assert/strict";
import { test } from "node:test";
import { FlxError } from "@flx/model/write";
import { Misuse } from "./misuse.ts";
import { OVERFLOW, SeriesStore, type StoreOptions } from "./series-store.ts";

function storeOf(options: Partial<StoreOptions> = {}): SeriesStore {
  return new SeriesStore({
    name: "m",
    help: "h",
    type: "gauge",
    misuse: new Misuse("count"),
    stride: 1,
    ...options,
  });
}

test("SeriesStore refuses a wrong declaration", () => {
  const f = (options: object, code: string) => {
    assert.throws(
      () => storeOf(options),
      (error) => error instanceof FlxError && error.code === code,
    );
  };

  f({ name: "" }, "FLX_METRIC_NAME");
  f({ name: 5 }, "FLX_METRIC_NAME");
  f({ name: "\ud800" }, "FLX_METRIC_NAME");
  f({ help: undefined }, "FLX_METRIC_HELP");
  f({ unit: "seconds" }, "FLX_METRIC_UNIT");
  f({ name: "m_seconds_total", unit: "bytes" }, "FLX_METRIC_UNIT");
  f({ name: "m_a b", unit: "a b" }, "FLX_METRIC_UNIT");
  f({ labelNames: [""] }, "FLX_METRIC_LABEL_NAME");
  f({ labelNames: ["a", "b", "a"] }, "FLX_METRIC_LABEL_NAME");
  f({ labelNames: ["__name__"] }, "FLX_METRIC_LABEL_NAME");
  f({ labelNames: ["le"], reservedLabels: ["le"] }, "FLX_METRIC_LABEL_NAME");
  f({ maxSeries: 0 }, "FLX_METRIC_MAX_SERIES");
  f({ maxSeries: Number.NaN }, "FLX_METRIC_MAX_SERIES");
});

test("SeriesStore accepts a unit before _total, any label text, and labels named like an object's own methods", () => {
  assert.equal(storeOf({ name: "m_seconds_total", unit: "seconds" }).unit, "seconds");
  assert.deepEqual(storeOf({ labelNames: ["größe"] }).labelNames, ["größe"]);
  const store = storeOf({ labelNames: ["constructor", "toString"], labelValues: {} });
  assert.equal(store.row({ constructor: "a", toString: "b" }), 0);
  assert.equal(store.row({ toString: "b", constructor: "a" }), 0);
});

test("SeriesStore.row() reports wrong labels and does nothing", () => {
  const store = storeOf({ labelNames: ["a", "b"], labelValues: { a: ["x", 1] } });
  const f = (labels: unknown) => {
    const before = store.misuse.counts.get("FLX_METRIC_LABELS") ?? 0;
    assert.equal(store.row(labels), -1);
    assert.equal(store.misuse.counts.get("FLX_METRIC_LABELS"), before + 1);
  };

  f(undefined);
  f(null);
  f("x");
  f({});
  f({ a: "x" });
  f({ a: "x", b: "y", c: "z" });
  f({ a: "x", b: null });
  f({ a: "x", b: { toString: () => "y" } });
  f({ a: "z", b: "y" });
  assert.equal(store.table.size, 0);
  assert.equal(store.row({ a: "1", b: "y" }), 0);
  assert.equal(store.row({ a: 1, b: "y" }), 0);
});

test("SeriesStore.rowOfArguments() takes an object or values in declared order", () => {
  const store = storeOf({ labelNames: ["a", "b"] });
  const row = store.rowOfArguments(["x", 1]);
  assert.equal(store.rowOfArguments([{ b: "1", a: "x" }]), row);
  assert.equal(store.rowOfArguments(["x"]), -1);
  assert.equal(store.rowOfArguments(["x", 1, 2]), -1);
  assert.equal(store.rowOfArguments(["x", undefined]), -1);
  assert.equal(storeOf().rowOfArguments([]), 0);
  assert.equal(storeOf().rowOfArguments(["x"]), -1);
});

test("SeriesStore sends label sets beyond maxSeries to the overflow series", () => {
  const store = storeOf({ labelNames: ["a"], maxSeries: 2 });
  const x = store.row({ a: "x" });
  const y = store.row({ a: "y" });
  const overflow = store.row({ a: "z" });
  assert.deepEqual(store.table.valuesOf(overflow), [OVERFLOW]);
  assert.equal(store.row({ a: "w" }), overflow);
  assert.equal(store.rowOfArguments(["v"]), overflow);
  assert.equal(store.overflowed, 3);
  assert.deepEqual([store.row({ a: "x" }), store.row({ a: "y" })], [x, y]);

  // The place of a series that went is free for another one.
  store.remove(["x"]);
  const z = store.row({ a: "z" });
  assert.deepEqual(store.table.valuesOf(z), ["z"]);
  assert.equal(store.row({ a: "w" }), overflow);
  assert.equal(store.overflowed, 4);
});

test("SeriesStore.remove() and reset() change the epoch and clear what is given out again", () => {
  const store = storeOf({ labelNames: ["a"] });
  const rows: number[] = [];
  store.onRow = (row) => rows.push(row);
  const row = store.row({ a: "x" });
  store.cells.set(row, 5);
  store.remove([{ a: "none" }]);
  assert.equal(store.epoch, 0);
  store.remove([{ a: "x" }]);
  assert.equal(store.epoch, 1);
  assert.equal(store.isUsed(row), false);
  assert.equal(store.row({ a: "y" }), row);
  assert.equal(store.cells.get(row), 0);
  store.reset();
  assert.equal(store.epoch, 2);
  assert.equal(store.table.size, 0);
  assert.deepEqual(rows, [row, row, row, row]);
});

test("SeriesStore.remove() and reset() set a metric without labels to zero", () => {
  const store = storeOf();
  const touched: number[] = [];
  store.onRow = (row) => touched.push(row);
  for (const clear of [() => store.remove([]), () => store.reset()]) {
    store.cells.set(0, 5);
    clear();
    assert.equal(store.cells.get(0), 0);
    assert.equal(store.isUsed(0), true);
  }
  assert.deepEqual(touched, [0, 0]);
});
