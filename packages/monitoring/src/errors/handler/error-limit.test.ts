import assert from "node:assert/strict";
import { test } from "node:test";
import { ErrorLimit, type HeldErrors } from "./error-limit.ts";

const error = { fingerprint: "a", type: "TypeError", kind: "bug" } as const;

function limit(max: number): { limit: ErrorLimit; told: HeldErrors[] } {
  const told: HeldErrors[] = [];
  return { limit: new ErrorLimit({ max, windowMs: 1_000 }, (held) => void told.push(held)), told };
}

test("take() lets the first ones of a window pass, and tells of the others with the next window", () => {
  const { limit: of, told } = limit(2);
  const taken = [0, 1, 2, 999].map((nowMs) => of.take(error, nowMs));
  assert.deepEqual(taken, [true, true, false, false]);
  assert.equal(of.take({ ...error, fingerprint: "b" }, 999), true);
  assert.equal(told.length, 0);
  assert.equal(of.take(error, 1_000), true);
  assert.deepEqual(told, [{ ...error, count: 2 }]);
  of.flush();
  assert.equal(told.length, 1);
});

test("what was held back is told when its window is over, and by flush(), once", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { limit: of, told } = limit(1);
  for (let i = 0; i < 4; i++) of.take(error, Date.now());
  t.mock.timers.tick(999);
  assert.equal(told.length, 0);
  t.mock.timers.tick(1);
  assert.deepEqual(told, [{ ...error, count: 3 }]);
  for (let i = 0; i < 3; i++) of.take(error, Date.now());
  of.flush();
  of.flush();
  assert.deepEqual(told.slice(1), [{ ...error, count: 2 }]);
  of.take(error, Date.now());
  of.flush();
  assert.equal(told.at(-1)!.count, 1);
});

test("take() lets pass what somebody waits for, and counts it as no other", () => {
  const { limit: of, told } = limit(1);
  assert.deepEqual(
    [of.take(error, 0, { isAsked: true }), of.take(error, 1, { isAsked: true }), of.take(error, 2)],
    [true, true, false],
  );
  of.flush();
  assert.equal(told[0]!.count, 1);
});
