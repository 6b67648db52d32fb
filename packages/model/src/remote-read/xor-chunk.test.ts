import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { STALE_NAN_BITS } from "../staleness.ts";
import { XOR_CHUNK_SAMPLES, XorChunkWriter } from "./xor-chunk.ts";

/** The samples of a chunk, read bit by bit as the format says: slow, and plain. */
function samplesOf(chunk: Uint8Array): [timeMs: bigint, bits: bigint][] {
  let at = 16;
  const bit = (): bigint => {
    const found = (chunk[at >> 3]! >> (7 - (at & 7))) & 1;
    at++;
    return BigInt(found);
  };
  const bits = (count: number): bigint => {
    let value = 0n;
    for (let i = 0; i < count; i++) value = value * 2n + bit();
    return value;
  };
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bits(8);
      value |= (byte & 127n) << shift;
      if (byte < 128n) return value;
    }
  };
  const signed = (count: number): bigint => {
    const value = bits(count);
    // One more above than below: as Prometheus reads it.
    return value > 1n << BigInt(count - 1) ? value - (1n << BigInt(count)) : value;
  };
  const samples: [bigint, bigint][] = [];
  let [time, delta, value] = [0n, 0n, 0n];
  let [leading, length] = [0, 0];
  for (let i = 0; i < chunk[0]! * 256 + chunk[1]!; i++) {
    if (i === 0) {
      const zigzag = varint();
      time = zigzag % 2n === 0n ? zigzag / 2n : -(zigzag + 1n) / 2n;
      value = bits(64);
    } else {
      if (i === 1) delta = varint();
      else {
        let ones = 0;
        while (ones < 4 && bit() === 1n) ones++;
        const width = [0, 14, 17, 20, 64][ones]!;
        if (width > 0) delta += width === 64 ? BigInt.asIntN(64, bits(64)) : signed(width);
      }
      time += delta;
      if (bit() === 1n) {
        if (bit() === 1n) {
          leading = Number(bits(5));
          length = Number(bits(6)) || 64;
        }
        value ^= bits(length) << BigInt(64 - leading - length);
      }
    }
    samples.push([time, value]);
  }
  return samples;
}

test("XorChunkWriter writes what reads back, any times and any bits", () => {
  const gap = fc.oneof(
    fc.integer({ min: 1, max: 3 }),
    fc.constantFrom(15_000, 14_999, 15_001, 23_192, 6_809, 80_536, 539_288),
    fc.integer({ min: 1, max: 2 ** 40 }),
  );
  const value = fc.oneof(
    fc.constantFrom(0, 1, 2, -1, 0.1, NaN, Infinity, 1e300, 5e-324),
    fc.double(),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: -(2 ** 50), max: 2 ** 50 }),
      fc.array(fc.tuple(gap, value), { minLength: 1, maxLength: XOR_CHUNK_SAMPLES }),
      (start, given) => {
        const writer = new XorChunkWriter();
        // Twice: a chunk must not show in the next one.
        for (let round = 0; round < 2; round++) {
          let time = start;
          const want: [bigint, bigint][] = [];
          for (const [after, number] of given) {
            const words = new Uint32Array(Float64Array.of(number).buffer);
            writer.append(time, words[0]!, words[1]!);
            want.push([BigInt(time), (BigInt(words[1]!) << 32n) | BigInt(words[0]!)]);
            time += after;
          }
          assert.equal(writer.count, given.length);
          assert.deepEqual(samplesOf(writer.take()), want);
        }
      },
    ),
  );
});

test("XorChunkWriter keeps the staleness marker", () => {
  const writer = new XorChunkWriter();
  writer.append(10, 0, 0x3ff00000);
  writer.append(20, 2, 0x7ff00000);
  assert.deepEqual(samplesOf(writer.take())[1], [20n, STALE_NAN_BITS]);
});
