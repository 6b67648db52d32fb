// absent: a vector of one element when there is nothing, and nothing when there is something.
//
//   absent(up{job="a", zone=~"x.*"})   gives   {job="a"}   the labels that the selector asks for exactly
//
// A label that is asked for twice is left out, as in Prometheus.

import { Labels, METRIC_NAME } from "@flx/model";
import type { PlanNode } from "../evaluate/plan-nodes.ts";

/** The labels of the element that stands for something missing. */
export function absentLabels(node: PlanNode): Labels {
  const selector = node.kind === "range" ? node.selector : node;
  if (selector.kind !== "selector") return Labels.empty;
  const found = new Map<string, string>();
  const seen = new Set<string>();
  for (const { name, op, value } of selector.matchers) {
    if (name === METRIC_NAME) continue;
    if (op === "=" && !seen.has(name)) {
      found.set(name, value);
      seen.add(name);
    } else found.delete(name);
  }
  return Labels.from(found);
}
