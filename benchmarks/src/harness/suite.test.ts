import assert from "node:assert/strict";
import { test } from "node:test";
import { compileLoop, consumptionOf, sink } from "./copies.ts";
import { nearestName } from "./nearest-name.ts";
import { contender, suite, type LoopCase } from "./suite.ts";

function named(...names: readonly string[]): LoopCase {
  const contenders = names.map((name) =>
    contender({ name, setup: () => 0, op: () => {}, check: () => 0 }),
  );
  return { name: "a case", kind: "loop", contenders };
}

test("suite() refuses doubles, a missing ours and a budget against nobody", () => {
  const f = (cases: readonly LoopCase[], message: RegExp) =>
    assert.throws(() => suite("s", { title: "S", cases }), { name: "TypeError", message });

  f([named("ours"), named("ours")], /suite s: case "a case" is there twice/);
  f([named("ours", "peer", "peer")], /case a case: contender "peer" is there twice/);
  f([named("peer", "ours")], /the first contender must be named "ours"/);
  f([{ ...named("ours"), budgets: [{ against: "peer", atLeast: 3 }] }], /against "peer", who/);
  assert.equal(suite("s", { title: "S", cases: [named("ours", "peer")] }).name, "s");
});

test("compileLoop() runs the op so many times and consumes what it returns", async () => {
  const state = { calls: 0 };
  const sum = compileLoop((_: unknown, i) => i, { consumption: "number" });
  assert.equal(sum(state, 10, 3), 10 + 11 + 12);

  // A method's source text is no expression of its own.
  const methods = {
    op(this: void, counted: typeof state) {
      counted.calls++;
    },
  };
  const count = compileLoop(methods.op, { consumption: "nothing" });
  assert.equal(count(state, 0, 7), 0);
  assert.equal(state.calls, 7);

  const keep = compileLoop((_: unknown, i) => `text ${i}`, { consumption: "value" });
  await keep(state, 300, 1);
  assert.ok(sink.ring.includes("text 300"));

  const later = compileLoop(async (_: unknown, i) => i, { consumption: "number", async: true });
  assert.equal(await later(state, 1, 2), 3);
});

test("compileLoop() takes the op alone, without what is around it", () => {
  const around = 1;
  const loop = compileLoop(() => around, { consumption: "number" });
  assert.throws(() => loop(0, 0, 1), { name: "ReferenceError", message: /around/ });
  assert.throws(() => compileLoop(Math.max.bind(null), { consumption: "number" }), TypeError);
});

test("consumptionOf() tells numbers, values and nothing apart", () => {
  assert.deepEqual([1, "a", null, undefined].map(consumptionOf), [
    "number",
    "value",
    "value",
    "nothing",
  ]);
});

test("nearestName() finds what was meant", () => {
  const f = (name: string, want: string | undefined, names = ["floor", "labels", "exposition"]) =>
    assert.equal(nearestName(name, names), want);

  f("flor", "floor");
  f("label", "labels");
  f("exposion", "exposition");
  f("x", undefined, []);
});
