// The few numbers a benchmark is reported by. Medians, because a shared machine only ever makes a round
// slower, and never by a little. Pure.

/** The value below which the share `q` (0 to 1) of the values lies, interpolated; NaN without values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * q;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

/** The middle value; NaN without values. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Half of the rounds lie within this share of the median: (q75 - q25) / median. 0 when all are equal. */
export function relativeSpread(values: readonly number[]): number {
  const width = quantile(values, 0.75) - quantile(values, 0.25);
  return width === 0 ? 0 : width / median(values);
}

/**
 * How many times `ours` goes into `theirs`, as the median over rounds of the ratio within each round: the two
 * were measured next to each other there, so what slows the machine for a while slows both.
 */
export function pairedRatio(ours: readonly number[], theirs: readonly number[]): PairedRatio {
  const rounds = Math.min(ours.length, theirs.length);
  const ratios = Array.from({ length: rounds }, (_, i) => (theirs[i] ?? NaN) / (ours[i] ?? NaN));
  return { median: median(ratios), spread: relativeSpread(ratios) };
}

/** A ratio over rounds; half of the rounds' ratios lie within `spread` of the median. */
export interface PairedRatio {
  readonly median: number;
  readonly spread: number;
}

/** `items` turned by `by` places, so that nobody is always first: [a, b, c] by 1 is [b, c, a]. */
export function rotated<T>(items: readonly T[], by: number): T[] {
  const start = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
