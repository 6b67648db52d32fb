// The inverted index against looking at every series.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Labels } from "@flx/model";
import { Matcher } from "@flx/promql";
import fc from "fast-check";
import { SeriesIndex } from "./series-index.ts";

interface Series {
  readonly ref: number;
  readonly labels: Labels;
}

const name = fc.constantFrom("__name__", "job", "instance", "le");
const value = fc.constantFrom("", "a", "b", "ab", "a.b", "\n", "ß");
const labels = fc.dictionary(name, value, { maxKeys: 4 });
const matcher = fc.oneof(
  fc
    .tuple(fc.constantFrom("=" as const, "!=" as const), name, value)
    .map(([op, of, text]) => new Matcher(op, of, text)),
  fc
    .tuple(
      fc.constantFrom("=~" as const, "!~" as const),
      name,
      fc.constantFrom("a|b", "a.*", ".*", ".+", "", "|a", "(?i:A)", "nothing", "a|a", "[ab]"),
    )
    .map(([op, of, pattern]) => new Matcher(op, of, pattern)),
);

test("SeriesIndex finds what a look at every series finds, after any adding and removing", () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ labels }) },
    { weight: 1, arbitrary: fc.record({ remove: fc.nat(30) }) },
  );
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 40 }),
      fc.array(matcher, { maxLength: 4 }),
      (steps, matchers) => {
        const all: (Series | undefined)[] = [];
        const index = new SeriesIndex(all);
        for (const each of steps) {
          if ("labels" in each) {
            const series = { ref: all.length, labels: Labels.from(each.labels) };
            all.push(series);
            index.add(series);
          } else {
            const series = all[each.remove];
            if (series === undefined) continue;
            index.remove(series);
            all[each.remove] = undefined;
          }
        }
        const there = all.filter((series) => series !== undefined);
        const want = there.filter((series) =>
          matchers.every((each) => each.matches(series.labels.get(each.name) ?? "")),
        );
        const got = [...index.find(matchers)];
        assert.deepEqual(new Set(got), new Set(want));
        assert.equal(got.length, want.length, "each once");
        checkNames(index, there);
      },
    ),
  );
});

/** Names, values and counts are those of the series that are there. */
function checkNames(index: SeriesIndex<Series>, there: readonly Series[]): void {
  const counts = new Map<string, Map<string, number>>();
  for (const series of there) {
    for (const [of, text] of series.labels) {
      const values = counts.get(of) ?? new Map<string, number>();
      counts.set(of, values.set(text, (values.get(text) ?? 0) + 1));
    }
  }
  assert.deepEqual(new Set(index.names()), new Set(counts.keys()));
  let pairs = 0;
  for (const [of, values] of counts) {
    assert.deepEqual(new Map(index.counts(of)), values);
    assert.deepEqual(new Set(index.values(of)), new Set(values.keys()));
    pairs += values.size;
  }
  assert.equal(index.pairs, pairs);
  assert.deepEqual([...index.values("not there")], []);
}

test("SeriesIndex takes numbers in any order", () => {
  const all: (Series | undefined)[] = [];
  const index = new SeriesIndex(all);
  for (const ref of [5, 1, 9, 3, 7]) {
    all[ref] = { ref, labels: Labels.from({ job: "a" }) };
    index.add(all[ref]);
  }
  const refs = (): number[] =>
    Array.from(index.find([new Matcher("=", "job", "a")]), ({ ref }) => ref);
  assert.deepEqual(refs(), [1, 3, 5, 7, 9]);
  for (const ref of [3, 9, 1]) {
    index.remove(all[ref]!);
    all[ref] = undefined;
  }
  assert.deepEqual(refs(), [5, 7]);
  index.remove(all[5]!);
  index.remove(all[7]!);
  assert.deepEqual([index.pairs, [...index.names()]], [0, []]);
});

test("SeriesIndex.findByTurns() gives turns by what patterns cost, and finds the same", () => {
  const all = Array.from({ length: 3_000 }, (_, ref) => ({
    ref,
    labels: Labels.from({ job: `job-${ref}-${"x".repeat(200)}` }),
  }));
  const index = new SeriesIndex<Series>(all);
  for (const each of all) index.add(each);
  const f = (pattern: string, op: "=~" | "!~") => {
    const matchers = [new Matcher(op, "job", pattern)];
    const found = [...index.findByTurns(matchers)];
    const series = found.filter((each) => each !== undefined);
    assert.deepEqual(series, [...index.find(matchers)]);
    return { turns: found.length - series.length, series: series.length };
  };

  assert.deepEqual(f("job-1.*", "=~"), { turns: 0, series: 1_111 });
  const costly = f("job-[0-9]{1,4}-(x|[xy]x){1,200}", "=~");
  assert.equal(costly.series, 3_000);
  assert.ok(costly.turns > 100, String(costly.turns));
  assert.ok(f("job-[0-9]{1,4}-(x|[xy]x){1,200}", "!~").turns > 100);
});
