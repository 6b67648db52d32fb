import assert from "node:assert/strict";
import { test } from "node:test";
import { causesOf, cycleThrough } from "./dependency-graph.ts";

const graph = (edges: Readonly<Record<string, readonly string[]>>) => (name: string) =>
  edges[name] ?? [];

test("cycleThrough() names the way back, or finds none", () => {
  const f = (dependsOn: string[], edges: Record<string, string[]>, want: string | undefined) =>
    assert.equal(cycleThrough("a", dependsOn, graph(edges))?.join(" "), want);

  f([], {}, undefined);
  f(["a"], {}, "a a");
  f(["b"], { b: ["a"] }, "a b a");
  f(["b", "c"], { b: ["d"], c: ["d"], d: ["e"] }, undefined);
  f(["x", "b"], { b: ["c"], c: ["d"], d: ["a"] }, "a b c d a");
});

test("causesOf() gives the deepest dependencies that are at least as bad", () => {
  const edges = graph({ a: ["b", "c"], b: ["d"], c: ["d", "e"], f: ["a"] });
  const f = (name: string, severities: Record<string, number>, want: string) =>
    assert.equal(causesOf(name, edges, (each) => severities[each]).join(" "), want);

  f("a", {}, "");
  f("a", { a: 3 }, ""); // it fails by itself
  f("a", { a: 3, b: 3 }, "b");
  f("a", { a: 3, b: 3, d: 3, c: 3 }, "d");
  f("a", { a: 3, c: 3, d: 3, e: 3 }, "d e");
  f("a", { a: 3, b: 1 }, ""); // worse than its dependency
  f("a", { a: 1, b: 3 }, "b");
  f("f", { f: 3, a: 3, b: 3, d: 3 }, "d");
  f("f", { f: 3, d: 3 }, ""); // what stands between is well
});
