import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cell, cellWidth } from "./cells.ts";

test("cellWidth() counts cells, not characters", () => {
  const f = (text: string, want: number) => assert.equal(cellWidth(text), want, text);

  f("", 0);
  f("GET /orders", 11);
  f("naïve", 5);
  f("nai\u0308ve", 5);
  f("日本語", 6);
  f("👍🏽", 2);
  f("👨‍👩‍👧", 2);
  f("한글", 4);
});

test("cell() is as wide as it should be and steers no terminal, whatever the text", () => {
  assert.equal(cell("GET /orders", 8), "GET /or…");
  assert.equal(cell("日本語", 5), "日本…");
  assert.equal(cell("ok", 4), "ok  ");
  assert.equal(cell("ok", 4, "right"), "  ok");
  assert.equal(cell("a\u001b[31mred\u001b[0m\nb", 20), "a [31mred [0m b     ");
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 1, max: 40 }), (text, width) => {
      const shown = cell(text, width);
      assert.equal(cellWidth(shown), width);
      assert.doesNotMatch(shown, /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
    }),
  );
});
