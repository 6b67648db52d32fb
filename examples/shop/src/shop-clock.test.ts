import assert from "node:assert/strict";
import { test } from "node:test";
import { formatHour, hourOfDay, untilHour } from "./shop-clock.ts";

const dayMs = 240_000;

test("hourOfDay() starts at 09:00 and goes round in one day", () => {
  const f = (elapsedMs: number, want: number) => assert.equal(hourOfDay(elapsedMs, dayMs), want);

  f(0, 9);
  f(60_000, 15);
  f(150_000, 0);
  f(240_000, 9);
  f(-10_000, 8);
});

test("untilHour() is how long until the clock next shows an hour", () => {
  const f = (hour: number, elapsedMs: number, want: number) =>
    assert.equal(untilHour(hour, elapsedMs, dayMs), want);

  f(10, 0, 10_000);
  f(9, 0, 240_000);
  f(2, 0, 170_000);
  f(2, 170_000, 240_000);
});

test("formatHour() writes hours as people do", () => {
  assert.equal(formatHour(14.5), "14:30");
  assert.equal(formatHour(0), "00:00");
  assert.equal(formatHour(23.999), "23:59");
});
