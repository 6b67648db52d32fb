// Runs a plan: each node gives its whole result for all evaluation times, from the results of its children.
//
//   sum by (job) (rate(x[5m]))            evaluated once per query, not once per step
//
//   aggregate ──> matrix  1 x 241         groups x steps
//   └── call rate ──> matrix  10,000 x 241
//       └── range ──> series as the store gave them, windows slide over their samples
//
// A scalar is a bare column, one number per time. A parent may change its child's matrix in place: nobody else reads it.

import { Labels } from "@flx/model";
import { withHint } from "../histogram/float-histogram.ts";
import { scaleHistogram } from "../histogram/arithmetic.ts";
import { evaluateAggregation } from "./aggregation.ts";
import { scalarBinary, vectorScalarBinary, vectorVectorBinary } from "./binary.ts";
import type { Execution } from "./execution.ts";
import { type Grid, gridOf, instantGrid } from "./grid.ts";
import { FLOAT, HISTOGRAM, Matrix } from "./matrix.ts";
import { dropNames } from "./metric-labels.ts";
import type { NodeEvaluator } from "./node-evaluator.ts";
import {
  type BinaryNode,
  type CallNode,
  type OnceNode,
  type PlanNode,
  type SubqueryNode,
  typeOf,
  type UnaryNode,
} from "./plan-nodes.ts";
import { evaluateSelector } from "./vector-selector.ts";
import { evaluateCall } from "../functions/call.ts";

/** Evaluates nodes of one query. */
export class Evaluator implements NodeEvaluator {
  readonly execution: Execution;

  constructor(execution: Execution) {
    this.execution = execution;
  }

  /** The result of a node of type instant vector (or of a subquery's inside). */
  async vector(node: PlanNode, grid: Grid): Promise<Matrix> {
    const { execution } = this;
    await execution.checkpoint();
    const counters = execution.counterOf(node.id);
    const startedMs = execution.now();
    const matrix = grid.steps === 0 ? new Matrix(0, 0) : await this.#vector(node, grid);
    execution.hold(matrix);
    counters.timeMs += execution.now() - startedMs;
    counters.series += matrix.rows;
    counters.evaluations++;
    return matrix;
  }

  /** The column of a node of type scalar. */
  async scalar(node: PlanNode, grid: Grid): Promise<Float64Array> {
    if (node.kind === "number") return new Float64Array(grid.steps).fill(node.value);
    if (node.kind === "once") {
      const [value] = await this.scalar(node.expr, firstOf(grid));
      return new Float64Array(grid.steps).fill(value!);
    }
    if (node.kind === "unary") {
      const column = await this.scalar(node.expr, grid);
      return node.op === "-" ? column.map((value) => -value) : column;
    }
    if (node.kind === "binary") {
      const left = await this.scalar(node.left, grid);
      return scalarBinary(node.op, left, await this.scalar(node.right, grid));
    }
    const matrix = await this.vector(node, grid);
    const column = matrix.values.slice(0, grid.steps);
    this.execution.release(matrix);
    return column;
  }

  /** The samples of a subquery, on its own grid. */
  async subquery(node: SubqueryNode, grid: Grid): Promise<{ matrix: Matrix; grid: Grid }> {
    const inner = subqueryGrid(node, grid);
    const matrix =
      typeOf(node.expr) === "scalar"
        ? scalarMatrix(await this.scalar(node.expr, inner))
        : await this.vector(node.expr, inner);
    forgetResets(matrix);
    return { matrix, grid: inner };
  }

