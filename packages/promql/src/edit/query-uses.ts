// What a query uses: its selectors, the metrics they name, the labels that matter to it.
//
//   sum by (job) (rate(http_requests_total{code="500"}[5m])) / on (job) up
//
//   metrics   http_requests_total, up
//   labels    code (matched), job (grouped, matched on)
//
// For dashboards that only load what they show, rules that are linted, limits that are checked before a query runs.

import { METRIC_NAME } from "@flx/model";
import type { Expr, VectorSelector } from "../ast/nodes.ts";
import { walk } from "../ast/walk.ts";

/** What a query uses. */
export interface QueryUses {
  /** Every instant selector, those inside range selectors included, in the order they stand. */
  readonly selectors: readonly VectorSelector[];
  /** Metric names that selectors name exactly, each once. */
  readonly metricNames: readonly string[];
  /** Whether a selector names no metric exactly: by pattern, or only by labels. */
  readonly hasOpenSelector: boolean;
  /** Labels in matchers, groupings, `on`, `ignoring`, `group_left`, `group_right` and label functions, each once. */
  readonly labelNames: readonly string[];
}

/** Finds what a query uses. */
export function queryUses(expr: Expr): QueryUses {
  const selectors: VectorSelector[] = [];
  const metricNames = new Set<string>();
  const labelNames = new Set<string>();
  let hasOpenSelector = false;
  walk(expr, (node) => {
    for (const label of labelsIn(node)) labelNames.add(label);
    if (node.kind !== "vectorSelector") return;
    selectors.push(node);
    const names = metricNamesOf(node);
    if (names === undefined) hasOpenSelector = true;
    for (const name of names ?? []) metricNames.add(name);
  });
  return {
    selectors,
    metricNames: [...metricNames],
    hasOpenSelector,
    labelNames: [...labelNames],
  };
}

/** The names a selector is limited to; undefined when they cannot be told. */
function metricNamesOf({ matchers }: VectorSelector): readonly string[] | undefined {
  for (const matcher of matchers) {
    if (matcher.name !== METRIC_NAME || matcher.op.startsWith("!")) continue;
    if (matcher.candidates !== undefined) return matcher.candidates;
  }
  return undefined;
}

const LABEL_ARGUMENTS: Readonly<Record<string, (position: number) => boolean>> = {
  label_replace: (position) => position === 1 || position === 3,
  label_join: (position) => position === 1 || position > 2,
  sort_by_label: (position) => position > 0,
  sort_by_label_desc: (position) => position > 0,
};

function labelsIn(node: Expr): readonly string[] {
  switch (node.kind) {
    case "vectorSelector":
      return node.matchers.map(({ name }) => name).filter((name) => name !== METRIC_NAME);
    case "aggregation":
      return node.op === "count_values" && node.param?.kind === "string"
        ? [...node.grouping, node.param.value]
        : node.grouping;
    case "binary":
      return node.matching === undefined ? [] : [...node.matching.labels, ...node.matching.include];
    case "call": {
      const isLabel = LABEL_ARGUMENTS[node.func.name];
      return isLabel === undefined
        ? []
        : node.args.flatMap((arg, i) => (arg.kind === "string" && isLabel(i) ? [arg.value] : []));
    }
    case "number":
    case "string":
    case "paren":
    case "unary":
    case "matrixSelector":
    case "subquery":
    default:
      return [];
  }
}
