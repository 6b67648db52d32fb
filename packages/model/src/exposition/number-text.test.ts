import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { UnixMs } from "../units.ts";
import { canonicalNumber, formatNumber, parseNumber } from "./number-text.ts";
import { formatSeconds, parseSeconds } from "./timestamp-text.ts";

const read = (text: string): number | undefined => parseNumber(text, 0, text.length);

/** The grammar of both formats as a regular expression, and JavaScript's own reading: slow and plain. */
function naive(text: string): number | undefined {
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return Number.NaN;
  if (!/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

test("parseNumber() reads as the naive reader does", () => {
  const token = fc.oneof(
    fc.double().map(String),
    fc
      .tuple(fc.bigInt(), fc.nat(400), fc.integer({ min: -330, max: 320 }))
      .map(([digits, at, exponent]) => {
        const text = String(digits);
        const cut = at % (text.length + 1);
        return `${text.slice(0, cut)}.${text.slice(cut)}e${exponent}`;
      }),
    fc.string({ unit: fc.constantFrom(...Array.from("0123456789.eE+-infaNIty_x")), maxLength: 12 }),
  );
  fc.assert(
    fc.property(token, (text) => {
      assert.ok(Object.is(read(text), naive(text)), `${text}: ${read(text)} ${naive(text)}`);
    }),
    { numRuns: 2000, seed: 1 },
  );
});

test("parseNumber() of formatNumber() gives every double back", () => {
  const f = (value: number, want: string) => {
    assert.equal(formatNumber(value), want);
    assert.ok(Object.is(read(want), value));
  };

  f(0, "0");
  f(-0, "-0");
  f(1, "1");
  f(-1.5, "-1.5");
  f(1e21, "1e+21");
  f(1e300, "1e+300");
  f(5e-324, "5e-324");
  f(2.2250738585072014e-308, "2.2250738585072014e-308");
  f(Number.MAX_VALUE, "1.7976931348623157e+308");
  f(0.1 + 0.2, "0.30000000000000004");
  f(Number.NaN, "NaN");
  f(Infinity, "+Inf");
  f(-Infinity, "-Inf");
  fc.assert(
    fc.property(fc.double(), (value) => Object.is(read(formatNumber(value)), value)),
    { numRuns: 1000, seed: 1 },
  );
});

test("canonicalNumber() gives the examples of OpenMetrics, and reads back", () => {
  const wanted =
    "0.0 0.001 0.002 0.01 0.1 0.9 0.95 0.99 0.999 1.0 1.7 10.0 1e-10 1e-09 1e-05 0.0001 100000.0 1e+06 1e+10 1e+23 1.1e+23 +Inf";
  for (const want of wanted.split(" ")) assert.equal(canonicalNumber(read(want)!), want);
  assert.equal(canonicalNumber(-0), "-0.0");
  assert.equal(canonicalNumber(-2), "-2.0");
  fc.assert(
    fc.property(fc.double(), (value) => Object.is(read(canonicalNumber(value)), value)),
    { numRuns: 1000, seed: 1 },
  );
});

test("formatSeconds() moves the decimal point, and parseSeconds() gives every double back", () => {
  const f = (timeMs: number, want: string) => assert.equal(formatSeconds(timeMs as UnixMs), want);

  f(0, "0");
  f(1, "0.001");
  f(10, "0.01");
  f(1000, "1");
  f(1500, "1.5");
  f(-1, "-0.001");
  f(1_520_879_607_789, "1520879607.789");
  f(1_520_879_607_000, "1520879607");
  f(0.5, "0.0005");
  f(1e30, "1e27");
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true, max: 1e300, min: -1e300 });
  fc.assert(
    fc.property(finite, (timeMs) => {
      const text = formatSeconds(timeMs as UnixMs);
      // A time has no negative zero.
      return parseSeconds(text, 0, text.length) === timeMs || timeMs === 0;
    }),
    { numRuns: 1000, seed: 1 },
  );
});
