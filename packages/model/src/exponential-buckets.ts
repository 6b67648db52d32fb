// The bucket layout of native (exponential) histograms: from a value to its bucket and from a bucket to its bounds.
//
//   schema s: bounds grow by the factor 2^(2^-s); s = 3 gives 8 buckets per power of two, s = -2 one per 2^4
//
//   index        ...   -1      0      1      2   ...      positive side, schema 0
//   bucket         (1/4,1/2] (1/2,1] (1,2] (2,4]          lower bound excluded, upper bound included
//
// An index comes from the bits of the double (exponent, and a search of the mantissa among the 2^s bounds of one
// octave), never from a logarithm, which errs at the bounds. The octave's bounds are the correctly rounded values of
// 2^(i/256), computed once with integers of 300 bits: Math.pow is off by one bit for some of them, and a table that
// is built by repeated multiplication (as some are) drifts by three.
//
// The largest finite double lies in the bucket whose upper bound would be 2^1024; that bound is given as
// Number.MAX_VALUE, and the bucket after it holds +Infinity.
//
// Source: https://prometheus.io/docs/specs/native_histograms/ , "Schema" and "Buckets".

/** The coarsest schema: each bucket spans 16 powers of two. */
export const MIN_SCHEMA = -4;
/** The finest schema: 256 buckets per power of two. */
export const MAX_SCHEMA = 8;
/** The schema of native histograms with custom bounds. */
export const CUSTOM_BOUNDS_SCHEMA = -53;

/** Bits of an IEEE 754 double's exponent field for the value 1, less one: frexp counts from [0.5, 1). */
const EXPONENT_BIAS = 1022;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
const bits = new BigUint64Array(double.buffer);
/** Which of the two words holds sign and exponent. */
const highWord = littleEndian() ? 1 : 0;

let octave: Float64Array | undefined;

/**
 * The index of the bucket that holds a value.
 *
 * @param schema MIN_SCHEMA to MAX_SCHEMA
 * @param value  > 0 (for negative values ask for the absolute value and count on the negative side)
 * @example bucketIndex(0, 4) // 2
 */
export function bucketIndex(schema: number, value: number): number {
  if (value === Infinity) return bucketIndex(schema, Number.MAX_VALUE) + 1;
  double[0] = value;
  let exponent = (words[highWord]! >>> 20) & 0x7ff;
  if (exponent === 0) {
    double[0] = value * 2 ** 54; // subnormal: make it normal first
    exponent = ((words[highWord]! >>> 20) & 0x7ff) - 54;
  }
  exponent -= EXPONENT_BIAS;
  words[highWord] = (words[highWord]! & 0xfffff) | (EXPONENT_BIAS << 20);
  const fraction = double[0]; // 0.5 <= fraction < 1, value = fraction * 2^exponent
  if (schema > 0) return ((exponent - 1) << schema) + firstBoundAtOrAbove(fraction, schema);
  const atOrBelow = fraction === 0.5 ? exponent - 1 : exponent;
  return (atOrBelow + (1 << -schema) - 1) >> -schema;
}

/**
 * The upper bound of a bucket, included in it. The lower bound, not included, is the upper bound of the index before.
 *
 * @param schema MIN_SCHEMA to MAX_SCHEMA
 * @example upperBound(0, 2) // 4
 */
export function upperBound(schema: number, index: number): number {
  if (schema <= 0) {
    const power = index * 2 ** -schema;
    return power === 1024 ? Number.MAX_VALUE : 2 ** power;
  }
  const inOctave = index & ((1 << schema) - 1);
  const exponent = (index >> schema) + 1;
  if (inOctave === 0 && exponent === 1025) return Number.MAX_VALUE;
  const fraction = octaveBounds()[inOctave << (MAX_SCHEMA - schema)]!;
  // In two steps, so that neither the power overflows nor a subnormal result is rounded twice.
  return exponent > 1000 ? fraction * 2 * 2 ** (exponent - 1) : fraction * 2 ** exponent;
}

/**
 * The index at a coarser schema of the bucket that contains the bucket `index`.
 *
 * @param steps how many schemas coarser, >= 0
 * @example coarserIndex(5, 1) // 3
 */
export function coarserIndex(index: number, steps: number): number {
  return ((index - 1) >> steps) + 1;
}

/** The position among the 2^schema bounds of [0.5, 1) of the first one at or above `fraction`; 2^schema if none is. */
function firstBoundAtOrAbove(fraction: number, schema: number): number {
  const bounds = octaveBounds();
  const shift = MAX_SCHEMA - schema;
  let low = 0;
  let high = 1 << schema;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bounds[middle << shift]! < fraction) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** 2^(i/256) / 2 for i = 0..255, correctly rounded. */
function octaveBounds(): Float64Array {
  octave ??= computeOctaveBounds();
  return octave;
}

function computeOctaveBounds(): Float64Array {
  const precision = 300n;
  const one = 1n << precision;
  let factor = 2n * one; // becomes 2^(1/256) after eight square roots
  for (let i = 0; i < MAX_SCHEMA; i++) factor = squareRoot(factor << precision);
  const bounds = new Float64Array(1 << MAX_SCHEMA);
  let power = one;
  for (let i = 0; i < bounds.length; i++) {
    // power is in [1, 2): 53 significant bits, rounded to nearest
    const mantissa = (power + (1n << (precision - 53n))) >> (precision - 52n);
    bounds[i] = Number(mantissa) * 2 ** -53;
    power = (power * factor) >> precision;
  }
  return bounds;
}

/** The largest integer whose square is at most `n` (Newton's method from above). */
function squareRoot(n: bigint): bigint {
  let guess = 1n << BigInt(Math.ceil(n.toString(16).length * 2));
  for (;;) {
    const next = (guess + n / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}

function littleEndian(): boolean {
  bits[0] = 1n;
  return words[0] === 1;
}
