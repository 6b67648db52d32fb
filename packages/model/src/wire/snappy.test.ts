import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readSnappy, writeSnappy } from "./snappy.ts";

test("readSnappy() gives back what writeSnappy() was given", () => {
  const chunk = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.nat(200)).map(([part, times]) => {
      return Uint8Array.from({ length: part.length * times }, (_, i) => part[i % part.length]!);
    }),
  );
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 12 }), (chunks) => {
      const text = Uint8Array.from(chunks.flatMap((part) => [...part]));
      assert.deepEqual(readSnappy(writeSnappy(text), text.length), text);
    }),
    { numRuns: 300 },
  );
  const long = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >>> 3);
  assert.deepEqual(readSnappy(writeSnappy(long), 300_000), long);
});

test("readSnappy() reads each kind of element", () => {
  const f = (block: number[], want: string): void =>
    assert.equal(Buffer.from(readSnappy(Uint8Array.from(block), 1000)).toString(), want);

  f([0], "");
  f([3, 0x08, 97, 98, 99], "abc");
  // A literal of three whose length stands in one, two, three and four bytes.
  f([3, 60 << 2, 2, 97, 98, 99], "abc");
  f([3, 61 << 2, 2, 0, 97, 98, 99], "abc");
  f([3, 62 << 2, 2, 0, 0, 97, 98, 99], "abc");
  f([3, 63 << 2, 2, 0, 0, 0, 97, 98, 99], "abc");
  // Copies that overlap themselves, with each size of distance.
  f([6, 0x04, 97, 98, 0x01, 2], "ababab");
  f([6, 0x04, 97, 98, (3 << 2) | 2, 2, 0], "ababab");
  f([6, 0x04, 97, 98, (3 << 2) | 3, 2, 0, 0, 0], "ababab");
});

test("readSnappy() refuses what is no block, and what is too large before it is there", () => {
  const f = (block: number[], code: string, max = 1000): void =>
    assert.throws(() => readSnappy(Uint8Array.from(block), max), { code });

  f([], "FLX_SNAPPY_MALFORMED");
  f([0x80, 0x80, 0x80, 0x80, 0x80, 0x01], "FLX_SNAPPY_MALFORMED");
  f([0xff, 0xff, 0xff, 0xff, 0x07, 0, 0], "FLX_SNAPPY_LIMIT");
  f([0xff, 0xff, 0xff, 0xff, 0x07, 0, 0], "FLX_SNAPPY_MALFORMED", 2 ** 33);
  f([5, 0x08, 97, 98, 99], "FLX_SNAPPY_MALFORMED");
  f([2, 0x08, 97, 98, 99], "FLX_SNAPPY_MALFORMED");
  f([3, 0x08, 97, 98], "FLX_SNAPPY_MALFORMED");
  f([6, 0x04, 97, 98, 0x01, 0], "FLX_SNAPPY_MALFORMED");
  f([6, 0x04, 97, 98, 0x01, 3], "FLX_SNAPPY_MALFORMED");
  f([5, 0x04, 97, 98, 0x01, 2], "FLX_SNAPPY_MALFORMED");
  f([6, 0x04, 97, 98, 0x01], "FLX_SNAPPY_MALFORMED");
  f([6, 0x04, 97, 98, 0x03, 2, 0], "FLX_SNAPPY_MALFORMED");
});

test("readSnappy() answers any bytes with a text or an FlxError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (block) => {
      try {
        assert.ok(readSnappy(block, 4096).length <= 4096);
      } catch (error) {
        assert.match((error as { code: string }).code, /^FLX_SNAPPY_/);
      }
    }),
    { numRuns: 2_000 },
  );
});
