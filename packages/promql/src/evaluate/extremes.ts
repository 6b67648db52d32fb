/** The least and the greatest value, and whether there is a NaN, which spoils both, as in Prometheus. */
export function extremes(column: Float64Array): { min: number; max: number; hasNan: boolean } {
  let min = Number.MAX_VALUE;
  let max = -Number.MAX_VALUE;
  let hasNan = false;
  for (const value of column) {
    min = Math.min(min, value);
    max = Math.max(max, value);
    if (Number.isNaN(value)) hasNan = true;
  }
  return { min, max, hasNan };
}
