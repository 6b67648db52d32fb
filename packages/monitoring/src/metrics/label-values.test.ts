import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { labelString, wireText } from "./label-values.ts";

test("labelString() takes text, numbers and booleans, nothing with a toString of its own", () => {
  const f = (value: unknown, want: string | undefined) => assert.equal(labelString(value), want);

  f("GET", "GET");
  f("", "");
  f(200, "200");
  f(1.5, "1.5");
  f(Number.NaN, "NaN");
  f(12n, "12");
  f(true, "true");
  f(undefined, undefined);
  f(null, undefined);
  f({ toString: () => "GET" }, undefined);
  f(["GET"], undefined);
  f(Symbol("GET"), undefined);
});

test("wireText() is Unicode text and never the same for two strings", () => {
  const f = (value: string, want: string) => assert.equal(wireText(value), want);

  f("plain", "plain");
  f("\u{1F600}", "\u{1F600}");
  f("\ufffd", "\ufffd");
  f("\ud800", "\ufffdd800");
  f("a\udc00b", "a\ufffddc00b");
  f("\ufffdd800", "\ufffdfffdd800");
  f("\ufffdfffd", "\ufffdfffdfffd");

  const unit = fc.constantFrom(
    "\ud800",
    "\udc00",
    "\ufffd",
    "d800",
    "dc00",
    "fffd",
    "f",
    "\u{1F600}",
  );
  const text = fc.array(unit, { maxLength: 6 }).map((units) => units.join(""));
  fc.assert(
    fc.property(text, text, (a, b) => {
      assert.ok(wireText(a).isWellFormed());
      assert.equal(wireText(a) === wireText(b), a === b);
    }),
    { numRuns: 3000 },
  );
});
