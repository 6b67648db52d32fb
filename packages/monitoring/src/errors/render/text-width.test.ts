import assert from "node:assert/strict";
import { test } from "node:test";
import { cutToWidth, textWidth } from "./text-width.ts";

test("textWidth() counts columns of a terminal", () => {
  const f = (text: string, want: number) => assert.equal(textWidth(text), want, text);

  f("", 0);
  f("price(order)", 12);
  f("Größe … λ → │", 13);
  f("e\u0301te\u0301", 3);
  f("価格", 4);
  f("한국", 4);
  f("👩‍👩‍👧 ok", 5);
});

test("cutToWidth() keeps what fits, with an ellipsis", () => {
  const f = (text: string, width: number, want: string) => {
    const got = cutToWidth(text, width);
    assert.equal(got, want);
    assert.ok(textWidth(got) <= width);
  };

  f("price", 5, "price");
  f("prices", 5, "pric…");
  f("Größen", 5, "Größ…");
  f("価格表", 5, "価格…");
  f("価格表示", 6, "価格…");
  f("e\u0301te\u0301s", 3, "e\u0301t…");
});
