import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import { compressed } from "./compression.ts";

test("compressed() gives every body whole, also of many at once", async () => {
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 50_000 }),
    fc.tuple(fc.nat(255), fc.nat(300_000)).map(([byte, size]) => new Uint8Array(size).fill(byte)),
  );
  const unpack = { none: (x: Uint8Array) => x, gzip: gunzipSync, zstd: zstdDecompressSync };
  await fc.assert(
    fc.asyncProperty(fc.array(body, { maxLength: 8 }), async (bodies) => {
      for (const compression of ["none", "gzip", "zstd"] as const) {
        const packed = await Promise.all(
          bodies.map((each) => compressed(new Uint8Array(each), compression)),
        );
        for (const [i, each] of packed.entries()) {
          assert.ok(Buffer.from(unpack[compression](each)).equals(bodies[i]!));
        }
      }
    }),
    { numRuns: 30 },
  );
});
