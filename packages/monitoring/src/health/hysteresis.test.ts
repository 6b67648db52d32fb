import assert from "node:assert/strict";
import { test } from "node:test";
import type { HealthStatus } from "./health-status.ts";
import { Hysteresis } from "./hysteresis.ts";

const words: Readonly<Record<string, HealthStatus>> = {
  H: "healthy",
  D: "degraded",
  "?": "unknown",
  U: "unhealthy",
};

test("Hysteresis changes the status after `fall` worse and `rise` better results", () => {
  const f = (fall: number, rise: number, results: string, want: string) => {
    const hysteresis = new Hysteresis(rise, fall);
    const letters = new Map(Object.entries(words).map(([letter, word]) => [word, letter]));
    const got = results.split("").map((letter) => letters.get(hysteresis.take(words[letter]!)));
    assert.equal(got.join(""), want, results);
  };

  f(1, 1, "HUHDU?H", "HUHDU?H");
  f(3, 2, "HHUHUUUHUHHD", "HHHHHHUUUUHH");
  f(3, 2, "HDUUU", "HHHDU"); // the last three were at least degraded, then at least unhealthy
  f(2, 3, "UDHD", "UUUD"); // the last three were at most degraded
  f(2, 2, "UHUHUHUH", "UUUUUUUU");
  f(3, 1, "UH", "UH"); // the first result counts at once
  f(2, 2, "HU?DD", "HH??D");
});

test("Hysteresis.forget() makes the next result count at once", () => {
  const hysteresis = new Hysteresis(3, 3);
  hysteresis.take("healthy");
  hysteresis.forget();
  assert.equal(hysteresis.take("unhealthy"), "unhealthy");
});

test("Hysteresis: with 20 % random failures it changes as rarely as the mathematics of runs says", () => {
  // Results until three failures in a row: (1 - p^3) / (p^3 * (1 - p)) = 155; until two successes in a row: 2.8.
  // So 1.27 changes in 100 results with fall 3 and rise 2, against 32 without (2 * 0.2 * 0.8).
  const share = (fall: number, rise: number) => {
    let state = 12_345;
    const random = () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
    const hysteresis = new Hysteresis(rise, fall);
    let before = hysteresis.take("healthy");
    let changes = 0;
    for (let i = 0; i < 100_000; i++) {
      const now = hysteresis.take(random() < 0.2 ? "unhealthy" : "healthy");
      if (now !== before) changes += 1;
      before = now;
    }
    return changes / 100_000;
  };

  assert.ok(Math.abs(share(3, 2) - 2 / (155 + 2.8125)) < 0.001);
  assert.ok(Math.abs(share(1, 1) - 0.32) < 0.01);
});
