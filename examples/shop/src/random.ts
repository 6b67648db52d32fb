// Random numbers from a seed: the same seed gives the same traffic and the same files every time.
// The generator is mulberry32 (32 bits of state, public domain), plenty for a demo.

/** A function like Math.random: 0 <= x < 1. */
export type Random = () => number;

/** A generator that gives the same numbers for the same seed. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from `least` to `most`, both included. */
export function between(random: Random, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}

/** One of `items`; throws a RangeError when there is none. */
export function pick<T>(random: Random, items: readonly T[]): T {
  if (items.length === 0) throw new RangeError("cannot pick from an empty list");
  return items[Math.floor(random() * items.length)] as T;
}

/** One of `choices`, each as likely as its weight says; throws a RangeError when there is none. */
export function pickWeighted<T>(random: Random, choices: readonly (readonly [T, number])[]): T {
  let left = random() * choices.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [item, weight] of choices) {
    left -= weight;
    if (left < 0) return item;
  }
  const last = choices.at(-1);
  if (last === undefined) throw new RangeError("cannot pick from an empty list");
  return last[0];
}
