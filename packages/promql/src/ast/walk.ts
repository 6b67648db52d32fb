// Going through a syntax tree, and making another one of it.
//
// The children of a node are the expressions it is about, in the order they stand in the query. A range selector's
// instant selector is a child; durations are not expressions.

import type { Expr } from "./nodes.ts";

/** The expressions directly inside a node, in the order written. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "number":
    case "string":
    case "vectorSelector":
      return [];
    case "paren":
    case "unary":
    case "subquery":
      return [expr.expr];
    case "binary":
      return [expr.left, expr.right];
    case "call":
      return expr.args;
    case "aggregation":
      return expr.param === undefined ? [expr.expr] : [expr.param, expr.expr];
    case "matrixSelector":
    default:
      return [expr.vector];
  }
}

/**
 * Visits a node and all inside it, from the outside in.
 *
 * @param visit gets each node with those it stands in, outermost first (the array changes afterwards: copy it to keep
 *   it); return `false` to pass over what is inside
 */
export function walk(
  expr: Expr,
  visit: (expr: Expr, path: readonly Expr[]) => boolean | void,
): void {
  const path: Expr[] = [];
  const go = (node: Expr): void => {
    if (visit(node, path) === false) return;
    path.push(node);
    for (const child of childrenOf(node)) go(child);
    path.pop();
  };
  go(expr);
}

/**
 * A tree in which every node was replaced by what `replace` makes of it, from the inside out. Nodes that nothing changes
 * are shared with the old tree. Positions stay those of the old query.
 *
 * @param replace gets a node whose children were replaced already; return it to keep it
 */
export function transform(expr: Expr, replace: (expr: Expr) => Expr): Expr {
  const go = (node: Expr): Expr => replace(mapChildren(node, go));
  return go(expr);
}

/** The node with each of its children replaced; the node itself when none changes. */
export function mapChildren(expr: Expr, go: (expr: Expr) => Expr): Expr {
  switch (expr.kind) {
    case "number":
    case "string":
    case "vectorSelector":
      return expr;
    case "paren":
    case "unary":
    case "subquery": {
      const inner = go(expr.expr);
      return inner === expr.expr ? expr : { ...expr, expr: inner };
    }
    case "binary": {
      const left = go(expr.left);
      const right = go(expr.right);
      return left === expr.left && right === expr.right ? expr : { ...expr, left, right };
    }
    case "call": {
      const args = expr.args.map(go);
      return args.every((arg, i) => arg === expr.args[i]) ? expr : { ...expr, args };
    }
    case "aggregation": {
      const param = expr.param && go(expr.param);
      const inner = go(expr.expr);
      return param === expr.param && inner === expr.expr ? expr : { ...expr, param, expr: inner };
    }
    case "matrixSelector":
    default: {
      const vector = go(expr.vector);
      if (vector === expr.vector) return expr;
      if (vector.kind === "vectorSelector") return { ...expr, vector };
      throw new TypeError(`a range is of a selector; transform() made ${vector.kind} of it`);
    }
  }
}
