// The type of an expression, read off the tree.

import type { Expr } from "./nodes.ts";
import type { ValueType } from "./value-type.ts";

/** What an expression gives. Types are as declared; `check()` is what proves that operands fit. */
export function valueType(expr: Expr): ValueType {
  switch (expr.kind) {
    case "number":
      return "scalar";
    case "string":
      return "string";
    case "paren":
    case "unary":
      return valueType(expr.expr);
    case "binary":
      return valueType(expr.left) === "scalar" && valueType(expr.right) === "scalar"
        ? "scalar"
        : "vector";
    case "call":
      return expr.func.returnType;
    case "aggregation":
    case "vectorSelector":
      return "vector";
    case "matrixSelector":
    case "subquery":
    default:
      return "matrix";
  }
}
