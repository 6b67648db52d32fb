// Native histograms as bytes: what is written is read, one behind the other, and bytes that are none are refused.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FlxError, NativeHistogram } from "@flx/model";
import fc from "fast-check";
import { ByteReader, ByteWriter } from "../byte-writer.ts";
import { readHistogram, writeHistogram } from "./histogram-codec.ts";

const whole = fc.oneof(fc.nat(5), fc.nat(2 ** 31), fc.constant(2 ** 53 - 1));
const fraction = fc.double({ min: 0, max: 1e15, noNaN: true }).map((n) => n + 0.25);

function columns(count: fc.Arbitrary<number>) {
  const bucket = fc.tuple(fc.integer({ min: 1, max: 500 }), count);
  return fc
    .tuple(fc.integer({ min: -5_000, max: 5_000 }), fc.array(bucket, { maxLength: 20 }))
    .map(([first, buckets]) => {
      let index = first;
      const indexes = buckets.map(([step]) => (index += step));
      return { indexes, counts: buckets.map(([, each]) => each) };
    });
}

function histograms(count: fc.Arbitrary<number>): fc.Arbitrary<NativeHistogram> {
  return fc
    .record({
      schema: fc.integer({ min: -4, max: 8 }),
      zeroThreshold: fc.constantFrom(0, 1e-128, 0.5),
      zeroCount: count,
      count,
      sum: fc.double(),
      positive: columns(count),
      negative: columns(count),
      counterResetHint: fc.constantFrom("unknown" as const, "reset" as const, "gauge" as const),
    })
    .map((given) => NativeHistogram.from(given));
}

const custom = fc
  .array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 6 })
  .map((bounds) => [...new Set(bounds.map((n) => n + 0))].toSorted((a, b) => a - b))
  .map((customBounds) =>
    NativeHistogram.from({
      schema: -53,
      count: 3,
      sum: 1.5,
      positive: { indexes: [0], counts: [3] },
      customBounds,
    }),
  );

const any = fc.oneof(histograms(whole), histograms(fraction), custom);

/** All that a histogram says; NaN and -0 told apart. */
function parts(histogram: NativeHistogram) {
  const { schema, zeroThreshold, zeroCount, count, sum, positive, negative } = histogram;
  const sides = [positive, negative].map(({ indexes, counts }) => [[...indexes], [...counts]]);
  const { customBounds, counterResetHint } = histogram;
  return {
    schema,
    zeroThreshold,
    zeroCount,
    count,
    sum,
    sides,
    bounds: [...customBounds],
    counterResetHint,
  };
}

test("readHistogram() reads what writeHistogram() wrote, one behind the other", () => {
  fc.assert(
    fc.property(fc.array(any, { minLength: 1, maxLength: 5 }), (given) => {
      const out = new ByteWriter(16);
      for (const each of given) writeHistogram(out, each);
      const from = new ByteReader(Buffer.from(out.written));
      assert.deepEqual(
        given.map(() => parts(readHistogram(from))),
        given.map(parts),
      );
      assert.ok(from.isAtEnd);
    }),
  );
});

test("writeHistogram() takes few bytes for whole counts", () => {
  const out = new ByteWriter(16);
  const indexes = Array.from({ length: 20 }, (_, i) => i - 10);
  const counts = indexes.map((_, i) => i * 3);
  writeHistogram(
    out,
    NativeHistogram.from({ schema: 3, count: 570, sum: 12.5, positive: { indexes, counts } }),
  );
  assert.ok(out.length <= 60, `${out.length} bytes`);
});

test("readHistogram() refuses a number of bounds that lies", () => {
  const given = NativeHistogram.from({
    schema: -53,
    count: 3,
    sum: 1.5,
    positive: { indexes: [0], counts: [3] },
    customBounds: [1],
  });
  const out = new ByteWriter(16);
  writeHistogram(out, given);
  // The number stands before the one bound: eight bytes from the end.
  const before = Buffer.from(out.written).subarray(0, -9);
  const lying = Buffer.concat([before, Buffer.from("ffffffffff7f", "hex")]);
  assert.throws(() => readHistogram(new ByteReader(lying)), FlxError);
});

test("readHistogram() answers bytes that were cut off or changed with a histogram or an FlxError", () => {
  fc.assert(
    fc.property(any, fc.nat(), fc.nat(255), fc.nat(), (given, place, byte, end) => {
      const out = new ByteWriter(16);
      writeHistogram(out, given);
      const bytes = Buffer.from(out.written);
      bytes[place % bytes.length] = byte;
      try {
        readHistogram(new ByteReader(bytes.subarray(0, 1 + (end % bytes.length))));
      } catch (error) {
        assert.ok(error instanceof FlxError, String(error));
      }
    }),
  );
});
