// How deep JSON is, against the depth of the value that JSON.parse makes of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isJsonDeeper } from "./json-depth.ts";

const encoder = new TextEncoder();

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

test("isJsonDeeper() knows the depth of any JSON, whatever its texts hold", () => {
  const text = fc.array(fc.constantFrom("[", "{", "]", "}", '"', "\\", "ß", "😀", "a"), {
    maxLength: 6,
  });
  const word = text.map((parts) => parts.join(""));
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.oneof(word, fc.integer(), fc.boolean(), fc.constant(null)),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(word, tie("value"), { maxKeys: 3 }),
    ),
  }));
  fc.assert(
    fc.property(value, fc.boolean(), (given, isSpread) => {
      const json = encoder.encode(JSON.stringify(given, undefined, isSpread ? 2 : 0));
      const depth = depthOf(given);
      assert.equal(isJsonDeeper(json, depth), false);
      if (depth > 0) assert.equal(isJsonDeeper(json, depth - 1), true);
    }),
  );
});

test("isJsonDeeper() ends, whatever the bytes are", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), fc.nat(3), (bytes, most) => {
      assert.equal(typeof isJsonDeeper(bytes, most), "boolean");
    }),
  );
  for (const text of ['"', '"\\', "[", "]]]]", "{[{["]) {
    assert.equal(isJsonDeeper(encoder.encode(text), 3), text === "{[{[");
  }
});
