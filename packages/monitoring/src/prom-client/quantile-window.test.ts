import assert from "node:assert/strict";
import { test } from "node:test";
import { Digest, QuantileWindow } from "./quantile-window.ts";

test("`Digest` interpolates between the observations while they are few", () => {
  const f = (values: readonly number[], q: number, want: number | undefined) => {
    const digest = new Digest();
    for (const value of values) digest.push(value);
    assert.equal(digest.quantile(q), want);
  };

  f([], 0.5, undefined);
  f([3], 0.99, 3);
  f([1, 2], 0.5, 1.5);
  f([4, 1, 3, 2], 0, 1);
  f([4, 1, 3, 2], 0.5, 2.5);
  f([1, 1, 1, 5], 0.25, 1);
});

test("`Digest` stays close to the quantiles of 100,000 observations, and small", () => {
  const digest = new Digest();
  // Every residue once, in a scattered order.
  for (let i = 0; i < 100_003; i++) digest.push((i * 48_271) % 100_003);
  for (const q of [0.001, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999]) {
    const got = digest.quantile(q)!;
    const allowed = 0.01 * 4 * q * (1 - q) * 100_003 + 100;
    assert.ok(Math.abs(got - q * 100_003) < allowed, `${q}: ${got}`);
  }
});

test("`QuantileWindow` forgets what is older than its window", (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 0 });
  const window = new QuantileWindow(60, 3);
  window.push(1);
  t.mock.timers.tick(30_000);
  window.push(9);
  assert.equal(window.quantile(0.5), 5);
  t.mock.timers.tick(31_000);
  assert.equal(window.quantile(0.5), 9);
  t.mock.timers.tick(60_000);
  assert.equal(window.quantile(0.5), undefined);
  assert.equal(window.isEmpty, true);
});
