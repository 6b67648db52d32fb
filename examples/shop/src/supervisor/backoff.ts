// How long a crashed process waits before it is started again: twice as long each time, and from the beginning
// once it has lived long enough.

const firstMs = 500;
const mostMs = 8000;

/** A process that ran this long was healthy: its next crash counts as the first. */
export const healthyAfterMs = 10_000;

/** The pause before restart number `crashes` (1, 2, 3 ...) in a row, in milliseconds. */
export function pauseMs(crashes: number): number {
  return Math.min(firstMs * 2 ** (crashes - 1), mostMs);
}