  async #vector(node: PlanNode, grid: Grid): Promise<Matrix> {
    switch (node.kind) {
      case "selector":
        return await evaluateSelector(node, grid, this.execution);
      case "once":
        return await this.#once(node, grid);
      case "unary":
        return await this.#unary(node, grid);
      case "call":
        return await this.#call(node, grid);
      case "aggregate":
        return await evaluateAggregation(node, grid, this);
      case "binary":
        return await this.#binary(node, grid);
      case "number":
        return scalarMatrix(await this.scalar(node, grid));
      case "string":
      case "range":
      case "subquery":
      default:
        throw new TypeError(`a ${node.kind} has no value of its own`);
    }
  }

  async #call(node: CallNode, grid: Grid): Promise<Matrix> {
    return await evaluateCall(node, grid, this);
  }

  async #once(node: OnceNode, grid: Grid): Promise<Matrix> {
    const { execution } = this;
    const single = await this.vector(node.expr, firstOf(grid));
    if (grid.steps === 1) return single;
    execution.reserve(grid.steps, single.rows);
    const matrix = new Matrix(grid.steps, single.rows);
    for (let row = 0; row < single.rows; row++) {
      const at = matrix.beginRow();
      for (let step = 0; step < grid.steps; step++) matrix.copySample(at + step, single, row);
      matrix.endRow(single.labels[row]!, single.dropName[row]!);
    }
    execution.release(single);
    return matrix;
  }

  async #unary(node: UnaryNode, grid: Grid): Promise<Matrix> {
    const matrix = await this.vector(node.expr, grid);
    if (node.op === "+") return matrix;
    const end = matrix.rows * matrix.steps;
    for (let at = 0; at < end; at++) {
      if (matrix.kinds[at] === FLOAT) matrix.values[at] = -matrix.values[at]!;
      else if (matrix.kinds[at] === HISTOGRAM) {
        matrix.putHistogram(at, scaleHistogram(matrix.histogramAt(at), -1));
      }
    }
    dropNames(matrix, this.execution.features.delayedNameRemoval);
    return matrix;
  }

  async #binary(node: BinaryNode, grid: Grid): Promise<Matrix> {
    const { execution } = this;
    const leftIsScalar = typeOf(node.left) === "scalar";
    const rightIsScalar = typeOf(node.right) === "scalar";
    if (leftIsScalar && rightIsScalar) return scalarMatrix(await this.scalar(node, grid));
    if (leftIsScalar) {
      const scalar = await this.scalar(node.left, grid);
      const matrix = await this.vector(node.right, grid);
      return vectorScalarBinary(node, matrix, scalar, "left", execution);
    }
    const left = await this.vector(node.left, grid);
    if (rightIsScalar) {
      const scalar = await this.scalar(node.right, grid);
      return vectorScalarBinary(node, left, scalar, "right", execution);
    }
    const right = await this.vector(node.right, grid);
    const matrix = vectorVectorBinary(node, left, right, grid, execution);
    if (matrix !== left) execution.release(left);
    if (matrix !== right) execution.release(right);
    return matrix;
  }
}

/** The grid of a grid's first time. */
export function firstOf(grid: Grid): Grid {
  return instantGrid(grid.startMs);
}

/** A column as a matrix of one row without labels. */
export function scalarMatrix(column: Float64Array): Matrix {
  const matrix = new Matrix(column.length, 1);
  const at = matrix.beginRow();
  matrix.values.set(column, at);
  matrix.kinds.fill(FLOAT, at, at + column.length);
  matrix.endRow(Labels.empty, false);
  return matrix;
}

/**
 * The evaluation times inside a subquery: multiples of its step, after the start of the first window and up to the end
 * of the last.
 */
export function subqueryGrid(node: SubqueryNode, grid: Grid): Grid {
  const { rangeMs, stepMs, offsetMs, atMs } = node;
  const firstMs = atMs ?? grid.startMs;
  const lastMs = atMs ?? grid.startMs + (grid.steps - 1) * grid.stepMs;
  const openMs = firstMs - offsetMs - rangeMs;
  let startMs = stepMs * Math.trunc(openMs / stepMs);
  if (startMs <= openMs) startMs += stepMs;
  return gridOf(startMs, lastMs - offsetMs, stepMs);
}

/** A hint speaks of the sample before, which a subquery may have left out or given twice. */
function forgetResets(matrix: Matrix): void {
  const { histograms } = matrix;
  if (histograms === undefined) return;
  for (const [at, histogram] of histograms.entries()) {
    if (histogram === undefined) continue;
    if (histogram.counterResetHint === "none" || histogram.counterResetHint === "reset") {
      histograms[at] = withHint(histogram, "unknown");
    }
  }
}
