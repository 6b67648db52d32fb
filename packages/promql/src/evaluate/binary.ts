// Binary operators on scalars and vectors, for all evaluation times at once.
//
// Two vectors: each signature (signatures.ts) usually has one row on the "one" side, and then whole rows are paired and
// computed in one loop. Only when a signature has several rows there (which is legal as long as they take turns), or
// values are filled in, times are gone through one by one (VectorPairing), as the definition has it.

import type { Labels } from "@flx/model";
import type { BinaryOp, VectorMatching } from "../ast/nodes.ts";
import {
  annotate,
  arithmeticFunction,
  comparisonFunction,
  floatWithHistogram,
  type HistogramOutcome,
  histogramWithFloat,
  histogramWithHistogram,
  isArithmetic,
  isComparison,
  type OperatorNote,
  type ValueOp,
  wrongTypes,
} from "./element-operator.ts";
import { type Execution, evaluationError } from "./execution.ts";
import type { FloatHistogram } from "../histogram/float-histogram.ts";
import type { Grid } from "./grid.ts";
import { FLOAT, HISTOGRAM, Matrix, NOTHING } from "./matrix.ts";
import { dropNames, withoutMetadata } from "./metric-labels.ts";
import type { BinaryNode } from "./plan-nodes.ts";
import { vectorAnd, vectorOr, vectorUnless } from "./set-operators.ts";
import { type Outcome, putOutcome, ResultRows } from "./result-rows.ts";
import { matchedLabels, type Signatures, signaturesOf } from "./signatures.ts";

/** `scalar op scalar`, in a new column; comparisons give 0 or 1. */
export function scalarBinary(op: BinaryOp, left: Float64Array, right: Float64Array): Float64Array {
  if (isArithmetic(op)) {
    const compute = arithmeticFunction(op);
    return left.map((value, i) => compute(value, right[i]!));
  }
  if (isComparison(op)) {
    const holds = comparisonFunction(op);
    return left.map((value, i) => (holds(value, right[i]!) ? 1 : 0));
  }
  throw evaluationError(`operator "${op}" not allowed for Scalar operations`);
}

/** `vector op scalar` or, with the scalar on the left, `scalar op vector`; in place of the matrix. */
export function vectorScalarBinary(
  node: BinaryNode,
  matrix: Matrix,
  scalar: Float64Array,
  side: "left" | "right",
  execution: Execution,
): Matrix {
  const { op, returnBool } = node;
  const { steps, kinds, values } = matrix;
  const scalarLeft = side === "left";
  const floats = floatOperator(op as ValueOp, returnBool, scalarLeft);
  const notes = new StepNotes(steps);
  for (let row = 0; row < matrix.rows; row++) {
    const begin = row * steps;
    for (let step = 0; step < steps; step++) {
      const at = begin + step;
      const kind = kinds[at];
      if (kind === FLOAT) {
        if (floats === undefined) {
          kinds[at] = NOTHING;
          notes.set(step, wrongTypes("float", "float").note);
        } else if (!floats(values, at, scalar[step]!)) kinds[at] = NOTHING;
      } else if (kind === HISTOGRAM) {
        const histogram = matrix.histogramAt(at);
        const outcome = scalarLeft
          ? floatWithHistogram(op as ValueOp, scalar[step]!, histogram)
          : histogramWithFloat(op as ValueOp, histogram, scalar[step]!);
        if (outcome.histogram === undefined) kinds[at] = NOTHING;
        else matrix.putHistogram(at, outcome.histogram);
        notes.set(step, outcome.note);
      }
    }
  }
  notes.say(node, execution);
  matrix.dropEmptyRows();
  if (isArithmetic(op) || returnBool) dropNames(matrix, execution.features.delayedNameRemoval);
  return matrix;
}

/**
 * `vector op vector`.
 *
 * @throws {FlxError} `FLX_PROMQL_EXECUTION` when series do not match one to one (or as the modifiers say)
 */
export function vectorVectorBinary(
  node: BinaryNode,
  left: Matrix,
  right: Matrix,
  grid: Grid,
  execution: Execution,
): Matrix {
  const matching = node.matching!;
  if (node.op === "and") return vectorAnd(left, right, matching);
  if (node.op === "or") return vectorOr(left, right, matching);
  if (node.op === "unless") return vectorUnless(left, right, matching);
  const signatures = signaturesOf(left, right, matching);
  const pairing = new VectorPairing(node, left, right, signatures, execution);
  return pairing.byRows() ?? pairing.byTimes(grid);
}

