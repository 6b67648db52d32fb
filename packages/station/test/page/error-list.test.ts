import assert from "node:assert/strict";
import { test } from "node:test";
import { madeOccurrence } from "../store/made-occurrence.ts";
import { capturedAt, frameList } from "../../src/page/error-list.ts";

test("capturedAt() finds the newest occurrence with values of variables", () => {
  const captured = madeOccurrence(1, 1);
  const bare = { ...captured, frames: captured.frames.map((frame) => ({ ...frame, locals: [] })) };
  assert.equal(capturedAt([bare, captured, captured]), 1);
  assert.equal(capturedAt([bare]), -1);
  assert.equal(capturedAt([]), -1);
});

test("frameList() shows place and values, and so many frames", () => {
  const [frame] = madeOccurrence(1, 1).frames;
  const { text } = frameList([{ ...frame!, file: "file:///srv/orders.ts" }]);
  for (const want of ["<code>place</code>", "/srv/orders.ts:7:3", "<dt>order</dt>", "{ id: 7 }"]) {
    assert.ok(text.includes(want), `${want} is not in ${text}`);
  }
  assert.doesNotMatch(text, /file:\/\//);
  const many = frameList(Array.from({ length: 120 }, () => frame!)).text;
  assert.match(many, /and 70 more frames/);
});
