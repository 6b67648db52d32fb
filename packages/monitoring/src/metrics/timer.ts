// Timing for instruments: a monotonic clock in seconds, and labels that are known in two steps.

import type { LabelInput } from "./label-table.ts";

/** Starts the clock; the function it gives returns the seconds since. */
export function startTimer(): () => number {
  const started = performance.now();
  return () => (performance.now() - started) / 1000;
}

/** The labels of a timer's start and end together; those of the end win. `undefined` for a metric without labels. */
export function finishLabels(
  names: readonly string[],
  first: LabelInput | undefined,
  last: LabelInput | undefined,
): LabelInput | undefined {
  if (names.length === 0) return undefined;
  return last === undefined ? (first ?? {}) : { ...first, ...last };
}
