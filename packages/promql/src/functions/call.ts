// Calls of functions: which kind a function is of, and its arguments made ready for it.
//
//   of a range vector          range-call.ts
//   float by float             elementwise.ts
//   of histograms              histogram-functions.ts
//   of labels, of order        label-functions.ts, sorting.ts, info.ts
//   of time                    timestamps.ts
//   between types              here: scalar, vector, time, pi, absent ...

import { Labels } from "@flx/model";
import type { NodeEvaluator } from "../evaluate/node-evaluator.ts";
import { evaluationError } from "../evaluate/execution.ts";
import type { Grid } from "../evaluate/grid.ts";
import { FLOAT, Matrix, NOTHING } from "../evaluate/matrix.ts";
import { dropNames } from "../evaluate/metric-labels.ts";
import type { CallNode, PlanNode } from "../evaluate/plan-nodes.ts";
import { absentLabels } from "./absent.ts";
import {
  dateFunctions,
  type FloatFunction,
  floatFunction,
  floatFunctions,
  roundTo,
} from "./elementwise.ts";
import { goMax, goMin } from "./go-math.ts";
import {
  fractionFunction,
  histogramNumbers,
  mapHistograms,
  quantileFunction,
  quantilesFunction,
} from "./histogram-functions.ts";
import { enrich } from "./info.ts";
import { labelJoin, labelReplace } from "./label-functions.ts";
import { evaluateRangeCall } from "./range-call.ts";
import { sortByLabel, sortByValue } from "./sorting.ts";
import { evaluationTimestamps, selectorTimestamps } from "./timestamps.ts";

/**
 * The result of a call; that of a scalar function is one row without labels.
 *
 * @throws {FlxError} `FLX_PROMQL_EXECUTION` when an argument is not one the function can take
 */
export async function evaluateCall(
  node: CallNode,
  grid: Grid,
  evaluator: NodeEvaluator,
): Promise<Matrix> {
  const range = node.args.find((arg) => arg.kind === "range" || arg.kind === "subquery");
  if (range !== undefined) return await evaluateRangeCall(node, range, grid, evaluator);
  const call = new Call(node, grid, evaluator);
  const numberOf = histogramNumbers.get(node.name);
  if (numberOf !== undefined) {
    return mapHistograms(await call.vector(0), numberOf, evaluator.execution);
  }
  if (floatFunctions.has(node.name)) {
    return await call.mapped(0, () => floatFunction(node.name));
  }
  const dateFunction = dateFunctions.get(node.name);
  if (dateFunction !== undefined) return await call.date(dateFunction);
  return await call.other();
}

class Call {
  readonly #node: CallNode;
  readonly #grid: Grid;
  readonly #evaluator: NodeEvaluator;

  constructor(node: CallNode, grid: Grid, evaluator: NodeEvaluator) {
    this.#node = node;
    this.#grid = grid;
    this.#evaluator = evaluator;
  }

  async vector(index: number): Promise<Matrix> {
    return await this.#evaluator.vector(this.#arg(index), this.#grid);
  }

  async scalar(index: number): Promise<Float64Array> {
    return await this.#evaluator.scalar(this.#arg(index), this.#grid);
  }

