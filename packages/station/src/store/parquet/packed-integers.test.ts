import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { areOnes, findInRuns, readDeltas, readRuns } from "./packed-integers.ts";

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 128n) return [...bytes, Number(rest)];
    bytes.push(Number(rest & 127n) | 128);
  }
}

const zigzag = (value: bigint): number[] =>
  varint(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)));

/** Numbers of so many bits, the first one in the lowest. */
function packed(values: readonly bigint[], width: number): number[] {
  let bits = 0n;
  for (const [i, value] of values.entries()) bits |= value << BigInt(i * width);
  return Array.from({ length: (values.length * width) / 8 }, (_, i) =>
    Number((bits >> BigInt(8 * i)) & 255n),
  );
}

/** Runs: `times` 0 is the start of eight packed values. */
function runsOf(runs: readonly (readonly [times: number, values: number[]])[], width: number) {
  const bytes: number[] = [];
  const values: number[] = [];
  for (const [times, some] of runs) {
    if (times === 0) {
      bytes.push(3, ...packed(some.map(BigInt), width));
      values.push(...some);
    } else {
      const whole = Array.from(
        { length: Math.ceil(width / 8) },
        (_, i) => (some[0]! >>> (8 * i)) & 255,
      );
      bytes.push(...varint(BigInt(2 * times)), ...whole);
      values.push(...Array<number>(times).fill(some[0]!));
    }
  }
  return { bytes: Uint8Array.from(bytes), values };
}

/** Deltas in blocks of 128, four miniblocks each. */
function deltasOf(values: readonly bigint[]): Uint8Array {
  const bytes = [...varint(128n), ...varint(4n), ...varint(BigInt(values.length))];
  bytes.push(...zigzag(BigInt.asIntN(64, values[0] ?? 0n)));
  const deltas = values.slice(1).map((value, i) => BigInt.asIntN(64, value - values[i]!));
  for (let at = 0; at < deltas.length; at += 128) {
    const block = deltas.slice(at, at + 128);
    const smallest = block.reduce((a, b) => (b < a ? b : a));
    const rests = block.map((delta) => BigInt.asUintN(64, delta - smallest));
    const minis = [0, 32, 64, 96].map((from) => rests.slice(from, from + 32));
    const widths = minis.map((mini) => Math.max(0, ...mini.map((rest) => rest.toString(2).length)));
    bytes.push(...zigzag(smallest), ...widths);
    for (const [i, mini] of minis.entries()) {
      if (mini.length === 0) continue;
      const whole = [...mini, ...Array<bigint>(32 - mini.length).fill(0n)];
      bytes.push(...packed(whole, widths[i]!));
    }
  }
  return Uint8Array.from(bytes);
}

const parts = fc.tuple(fc.nat(), fc.nat());

function rangeIn(length: number, [a, b]: readonly [number, number]) {
  const ends = [a % (length + 1), b % (length + 1)].toSorted((x, y) => x - y);
  return { from: ends[0]!, to: ends[1]! };
}

test("readRuns() gives any part of runs of any width, findInRuns() where a value is", () => {
  const madeRuns = fc.integer({ min: 1, max: 32 }).chain((width) => {
    const value = fc.nat({ max: Math.min(2 ** width - 1, 2 ** 31 - 1) });
    const eight = fc.array(value, { minLength: 8, maxLength: 8 });
    const run = fc.tuple(fc.nat({ max: 20 }), eight);
    return fc.tuple(fc.constant(width), fc.array(run, { minLength: 1, maxLength: 8 }), parts);
  });
  fc.assert(
    fc.property(madeRuns, ([width, runs, ends]) => {
      const { bytes, values } = runsOf(runs, width);
      const range = rangeIn(values.length, ends);
      const got = readRuns(bytes, 0, width, range);
      assert.deepEqual([...got], values.slice(range.from, range.to));
      const value = values[range.from] ?? 0;
      const from = values.indexOf(value);
      const want = from < 0 ? undefined : { from, to: values.lastIndexOf(value) + 1 };
      const count = values.length;
      assert.deepEqual(findInRuns(bytes, 0, width, { count, value }), want);
    }),
  );
});

test("areOnes() says whether a value is absent", () => {
  const f = (runs: readonly (readonly [number, number[]])[], want: boolean): void => {
    const { bytes, values } = runsOf(runs, 1);
    assert.equal(areOnes(bytes, values.length), want);
  };
  const ones = Array<number>(8).fill(1);

  f([[61_440, [1]]], true);
  f([[61_440, [0]]], false);
  f(
    [
      [0, ones],
      [5, [1]],
    ],
    true,
  );
  f([[0, [1, 1, 1, 1, 1, 1, 1, 0]]], false);
  f(
    [
      [0, ones],
      [1, [0]],
    ],
    false,
  );
});

test("readDeltas() gives any part of numbers of 64 bits, and where they end", () => {
  const value = fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.bigInt({ min: 0n, max: 300n }),
    fc.bigInt({ min: 2n ** 61n, max: 2n ** 61n + 2n ** 40n }),
  );
  // Some miniblocks are wide, some have one value only.
  const values = fc
    .array(fc.tuple(fc.integer({ min: 1, max: 70 }), value), { minLength: 1, maxLength: 12 })
    .map((runs) => runs.flatMap(([times, one]) => Array<bigint>(times).fill(one)));
  const random = fc.array(value, { minLength: 1, maxLength: 400 });
  fc.assert(
    fc.property(fc.oneof(values, random), parts, (numbers, ends) => {
      const bytes = deltasOf(numbers);
      const range = rangeIn(numbers.length, ends);
      const got = readDeltas(bytes, 0, range).values;
      assert.deepEqual([...got], numbers.slice(range.from, range.to));
      const all = readDeltas(bytes, 0, { from: 0, to: numbers.length });
      assert.equal(all.end, bytes.length);
    }),
  );
});

test("what is cut or made of anything throws or ends", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 60 }),
      fc.integer({ min: 1, max: 32 }),
      (bytes, width) => {
        const range = { from: 10, to: 3_000 };
        for (const read of [
          () => readRuns(bytes, 0, width, range),
          () => findInRuns(bytes, 0, width, { count: 3_000, value: 1 }),
          () => areOnes(bytes, 3_000),
          () => readDeltas(bytes, 0, range),
        ]) {
          try {
            read();
          } catch (error) {
            assert.ok(error instanceof RangeError, String(error));
          }
        }
      },
    ),
  );
});
