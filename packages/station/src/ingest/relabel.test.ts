import assert from "node:assert/strict";
import { test } from "node:test";
import { Labels } from "@flx/model";
import { type RelabelRule, Relabeling } from "./relabel.ts";

test("Relabeling.apply() does what each action says", () => {
  const base = { a: "foo", b: "bar", c: "baz" };
  const f = (rules: RelabelRule[], want: Record<string, string> | undefined): void => {
    const got = new Relabeling(rules).apply(Labels.from(base));
    assert.deepEqual(got === undefined ? undefined : Object.fromEntries(got), want);
  };
  const from = (...sourceLabels: string[]): { sourceLabels: string[] } => ({ sourceLabels });

  f([], base);
  f([{ ...from("a"), regex: "f(.*)", targetLabel: "d", replacement: "ch${1}-ch${1}" }], {
    ...base,
    d: "choo-choo",
  });
  f([{ ...from("a", "b"), regex: "f(.*);(.*)r", targetLabel: "a", replacement: "b$1$2m" }], {
    ...base,
    a: "boobam",
  });
  f([{ ...from("a"), regex: "oo", targetLabel: "d" }], base);
  f([{ ...from("a"), regex: ".*o.*", targetLabel: "b", replacement: "" }], { a: "foo", c: "baz" });
  f([{ ...from("a"), regex: "(?P<x>f).*", targetLabel: "${x}_label", replacement: "$$" }], {
    ...base,
    f_label: "$",
  });
  f([{ ...from("a"), targetLabel: "d", replacement: "[$5$nope]" }], { ...base, d: "[]" });
  f([{ action: "drop", ...from("a"), regex: ".*o.*" }], undefined);
  f([{ action: "drop", ...from("a"), regex: "f|b" }], base);
  f([{ action: "keep", ...from("a"), regex: "foo|bar" }], base);
  f([{ action: "keep", ...from("a"), regex: "no" }], undefined);
  f([{ action: "keepequal", ...from("a"), targetLabel: "b" }], undefined);
  f([{ action: "dropequal", ...from("a"), targetLabel: "a" }], undefined);
  f([{ action: "dropequal", ...from("a"), targetLabel: "b" }], base);
  f([{ action: "uppercase", ...from("a"), targetLabel: "a" }], { ...base, a: "FOO" });
  f([{ action: "lowercase", ...from("a"), targetLabel: "d" }], { ...base, d: "foo" });
  f([{ action: "labeldrop", regex: "[ab]" }], { c: "baz" });
  f([{ action: "labelkeep", regex: "[ab]" }], { a: "foo", b: "bar" });
  f([{ action: "labelmap", regex: "(a|b)", replacement: "my_$1" }], {
    ...base,
    my_a: "foo",
    my_b: "bar",
  });
  // The last eight bytes of the MD5 of "baz", read big-endian, modulo 1000.
  f([{ action: "hashmod", ...from("c"), targetLabel: "d", modulus: 1000 }], { ...base, d: "976" });
});

test("new Relabeling() says which rule cannot be, and matches in linear time", () => {
  const f = (rule: RelabelRule, message: RegExp): void =>
    assert.throws(() => new Relabeling([{ action: "drop" }, rule]), {
      code: "FLX_RELABEL",
      message,
    });

  f({ regex: "(" }, /rule 2/);
  f({ regex: "(?=a)" }, /rule 2/);
  f({ action: "hashmod", targetLabel: "x" }, /modulus/);
  f({ action: "uppercase" }, /target_label/);
  const evil = new Relabeling([{ action: "keep", sourceLabels: ["a"], regex: "(x+x+)+y" }]);
  assert.equal(evil.apply(Labels.from({ a: "x".repeat(5_000) })), undefined);
});
