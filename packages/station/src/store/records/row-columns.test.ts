import assert from "node:assert/strict";
import { test } from "node:test";
import { FlxError, MessageWriter, WireReader, writeAttribute } from "@flx/model";
import fc from "fast-check";
import { addAttribute, addShortAttributes, storeText } from "./attribute-bytes.ts";
import { attributeText, escaped } from "./attribute-text.ts";
import { CHUNK_ROWS, RowColumns, TextColumn } from "./row-columns.ts";

const TEXTS = [{ name: "text", type: "VARCHAR" }] as const;

function sourceOf(before: number, text: Uint8Array, behind: number): WireReader {
  // What stands around is neither plain nor UTF-8: nobody may look at it.
  const bytes = new Uint8Array(before + text.length + behind).fill(0xff);
  bytes.set(text, before);
  return new WireReader(bytes);
}

test("TextColumn.take() copies plain texts of every length, and no byte of what is around", () => {
  const column = new TextColumn();
  const wants: string[] = [];
  for (let length = 0; length <= 70; length++) {
    for (let before = 0; before < 5; before++) {
      const want = Array.from({ length }, (_, i) => String.fromCharCode(5 + (i % 123))).join("");
      const source = sourceOf(before, Buffer.from(want), 4);
      assert.ok(column.take(wants.length, source, before, before + length));
      wants.push(want);
    }
  }
  for (const [row, want] of wants.entries()) assert.equal(column.read(row), want);
});

test("TextColumn.take() leaves a text with an odd byte, wherever it stands", () => {
  for (const byte of [0, 1, 2, 3, 4, 128, 0xc3, 255]) {
    for (let length = 1; length <= 20; length++) {
      for (let at = 0; at < length; at++) {
        const text = new Uint8Array(length).fill(0x61);
        text[at] = byte;
        assert.equal(new TextColumn().take(0, sourceOf(1, text, 4), 1, 1 + length), false);
      }
    }
  }
});

test("storeText() writes any text as attribute-text.ts has it, also at the very end of a request", () => {
  const text = fc.oneof(
    fc.string({ maxLength: 40, unit: "binary" }),
    fc.string({ maxLength: 20, unit: fc.constantFrom("\u0000", "\u0004", "\u0005", "a", "ü") }),
  );
  fc.assert(
    fc.property(fc.array(text, { maxLength: 20 }), fc.nat(5), (texts, behind) => {
      const column = new TextColumn();
      for (const [row, each] of texts.entries()) {
        const bytes = Buffer.from(each);
        storeText(column, row, sourceOf(3, bytes, behind), 3, 3 + bytes.length);
      }
      for (const [row, each] of texts.entries()) assert.equal(column.read(row), escaped(each));
    }),
  );
});

test("storeText() refuses what is not UTF-8", () => {
  const f = (...bytes: number[]) => {
    const source = sourceOf(0, Uint8Array.from(bytes), 4);
    assert.throws(
      () => storeText(new TextColumn(), 0, source, 0, bytes.length),
      (error) => error instanceof FlxError && error.code === "FLX_WIRE_MALFORMED",
    );
  };

  f(0xff);
  f(0x61, 0x62, 0x63, 0x64, 0xc3);
  f(0x01, 0xc3, 0x28);
  f(0xed, 0xa0, 0x80);
});

test("addShortAttributes() and addAttribute() write what attributeText() does", () => {
  const short = fc.string({ maxLength: 30 });
  const value = fc.oneof(
    short,
    fc.string({ unit: "binary", maxLength: 140 }),
    fc.integer(),
    fc.nat(300),
    fc.double({ noNaN: true }),
    fc.boolean(),
    fc.array(short, { maxLength: 3 }),
  );
  const pair = fc.tuple(fc.oneof(short, fc.string({ unit: "binary", maxLength: 5 })), value);
  fc.assert(
    fc.property(fc.array(pair, { maxLength: 12 }), fc.nat(6), (pairs, behind) => {
      const out = new MessageWriter(64);
      for (const [key, each] of pairs) writeAttribute(out, 0x4a, key, each);
      const attributes = out.take();
      const reader = sourceOf(0, attributes, behind);
      const column = new TextColumn();
      while (reader.at < attributes.length) {
        const next = addShortAttributes(column, reader, reader.at, attributes.length);
        if (next !== reader.at) reader.at = next;
        else {
          assert.equal(reader.tag(attributes.length), 0x4a);
          addAttribute(column, reader, attributes.length);
        }
      }
      column.end(0);
      const want = pairs.map(([key, each]) => [key, Object.is(each, -0) ? 0 : each] as const);
      assert.equal(column.read(0), attributeText(want));
    }),
  );
});

test("RowColumns hands rows over when there are enough of them, or enough texts", () => {
  const handed: number[] = [];
  const rows = new RowColumns(TEXTS, ({ count }) => handed.push(count));
  for (let i = 0; i < CHUNK_ROWS + 3; i++) rows.text(0).put(rows.next(), "x");
  assert.deepEqual(handed, [CHUNK_ROWS]);
  rows.flush();
  rows.flush();
  assert.deepEqual(handed, [CHUNK_ROWS, 3]);
  for (let i = 0; i < 10; i++) rows.text(0).put(rows.next(), "x".repeat(1_000_000));
  rows.flush();
  assert.deepEqual(handed.slice(2), [3, 3, 3, 1]);
});
