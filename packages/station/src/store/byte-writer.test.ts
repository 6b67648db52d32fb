// ByteReader reads back what ByteWriter wrote.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FlxError } from "@flx/model";
import fc from "fast-check";
import { ByteReader, ByteWriter } from "./byte-writer.ts";

/** Differences of every length, at the borders of each. */
const difference = fc.oneof(
  fc.constantFrom(0, 1, -1, 63, -64, 64, -65, 8_191, -8_192, 8_192, 1_048_575, 1_048_576, 2 ** 40),
  fc.integer({ min: -(2 ** 45), max: 2 ** 45 }),
);

test("ByteReader.sums() adds up the differences that ByteWriter.int() wrote", () => {
  fc.assert(
    fc.property(fc.array(difference, { maxLength: 60 }), fc.nat(3), (differences, behind) => {
      const out = new ByteWriter();
      for (const each of differences) out.int(each);
      for (let i = 0; i < behind; i++) out.byte(7);
      const from = new ByteReader(Buffer.from(out.written));
      const sums = new Float64Array(differences.length + 1).fill(-1);

      from.sums(sums, differences.length);

      let sum = 0;
      assert.deepEqual([...sums], [...differences.map((each) => (sum += each)), -1]);
      assert.equal(from.left, behind);
    }),
  );
});

test("ByteReader.sums() refuses what ends too early", () => {
  const out = new ByteWriter();
  for (const each of [1, 15_000, 2 ** 40]) out.int(each);
  const whole = Buffer.from(out.written);
  for (let end = 0; end < whole.length; end++) {
    const from = new ByteReader(whole.subarray(0, end));
    assert.throws(() => from.sums(new Float64Array(3), 3), FlxError);
  }
});
