import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatNumber } from "@flx/model/write";
import { MAX_DIGITS, writeNumber } from "./digits.ts";

function written(value: number): string {
  const target = new Uint8Array(MAX_DIGITS + 3).fill(0x2e);
  const end = writeNumber(target, 3, value);
  return Buffer.from(target.subarray(3, end)).toString();
}

test("writeNumber() writes whole numbers, fractions and what is no number", () => {
  const f = (value: number, want: string) => assert.equal(written(value), want);

  f(0, "0");
  f(-0, "-0");
  f(7, "7");
  f(-7, "-7");
  f(0.1, "0.1");
  f(2 ** 31 - 1, "2147483647");
  f(2 ** 31, "2147483648");
  f(2 ** 32, "4294967296");
  f(1e15 - 1, "999999999999999");
  f(1e15, "1000000000000000");
  f(1e15 + 1, "1000000000000001");
  f(2 ** 53, "9007199254740992");
  f(1e21, "1e+21");
  f(5e-324, "5e-324");
  f(-Number.MAX_VALUE, "-1.7976931348623157e+308");
  f(Number.NaN, "NaN");
  f(Infinity, "+Inf");
  f(-Infinity, "-Inf");
});

test("writeNumber() is right around every power of ten and of two", () => {
  for (let exponent = 0; exponent <= 60; exponent++) {
    for (const power of [10 ** Math.min(exponent, 22), 2 ** exponent]) {
      for (const value of [power - 1, power, power + 1, power + 0.5, -power]) {
        assert.equal(written(value), formatNumber(value));
      }
    }
  }
});

test("writeNumber() writes what String() does", () => {
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((v) => v !== 0);
  const f = (value: number) => assert.equal(written(value), String(value));

  fc.assert(fc.property(finite, f), { numRuns: 2_000 });
  fc.assert(fc.property(fc.maxSafeInteger(), f), { numRuns: 2_000 });
  fc.assert(fc.property(fc.nat(), f), { numRuns: 1_000 });
});
