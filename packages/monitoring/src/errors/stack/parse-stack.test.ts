import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseFrame, parseStack } from "./parse-stack.ts";

test("parseFrame() reads each form V8 writes", () => {
  const f = (text: string, want: string) => {
    const frame = parseFrame(text);
    const {
      functionName = "-",
      methodAlias = "",
      origin,
      file = "-",
      line = 0,
      column = 0,
    } = frame;
    const flags = `${frame.isAsync ? "async " : ""}${frame.isConstructor ? "new " : ""}`;
    const alias = methodAlias === "" ? "" : ` as ${methodAlias}`;
    assert.equal(`${flags}${functionName}${alias} ${origin} ${file} ${line}:${column}`, want);
  };

  f("charge (file:///app/a.ts:12:9)", "charge file file:///app/a.ts 12:9");
  f("/app/a.js:1:2", "- file /app/a.js 1:2");
  f("async file:///app/a.ts:1:2", "async - file file:///app/a.ts 1:2");
  f("charge (/srv/a:b)c/x.js:1:2)", "charge file /srv/a:b)c/x.js 1:2");
  f("Cart.pay [as (x)] (/app/a.js:3:1)", "Cart.pay as (x) file /app/a.js 3:1");
  f("async Cart.pay [as submit] (/app/a.js:3:1)", "async Cart.pay as submit file /app/a.js 3:1");
  f("new Order (C:\\app\\a.js:3:1)", "new Order file C:\\app\\a.js 3:1");
  f("async new Order (a.js:3:1)", "async new Order file a.js 3:1");
  f("Object.<anonymous> (/app/a.js:3:1)", "Object.<anonymous> file /app/a.js 3:1");
  f("<anonymous> (/app/a.js:3:1)", "- file /app/a.js 3:1");
  f("Array.map (<anonymous>)", "Array.map native - 0:0");
  f("async Promise.all (index 2)", "async Promise.all native - 0:0");
  f("Object.open (node:fs:560:18)", "Object.open node node:fs 560:18");
  f("node:internal/main/run_main_module:28:49", "- node node:internal/main/run_main_module 28:49");
  f("eval (eval at run (/app/x.js:4:2), <anonymous>:1:5)", "eval eval /app/x.js 4:2");
  f(
    "eval (eval at <anonymous> (eval at f (file:///b.js:1:7)), <anonymous>:1:1)",
    "eval eval file:///b.js 1:7",
  );
  f("run (wasm://wasm/8f3a:wasm-function[3]:0x4d2)", "run wasm wasm://wasm/8f3a 0:0");
  f("get size [as size] (/app/a b (1).js:3:1)", "get size as size file /app/a b (1).js 3:1");
  f("Object.f [as g(h)] (/app/a.js:3:1)", "Object.f as g(h) file /app/a.js 3:1");
  f("#private (/app/a.js:3:1)", "#private file /app/a.js 3:1");
  f("something else", "- unknown - 0:0");
  f("", "- unknown - 0:0");
});

test("parseStack() knows where the message ends", () => {
  const stack = "Error: first\n    at fake (forged.js:1:1)\nlast\n    at real (/app/a.js:2:3)\n";
  const frames = parseStack(stack, "Error: first\n    at fake (forged.js:1:1)\nlast");
  assert.deepEqual(
    frames.map(({ file }) => file),
    ["/app/a.js"],
  );
  assert.equal(parseStack(stack).length, 2);
  assert.deepEqual(parseStack("no stack"), []);
});

test("parseStack() reads what this engine writes", () => {
  const frames = parseStack(
    new Error("here\n    at nowhere").stack!,
    "Error: here\n    at nowhere",
  );
  assert.match(frames[0]!.file!, /parse-stack\.test\.ts$/);
  assert.ok(frames.some(({ origin }) => origin === "node"));
});

test("parseStack() is bounded and quick for any text", () => {
  assert.equal(parseStack("    at f (a.js:1:1)\n".repeat(10_000)).length, 200);
  for (const text of [
    `    at ${"(".repeat(1_000_000)}`,
    `    at ${"(:1:1)".repeat(100_000)}`,
    `    at f (${"eval at g (".repeat(50_000)}`,
    `    at ${" [as ".repeat(200_000)}`,
  ]) {
    parseStack(text);
  }
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      parseStack(`    at ${text}`);
      parseFrame(text);
    }),
    { numRuns: 1_000 },
  );
});
