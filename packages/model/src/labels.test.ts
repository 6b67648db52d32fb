import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FlxError } from "./errors.ts";
import { Labels } from "./labels.ts";

/** Records of labels with values that are out to be mistaken for others: separators, quotes, digits, colons, NUL. */
const hostileRecord = fc.dictionary(
  fc.oneof(fc.constantFrom("a", "b", "ab", "__name__", "__proto__", "constructor"), wellFormed(6)),
  fc.oneof(
    fc.constantFrom("", "1", "1:a", "|", ",", '"', "\\", "\n", "\0", "a1:b", "ab", "\u00ff"),
    wellFormed(6),
  ),
  { maxKeys: 4, noNullPrototype: true },
);

function wellFormed(maxLength: number): fc.Arbitrary<string> {
  return fc.string({ unit: "binary", minLength: 1, maxLength });
}

/** What makes two records the same label set: their sorted entries with a value. */
function canonical(record: Record<string, string>): string {
  const entries = Object.entries(record).filter(([, value]) => value !== "");
  return JSON.stringify(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

test("Labels.from() sorts by name and leaves out empty values", () => {
  const f = (input: Record<string, string>, want: string) => {
    assert.equal(Labels.from(input).toString(), want);
  };

  f({}, "{}");
  f({ b: "2", a: "1" }, '{a="1", b="2"}');
  f({ a: "", b: "2" }, '{b="2"}');
  f({ __name__: "up", job: "node" }, 'up{job="node"}');
  f({ __name__: "up" }, "up");
  f({ __name__: "my.metric", "http.method": "GET" }, '{"my.metric", "http.method"="GET"}');
  f(
    { a: 'quo"te', b: "back\\slash", c: "line\nfeed" },
    '{a="quo\\"te", b="back\\\\slash", c="line\\nfeed"}',
  );
});

test("Labels.from() orders names as Prometheus does", () => {
  const labels = Labels.from({ "\u{1F600}": "1", "\uFF5E": "2", a: "3", B: "4" });
  assert.deepEqual(
    [...labels].map(([name]) => name),
    ["B", "a", "\uFF5E", "\u{1F600}"],
  );
});

test("Labels.from() refuses what is not a label set", () => {
  const f = (input: Iterable<readonly [string, string]>, code: string) => {
    assert.throws(
      () => Labels.from(input),
      (error) => error instanceof FlxError && error.code === code,
    );
  };

  f([["", "x"]], "FLX_LABEL_NAME");
  f([["\ud800", "x"]], "FLX_LABEL_NAME");
  f([["a", "\udc00"]], "FLX_LABEL_VALUE");
  f([["a", 1 as unknown as string]], "FLX_LABEL_VALUE");
  f([[1 as unknown as string, "a"]], "FLX_LABEL_NAME");
  f(
    [
      ["a", "1"],
      ["b", "2"],
      ["a", "1"],
    ],
    "FLX_LABEL_DUPLICATE",
  );
  f(
    [
      ["a", ""],
      ["a", "1"],
    ],
    "FLX_LABEL_DUPLICATE",
  );
});

test("Labels never merges two different sets, and never splits one", () => {
  const seen = new Map<string, string>();
  fc.assert(
    fc.property(hostileRecord, hostileRecord, (left, right) => {
      const a = Labels.from(left);
      const b = Labels.from(right);
      const same = canonical(left) === canonical(right);
      assert.equal(a.equals(b), same);
      assert.equal(a.key === b.key, same);
      assert.equal(a.compare(b) === 0, same);
      if (same) assert.equal(a.hash, b.hash);
      // The same over all sets seen so far, so that rare collisions of keys show too.
      const other = seen.get(a.key);
      if (other === undefined) seen.set(a.key, canonical(left));
      else assert.equal(other, canonical(left));
    }),
    { numRuns: 1000 },
  );
});

test("Labels.key keeps apart sets that a separator would merge", () => {
  const f = (a: Record<string, string>, b: Record<string, string>) => {
    assert.notEqual(Labels.from(a).key, Labels.from(b).key);
    assert.notEqual(Labels.from(a).hash, Labels.from(b).hash);
  };

  f({ a: "x|y", b: "z" }, { a: "x", b: "y|z" });
  f({ a: "x,b:y" }, { a: "x", b: "y" });
  f({ a: "1:b1:c" }, { a: "", b: "c" });
  f({ a: "1", b: "1" }, { a: "11", b: "" });
  f({ ab: "c" }, { a: "bc" });
});

test("Labels.hash spreads similar sets", () => {
  const hashes = new Set<number>();
  for (let i = 0; i < 20_000; i++) {
    hashes.add(Labels.from({ path: `/items/${i}`, status: String(200 + (i % 7)) }).hash);
  }
  // Birthday bound for 20,000 of 2^32: 0.05 collisions expected.
  assert.ok(hashes.size >= 19_998, `${20_000 - hashes.size} collisions`);
});

test("Labels.with() and without() give the same set as building it anew", () => {
  fc.assert(
    fc.property(
      hostileRecord,
      wellFormed(3),
      fc.string({ unit: "binary", maxLength: 3 }),
      (record, name, value) => {
        const labels = Labels.from(record);
        const before = labels.toString();
        assert.ok(labels.with(name, value).equals(Labels.from({ ...record, [name]: value })));
        assert.ok(labels.without(name).equals(Labels.from({ ...record, [name]: "" })));
        assert.ok(labels.only(name).equals(Labels.from({ [name]: labels.get(name) ?? "" })));
        assert.equal(labels.toString(), before);
      },
    ),
    { numRuns: 300 },
  );
});

test("Labels gives its labels back: get, has, size, pairs, iteration, JSON", () => {
  const labels = Labels.from({ __name__: "up", job: "node" });
  assert.equal(labels.metricName, "up");
  assert.equal(labels.get("job"), "node");
  assert.equal(labels.get("none"), undefined);
  assert.equal(labels.get("toString"), undefined);
  assert.equal(labels.has("job"), true);
  assert.equal(labels.size, 2);
  assert.deepEqual(labels.pairs, ["__name__", "up", "job", "node"]);
  assert.deepEqual(
    [...labels],
    [
      ["__name__", "up"],
      ["job", "node"],
    ],
  );
  assert.equal(JSON.stringify(labels), '{"__name__":"up","job":"node"}');
  assert.equal(Labels.from([...labels]).equals(labels), true);
});

test("Labels keeps names that mean something to JavaScript as data", () => {
  const labels = Labels.from(
    JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>,
  );
  assert.equal(labels.get("__proto__"), "x");
  assert.equal(JSON.stringify(labels), '{"__proto__":"x","constructor":"y"}');
  assert.equal(({} as Record<string, unknown>)["x"], undefined);
});

test("Labels.compare() orders label by label, then by length", () => {
  const f = (a: Record<string, string>, b: Record<string, string>, want: number) => {
    assert.equal(Math.sign(Labels.from(a).compare(Labels.from(b))), want);
  };

  f({}, { a: "1" }, -1);
  f({ a: "1" }, { a: "1", b: "2" }, -1);
  f({ a: "2" }, { a: "1", b: "2" }, 1);
  f({ b: "1" }, { a: "2" }, 1);
  f({ a: "1" }, { a: "1" }, 0);
});