/** Computes in place; false: the sample goes. */
type FloatOperator = (values: Float64Array, at: number, scalar: number) => boolean;

/** `undefined` for operators that have no meaning on two floats. */
function floatOperator(
  op: ValueOp,
  returnBool: boolean,
  scalarLeft: boolean,
): FloatOperator | undefined {
  if (isArithmetic(op)) {
    const compute = arithmeticFunction(op);
    return scalarLeft
      ? (values, at, scalar) => {
          values[at] = compute(scalar, values[at]!);
          return true;
        }
      : (values, at, scalar) => {
          values[at] = compute(values[at]!, scalar);
          return true;
        };
  }
  if (!isComparison(op)) return undefined;
  const holds = comparisonFunction(op);
  return (values, at, scalar) => {
    const keep = scalarLeft ? holds(scalar, values[at]!) : holds(values[at]!, scalar);
    if (!returnBool) return keep;
    values[at] = keep ? 1 : 0;
    return true;
  };
}

/** Per time the last thing there was to say: of many pairs at one time only one is spoken of, as in Prometheus. */
class StepNotes {
  readonly #steps: number;
  #notes: (OperatorNote | undefined)[] | undefined;

  constructor(steps: number) {
    this.#steps = steps;
  }

  set(step: number, note: OperatorNote | undefined): void {
    if (note === undefined) return;
    this.#notes ??= Array.from({ length: this.#steps }, () => undefined);
    this.#notes[step] = note;
  }

  say(node: BinaryNode, { annotations }: Execution): void {
    for (const note of this.#notes ?? []) {
      if (note !== undefined) annotate(note, node.op, node, annotations);
    }
  }
}

/** One sample of an operand: a row's at a time, or a fill value. */
interface Operand {
  readonly labels: Labels;
  readonly value: number;
  readonly histogram: FloatHistogram | undefined;
  readonly row: number;
}

/** Both operands, turned so that the "one" side of many-to-one is `one`. */
class VectorPairing {
  readonly #node: BinaryNode;
  readonly #matching: VectorMatching;
  readonly #execution: Execution;
  readonly #many: Matrix;
  readonly #one: Matrix;
  readonly #manySignatures: Int32Array;
  readonly #oneSignatures: Int32Array;
  readonly #signatureCount: number;
  /** The "one" side is the left operand. */
  readonly #swapped: boolean;
  readonly #notes: StepNotes;
  readonly #labels = new Map<number, Labels>();

  constructor(
    node: BinaryNode,
    left: Matrix,
    right: Matrix,
    signatures: Signatures,
    execution: Execution,
  ) {
    this.#node = node;
    this.#matching = node.matching!;
    this.#execution = execution;
    this.#swapped = this.#matching.cardinality === "one-to-many";
    this.#many = this.#swapped ? right : left;
    this.#one = this.#swapped ? left : right;
    this.#manySignatures = this.#swapped ? signatures.right : signatures.left;
    this.#oneSignatures = this.#swapped ? signatures.left : signatures.right;
    this.#signatureCount = signatures.count;
    this.#notes = new StepNotes(left.steps);
  }

