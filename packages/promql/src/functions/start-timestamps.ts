// When what a sample counts began: its start timestamp (experimental). 0 is unknown.

/** Whether the counter began again between two samples, by their start timestamps. All in Unix milliseconds. */
export function isStartReset(
  previousStartMs: number,
  previousMs: number,
  startMs: number,
  timeMs: number,
): boolean {
  if (startMs === 0 || startMs >= timeMs || startMs < previousMs) return false;
  if (startMs > previousMs) return true;
  // The start is the time of the sample before: a delta, unless that one's start is unknown.
  if (previousStartMs > previousMs) return false;
  return previousStartMs !== 0 && previousStartMs !== previousMs;
}

/** Whether a sample claims to count from before the previous one was taken, though not from its start. */
export function startsOverlap(
  previousStartMs: number,
  previousMs: number,
  startMs: number,
): boolean {
  return startMs !== 0 && startMs < previousMs && startMs !== previousStartMs;
}
