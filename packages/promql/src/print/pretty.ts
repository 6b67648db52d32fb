// A syntax tree as text for people: what is longer than 100 characters is broken into lines, two blanks a level.
//
//   sum by (job) (
//     rate(http_requests_total{...}[5m])
//   )
//   /
//   ...
//
// What fits on its line stays on it; selectors are never broken; operators stand on lines of their own. Comments are
// not in the tree, so they are lost. Source: promql/parser/prettier_rules.md of Prometheus.

import type { Expr } from "../ast/nodes.ts";
import {
  printAggregationHead,
  printExpr,
  printOperands,
  printOperator,
  printSubquerySuffix,
} from "./print.ts";

const MAX_LINE = 100;

/** The expression over as many lines as it needs. Reading it back gives the same tree. */
export function prettyExpr(expr: Expr): string {
  return pretty(expr, 0);
}

function pretty(expr: Expr, level: number): string {
  const indent = "  ".repeat(level);
  const line = printExpr(expr);
  if (line.length <= MAX_LINE) return indent + line;
  switch (expr.kind) {
    case "aggregation": {
      const param = expr.param === undefined ? "" : `${pretty(expr.param, level + 1)},\n`;
      return `${indent}${printAggregationHead(expr)}(\n${param}${pretty(expr.expr, level + 1)}\n${indent})`;
    }
    case "binary": {
      const [leftText, rightText] = printOperands(expr);
      const left = operand(expr.left, leftText, level + 1);
      const right = operand(expr.right, rightText, level + 1);
      return `${left}\n${indent}${printOperator(expr)}\n${right}`;
    }
    case "call": {
      const args = expr.args.map((arg) => pretty(arg, level + 1)).join(",\n");
      return `${indent}${expr.func.name}(\n${args}\n${indent})`;
    }
    case "paren":
      return `${indent}(\n${pretty(expr.expr, level + 1)}\n${indent})`;
    case "unary":
      return `${indent}${expr.op}${pretty(expr.expr, level).trimStart()}`;
    case "subquery":
      return `${pretty(expr.expr, level)}${printSubquerySuffix(expr)}`;
    case "number":
    case "string":
    case "vectorSelector":
    case "matrixSelector":
    default:
      return indent + line;
  }
}

/** @param text the operand on one line, with the parentheses it needs */
function operand(expr: Expr, text: string, level: number): string {
  if (text === printExpr(expr)) return pretty(expr, level);
  const indent = "  ".repeat(level);
  if (!text.startsWith("(")) return indent + text;
  return `${indent}(\n${pretty(expr, level + 1)}\n${indent})`;
}
