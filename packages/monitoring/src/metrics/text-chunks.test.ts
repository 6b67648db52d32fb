import assert from "node:assert/strict";
import { test } from "node:test";
import { TextChunks } from "./text-chunks.ts";

const decoder = new TextDecoder();

function textOf(out: TextChunks): string {
  return Buffer.concat(out.finish()).toString();
}

test("TextChunks gives back what was written, in chunks", () => {
  const out = new TextChunks();
  const line = `${"é".repeat(1_000)}\n`;
  for (let i = 0; i < 100; i++) out.text(line);
  const large = new Uint8Array(200_000).fill(0x61);
  out.write(large);
  out.text("end");
  const chunks = out.finish();
  assert.equal(Buffer.concat(chunks).toString(), `${line.repeat(100)}${decoder.decode(large)}end`);
  assert.ok(chunks.length > 2);
});

test("TextChunks.back() forgets what was written since the mark, also whole chunks", () => {
  const f = (before: number, after: number) => {
    const out = new TextChunks();
    out.text("a".repeat(before));
    const mark = out.mark();
    for (let i = 0; i < after; i++) out.text("b".repeat(1_000));
    out.back(mark);
    out.text("c");
    assert.equal(textOf(out), `${"a".repeat(before)}c`);
  };

  f(0, 0);
  f(0, 1);
  f(10, 3);
  f(10, 300);
  f(65_535, 200);
  f(200_000, 200);
});

test("TextChunks.room() is where whoever asked writes, as much as was asked for", () => {
  const out = new TextChunks();
  out.text("a");
  for (const size of [10, 70_000, 1, 65_000]) {
    const bytes = out.room(size);
    assert.ok(bytes.length - out.length >= size);
    bytes.fill(0x62, out.length, out.length + size);
    out.length += size;
  }
  out.text("c");
  assert.equal(textOf(out), `a${"b".repeat(135_011)}c`);
});
