import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { OtlpValue } from "@flx/model";
import { attributeText, readAttributeText } from "./attribute-text.ts";

test("attributeText() writes borders that no key or value can forge", () => {
  const f = (pairs: [string, OtlpValue][], want: string) => {
    assert.equal(attributeText(pairs), want);
    assert.deepEqual(readAttributeText(want), pairs);
  };

  f([], "");
  f(
    [
      ["http.route", "/orders/:id"],
      ["status", 200],
    ],
    "\u0001http.route\u0002/orders/:id\u0002s\u0001status\u0002200\u0002n\u0001",
  );
  f(
    [["a\u0001b", "\u0002\u0003\u0000"]],
    "\u0001a\u0003Ab\u0002\u0003B\u0003C\u0003@\u0002s\u0001",
  );
  f([["big", 2n ** 60n]], "\u0001big\u00021152921504606846976\u0002i\u0001");
  f([["nothing", undefined]], "\u0001nothing\u0002\u0002e\u0001");
  f([["bytes", new Uint8Array([0, 255])]], "\u0001bytes\u0002AP8=\u0002x\u0001");
  f(
    [["map", new Map([["__proto__", [1, "x"]]])]],
    '\u0001map\u0002{"__proto__":[1,"x"]}\u0002j\u0001',
  );
});

test("readAttributeText() gives back whatever was written", () => {
  const scalar = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.boolean(),
    fc.double({ noDefaultInfinity: false, noNaN: false }).filter((each) => !Object.is(each, -0)),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
    fc.uint8Array(),
    fc.constant(undefined),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string({ unit: "binary" }), scalar)), (pairs) => {
      assert.deepEqual(readAttributeText(attributeText(pairs)), pairs);
    }),
  );
});
