// Numbers as the formats write them.
//
//   12.5  +.5e-3  5.  007  NaN  +Inf  -infinity          both formats, upper and lower case alike
//   0x1p4  1_000  1e999  .  1e  +NaN  ""                 refused in both
//
// The text format says "as Go's ParseFloat", and Prometheus and its libraries refuse `p`, `P` and `_` on top, which
// leaves no hexadecimal number (Go wants a `p` in it). What is left is exactly OpenMetrics' grammar, so there is
// one function. A number too large for a double is refused, as ParseFloat does; one too small becomes zero.
//
// Most values are short. Up to 15 significant digits make an integer that a double holds exactly, and powers of ten
// up to 22 are exact doubles as well, so one multiplication or division rounds once and correctly (Clinger, "How to
// read floating point numbers accurately", 1990). Everything else goes through Number(), which is correct and
// slower.

const powersOfTen = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

const zero = 0x30;
const nine = 0x39;
const dot = 0x2e;
const plus = 0x2b;
const minus = 0x2d;
const maxExponent = 100_000;

/**
 * The number between two offsets of a text; `undefined` when it is not one, or too large for a double.
 *
 * @example parseNumber("1.5e3", 0, 5) // 1500
 */
export function parseNumber(text: string, start: number, end: number): number | undefined {
  const first = text.charCodeAt(start);
  const second = first === plus || first === minus ? text.charCodeAt(start + 1) : first;
  // i, I, n, N: no other letter starts a number.
  const letter = second | 0x20;
  if (letter === 0x69 || letter === 0x6e) return parseWord(text, start, end);
  return parseDecimal(text, start, end, 0);
}

function parseWord(text: string, start: number, end: number): number | undefined {
  if (end - start > 9) return undefined;
  switch (text.slice(start, end).toLowerCase()) {
    case "inf":
    case "infinity":
    case "+inf":
    case "+infinity":
      return Infinity;
    case "-inf":
    case "-infinity":
      return -Infinity;
    case "nan":
      return Number.NaN;
    default:
      return undefined;
  }
}

/**
 * A decimal number (no NaN, no infinity), times ten to the power of `shift`, rounded once: seconds become
 * milliseconds without a detour over a double that cannot hold them. `undefined` as in `parseNumber`.
 */
export function parseDecimal(
  text: string,
  start: number,
  end: number,
  shift: number,
): number | undefined {
  let at = start;
  const sign = text.charCodeAt(at);
  if (sign === plus || sign === minus) at++;

  // Digits: their value as long as it is exact, how many there are, how many stand after the dot.
  let mantissa = 0;
  let significant = 0;
  let digits = 0;
  let fraction = 0;
  let afterDot = false;
  let code = 0;
  for (; at < end; at++) {
    code = text.charCodeAt(at);
    if (code >= zero && code <= nine) {
      digits++;
      if (afterDot) fraction++;
      if (significant !== 0 || code !== zero) {
        significant++;
        if (significant <= 15) mantissa = mantissa * 10 + (code - zero);
      }
    } else if (code === dot && !afterDot) {
      afterDot = true;
    } else {
      break;
    }
  }
  if (digits === 0) return undefined;

  const mantissaEnd = at;
  let exponent = 0;
  if (at < end) {
    if ((code | 0x20) !== 0x65) return undefined; // e, E
    const read = parseExponent(text, at + 1, end);
    if (read === undefined) return undefined;
    exponent = read;
  }

  const power = exponent - fraction + shift;
  if (significant <= 15 && power >= -22 && power <= 22) {
    const value = power < 0 ? mantissa / powersOfTen[-power]! : mantissa * powersOfTen[power]!;
    return sign === minus ? -value : value;
  }
  const value = Number(`${text.slice(start, mantissaEnd)}e${exponent + shift}`);
  return Number.isFinite(value) ? value : undefined;
}

function parseExponent(text: string, start: number, end: number): number | undefined {
  let at = start;
  const sign = text.charCodeAt(at);
  if (sign === plus || sign === minus) at++;
  if (at >= end) return undefined;
  let exponent = 0;
  for (; at < end; at++) {
    const code = text.charCodeAt(at);
    if (!(code >= zero && code <= nine)) return undefined;
    exponent = Math.min(exponent * 10 + (code - zero), maxExponent);
  }
  return sign === minus ? -exponent : exponent;
}

/**
 * The shortest text that reads back to the same double, as JavaScript writes it (`1e+21`, `0.000001`), with the
 * formats' words for what is no finite number.
 *
 * @example formatNumber(-Infinity) // "-Inf"
 */
export function formatNumber(value: number): string {
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  if (value - value === 0) return String(value); // finite
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}

/**
 * The canonical text of a `le` or `quantile` in OpenMetrics: always visibly a float, an exponent of at least two
 * digits from 1e+06 up and below 1e-04 down.
 *
 * @example canonicalNumber(1) // "1.0"
 */
export function canonicalNumber(value: number): string {
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  if (!Number.isFinite(value)) return formatNumber(value);
  const [mantissa = "", exponentText = "0"] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 6) {
    const size = String(Math.abs(exponent)).padStart(2, "0");
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  const fixed = String(value);
  return fixed.includes(".") ? fixed : `${fixed}.0`;
}
