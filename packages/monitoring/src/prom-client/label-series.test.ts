import assert from "node:assert/strict";
import { test } from "node:test";
import { LabelSeries } from "./label-series.ts";

function labelsOf(series: LabelSeries): Record<string, unknown>[] {
  series.arrange();
  return series.usedRows().map((row) => series.labels(row));
}

test("`LabelSeries` keeps the caller's order and types of labels, and the order in which series were made", () => {
  const series = new LabelSeries(["a", "b"], 1);
  series.row({ b: 2, a: "x" });
  series.row({ a: "x", b: "2" });
  series.row({ b: true });
  assert.equal(JSON.stringify(labelsOf(series)), '[{"b":2,"a":"x"},{"b":true}]');
});

test("`LabelSeries` gives a series that is made again the last place, and moves the numbers with the rows", () => {
  const series = new LabelSeries(["a"], 1);
  for (const [i, a] of ["x", "y", "z"].entries()) series.cells.set(series.row({ a }), i);
  const { layout } = series;
  series.remove({ a: "x" });
  series.cells.set(series.row({ a: "x" }), 7);
  assert.deepEqual(labelsOf(series), [{ a: "y" }, { a: "z" }, { a: "x" }]);
  assert.deepEqual(
    series.usedRows().map((row) => series.cells.get(row)),
    [1, 2, 7],
  );
  assert.notEqual(series.layout, layout);
});

test("`LabelSeries.bare()` is the series without labels, also after it was removed", () => {
  const series = new LabelSeries(["a"], 1);
  const row = series.bare();
  assert.equal(series.row({ a: "" }), row);
  series.remove({});
  assert.deepEqual(labelsOf(series), []);
  series.bare();
  assert.deepEqual(labelsOf(series), [{}]);
});

test("`LabelSeries.single` is the numbers of the one series of a metric without labels, while it is there", () => {
  const series = new LabelSeries([], 1);
  assert.equal(series.single, undefined);
  for (const forget of [() => series.remove({}), () => series.clear()]) {
    const row = series.bare();
    series.single![0]! += 3;
    assert.equal(series.cells.get(row), 3);
    forget();
    assert.equal(series.single, undefined);
  }
  const labelled = new LabelSeries(["a"], 1);
  labelled.bare();
  assert.equal(labelled.single, undefined);
});
