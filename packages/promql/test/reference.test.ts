// docs/reference/promql.md lists every function there is, and says which are experimental.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FUNCTIONS } from "@flx/promql";

const text = readFileSync(join(import.meta.dirname, "../../../docs/reference/promql.md"), "utf8");
const letters = { vector: "v", matrix: "r", scalar: "s", string: "t" } as const;

test("the reference lists every function with its arguments, and marks the experimental ones", () => {
  const section = text.slice(text.indexOf("## Functions"), text.indexOf("## The tree"));
  const listed = new Map<string, { args: string; experimental: boolean }>();
  for (const [, name, args, mark] of section.matchAll(/`(\w+)\(([^`]*)\)`(\\?\*?)/g)) {
    listed.set(name!, { args: args!, experimental: mark!.includes("*") });
  }
  assert.deepEqual([...listed.keys()].toSorted(), [...FUNCTIONS.keys()].toSorted());
  for (const { name, argTypes, variadic, maxArgs, experimental } of FUNCTIONS.values()) {
    const types = argTypes.map((type) => letters[type as keyof typeof letters]);
    const isOpen = variadic !== 0 && maxArgs > argTypes.length;
    // Where the last argument may be repeated, its second one stands for all.
    const wanted = isOpen && name === "histogram_quantiles" ? types.slice(0, 3) : types;
    const args = [...wanted, ...(isOpen ? ["..."] : [])].join(", ");
    assert.deepEqual(listed.get(name), { args, experimental }, name);
  }
});
