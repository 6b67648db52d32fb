import assert from "node:assert/strict";
import { test } from "node:test";
import { Labels } from "@flx/model";
import { Matcher, type MatchOp } from "../matcher/matcher.ts";
import { floatHistogram } from "../histogram/float-histogram.ts";
import { MemoryQueryable } from "./memory-queryable.ts";

const all = { startMs: -Infinity, endMs: Infinity };

function named(name: string, labels: Record<string, string> = {}): Labels {
  return Labels.from({ __name__: name, ...labels });
}

test("MemoryQueryable.select() gives the series that satisfy all matchers, in the order they came", () => {
  const memory = new MemoryQueryable();
  for (const [name, job, zone] of [
    ["up", "b", "x"],
    ["up", "a", "x"],
    ["up", "a", ""],
    ["down", "a", "x"],
  ] as const) {
    memory.append(named(name, zone === "" ? { job } : { job, zone }), 1, 1);
  }
  const f = (
    matchers: readonly (readonly [MatchOp, string, string])[],
    want: readonly string[],
  ) => {
    const found = memory.select(
      matchers.map(([op, name, value]) => new Matcher(op, name, value)),
      all,
    );
    assert.deepEqual(
      found.map(({ labels }) => labels.toString()),
      want,
    );
  };

  const [b, a, noZone, down] = [
    'up{job="b", zone="x"}',
    'up{job="a", zone="x"}',
    'up{job="a"}',
    'down{job="a", zone="x"}',
  ];
  f([["=", "__name__", "up"]], [b, a, noZone]);
  f(
    [
      ["=", "job", "a"],
      ["=", "__name__", "up"],
    ],
    [a, noZone],
  );
  f([["=", "zone", ""]], [noZone]);
  f(
    [
      ["!=", "zone", ""],
      ["=~", "job", "a|c"],
    ],
    [a, down],
  );
  f([["=", "job", "nosuch"]], []);
  f([], [b, a, noZone, down]);
  memory.append(named("up", { job: "c" }), 1, 1);
  f([["=", "job", "c"]], ['up{job="c"}']);
  memory.clear();
  f([["=", "job", "a"]], []);
});

test("MemoryQueryable.select() gives the samples of the range, both ends included", () => {
  const memory = new MemoryQueryable();
  for (const time of [10, 20, 30, 40]) memory.append(named("x"), time, time);
  const f = (startMs: number, endMs: number, want: readonly number[]) => {
    const [series] = memory.select([], { startMs, endMs });
    assert.deepEqual(series === undefined ? [] : [...series.values], want);
  };

  f(20, 30, [20, 30]);
  f(11, 19, []);
  f(-5, 10, [10]);
  f(0, 100, [10, 20, 30, 40]);
});

test("MemoryQueryable.append() wants time order", () => {
  const memory = new MemoryQueryable();
  memory.append(named("x"), 10, 1);
  assert.throws(
    () => {
      memory.append(named("x"), 10, 2);
    },
    { code: "FLX_PROMQL_MEMORY_ORDER" },
  );
  memory.append(named("y"), 5, 1);
  assert.equal(memory.size, 2);
});

test("MemoryQueryable keeps hints of histograms as a server would", () => {
  const memory = new MemoryQueryable();
  const histogram = (count: number, counterResetHint: "unknown" | "reset" | "gauge" = "unknown") =>
    floatHistogram({ count, positive: { counts: [count] }, counterResetHint });
  const samples = [
    histogram(1),
    histogram(2),
    histogram(1),
    histogram(3, "reset"),
    histogram(3, "gauge"),
  ];
  for (const [i, sample] of samples.entries()) memory.append(named("h"), i, sample);
  const [series] = memory.select([], all);
  assert.deepEqual(
    series!.histograms!.map((each) => each!.counterResetHint),
    ["unknown", "none", "unknown", "unknown", "gauge"],
  );
});
