import assert from "node:assert/strict";
import { test } from "node:test";
import { parseExpr } from "../parse/parser.ts";
import { printExpr } from "../print/print.ts";
import { transform, walk } from "./walk.ts";

const query = 'topk(2, sum by (a) (rate(x{b="1"}[5m]))) + -y[5m:1m] * abs((z))';

test("walk() visits every node from the outside in, in the order written", () => {
  const seen: string[] = [];
  walk(parseExpr("topk(2, rate(x[5m])) + -(y)"), (expr, path) => {
    seen.push(`${path.map((parent) => parent.kind).join("/")} ${expr.kind}`);
  });
  assert.deepEqual(seen, [
    " binary",
    "binary aggregation",
    "binary/aggregation number",
    "binary/aggregation call",
    "binary/aggregation/call matrixSelector",
    "binary/aggregation/call/matrixSelector vectorSelector",
    "binary unary",
    "binary/unary paren",
    "binary/unary/paren vectorSelector",
  ]);
});

test("walk() passes over what is inside a node when it is told false", () => {
  const seen: string[] = [];
  walk(parseExpr("sum(rate(x[5m])) + y"), (expr) => {
    seen.push(expr.kind);
    return expr.kind !== "aggregation";
  });
  assert.deepEqual(seen, ["binary", "aggregation", "vectorSelector"]);
});

test("transform() replaces from the inside out and shares what stays", () => {
  const expr = parseExpr("sum(rate(x[5m])) + y");
  assert.equal(
    transform(expr, (node) => node),
    expr,
  );

  const renamed = transform(expr, (node) =>
    node.kind === "vectorSelector" && node.name === "y" ? { ...node, name: "z" } : node,
  );
  assert.ok(renamed.kind === "binary" && expr.kind === "binary");
  assert.equal(renamed.left, expr.left);
  assert.ok(renamed.right.kind === "vectorSelector" && renamed.right.name === "z");

  const doubled = transform(parseExpr("abs(1 + 2)".replace("abs", "vector")), (node) =>
    node.kind === "number" ? { ...node, value: node.value * 2 } : node,
  );
  assert.equal(printExpr(doubled), "vector(2 + 4)");
});

test("transform() refuses to make a range of anything but a selector", () => {
  assert.throws(
    () =>
      transform(parseExpr("rate(x[5m])"), (node) =>
        node.kind === "vectorSelector" ? parseExpr("1") : node,
      ),
    TypeError,
  );
});

test("transform() keeps every part of a node it does not touch", () => {
  const expr = parseExpr(query.replace("-y[5m:1m]", "max_over_time(y[5m:1m])"));
  const copied = transform(expr, (node) => ({ ...node }));
  assert.deepEqual(copied, expr);
});
