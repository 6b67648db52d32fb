import assert from "node:assert/strict";
import { test } from "node:test";
import { WantedErrors } from "./wanted-errors.ts";

function price(message: string, cause?: unknown): Error {
  return new RangeError(message, { cause });
}

const rate = (): Error => new TypeError("no rate");

test("add() waits for the next error of the same type and place, and for its causes, once a group", () => {
  const wanted = new WantedErrors();
  assert.equal(wanted.isEmpty, true);
  assert.equal(wanted.add("a", price("order 7", rate())), true);
  assert.equal(wanted.add("a", price("order 7")), false);

  const mark = wanted.markOf(price("order 8").stack!);
  assert.match(mark!, /^RangeError price .*wanted-errors\.test\.ts$/);
  assert.match(wanted.markOf(rate().stack!)!, /^TypeError rate /);
  assert.equal(wanted.markOf(new RangeError("elsewhere").stack!), undefined);
  assert.equal(wanted.markOf("RangeError: without frames"), undefined);

  wanted.found(mark!);
  assert.equal(wanted.markOf(price("order 9").stack!), undefined);
  assert.equal(wanted.isEmpty, false);
});

test("waited() gives up who was waited for three times", () => {
  const wanted = new WantedErrors();
  wanted.add("a", price("x"));
  for (const left of [false, false, true]) {
    wanted.waited();
    assert.equal(wanted.isEmpty, left);
  }
  assert.equal(wanted.add("a", price("x")), false);
});

test("add() is bounded, and takes whatever was thrown", () => {
  const wanted = new WantedErrors();
  const hostile = {
    get stack(): string {
      throw new Error("no");
    },
  };
  for (const each of [null, undefined, "text", 7, hostile, Object.freeze({ stack: 7 })]) {
    assert.equal(wanted.add(`group of ${typeof each}`, each), false);
  }
  for (let i = 0; i < 5_000; i++) {
    wanted.add(`group ${i}`, { stack: `Error: x\n    at f${i} (/app/a.ts:1:1)` });
  }
  const known = Array.from({ length: 5_000 }, (_, i) =>
    wanted.markOf(`Error: y\n    at f${i} (/app/a.ts:1:1)`),
  );
  assert.equal(known.filter((each) => each !== undefined).length, 50);
  // A megabyte without frames is looked at no further than its head.
  assert.equal(wanted.add("long", { stack: `Error: ${"x\n    at ".repeat(200_000)}` }), false);
});
