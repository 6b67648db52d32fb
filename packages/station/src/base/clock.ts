// The clocks of the station, as one argument: nothing reads a clock by itself, so tests turn time as they like.
//
//   now()         what the world calls it; jumps when somebody sets it     timestamps of samples
//   elapsed()     only goes forward, from an unknown zero                  how long something took, what is due

/** What time it is, twice. */
export interface Clock {
  /** Unix milliseconds. */
  now(this: void): number;
  /** Milliseconds that never go back. */
  elapsed(this: void): number;
}

/** The clocks of the machine. */
export const machineClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
};
