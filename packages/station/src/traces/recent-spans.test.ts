import assert from "node:assert/strict";
import { test } from "node:test";
import { RecentSpans } from "./recent-spans.ts";

test("RecentSpans.add() tells what is new, and what came before", () => {
  const spans = new RecentSpans();
  const f = (high: number, low: number, want: boolean) =>
    assert.equal(spans.add(high, low), want, `${high} ${low}`);

  f(1, 2, true);
  f(1, 2, false);
  f(2, 1, true);
  f(0, 0, true);
  f(0, 0, false);
  f(0, 1, false); // the one that stands for both zero
  f(1, 0, true);
  f(0xffff_ffff, 0xffff_ffff, true);
  f(0xffff_ffff, 0xffff_ffff, false);
});

test("RecentSpans remembers a quarter of a million spans at least, and forgets in the end", () => {
  const spans = new RecentSpans();
  const add = (i: number): boolean => spans.add(Math.imul(i, 0x9e3779b1) >>> 0, i);
  for (let i = 1; i <= 262_000; i++) assert.ok(add(i));
  for (let i = 1; i <= 262_000; i++) assert.ok(!add(i));
  for (let i = 262_001; i <= 1_200_000; i++) add(i);
  assert.ok(add(1), "it was forgotten");
  assert.ok(!add(1_200_000));
});
