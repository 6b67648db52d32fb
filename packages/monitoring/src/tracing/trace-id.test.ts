import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hexOfWord, isSpanId, isTraceId, randomWord, TraceId, wordOfHex } from "./trace-id.ts";

test("TraceId is the same as words and as text", () => {
  const digits = fc.array(fc.constantFrom(...Array.from("0123456789abcdef")), {
    minLength: 32,
    maxLength: 32,
  });
  fc.assert(
    fc.property(digits, (all) => {
      const hex = all.join("");
      const { word0, word1, word2, word3 } = TraceId.fromHex(hex);
      assert.equal(new TraceId(word0, word1, word2, word3).hex, hex);
      assert.equal(hexOfWord(wordOfHex(hex, 8)), hex.slice(8, 16));
    }),
  );
});

test("TraceId.random() gives valid ids, none of them twice", () => {
  const ids = new Set<string>();
  for (let i = 0; i < 20_000; i++) ids.add(TraceId.random().hex);
  assert.equal(ids.size, 20_000);
  for (const id of ids) assert.ok(isTraceId(id), id);
});

test("randomWord() uses every bit about as often as not", () => {
  const counts = Array.from({ length: 32 }, () => 0);
  const words = 20_000;
  for (let i = 0; i < words; i++) {
    const word = randomWord();
    for (let bit = 0; bit < 32; bit++) counts[bit]! += (word >>> bit) & 1;
  }
  // Ten standard deviations of a fair coin.
  for (const count of counts) assert.ok(Math.abs(count - words / 2) < 10 * Math.sqrt(words / 4));
});

test("isTraceId() and isSpanId() take what the standard takes", () => {
  const f = (text: unknown, trace: boolean, span: boolean) => {
    assert.deepEqual([isTraceId(text), isSpanId(text)], [trace, span], String(text));
  };

  f("0af7651916cd43dd8448eb211c80319c", true, false);
  f("b7ad6b7169203331", false, true);
  f("0AF7651916CD43DD8448EB211C80319C", false, false);
  f("0".repeat(32), false, false);
  f("0".repeat(16), false, false);
  f(`${"0".repeat(31)}1`, true, false);
  f("0af7651916cd43dd8448eb211c80319c\n", false, false);
  f("b7ad6b716920333g", false, false);
  f("", false, false);
  f(undefined, false, false);
  f(7, false, false);
});
