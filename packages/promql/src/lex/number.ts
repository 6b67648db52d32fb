// Numbers and durations as PromQL writes them.
//
//   42  .5  2.  1e3  1_000_000  0x1F  0755 (octal: 493)  089 (decimal)  Inf  NaN      5m  1h30m  100ms
//
// The lexer takes whatever looks like one; here it is read, and refused when it is none.

const units: Readonly<Record<string, number>> = {
  y: 31_536_000,
  w: 604_800,
  d: 86_400,
  h: 3_600,
  m: 60,
  s: 1,
  ms: 0.001,
};

const durationShape =
  /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
const simpleDuration = /^(\d{1,9})(ms|[ywdhms])$/;
const decimalShape =
  /^(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+(?:_\d+)*)?$/;
const hexShape = /^0[xX](?:_?[0-9a-fA-F]+)+$/;
const octalShape = /^0(?:_?[0-7]+)+$/;

/** The largest whole number that a 64-bit integer holds; hexadecimal numbers are whole. */
const maxInteger = 2n ** 63n - 1n;

/** The value of a number's text, or `undefined` when it is none. */
export function parseNumber(text: string): number | undefined {
  switch (text.toLowerCase()) {
    case "inf":
      return Infinity;
    case "nan":
      return NaN;
    default:
  }
  if (/^\d{1,15}$/.test(text) && (text === "0" || text.charCodeAt(0) !== 48)) return Number(text);
  const digits = text.replaceAll("_", "");
  if (octalShape.test(text)) {
    const value = BigInt(`0o${digits}`);
    if (value <= maxInteger) return Number(value);
  }
  if (hexShape.test(text)) {
    const value = BigInt(digits);
    return value <= maxInteger ? Number(value) : undefined;
  }
  return decimalShape.test(text) ? Number(digits) : undefined;
}

/** The seconds of a duration's text; what is wrong with it, in Prometheus' words, when it is none. */
export function parseDurationSeconds(text: string): number | { readonly message: string } {
  const simple = simpleDuration.exec(text);
  if (simple !== null) {
    const count = Number(simple[1]);
    return simple[2] === "ms" ? count / 1000 : inRange(count * units[simple[2]!]!);
  }
  const match = durationShape.exec(text);
  if (match === null || text === "") {
    return { message: `not a valid duration string: "${text}"` };
  }
  let milliseconds = 0;
  for (const [i, unit] of ["y", "w", "d", "h", "m", "s", "ms"].entries()) {
    const count = Number(match[i + 1] ?? 0);
    milliseconds += unit === "ms" ? count : count * units[unit]! * 1000;
  }
  return inRange(milliseconds / 1000);
}

function inRange(seconds: number): number | { readonly message: string } {
  return seconds > 9_223_372_036.854776 ? { message: "duration out of range" } : seconds;
}
