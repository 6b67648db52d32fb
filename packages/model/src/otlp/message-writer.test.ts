import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MessageWriter } from "./message-writer.ts";

/** What a generic reader of protobuf sees: fields with their numbers, wire types and contents. */
function read(bytes: Uint8Array): { field: number; wire: number; value: bigint | Uint8Array }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const fields = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const wire = tag & 7;
    let value: bigint | Uint8Array;
    if (wire === 0) value = varint();
    else if (wire === 1) value = view.getBigUint64((at += 8) - 8, true);
    else if (wire === 5) value = BigInt(view.getUint32((at += 4) - 4, true));
    else {
      const length = Number(varint());
      value = bytes.slice(at, (at += length));
    }
    fields.push({ field: tag >> 3, wire, value });
  }
  return fields;
}

test("MessageWriter.text() writes any text as the engine's encoder does", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "binary", maxLength: 300 }),
        fc.string({ unit: "grapheme", maxLength: 20_000 }),
        fc.constantFrom(
          "a".repeat(64),
          "a".repeat(65),
          "ä".repeat(63),
          "ä".repeat(64),
          "€".repeat(43),
          "\u{1f600}".repeat(32),
          "x\ud800",
          "ä".repeat(8192),
          "€".repeat(16_383),
        ),
      ),
      (text) => {
        const out = new MessageWriter(4);
        out.uint(0x08, 7);
        out.text(0x0a, text);
        out.uint(0x10, 9);
        assert.deepEqual(read(out.take()), [
          { field: 1, wire: 0, value: 7n },
          { field: 1, wire: 2, value: new TextEncoder().encode(text) },
          { field: 2, wire: 0, value: 9n },
        ]);
      },
    ),
    { numRuns: 300 },
  );
});

test("MessageWriter.time() is seconds times 10^9 plus nanoseconds, exactly", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4_294_967_295 }),
      fc.integer({ min: 0, max: 999_999_999 }),
      (seconds, nanos) => {
        const out = new MessageWriter();
        out.time(0x39, seconds, nanos);
        out.time(0x39, seconds, 999_999_999);
        const [first, second] = read(out.take());
        assert.equal(first!.value, BigInt(seconds) * 1_000_000_000n + BigInt(nanos));
        assert.equal(second!.value, BigInt(seconds) * 1_000_000_000n + 999_999_999n);
      },
    ),
  );
});

test("MessageWriter.int() and uint() write whole numbers of either sign", () => {
  const f = (value: number, want: bigint) => {
    const out = new MessageWriter(2);
    out.int(0x08, value);
    assert.equal(BigInt.asIntN(64, read(out.take())[0]!.value as bigint), want);
  };

  f(0, 0n);
  f(127, 127n);
  f(128, 128n);
  f(2 ** 31, 2n ** 31n);
  f(2 ** 53 - 1, 2n ** 53n - 1n);
  f(-1, -1n);
  f(-(2 ** 53 - 1), -(2n ** 53n - 1n));
});

test("MessageWriter.end() makes room for the length of messages of any size", () => {
  for (const length of [0, 1, 127, 128, 129, 16_383, 16_384, 100_000]) {
    const out = new MessageWriter(4);
    const start = out.begin(0x0a);
    out.raw(new Uint8Array(length).fill(length & 255));
    out.end(start);
    out.uint(0x10, 1);
    const [message, after] = read(out.take());
    assert.equal((message!.value as Uint8Array).length, length);
    assert.ok((message!.value as Uint8Array).every((byte) => byte === (length & 255)));
    assert.equal(after!.value, 1n);
  }
});

test("MessageWriter.twoWords() and fourWords() write ids most significant byte first", () => {
  const out = new MessageWriter(4);
  out.twoWords(0x12, 0x00112233, 0x8899aabb | 0);
  out.fourWords(0x0a, 0x00112233, 0x44556677, 0x8899aabb | 0, 0xccddeeff | 0);
  const [span, trace] = read(out.take());
  assert.equal(Buffer.from(span!.value as Uint8Array).toString("hex"), "001122338899aabb");
  assert.equal(
    Buffer.from(trace!.value as Uint8Array).toString("hex"),
    "00112233445566778899aabbccddeeff",
  );
});
