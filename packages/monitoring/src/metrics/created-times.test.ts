import assert from "node:assert/strict";
import { test } from "node:test";
import { CreatedTimes } from "./created-times.ts";

test("CreatedTimes.of() gives when a row was opened, also again", () => {
  let nowMs = 0;
  const times = new CreatedTimes(() => nowMs);
  const open = (row: number, atMs: number) => {
    nowMs = atMs;
    times.opened(row);
  };
  const f = (want: readonly number[]) => {
    const got = want.map((_, row) => times.of(row));
    assert.deepEqual(got, want);
  };

  open(0, 100);
  open(1, 100);
  open(2, 105);
  open(3, 90); // the clock was set back
  f([100, 100, 105, 90]);
  times.closed(1);
  open(1, 200);
  open(4, 200);
  f([100, 200, 105, 90, 200]);
  times.closed(1);
  open(1, 300);
  open(5, 200);
  f([100, 300, 105, 90, 200, 200]);
  times.clear();
  open(0, 400);
  open(1, 401);
  f([400, 401]);
});

test("CreatedTimes.of() finds a row among many runs", () => {
  let nowMs = 0;
  const times = new CreatedTimes(() => nowMs);
  for (let row = 0; row < 10_000; row++) {
    nowMs = Math.floor(row / 7);
    times.opened(row);
  }
  for (let row = 0; row < 10_000; row++) assert.equal(times.of(row), Math.floor(row / 7));
  for (let row = 9_999; row >= 0; row -= 3) assert.equal(times.of(row), Math.floor(row / 7));
});
