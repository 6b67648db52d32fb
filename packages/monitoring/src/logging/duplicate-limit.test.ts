import assert from "node:assert/strict";
import { test } from "node:test";
import { DuplicateLimit, type HeldLines } from "./duplicate-limit.ts";

function limited(allow: number) {
  const held: HeldLines[] = [];
  const limit = new DuplicateLimit({ allow, windowMs: 60_000 }, (each) => void held.push(each));
  return { limit, held };
}

test("DuplicateLimit lets the first lines of a kind pass, and counts the others by kind", () => {
  const { limit, held } = limited(2);
  const passed = [1, 2, 3, 4].map(() => limit.passes(40, "full", ""));
  assert.deepEqual(passed, [true, true, false, false]);
  assert.equal(limit.passes(50, "full", ""), true, "another level");
  assert.equal(limit.passes(40, "full", "TypeError"), true, "another error");
  limit.flush();
  assert.deepEqual(held, [{ level: 40, message: "full", repeated: 2 }]);
  limit.flush();
  assert.equal(held.length, 1, "told once");
  assert.equal(limit.passes(40, "full", ""), true, "a new window");
  limit.flush();
});

test("DuplicateLimit knows a bounded number of kinds, and lets what is beyond pass", () => {
  const { limit, held } = limited(1);
  for (let i = 0; i < 5_000; i++) limit.passes(30, `kind ${i}`, "");
  for (let i = 0; i < 5; i++) assert.equal(limit.passes(30, "one more", ""), true);
  assert.equal(limit.passes(30, "kind 1", ""), false);
  limit.flush();
  assert.deepEqual(held, [{ level: 30, message: "kind 1", repeated: 1 }]);
});
