// Numbers as Go prints them: they are part of what PromQL gives (label values of `count_values`) and says (messages).
//
//   goG(1000000)   1e+06      the shortest digits; an exponent of two digits at least, below 1e-4 and from 1e6 (21 in
//                             JavaScript, which would print 1000000)
//   goF(1000000)   1000000    never an exponent
//
// Both languages print the shortest digits that read back as the same double, so only their arrangement differs.

/**
 * Go's `%g`, or `%.<precision>g`.
 *
 * @example goG(1000000) // "1e+06"
 */
export function goG(value: number, precision?: number): string {
  const special = nonFinite(value);
  if (special !== undefined) return special;
  const { sign, digits, exponent } = decimal(value, precision);
  const limit = precision === undefined ? 6 : exponentLimit(precision, digits.length, exponent);
  if (exponent >= -4 && exponent < limit) return sign + plain(digits, exponent);
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
  const power = String(Math.abs(exponent)).padStart(2, "0");
  return `${sign}${digits[0]}${fraction}e${exponent < 0 ? "-" : "+"}${power}`;
}

/**
 * Go's `strconv.FormatFloat(value, 'f', -1, 64)`.
 *
 * @example goF(1e21) // "1000000000000000000000"
 */
export function goF(value: number): string {
  const special = nonFinite(value);
  if (special !== undefined) return special;
  const { sign, digits, exponent } = decimal(value, undefined);
  return sign + plain(digits, exponent);
}

/** A number as OpenMetrics writes it: Go's `%g`, and never like an integer. */
export function openMetricsNumber(value: number): string {
  const text = goG(value);
  return /^-?[0-9]+$/u.test(text) ? `${text}.0` : text;
}

function nonFinite(value: number): string | undefined {
  if (Number.isNaN(value)) return "NaN";
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : undefined;
}

/** value = sign d.ddd x 10^exponent, without trailing zeros. */
function decimal(
  value: number,
  precision: number | undefined,
): { sign: string; digits: string; exponent: number } {
  const text = Math.abs(value).toExponential(precision === undefined ? undefined : precision - 1);
  const [mantissa, power] = text.split("e") as [string, string];
  const digits = mantissa.replace(".", "").replace(/0+$/u, "");
  return {
    sign: value < 0 || Object.is(value, -0) ? "-" : "",
    digits: digits === "" ? "0" : digits,
    exponent: Number(power),
  };
}

function exponentLimit(precision: number, digits: number, exponent: number): number {
  return precision > digits && digits >= exponent + 1 ? digits : precision;
}

function plain(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return digits.padEnd(exponent + 1, "0");
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}
