// When the next customer comes: a Poisson process whose rate follows the day.
//
// Thinning (Lewis and Shedler, 1979): draw arrivals at the highest rate there can be, and keep each with the
// probability rate(then) / highest. What is kept has exactly the rate wanted.

import type { Random } from "../random.ts";

/** The time of the first arrival after `nowMs`; `rateAt` gives arrivals a second, 0 < rate <= `highestRate`. */
export function nextArrivalMs(
  nowMs: number,
  rateAt: (atMs: number) => number,
  highestRate: number,
  random: Random,
): number {
  let atMs = nowMs;
  do {
    atMs += (-Math.log(1 - random()) / highestRate) * 1000;
  } while (random() * highestRate > rateAt(atMs));
  return atMs;
}
