// Texts by their bytes, against reading each anew.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { textBuffer } from "../store/records/walk-request.ts";
import { knownText } from "./known-texts.ts";

test("knownText() gives the text of any bytes, whatever was asked before", () => {
  const text = fc.oneof(
    fc.constantFrom(
      "",
      "a",
      "GET /orders",
      "GET /orderr",
      "größer",
      "x".repeat(64),
      "x".repeat(65),
    ),
    fc.string({ unit: "binary", maxLength: 80 }),
  );
  fc.assert(
    fc.property(fc.array(text, { maxLength: 20 }), fc.nat(3), (texts, before) => {
      for (const each of [...texts, ...texts]) {
        const own = Buffer.from(each);
        const bytes = textBuffer(Buffer.concat([Buffer.alloc(before, "y"), own, Buffer.from("z")]));
        assert.equal(knownText(bytes, before, before + own.length), own.toString());
        // What is kept is not what lies in a request that is gone.
        bytes.fill(0);
      }
    }),
  );
});
