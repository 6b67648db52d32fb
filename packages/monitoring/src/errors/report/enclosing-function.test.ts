import assert from "node:assert/strict";
import { test } from "node:test";
import { enclosingFunction } from "./enclosing-function.ts";

/** The name at the mark in a source. */
function nameAt(source: string, isConstructor = false): string | undefined {
  const lines = source.split("\n");
  const line = lines.findIndex((each) => each.includes("▮"));
  return enclosingFunction(
    lines.map((each) => each.replace("▮", "")),
    line + 1,
    lines[line]!.indexOf("▮") + 1,
    isConstructor,
  );
}

test("enclosingFunction() finds the name of the function around a place", () => {
  const f = (source: string, want: string | undefined) =>
    assert.equal(nameAt(source), want, source);

  f("function charge(order) {\n  return ▮order.total;\n}", "charge");
  f("async function* pages(order: Order): Pages {\n  if (a) {\n    yield ▮b;\n  }\n}", "pages");
  f(
    "export const charge = async (order: Order): Promise<void> => {\n  await ▮pay();\n};",
    "charge",
  );
  f("const charge: Charge = (order) =>\n  ▮pay(order);", "charge");
  f("const charge = (order) => ▮pay(order);", "charge");
  f("const charge = order => ▮pay(order);", "charge");
  f("class Cart {\n  async #pay(order) {\n    ▮x();\n  }\n}", "#pay");
  f("class Cart {\n  static get total(): number {\n    return ▮x;\n  }\n}", "total");
  f("class Cart {\n  pay = () => {\n    ▮x();\n  };\n}", "pay");
  f("const handlers = {\n  pay(order) {\n    ▮x();\n  },\n};", "pay");
  f("const handlers = {\n  pay: async (order) => ▮x(order),\n};", "pay");
  f("const charge = function pay() {\n  ▮x();\n};", "pay");
  f(
    "function charge(\n  order: Order,\n  rate: number,\n): number {\n  return ▮order;\n}",
    "charge",
  );
  f("function charge<Result>(order: Map<string, Result>) {\n  ▮x();\n}", "charge");
});

test("enclosingFunction() knows functions that have no name, and where they end", () => {
  const f = (source: string, want: string | undefined) =>
    assert.equal(nameAt(source), want, source);

  f("function charge(list) {\n  return list.map((each) => ▮each.name);\n}", "");
  f(
    "function charge(list) {\n  return list.map((each) => each.name).▮filter(Boolean);\n}",
    "charge",
  );
  f("function charge(list) {\n  return sum(list.map((each) => each.name), ▮rate());\n}", "charge");
  f("function charge(list) {\n  list.forEach((each) => {\n    ▮each.pay();\n  });\n}", "");
  f("function charge() {\n  setTimeout(function () {\n    ▮x();\n  });\n}", "");
  f("function charge() {\n  setTimeout(function later() {\n    ▮x();\n  });\n}", "later");
  f("const charge = wrap(async (order) => {\n  ▮x();\n});", "");
  f('function charge() {\n  return call("() => {", ▮x());\n}', "charge");
  f(
    "function charge() {\n  if (a) {\n    for (const b of c) {\n      ▮x();\n    }\n  }\n}",
    "charge",
  );
  f("▮charge();", undefined);
  f("if (a) {\n  ▮charge();\n}", undefined);
});

test("enclosingFunction() of a constructor is its class", () => {
  const f = (source: string, want: string | undefined) =>
    assert.equal(nameAt(source, true), want, source);

  f("export class Cart extends Base<Line> {\n  constructor(id) {\n    ▮super(id);\n  }\n}", "Cart");
  f("class Cart {\n  constructor(id) {\n    if (a) throw ▮new Error();\n  }\n}", "Cart");
  f("class Cart {\n  lines = ▮read();\n}", "Cart");
  f("const Cart = class {\n  constructor() {\n    ▮x();\n  }\n};", "Cart");
  f("function Cart(id) {\n  this.id = ▮id.x;\n}", "Cart");
  assert.equal(nameAt("class Cart {\n  constructor() {\n    ▮x();\n  }\n}"), "constructor");
});

test("enclosingFunction() is quick for any text", () => {
  for (const text of ["(", "{", "=>", "a=>", "){", "'", "`", "=(", "function "]) {
    enclosingFunction([`  ${text.repeat(20_000)}`, "    x"], 2, 5);
    enclosingFunction([text.repeat(20_000)], 1, 20_000);
  }
});