  /** Each float of an argument changed in place; the function is made anew for each time. */
  async mapped(index: number, functionAt: (step: number) => FloatFunction): Promise<Matrix> {
    const matrix = await this.vector(index);
    const { steps } = matrix;
    for (let step = 0; step < steps; step++) {
      const compute = functionAt(step);
      for (let at = step; at < matrix.rows * steps; at += steps) {
        if (matrix.kinds[at] === FLOAT) matrix.values[at] = compute(matrix.values[at]!);
        else matrix.kinds[at] = NOTHING;
      }
    }
    matrix.dropEmptyRows();
    dropNames(matrix, this.#evaluator.execution.features.delayedNameRemoval);
    return matrix;
  }

  async date(part: FloatFunction): Promise<Matrix> {
    if (this.#node.args.length > 0) return await this.mapped(0, () => part);
    return this.#column((timeMs) => part(Math.trunc(timeMs / 1000)));
  }

  async other(): Promise<Matrix> {
    const node = this.#node;
    switch (node.name) {
      case "time":
        return this.#column((timeMs) => timeMs / 1000);
      case "pi":
        return this.#column(() => Math.PI);
      case "max_of":
        return await this.#ofTwo(goMax);
      case "min_of":
        return await this.#ofTwo(goMin);
      case "vector": {
        const column = await this.scalar(0);
        return this.#row((step) => column[step]!);
      }
      case "scalar":
        return await this.#scalarOf();
      case "absent":
        return await this.#absent();
      case "clamp":
        return await this.#clamp(await this.scalar(1), await this.scalar(2));
      case "clamp_min":
        return await this.#clamp(await this.scalar(1), this.#constant(Infinity));
      case "clamp_max":
        return await this.#clamp(this.#constant(-Infinity), await this.scalar(1));
      case "round": {
        const nearest = node.args.length > 1 ? await this.scalar(1) : this.#constant(1);
        return await this.mapped(0, (step) => roundTo(nearest[step]!));
      }
      case "timestamp":
      case "start_timestamp":
        return await this.#timestamps(node.name);
      default:
        return await this.#ofVector();
    }
  }

  async #ofVector(): Promise<Matrix> {
    const { name } = this.#node;
    switch (name) {
      case "label_replace": {
        const [destination, replacement, source, pattern] = this.#texts(1);
        const matrix = await this.vector(0);
        labelReplace(matrix, {
          destination: destination!,
          replacement: replacement!,
          source: source!,
          pattern: pattern!,
        });
        return matrix;
      }
      case "label_join": {
        const [destination, separator, ...sources] = this.#texts(1);
        const matrix = await this.vector(0);
        labelJoin(matrix, destination!, separator!, sources);
        return matrix;
      }
      case "sort":
      case "sort_desc":
        this.#warnOfSort();
        return sortByValue(await this.vector(0), name === "sort_desc");
      case "sort_by_label":
      case "sort_by_label_desc":
        this.#warnOfSort();
        return sortByLabel(await this.vector(0), this.#texts(1), name === "sort_by_label_desc");
      case "info": {
        const { execution } = this.#evaluator;
        const series = execution.series.get(this.#node.id) ?? [];
        return enrich(await this.vector(0), this.#node, series, this.#grid, execution);
      }
      default:
        return await this.#ofHistograms();
    }
  }

  async #ofHistograms(): Promise<Matrix> {
    const { name, args } = this.#node;
    const { execution } = this.#evaluator;
    switch (name) {
      case "histogram_quantile": {
        const q = await this.scalar(0);
        const spans = { quantile: this.#arg(0), vector: this.#arg(1) };
        return quantileFunction(await this.vector(1), q, spans, this.#grid, execution);
      }
      case "histogram_fraction": {
        const lower = await this.scalar(0);
        const upper = await this.scalar(1);
        const span = this.#arg(2);
        return fractionFunction(await this.vector(2), lower, upper, span, this.#grid, execution);
      }
      case "histogram_quantiles": {
        const matrix = await this.vector(0);
        const [label] = this.#texts(1);
        const quantiles: { column: Float64Array; span: PlanNode }[] = [];
        for (let i = 2; i < args.length; i++) {
          quantiles.push({ column: await this.scalar(i), span: this.#arg(i) });
        }
        return quantilesFunction(matrix, label!, quantiles, this.#arg(0), this.#grid, execution);
      }
      default:
        throw evaluationError(`unknown function with name "${name}"`);
    }
  }

  #arg(index: number): PlanNode {
    return this.#node.args[index]!;
  }

  /** The text arguments from an index on. */
  #texts(from: number): string[] {
    const texts: string[] = [];
    for (const arg of this.#node.args.slice(from)) if (arg.kind === "string") texts.push(arg.value);
    return texts;
  }

  #constant(value: number): Float64Array {
    return new Float64Array(this.#grid.steps).fill(value);
  }

  /** One row without labels, of the evaluation times. */
  #column(valueAt: (timeMs: number) => number): Matrix {
    const { startMs, stepMs } = this.#grid;
    return this.#row((step) => valueAt(startMs + step * stepMs));
  }

  #row(valueAt: (step: number) => number): Matrix {
    const { steps } = this.#grid;
    const matrix = new Matrix(steps, 1);
    const begin = matrix.beginRow();
    for (let step = 0; step < steps; step++) matrix.putFloat(begin + step, valueAt(step));
    matrix.endRow(Labels.empty, false);
    return matrix;
  }

  async #ofTwo(compute: (a: number, b: number) => number): Promise<Matrix> {
    const a = await this.scalar(0);
    const b = await this.scalar(1);
    return this.#row((step) => compute(a[step]!, b[step]!));
  }

  /** The one float of a vector, NaN when there is none or more. */
  async #scalarOf(): Promise<Matrix> {
    const matrix = await this.vector(0);
    const column = this.#row((step) => {
      let found: number | undefined;
      for (let at = step; at < matrix.rows * matrix.steps; at += matrix.steps) {
        if (matrix.kinds[at] !== FLOAT) continue;
        if (found !== undefined) return Number.NaN;
        found = matrix.values[at]!;
      }
      return found ?? Number.NaN;
    });
    this.#evaluator.execution.release(matrix);
    return column;
  }

  async #absent(): Promise<Matrix> {
    const matrix = await this.vector(0);
    const { steps } = this.#grid;
    const absent = new Matrix(steps, 1);
    const begin = absent.beginRow();
    let missing = 0;
    for (let step = 0; step < steps; step++) {
      let isPresent = false;
      for (let at = step; at < matrix.rows * steps && !isPresent; at += steps) {
        isPresent = matrix.kinds[at] !== NOTHING;
      }
      if (isPresent) continue;
      absent.putFloat(begin + step, 1);
      missing++;
    }
    if (missing > 0) absent.endRow(absentLabels(this.#arg(0)), false);
    this.#evaluator.execution.release(matrix);
    return absent;
  }

  /** Floats between two bounds; nothing at times when the bounds are the wrong way round. */
  async #clamp(min: Float64Array, max: Float64Array): Promise<Matrix> {
    const matrix = await this.mapped(0, (step) => {
      const low = min[step]!;
      const high = max[step]!;
      return (value) => goMax(low, goMin(high, value));
    });
    for (let at = 0; at < matrix.rows * matrix.steps; at++) {
      const step = at % matrix.steps;
      if (max[step]! < min[step]!) matrix.kinds[at] = NOTHING;
    }
    matrix.dropEmptyRows();
    return matrix;
  }

  async #timestamps(name: "timestamp" | "start_timestamp"): Promise<Matrix> {
    const { execution } = this.#evaluator;
    const selector = this.#arg(0);
    if (selector.kind === "selector") {
      return selectorTimestamps(name, selector, this.#grid, execution);
    }
    const matrix = await this.vector(0);
    if (name === "timestamp") return evaluationTimestamps(matrix, this.#grid, execution);
    // Only samples as they were stored have a start.
    execution.release(matrix);
    return new Matrix(this.#grid.steps, 0);
  }

  #warnOfSort(): void {
    if (this.#grid.steps > 1) this.#evaluator.execution.annotations.sortInRangeQuery(this.#node);
  }
}
