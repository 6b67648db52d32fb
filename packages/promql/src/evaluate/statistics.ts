// What a query cost: per node of its plan, and in all.

import { childrenOf, type PlanNode } from "./plan-nodes.ts";

/** What one node of the plan did. */
export interface NodeStatistics {
  /** The text of the expression the node stands for. */
  readonly text: string;
  readonly kind: PlanNode["kind"];
  /** How deep the node is, the root being 0. */
  readonly depth: number;
  /** Series it gave, summed over its evaluations. */
  readonly series: number;
  /** Samples it read from the store; selectors only. */
  readonly samplesRead: number;
  /** How often it was evaluated: 1, but under a subquery of many. */
  readonly evaluations: number;
  /** Time in the node and below it, ms; 0 without a clock. */
  readonly timeMs: number;
}

/** What a query cost. */
export interface QueryStatistics {
  /** Samples the store gave that lay in the windows looked at. */
  readonly samplesRead: number;
  /** The most samples held at one time. */
  readonly peakSamples: number;
  /** The most bytes of columns held at one time. */
  readonly peakBytes: number;
  /** Time of the store and of evaluation, ms; 0 without a clock. */
  readonly selectMs: number;
  readonly evaluateMs: number;
  /** One entry per node of the plan, a parent before its children. */
  readonly nodes: readonly NodeStatistics[];
}

/** Mutable counters of one node. */
export class NodeCounters {
  series = 0;
  samplesRead = 0;
  evaluations = 0;
  timeMs = 0;
}

/** The entries of a plan in the order people read it. */
export function nodeStatistics(
  root: PlanNode,
  query: string,
  counters: readonly (NodeCounters | undefined)[],
): NodeStatistics[] {
  const entries: NodeStatistics[] = [];
  const visit = (node: PlanNode, depth: number): void => {
    const found = counters[node.id] ?? new NodeCounters();
    const { series, samplesRead, evaluations, timeMs } = found;
    const text = query.slice(node.start, node.end);
    entries.push({ text, kind: node.kind, depth, series, samplesRead, evaluations, timeMs });
    for (const child of childrenOf(node)) visit(child, depth + 1);
  };
  visit(root, 0);
  return entries;
}
