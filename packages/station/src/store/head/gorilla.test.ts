// Chunks: whatever times and bits go in come out, and ordinary series stay small.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ChunkDecoder, ChunkEncoder } from "./gorilla.ts";

interface Samples {
  readonly times: readonly number[];
  /** Two for each, low first. */
  readonly words: readonly number[];
}

function roundTrip(
  { times, words }: Samples,
  { before = 0, at = 0 }: { readonly before?: number; readonly at?: number } = {},
): Samples & { readonly bytes: number } {
  const encoder = new ChunkEncoder();
  const count = times.length;
  const given = Float64Array.from([...Array<number>(before).fill(-1), ...times]);
  const givenWords = Uint32Array.from([...Array<number>(2 * before).fill(7), ...words]);
  const encoded = encoder.encode(given, givenWords, before, 2 * before, count);
  // Somewhere in a larger memory, as the head keeps chunks.
  const memory = new Uint8Array(at + encoded.length + 3).fill(0xff);
  memory.set(encoded, at);
  const read = new Float64Array(count + 1);
  const readWords = new Uint32Array(2 * (count + 1));
  new ChunkDecoder().decode(memory, at, count, read, readWords, 1);
  return {
    times: [...read.subarray(1)],
    words: [...readWords.subarray(2)],
    bytes: encoded.length,
  };
}

function wordsOf(values: readonly number[]): number[] {
  return [...new Uint32Array(Float64Array.from(values).buffer)];
}

const LAST_TIME = 2 ** 53 - 1;

test("ChunkEncoder and ChunkDecoder keep the bits of any times and values", () => {
  const word = fc.oneof(fc.nat(0xffff_ffff), fc.constantFrom(0, 1, 0x8000_0000, 0xffff_ffff));
  // Steps at the borders of each class of differences, and far beyond.
  const step = fc.oneof(
    fc.constantFrom(0, 1, 63, 64, 65, 2_047, 2_048, 2_049, 524_287, 524_288, 524_289, 2 ** 40),
    fc.nat(1_000_000),
  );
  const samples = fc.record({
    first: fc.oneof(fc.integer({ min: -(2 ** 52), max: 2 ** 52 }), fc.constantFrom(-1, 0, 2 ** 32)),
    rest: fc.array(fc.tuple(step, word, word), { minLength: 1, maxLength: 150 }),
    before: fc.nat(3),
    at: fc.nat(5),
  });
  fc.assert(
    fc.property(samples, ({ first, rest, before, at }) => {
      let time = first;
      const times = rest.map(([delta]) => (time = Math.min(time + delta + 1, LAST_TIME)));
      const words = rest.flatMap(([, low, high]) => [low, high]);
      const got = roundTrip({ times, words }, { before, at });
      assert.deepEqual([got.times, got.words], [times, words]);
    }),
  );
});

test("ChunkEncoder keeps staleness markers apart from other NaN, and both zeros", () => {
  const words = [
    2,
    0x7ff0_0000,
    0,
    0x7ff8_0000,
    1,
    0x7ff8_0000,
    ...wordsOf([0, -0, Infinity, -Infinity]),
  ];
  const times = words.slice(0, words.length / 2).map((_, i) => 1_767_225_600_000 + i * 15_000);
  assert.deepEqual(roundTrip({ times, words }).words, words);
});

test("ChunkEncoder takes few bits for what series are like", () => {
  const f = (name: string, mostBytes: number, value: (i: number) => number, jitter = 0) => {
    const times = Array.from(
      { length: 120 },
      (_, i) => 1_767_225_600_000 + i * 15_000 + ((i * 7) % (jitter + 1)),
    );
    const words = wordsOf(times.map((_, i) => value(i)));
    const { bytes, ...got } = roundTrip({ times, words });
    assert.deepEqual(got, { times, words }, name);
    assert.ok(bytes <= mostBytes, `${name}: ${bytes} bytes`);
  };
  f("always the same", 50, () => 1);
  f("always the same, with jitter", 180, () => 1, 3);
  f("a counter", 360, (i) => 1_000 + i * 3);
});

test("one encoder writes many chunks: none is in another's way", () => {
  const encoder = new ChunkEncoder();
  const long = Float64Array.from({ length: 2_000 }, (_, i) => i * 1_000);
  const ones = new Uint32Array(4_000).fill(0xffff_ffff);
  encoder.encode(long, ones, 0, 0, 2_000);
  const alone = new ChunkEncoder().encode(long, new Uint32Array(4_000), 0, 0, 100);
  assert.deepEqual(encoder.encode(long, new Uint32Array(4_000), 0, 0, 100), alone);
});
