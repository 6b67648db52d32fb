import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { highlightLines, type Token } from "./highlight.ts";

const joined = (tokens: readonly Token[]): string => tokens.map(({ text }) => text).join("");

function kinds(...lines: string[]): readonly (readonly string[])[] {
  return highlightLines(lines, 0, lines.length).map((tokens) =>
    tokens.filter(({ kind }) => kind !== "plain").map(({ kind, text }) => `${kind} ${text}`),
  );
}

test("highlightLines() tells keywords, texts, numbers, comments, calls, types and constants", () => {
  assert.deepEqual(kinds('const total: Money = price(order, "a") * 1.19; // tax', "null"), [
    ["keyword const", "type Money", "call price", 'string "a"', "number 1.19", "comment // tax"],
    ["constant null"],
  ]);
  assert.deepEqual(kinds("/** The rows", " * of one. */ return `a ${b}", "c`, /d/g;"), [
    ["comment /** The rows"],
    ["comment  * of one. */", "keyword return", "string `a ${b}"],
    ["string c`", "string /d/g"],
  ]);
});

test("highlightLines() knows words of any letters, and what a line further down begins inside of", () => {
  assert.deepEqual(kinds("this.#größe(x1, 2x, Größe, a#b(1))"), [
    ["keyword this", "call #größe", "number 2", "type Größe", "call #b", "number 1"],
  ]);
  const lines = ["/** One line. */", "f(`", "a", "`); /* b", "c */ null", "/* d */ const e"];
  const alone = lines.map((_, i) => highlightLines(lines, i, i + 1)[0]);
  assert.deepEqual(alone.toReversed(), highlightLines([...lines], 0, lines.length).toReversed());
  assert.equal(alone[2]![0]!.kind, "string");
  assert.equal(alone[5]![1]!.text, " ");
});

test("highlightLines() changes no character of any line", () => {
  const piece = fc.constantFrom(
    ..."` ' \" / /* */ // \\ ${ } a const 1 0x . ( ) [ ] \t \u00e4 \ud83d\ude00".split(" "),
  );
  const line = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(""));
  const lines = fc.array(fc.oneof(line, fc.string({ unit: "binary" })), { maxLength: 6 });
  fc.assert(
    fc.property(lines, (list) => {
      assert.deepEqual(highlightLines(list, 0, list.length).map(joined), list);
    }),
    { numRuns: 2_000 },
  );
  const own = readFileSync(import.meta.filename, "utf8").split("\n");
  assert.deepEqual(highlightLines(own, 0, own.length).map(joined), own);
});
