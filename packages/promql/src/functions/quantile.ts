// The quantile of some numbers: `quantile`, `quantile_over_time`, and the median for `mad_over_time`.

/**
 * The value below which a share `q` of the values lies, between two values in proportion. NaN sorts before all numbers.
 * The values are sorted in place.
 *
 * @returns NaN without values or for `q` NaN; -Infinity for q < 0, Infinity for q > 1
 * @example quantileOf(0.5, Float64Array.of(4, 1, 3, 2)) // 2.5
 */
export function quantileOf(q: number, values: Float64Array): number {
  if (values.length === 0 || Number.isNaN(q)) return Number.NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  sortNanFirst(values);
  const rank = q * (values.length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(values.length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return values[lower]! * (1 - weight) + values[upper]! * weight;
}

function sortNanFirst(values: Float64Array): void {
  values.sort(); // puts NaN last
  let nans = 0;
  while (nans < values.length && Number.isNaN(values[values.length - 1 - nans])) nans++;
  if (nans === 0 || nans === values.length) return;
  values.copyWithin(nans, 0, values.length - nans);
  values.fill(Number.NaN, 0, nans);
}