  /** All times of a pair of rows at once; `undefined` when rows do not pair for all times. */
  byRows(): Matrix | undefined {
    const { fillLeft, fillRight, cardinality } = this.#matching;
    if (fillLeft !== undefined || fillRight !== undefined) return undefined;
    const oneRow = uniqueRows(this.#oneSignatures, this.#signatureCount);
    if (oneRow === undefined) return undefined;
    const manyToOne = cardinality !== "one-to-one";
    if (!manyToOne && uniqueRows(this.#manySignatures, this.#signatureCount) === undefined) {
      return undefined;
    }
    const many = this.#many;
    const pairs: { row: number; partner: number; labels: Labels }[] = [];
    const seen = new Set<string>();
    for (let row = 0; row < many.rows; row++) {
      const partner = oneRow[this.#manySignatures[row]!]!;
      if (partner < 0) continue;
      const labels = this.#resultLabels(
        many.labels[row]!,
        row,
        this.#one.labels[partner]!,
        partner,
      );
      if (manyToOne) {
        const key = `${this.#manySignatures[row]};${labels.key}`;
        if (seen.has(key)) return undefined;
        seen.add(key);
      }
      pairs.push({ row, partner, labels });
    }
    this.#execution.reserve(many.steps, pairs.length);
    const result = new Matrix(many.steps, pairs.length);
    for (const { row, partner, labels } of pairs) {
      if (this.#pairRows(result, row, partner)) result.endRow(labels, this.#node.returnBool);
    }
    this.#notes.say(this.#node, this.#execution);
    result.mergeSameLabels();
    return result;
  }

  /** One time after the other. */
  byTimes(grid: Grid): Matrix {
    const result = new Matrix(grid.steps, this.#many.rows);
    const rows = new ResultRows(result);
    for (let step = 0; step < grid.steps; step++) this.#pairAt(step, rows);
    this.#notes.say(this.#node, this.#execution);
    result.dropEmptyRows();
    return result;
  }

  #pairRows(result: Matrix, row: number, partner: number): boolean {
    const { steps } = result;
    const many = this.#many;
    const one = this.#one;
    const begin = result.beginRow();
    const { op, returnBool } = this.#node;
    const compute = isArithmetic(op) ? arithmeticFunction(op) : undefined;
    let found = false;
    for (let step = 0; step < steps; step++) {
      const a = row * steps + step;
      const b = partner * steps + step;
      if (many.kinds[a] === NOTHING || one.kinds[b] === NOTHING) continue;
      if (
        compute !== undefined &&
        !returnBool &&
        many.kinds[a] === FLOAT &&
        one.kinds[b] === FLOAT
      ) {
        const x = many.values[a]!;
        const y = one.values[b]!;
        result.putFloat(begin + step, this.#swapped ? compute(y, x) : compute(x, y));
        found = true;
        continue;
      }
      const outcome = this.#compute(operandAt(many, row, a), operandAt(one, partner, b), step);
      if (outcome === undefined || !outcome.keep) continue;
      putOutcome(result, begin + step, outcome);
      found = true;
    }
    return found;
  }

  #pairAt(step: number, rows: ResultRows): void {
    const many = operandsAt(this.#many, step);
    const one = operandsAt(this.#one, step);
    const { cardinality } = this.#matching;
    // As Prometheus does it: `fill_right` is for what the "one" side lacks, also when that is the left operand.
    const { fillRight: fillOne, fillLeft: fillMany } = this.#matching;
    const noFill = fillOne === undefined && fillMany === undefined;
    if (many.length === 0 && one.length === 0) return;
    if ((many.length === 0 || one.length === 0) && noFill) return;
    const partners = new Map<number, Operand>();
    for (const operand of one) {
      const signature = this.#oneSignatures[operand.row]!;
      const other = partners.get(signature);
      if (other !== undefined) throw this.#duplicate(operand.labels, other.labels);
      partners.set(signature, operand);
    }
    const matched = new Map<number, Set<string>>();
    const pair = (a: Operand, b: Operand, signature: number): void => {
      const outcome = this.#compute(a, b, step);
      if (outcome === undefined) return;
      const labels = this.#resultLabels(a.labels, a.row, b.labels, b.row);
      const results = matched.get(signature);
      if (results === undefined) matched.set(signature, new Set([labels.key]));
      else if (cardinality === "one-to-one") {
        throw evaluationError(
          "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
        );
      } else if (results.has(labels.key)) {
        throw evaluationError(
          "multiple matches for labels: grouping labels must ensure unique matches",
        );
      } else results.add(labels.key);
      if (outcome.keep) rows.put(labels, step, outcome, this.#node.returnBool);
    };
    for (const operand of many) {
      const signature = this.#manySignatures[operand.row]!;
      const partner = partners.get(signature) ?? this.#filled(operand, fillOne);
      if (partner !== undefined) pair(operand, partner, signature);
    }
    if (fillMany === undefined) return;
    for (const operand of one) {
      const signature = this.#oneSignatures[operand.row]!;
      if (matched.has(signature)) continue;
      pair(this.#filled(operand, fillMany)!, operand, signature);
    }
  }

  #filled(operand: Operand, value: number | undefined): Operand | undefined {
    if (value === undefined) return undefined;
    const labels = matchedLabels(operand.labels, this.#matching);
    return { labels, value, histogram: undefined, row: -1 };
  }

  #duplicate(a: Labels, b: Labels): Error {
    const side = this.#swapped ? "left" : "right";
    const group = matchedLabels(a, this.#matching).toString();
    const [first, second] = [a.toString(), b.toString()].toSorted() as [string, string];
    return evaluationError(
      `found duplicate series for the match group ${group} on the ${side} hand-side of the operation: [${first}, ${second}];many-to-many matching not allowed: matching labels must be unique on one side`,
    );
  }

  /** `undefined` when the types do not go together; a note says so. */
  #compute(a: Operand, b: Operand, step: number): Computed | undefined {
    const [left, right] = this.#swapped ? [b, a] : [a, b];
    const { returnBool } = this.#node;
    const op = this.#node.op as ValueOp;
    if (left.histogram === undefined && right.histogram === undefined) {
      const outcome = computeFloats(op, left.value, right.value);
      if (outcome === undefined) this.#notes.set(step, wrongTypes("float", "float").note);
      else if (returnBool) return asBool(outcome.keep);
      return outcome;
    }
    const { histogram, note } = computeHistograms(op, left, right);
    this.#notes.set(step, note);
    if (note !== undefined && note.kind !== "reconciled") return undefined;
    if (returnBool) return asBool(histogram !== undefined);
    return { keep: histogram !== undefined, value: 0, histogram };
  }

  #resultLabels(many: Labels, manyRow: number, one: Labels, oneRow: number): Labels {
    const known =
      manyRow < 0 || oneRow < 0 ? undefined : this.#labels.get(manyRow * this.#one.rows + oneRow);
    if (known !== undefined) return known;
    const { op, returnBool } = this.#node;
    const { cardinality, on, labels: names, include } = this.#matching;
    const { delayedNameRemoval } = this.#execution.features;
    let labels = many;
    if (isArithmetic(op) || (returnBool && !delayedNameRemoval)) labels = withoutMetadata(labels);
    if (cardinality === "one-to-one") {
      labels = on ? labels.only(...names) : labels.without(...names);
    }
    for (const name of include) labels = labels.with(name, one.get(name) ?? "");
    if (manyRow >= 0 && oneRow >= 0) this.#labels.set(manyRow * this.#one.rows + oneRow, labels);
    return labels;
  }
}

/** The result of a pair; a comparison that does not hold does not keep it. */
interface Computed extends Outcome {
  readonly keep: boolean;
}

function asBool(holds: boolean): Computed {
  return { keep: true, value: holds ? 1 : 0, histogram: undefined };
}

function computeFloats(op: ValueOp, left: number, right: number): Computed | undefined {
  if (isArithmetic(op)) {
    return { keep: true, value: arithmeticFunction(op)(left, right), histogram: undefined };
  }
  if (!isComparison(op)) return undefined;
  return { keep: comparisonFunction(op)(left, right), value: left, histogram: undefined };
}

function computeHistograms(op: ValueOp, left: Operand, right: Operand): HistogramOutcome {
  if (left.histogram === undefined) return floatWithHistogram(op, left.value, right.histogram!);
  if (right.histogram === undefined) return histogramWithFloat(op, left.histogram, right.value);
  return histogramWithHistogram(op, left.histogram, right.histogram);
}

function operandAt(matrix: Matrix, row: number, at: number): Operand {
  const histogram = matrix.kinds[at] === HISTOGRAM ? matrix.histogramAt(at) : undefined;
  return { labels: matrix.labels[row]!, value: matrix.values[at]!, histogram, row };
}

function operandsAt(matrix: Matrix, step: number): Operand[] {
  const operands: Operand[] = [];
  for (let row = 0; row < matrix.rows; row++) {
    const at = row * matrix.steps + step;
    if (matrix.kinds[at] !== NOTHING) operands.push(operandAt(matrix, row, at));
  }
  return operands;
}

/** The row of each signature, -1 for none; `undefined` when a signature has several. */
function uniqueRows(signatures: Int32Array, count: number): Int32Array | undefined {
  const rows = new Int32Array(count).fill(-1);
  for (let row = 0; row < signatures.length; row++) {
    const signature = signatures[row]!;
    if (rows[signature] !== -1) return undefined;
    rows[signature] = row;
  }
  return rows;
}
