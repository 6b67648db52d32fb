import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCfsQuota, parseCpuMax, parseLimit, parseSingleNumber } from "./cgroup-values.ts";

const table =
  (parse: (bytes: Uint8Array) => number | undefined) => (text: string, want: number | undefined) =>
    assert.equal(parse(new TextEncoder().encode(text)), want, JSON.stringify(text));

test("parseCpuMax() gives CPUs", () => {
  const f = table(parseCpuMax);

  f("50000 100000\n", 0.5);
  f("250000 100000\n", 2.5);
  f("max 100000\n", Infinity);
  f("50000\n", undefined);
  f("0 100000\n", undefined);
  f("50000 0\n", undefined);
  f("-1 100000\n", undefined);
  f("", undefined);
});

test("parseCfsQuota() gives microseconds", () => {
  const f = table(parseCfsQuota);

  f("50000\n", 50_000);
  f("-1\n", Infinity);
  f("0\n", undefined);
  f("-\n", undefined);
  f("max\n", undefined);
  f("", undefined);
});

test("parseLimit() knows both ways to say that there is none", () => {
  const f = table(parseLimit);

  f("536870912\n", 536_870_912);
  f("0\n", 0);
  f("max\n", Infinity);
  f("9223372036854771712\n", Infinity); // pages of 4 KiB
  f("9223372036854710272\n", Infinity); // pages of 64 KiB
  f("18446744073709551615\n", Infinity);
  f("maximum\n", undefined);
  f("5 6\n", undefined);
  f("", undefined);
});

test("parseSingleNumber() wants nothing else in the file", () => {
  const f = table(parseSingleNumber);

  f("7", 7);
  f("7\n", 7);
  f("7 kB\n", undefined);
  f("-7\n", undefined);
  f("7\n8\n", undefined);
});
