import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../random.ts";
import { nextArrivalMs } from "./arrivals.ts";
import { highestShare, shareAt } from "./day-shape.ts";
import { Tally } from "./tally.ts";
import { nextVisit } from "./visits.ts";

test("shareAt() has a mean of 1, stays below its bound, and peaks at lunch and in the evening", () => {
  const hours = Array.from({ length: 24 * 60 }, (_, minute) => minute / 60);
  const shares = hours.map(shareAt);
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  assert.ok(Math.abs(mean - 1) < 0.03, `mean ${mean}`);
  assert.ok(shares.every((share) => share > 0 && share <= highestShare));
  assert.ok(shareAt(20) > shareAt(12.5) && shareAt(12.5) > shareAt(16) && shareAt(16) > shareAt(4));
});

test("nextArrivalMs() keeps to the rate of the moment", () => {
  const random = seededRandom(3);
  const rateAt = (atMs: number): number => (atMs < 100_000 ? 5 : 20);
  const counts = { slow: 0, fast: 0 };
  for (let atMs = nextArrivalMs(0, rateAt, 25, random); atMs < 200_000;) {
    counts[atMs < 100_000 ? "slow" : "fast"] += 1;
    atMs = nextArrivalMs(atMs, rateAt, 25, random);
  }
  assert.ok(Math.abs(counts.slow - 500) < 70, `slow ${counts.slow}`);
  assert.ok(Math.abs(counts.fast - 2000) < 140, `fast ${counts.fast}`);
});

test("nextVisit() is a mix in which everything occurs, and needs no order to begin with", () => {
  const random = seededRandom(1);
  const kinds = (orders: string[]): Set<string> =>
    new Set(
      Array.from({ length: 2000 }, () =>
        nextVisit(random, { skus: ["tea-sencha-100"], orders }),
      ).map(
        ({ method, path }) =>
          `${method} ${path.replace(/[?].*/, "").replaceAll(/(ord|cus)_\w+/g, ":id")}`,
      ),
    );
  const always = [
    "GET /customers/:id/orders",
    "GET /orders",
    "GET /orders/:id",
    "GET /products",
    "POST /orders",
  ];
  assert.deepEqual([...kinds([])].toSorted(), always);
  assert.deepEqual(
    [...kinds(["ord_1"])].toSorted(),
    [...always, "POST /orders/:id/refund"].toSorted(),
  );
});

test("Tally.take() sums up and starts again", () => {
  const tally = new Tally();
  for (const [status, ms] of [
    [200, 10],
    [201, 20],
    [404, 5],
  ] as const)
    tally.answer(status, ms);
  tally.count("lost");
  assert.deepEqual(tally.take(10), { perSecond: "0.3", "2xx": 2, "4xx": 1, lost: 1, p95ms: 20 });
  assert.deepEqual(tally.take(10), { perSecond: "0.0", p95ms: undefined });
});
