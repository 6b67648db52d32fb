import assert from "node:assert/strict";
import { test } from "node:test";
import { RecentlyUsed } from "./recently-used.ts";

test("RecentlyUsed.get() keeps a value until enough askings in a row were for others", () => {
  const kept = new RecentlyUsed<string>(3);
  let made = 0;
  const f = (keys: string, want: readonly string[]) => {
    for (const key of keys) kept.get(key, () => `${key}${++made}`);
    const all: string[] = [];
    kept.each((value) => all.push(value));
    assert.deepEqual(all.toSorted(), want);
  };

  f("a", ["a1"]);
  f("aaaa", ["a1"]);
  f("b", ["a1", "b2"]);
  f("b", ["a1", "b2"]);
  f("a", ["a1", "b2"]);
  f("aa", ["a1"]);
  f("b", ["a1", "b3"]);
  f("cde", ["c4", "d5", "e6"]);
});
