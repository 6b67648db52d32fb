import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FlxError } from "../errors.ts";
import { MessageWriter } from "../otlp/message-writer.ts";
import { crc32c } from "./crc32c.ts";
import { readReadRequest } from "./read-request.ts";

function request(matcherType: number): Uint8Array {
  const out = new MessageWriter();
  const query = out.begin(0x0a);
  out.int(0x08, -5);
  out.int(0x10, 1_700_000_000_000);
  const matcher = out.begin(0x1a);
  out.uint(0x08, matcherType);
  out.text(0x12, "job");
  out.text(0x1a, "größe|b");
  out.end(matcher);
  const hints = out.begin(0x22);
  out.int(0x08, 15_000);
  out.text(0x12, "rate");
  out.text(0x2a, "job");
  out.uint(0x30, 1);
  out.int(0x38, 300_000);
  out.end(hints);
  out.end(query);
  out.field(0x12, Uint8Array.of(1, 0));
  return out.take();
}

test("readReadRequest() reads queries, matchers, hints and response types", () => {
  assert.deepEqual(readReadRequest(request(2)), {
    queries: [
      {
        startMs: -5,
        endMs: 1_700_000_000_000,
        matchers: [{ op: "=~", name: "job", value: "größe|b" }],
        hints: { stepMs: 15_000, func: "rate", grouping: ["job"], by: true, rangeMs: 300_000 },
      },
    ],
    accepted: [1, 0],
  });
  assert.deepEqual(readReadRequest(new Uint8Array()), { queries: [], accepted: [] });
  assert.throws(() => readReadRequest(request(4)), { code: "FLX_WIRE_MALFORMED" });
  const many = new MessageWriter();
  for (let i = 0; i < 1_001; i++) many.field(0x0a, new Uint8Array());
  assert.throws(() => readReadRequest(many.take()), { code: "FLX_REMOTE_READ_LIMIT" });
});

test("readReadRequest() reads or refuses any bytes", () => {
  const whole = request(1);
  fc.assert(
    fc.property(
      fc.nat(whole.length),
      fc.uint8Array({ maxLength: 4 }),
      fc.nat(whole.length),
      (at, noise, to) => {
        const bytes = Uint8Array.from(whole.subarray(0, to));
        bytes.set(noise.subarray(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length));
        try {
          readReadRequest(bytes);
        } catch (error) {
          assert.ok(error instanceof FlxError, String(error));
        }
      },
    ),
    { numRuns: 1_000 },
  );
});

test("crc32c() is Castagnoli's", () => {
  assert.equal(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
});
