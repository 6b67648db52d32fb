import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatByteSize, parseByteSize } from "./byte-size.ts";
import { FlxError } from "./errors.ts";
import { type Bytes, GIB, KIB, MIB } from "./units.ts";

test("parseByteSize() reads Prometheus' notation, powers of 1,024", () => {
  const f = (text: string, want: number) => assert.equal(parseByteSize(text), want);

  f("0", 0);
  f("0B", 0);
  f("1B", 1);
  f("1KB", KIB);
  f("1KiB", KIB);
  f("512MB", 512 * MIB);
  f("1.5GB", 1.5 * GIB);
  f("1GB512MB", 1.5 * GIB);
  f("1TB", 1024 * GIB);
});

test("parseByteSize() refuses everything else", () => {
  for (const text of [
    "",
    "1",
    "MB",
    "1 MB",
    "-1MB",
    "1mb",
    "1MBx",
    "1.1B",
    "100EB",
    "1e3B",
    "9".repeat(99) + "B",
  ]) {
    assert.throws(
      () => parseByteSize(text),
      (error) => error instanceof FlxError && error.code === "FLX_BYTE_SIZE",
      JSON.stringify(text),
    );
  }
});

test("parseByteSize() reads back what formatByteSize() writes", () => {
  assert.equal(formatByteSize((1536 * MIB) as Bytes), "1GB512MB");
  assert.equal(formatByteSize(0 as Bytes), "0B");
  assert.throws(() => formatByteSize(-1 as Bytes), { code: "FLX_BYTE_SIZE" });
  fc.assert(
    fc.property(fc.maxSafeNat(), (size) => {
      assert.equal(parseByteSize(formatByteSize(size as Bytes)), size);
    }),
    { numRuns: 300 },
  );
});
