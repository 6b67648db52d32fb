// A query made ready for evaluation: what is left of the syntax tree when everything that does not depend on samples is
// decided. See plan.ts, which builds it, and evaluator.ts, which runs it.
//
//   syntax tree                         plan
//   x[2 * step()] offset 5m @ end()     range 120 s ── selector offset 300 s at 1700000000000
//   (x)                                 x: parentheses are gone
//   x @ 10 + y                          once(x @ 10) + y: evaluated once, repeated for every time

import type { AggregationOp, BinaryOp, Span, VectorMatching } from "../ast/nodes.ts";
import type { ValueType } from "../ast/value-type.ts";
import type { Matcher } from "../matcher/matcher.ts";
import type { SelectHints, TimeRange } from "../series/queryable.ts";

interface Node extends Span {
  /** Number of the node in its plan, from 0, a parent before its children. */
  readonly id: number;
}

export interface NumberNode extends Node {
  readonly kind: "number";
  readonly value: number;
}

export interface StringNode extends Node {
  readonly kind: "string";
  readonly value: string;
}

/** Series by matchers. */
export interface SelectorNode extends Node {
  readonly kind: "selector";
  readonly matchers: readonly Matcher[];
  readonly offsetMs: number;
  /** Fixed time instead of the evaluation time. */
  readonly atMs: number | undefined;
  readonly extended: "anchored" | "smoothed" | undefined;
  /** Only count and sum of histograms are needed. */
  readonly statsOnly: boolean;
  /** What the store is asked for. */
  readonly range: TimeRange;
  readonly hints: SelectHints;
}

export interface RangeNode extends Node {
  readonly kind: "range";
  readonly selector: SelectorNode;
  readonly rangeMs: number;
}

export interface SubqueryNode extends Node {
  readonly kind: "subquery";
  readonly expr: PlanNode;
  readonly rangeMs: number;
  readonly stepMs: number;
  readonly offsetMs: number;
  readonly atMs: number | undefined;
}

export interface CallNode extends Node {
  readonly kind: "call";
  readonly name: string;
  readonly returns: ValueType;
  readonly args: readonly PlanNode[];
}

export interface AggregateNode extends Node {
  readonly kind: "aggregate";
  readonly op: AggregationOp;
  readonly expr: PlanNode;
  readonly param: PlanNode | undefined;
  /** Sorted. */
  readonly grouping: readonly string[];
  readonly without: boolean;
}

export interface BinaryNode extends Node {
  readonly kind: "binary";
  readonly op: BinaryOp;
  readonly left: PlanNode;
  readonly right: PlanNode;
  readonly returnBool: boolean;
  readonly matching: VectorMatching | undefined;
}

export interface UnaryNode extends Node {
  readonly kind: "unary";
  readonly op: "+" | "-";
  readonly expr: PlanNode;
}

/** Evaluated at the first time only; the result holds for all times. */
export interface OnceNode extends Node {
  readonly kind: "once";
  readonly expr: PlanNode;
}

export type PlanNode =
  | NumberNode
  | StringNode
  | SelectorNode
  | RangeNode
  | SubqueryNode
  | CallNode
  | AggregateNode
  | BinaryNode
  | UnaryNode
  | OnceNode;

/** The type of a node's result. */
export function typeOf(node: PlanNode): ValueType {
  switch (node.kind) {
    case "number":
      return "scalar";
    case "string":
      return "string";
    case "selector":
    case "aggregate":
      return "vector";
    case "range":
    case "subquery":
      return "matrix";
    case "call":
      return node.returns;
    case "binary":
      return typeOf(node.left) === "scalar" && typeOf(node.right) === "scalar"
        ? "scalar"
        : "vector";
    case "unary":
    case "once":
    default:
      return typeOf(node.expr);
  }
}

/** The nodes a node works on, in the order they are evaluated. */
export function childrenOf(node: PlanNode): readonly PlanNode[] {
  switch (node.kind) {
    case "number":
    case "string":
    case "selector":
      return [];
    case "range":
      return [node.selector];
    case "subquery":
    case "unary":
    case "once":
      return [node.expr];
    case "call":
      return node.args;
    case "aggregate":
      return node.param === undefined ? [node.expr] : [node.param, node.expr];
    case "binary":
    default:
      return [node.left, node.right];
  }
}
