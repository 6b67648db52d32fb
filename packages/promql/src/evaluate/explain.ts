// The plan of a query as a tree of text.
//
//   aggregate sum by (job)
//   └── call rate
//       └── range 5m
//           └── selector {__name__="x"}, samples from 2026-01-01T00:00:00.001Z to 2026-01-01T01:00:00.000Z

import { type DurationMs, formatDuration } from "@flx/model";
import type { Matcher } from "../matcher/matcher.ts";
import { childrenOf, type PlanNode } from "./plan-nodes.ts";

/** The tree under a node. */
export function explainPlan(root: PlanNode): string {
  const lines: string[] = [];
  const visit = (node: PlanNode, lead: string, isLast: boolean | undefined): void => {
    const branch = isLast === undefined ? "" : isLast ? "└── " : "├── ";
    lines.push(`${lead}${branch}${describe(node)}`);
    const children = childrenOf(node);
    const inner = isLast === undefined ? "" : `${lead}${isLast ? "    " : "│   "}`;
    for (const [i, child] of children.entries()) visit(child, inner, i === children.length - 1);
  };
  visit(root, "", undefined);
  return lines.join("\n");
}

function describe(node: PlanNode): string {
  switch (node.kind) {
    case "number":
      return `number ${node.value}`;
    case "string":
      return `string ${JSON.stringify(node.value)}`;
    case "selector": {
      const matchers = node.matchers.map(matcherText).join(", ");
      const { startMs, endMs } = node.range;
      return `selector {${matchers}}${modifiers(node)}, samples from ${time(startMs)} to ${time(endMs)}`;
    }
    case "range":
      return `range ${duration(node.rangeMs)}`;
    case "subquery":
      return `subquery ${duration(node.rangeMs)} every ${duration(node.stepMs)}${modifiers(node)}`;
    case "call":
      return `call ${node.name}`;
    case "aggregate": {
      const labels = node.grouping.join(", ");
      if (node.without) return `aggregate ${node.op} without (${labels})`;
      return labels === "" ? `aggregate ${node.op}` : `aggregate ${node.op} by (${labels})`;
    }
    case "binary":
      return `binary ${node.op}${node.returnBool ? " bool" : ""}${matchingText(node)}`;
    case "unary":
      return `unary ${node.op}`;
    case "once":
    default:
      return "once, for all times";
  }
}

function matcherText({ name, op, value }: Matcher): string {
  return `${name}${op}${JSON.stringify(value)}`;
}

function modifiers(node: { readonly offsetMs: number; readonly atMs: number | undefined }): string {
  const offset = node.offsetMs === 0 ? "" : ` offset ${duration(node.offsetMs)}`;
  return node.atMs === undefined ? offset : `${offset} at ${time(node.atMs)}`;
}

function matchingText({ matching }: PlanNode & { readonly kind: "binary" }): string {
  if (matching === undefined) return "";
  const { on, labels, cardinality, include } = matching;
  const names = on || labels.length > 0 ? ` ${on ? "on" : "ignoring"} (${labels.join(", ")})` : "";
  if (cardinality === "many-to-one") return `${names} group_left (${include.join(", ")})`;
  return cardinality === "one-to-many" ? `${names} group_right (${include.join(", ")})` : names;
}

function duration(ms: number): string {
  return ms < 0 ? `-${formatDuration(-ms as DurationMs)}` : formatDuration(ms as DurationMs);
}

function time(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : `${ms} ms`;
}
