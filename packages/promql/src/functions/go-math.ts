// Arithmetic where Go and JavaScript disagree; PromQL is defined by Go's.
//
//              Go      JavaScript
//   1 ^ NaN    1       NaN
//   -1 ^ Inf   1       NaN
//   max(Inf, NaN), min(-Inf, NaN)   the infinity     NaN

/** Go's `math.Pow`. */
export function goPow(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Infinity)) return 1;
  return base ** exponent;
}

/** Go's `math.Max`. */
export function goMax(a: number, b: number): number {
  return a === Infinity || b === Infinity ? Infinity : Math.max(a, b);
}

/** Go's `math.Min`. */
export function goMin(a: number, b: number): number {
  return a === -Infinity || b === -Infinity ? -Infinity : Math.min(a, b);
}
