import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageWriter } from "@flx/model/write";
import fc from "fast-check";
import { ringMemory, RingReader, RingWriter } from "./shared-ring.ts";

const SIZE = 1 << 16;

function record(bytes: readonly number[]): MessageWriter {
  const out = new MessageWriter(8);
  out.raw(Uint8Array.from(bytes));
  return out;
}

test("RingWriter.write() and RingReader.drain() carry every record once, in order, whatever the sizes", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.nat(2000), fc.nat(20), fc.constant("drain" as const)), {
        minLength: 1,
        maxLength: 400,
      }),
      (steps) => {
        const memory = ringMemory(SIZE);
        const writer = new RingWriter(memory, () => undefined);
        const reader = new RingReader(memory);
        const sent: string[] = [];
        const got: string[] = [];
        const drain = () =>
          reader.drain((kind, scope, payload) => {
            got.push(`${kind} ${scope} ${Buffer.from(payload).toString("hex")}`);
          });
        for (const [i, step] of steps.entries()) {
          if (step === "drain") {
            drain();
            continue;
          }
          const bytes = Array.from({ length: step }, (_, at) => (i * 31 + at) & 255);
          const written = writer.write(1 + (i % 3), i % 7, record(bytes));
          if (written) sent.push(`${1 + (i % 3)} ${i % 7} ${Buffer.from(bytes).toString("hex")}`);
          else assert.ok(writer.used > SIZE - 2 * 2016, "refused although there was room");
        }
        drain();
        assert.deepEqual(got, sent);
        assert.equal(reader.used, 0);
      },
    ),
    { numRuns: 60 },
  );
});

test("RingWriter.write() refuses what does not fit and goes on once there is room", () => {
  const memory = ringMemory(SIZE);
  const writer = new RingWriter(memory, () => undefined);
  const large = record(Array.from({ length: SIZE / 2 - 8 }, () => 1));
  assert.equal(writer.write(1, 1, large), true);
  assert.equal(writer.write(1, 1, large), true);
  assert.equal(writer.write(1, 1, record([])), false);
  let count = 0;
  new RingReader(memory).drain(() => count++);
  assert.equal(count, 2);
  assert.equal(writer.write(1, 1, large), true);
});

test("RingWriter wakes a sleeping reader once, and RingReader.sleep() notices what came before it", () => {
  const memory = ringMemory(SIZE);
  let wakes = 0;
  const writer = new RingWriter(memory, () => wakes++);
  const reader = new RingReader(memory);
  writer.write(1, 1, record([1]));
  assert.equal(wakes, 0);
  assert.equal(reader.sleep(), false);
  reader.drain(() => undefined);
  assert.equal(reader.sleep(), true);
  writer.write(1, 1, record([2]));
  writer.write(1, 1, record([3]));
  assert.equal(wakes, 1);
});

test("RingWriter.flushSync() gives up after its time when nobody reads", () => {
  const writer = new RingWriter(ringMemory(SIZE), () => undefined);
  assert.equal(writer.flushSync(20), false);
});
