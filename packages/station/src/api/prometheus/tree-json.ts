// The syntax tree of a query as Prometheus' API gives it: what its own interface draws as a tree.
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/api/#parsing-a-promql-expressions-into-a-abstract-syntax-tree-ast

import {
  type AtModifier,
  type DurationExpr,
  durationMs,
  type Expr,
  isConstantDuration,
  type Matcher,
  plainNumber,
  type VectorMatching,
  type VectorSelector,
} from "@flx/promql";

/** A node and what is below it. */
export function treeJson(expr: Expr): Readonly<Record<string, unknown>> {
  switch (expr.kind) {
    case "number":
      return { type: "numberLiteral", val: plainNumber(expr.value) };
    case "string":
      return { type: "stringLiteral", val: expr.value };
    case "paren":
      return { type: "parenExpr", expr: treeJson(expr.expr) };
    case "unary":
      return { type: "unaryExpr", op: expr.op, expr: treeJson(expr.expr) };
    case "binary":
      return {
        type: "binaryExpr",
        op: expr.op,
        lhs: treeJson(expr.left),
        rhs: treeJson(expr.right),
        matching: expr.matching === undefined ? null : matchingJson(expr.matching),
        bool: expr.returnBool,
      };
    case "aggregation":
      return {
        type: "aggregation",
        op: expr.op,
        expr: treeJson(expr.expr),
        param: expr.param === undefined ? null : treeJson(expr.param),
        grouping: expr.grouping,
        without: expr.without,
      };
    case "call":
      return {
        type: "call",
        func: {
          name: expr.func.name,
          argTypes: expr.func.argTypes,
          variadic: expr.func.variadic,
          returnType: expr.func.returnType,
        },
        args: expr.args.map(treeJson),
      };
    case "vectorSelector":
      return { type: "vectorSelector", ...selectorJson(expr) };
    case "matrixSelector":
      return { type: "matrixSelector", ...selectorJson(expr.vector), range: lengthMs(expr.range) };
    case "subquery":
    default:
      return {
        type: "subquery",
        expr: treeJson(expr.expr),
        range: lengthMs(expr.range),
        step: lengthMs(expr.step),
        offset: lengthMs(expr.offset),
        ...atJson(expr.at),
      };
  }
}

function selectorJson({ name, offset, matchers, at }: VectorSelector) {
  return {
    name: name ?? "",
    offset: lengthMs(offset),
    matchers: matchers.map(matcherJson),
    ...atJson(at),
  };
}

function matcherJson({ name, value, op }: Matcher) {
  return { name, value, type: op };
}

function matchingJson({ cardinality, labels, on, include, fillLeft, fillRight }: VectorMatching) {
  return {
    card: cardinality,
    labels,
    on,
    include,
    fillValues: { lhs: fillLeft ?? null, rhs: fillRight ?? null },
  };
}

function atJson(at: AtModifier | undefined) {
  return {
    timestamp: at?.kind === "time" ? at.timestampMs : null,
    startOrEnd: at === undefined || at.kind === "time" ? null : at.kind,
  };
}

/** A length in milliseconds; null when it depends on the query's step or range. */
function lengthMs(length: DurationExpr | undefined): number | null {
  if (length === undefined) return 0;
  return isConstantDuration(length) ? durationMs(length, { stepMs: 0, rangeMs: 0 }, "any") : null;
}
