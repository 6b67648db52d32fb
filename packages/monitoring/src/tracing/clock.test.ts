import assert from "node:assert/strict";
import { test } from "node:test";
import { ClockAnchor, clockAnchor, splitTime } from "./clock.ts";

test("splitTime() reads every form of time that the API has", () => {
  const f = (time: unknown, seconds: number, nanos: number) => {
    assert.deepEqual(splitTime(time), { seconds, nanos });
  };

  f([1_700_000_000, 5], 1_700_000_000, 5);
  f([1_700_000_000, 1_500_000_000], 1_700_000_001, 500_000_000);
  f(1_700_000_000_123, 1_700_000_000, 123_000_000);
  f(new Date(1_700_000_000_250), 1_700_000_000, 250_000_000);
  f(1_500_000_000_000, 1_500_000_000, 0); // before this process
});

test("splitTime() takes a small number for one of performance.now()", () => {
  const { seconds = 0 } = splitTime(1000) ?? {};
  assert.equal(seconds, Math.floor((performance.timeOrigin + 1000) / 1000));
});

test("splitTime() gives undefined for what is no time", () => {
  const f = (time: unknown) => assert.equal(splitTime(time), undefined, String(time));

  f(undefined);
  f(null);
  f(NaN);
  f(-1);
  f(Infinity);
  f("2026-01-01");
  f(new Date(NaN));
  f([1]);
  f([1, -1]);
  f([NaN, 0]);
  f({});
});

test("clockAnchor() stays while it is right, and is made anew when the clock was set", (t) => {
  const now = performance.now();
  // Both clocks stand still: between two looks at real ones this thread may have to wait.
  let wall = Date.now();
  t.mock.method(Date, "now", () => wall);
  const first = clockAnchor(now);
  assert.equal(clockAnchor(now), first);
  wall += 60_000;
  // Right a moment ago, so not asked again.
  assert.equal(clockAnchor(now + 0.1), first);
  const second = clockAnchor(now + 1);
  assert.notEqual(second, first);
  assert.ok(second.errorMs(wall, now + 1) < 1);
  assert.ok(
    Math.abs(second.seconds * 1000 + second.ms - (first.seconds * 1000 + first.ms) - 60_000) < 10,
  );
});

test("ClockAnchor keeps whole seconds apart, so that nothing is lost to rounding", () => {
  const { seconds, ms } = new ClockAnchor(1_700_000_000_123.25, 23.25);
  assert.equal(seconds, 1_700_000_000);
  assert.equal(ms, 100);
});
