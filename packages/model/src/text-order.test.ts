import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareUtf8 } from "./text-order.ts";

test("compareUtf8() orders by UTF-8 bytes", () => {
  const f = (a: string, b: string, want: -1 | 0 | 1) => {
    assert.equal(Math.sign(compareUtf8(a, b)), want, `${a} ? ${b}`);
    assert.equal(Math.sign(compareUtf8(b, a)), 0 - want, `${b} ? ${a}`);
  };

  f("", "", 0);
  f("", "a", -1);
  f("a", "ab", -1);
  f("b", "ab", 1);
  f("Z", "a", -1);
  f("\u{1F600}", "\uFF5E", 1);
  f("\uE000", "\u{10000}", -1);
  f("a\u{1F600}", "a\u{1F601}", -1);
});

test("compareUtf8() agrees with a comparison of encoded bytes", () => {
  const text = fc.string({ unit: "binary", maxLength: 8 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      assert.equal(Math.sign(compareUtf8(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
    { numRuns: 500 },
  );
});
