import assert from "node:assert/strict";
import { test } from "node:test";
import { parseExpr } from "../parse/parser.ts";
import { variantsOf } from "./variants.ts";

test("variantsOf() pins every selector to the time and asks at other times", () => {
  const f = (query: string, want: string) => {
    const variants = variantsOf(parseExpr(query, { experimental: true }), 3_000_000);
    assert.deepEqual([...new Set(variants.map((variant) => variant.query))], [want]);
    assert.deepEqual(
      variants.map((variant) => variant.timeMs),
      [-30_000_000, 0, 600_000, 3_000_000, 30_000_000],
    );
  };
  f("x", "x @ 3000.000");
  f("rate(x[5m] offset 1m)", "rate(x[5m] @ 3000.000 offset 1m)");
  f("x @ 10 + y @ start()", "x @ 10.000 + y @ 3000.000");
  f("max_over_time(sum(x)[5m:1m])", "max_over_time(sum(x)[5m:1m] @ 3000.000)");
  f("max_over_time(rate(x[5m:])[5m:1m] @ 5)", "max_over_time(rate(x[5m:])[5m:1m] @ 5.000)");
});

test("variantsOf() has none for queries that depend on the time otherwise", () => {
  for (const query of [
    "time()",
    "x + hour()",
    "timestamp(x)",
    "predict_linear(x[5m], 60)",
    "step()",
  ]) {
    assert.deepEqual(variantsOf(parseExpr(query, { experimental: true }), 0), [], query);
  }
  assert.deepEqual(
    variantsOf(parseExpr("x"), 0).map((variant) => variant.timeMs),
    [-1000, 0, 1000],
  );
});
