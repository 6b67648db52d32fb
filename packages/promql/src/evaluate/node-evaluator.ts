// What aggregations and functions need of the evaluator: the results of their arguments. (An interface of its own, so
// that they and the evaluator, which calls them, do not import each other.)

import type { Execution } from "./execution.ts";
import type { Grid } from "./grid.ts";
import type { Matrix } from "./matrix.ts";
import type { PlanNode, SubqueryNode } from "./plan-nodes.ts";

/** Evaluates nodes of one query. */
export interface NodeEvaluator {
  readonly execution: Execution;
  /** The result of a node of type instant vector; the caller owns it. */
  vector(node: PlanNode, grid: Grid): Promise<Matrix>;
  /** The column of a node of type scalar; the caller owns it. */
  scalar(node: PlanNode, grid: Grid): Promise<Float64Array>;
  /** The samples of a subquery, on its own grid. */
  subquery(node: SubqueryNode, grid: Grid): Promise<{ matrix: Matrix; grid: Grid }>;
}
