// Requests that are known by their number: what is in them, and when they are.

/** Records of one request. */
export const RECORDS_EACH = 8;

/** Each request has a hundred seconds of its own. */
export function requestStartMs(number: number): number {
  return 1_700_000_000_000 + number * 100_000;
}
