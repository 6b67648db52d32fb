import assert from "node:assert/strict";
import { test } from "node:test";
import { nearest } from "./nearest.ts";

test("nearest() finds what was meant, and nothing when nothing is near", () => {
  const words = ["check", "config", "up"];
  const f = (word: string, want: string | undefined) => assert.equal(nearest(word, words), want);

  f("check", "check");
  f("chekc", "check");
  f("confg", "config");
  f("u", "up");
  f("c", undefined);
  f("something", undefined);
  f("x".repeat(10_000), undefined);
  assert.equal(nearest("a", []), undefined);
});
