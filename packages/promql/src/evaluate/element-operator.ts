// A binary operator on one pair of samples.
//
//   float   op float       arithmetic, comparison
//   hist    +  - == != hist
//   hist    *  / </ >/ float,   float * hist
//   any other mix          no result, and a note for the user
//
// Set operators look at presence only; see set-operators.ts.

import type { Span } from "../ast/nodes.ts";
import type { ArithmeticOp, BinaryOp, ComparisonOp, SetOp } from "../ast/nodes.ts";
import { goPow } from "../functions/go-math.ts";
import {
  addHistograms,
  type Combined,
  divideHistogram,
  scaleHistogram,
  subtractHistograms,
} from "../histogram/arithmetic.ts";
import {
  compacted,
  equalHistograms,
  type FloatHistogram,
  withHint,
} from "../histogram/float-histogram.ts";
import { trimHistogram } from "../histogram/trim.ts";
import type { Annotations } from "./annotations.ts";

/** Operators that work on values. */
export type ValueOp = Exclude<BinaryOp, SetOp>;

/** What to tell about a pair that has no result, or a doubtful one. */
export type OperatorNote =
  | { readonly kind: "types"; readonly left: string; readonly right: string }
  | { readonly kind: "layout" }
  | { readonly kind: "collision"; readonly operation: "addition" | "subtraction" }
  | { readonly kind: "reconciled"; readonly operation: "addition" | "subtraction" };

/** The result of an operator on histograms. */
export interface HistogramOutcome {
  /** Absent: no result. */
  readonly histogram: FloatHistogram | undefined;
  readonly note: OperatorNote | undefined;
}

const comparisons = new Set<BinaryOp>(["==", "!=", ">", "<", ">=", "<="]);
const arithmetic = new Set<BinaryOp>(["+", "-", "*", "/", "%", "^", "atan2"]);

export function isComparison(op: BinaryOp): op is ComparisonOp {
  return comparisons.has(op);
}

/** Whether a result is something else than what was measured, so that it loses the metric's name. */
export function isArithmetic(op: BinaryOp): op is ArithmeticOp {
  return arithmetic.has(op);
}

/** The function of an arithmetic operator on floats. */
export function arithmeticFunction(op: ArithmeticOp): (a: number, b: number) => number {
  switch (op) {
    case "+":
      return (a, b) => a + b;
    case "-":
      return (a, b) => a - b;
    case "*":
      return (a, b) => a * b;
    case "/":
      return (a, b) => a / b;
    case "%":
      return (a, b) => a % b;
    case "^":
      return goPow;
    case "atan2":
    default:
      return Math.atan2;
  }
}

/** The predicate of a comparison of floats. */
export function comparisonFunction(op: ComparisonOp): (a: number, b: number) => boolean {
  switch (op) {
    case "==":
      return (a, b) => a === b;
    case "!=":
      return (a, b) => a !== b;
    case ">":
      return (a, b) => a > b;
    case "<":
      return (a, b) => a < b;
    case ">=":
      return (a, b) => a >= b;
    case "<=":
    default:
      return (a, b) => a <= b;
  }
}

/** `histogram op float`. */
export function histogramWithFloat(
  op: ValueOp,
  histogram: FloatHistogram,
  value: number,
): HistogramOutcome {
  if (op === "*") return plain(compacted(scaleHistogram(histogram, value)));
  if (op === "/") return plain(compacted(divideHistogram(histogram, value)));
  if (op === "</") return plain(trimHistogram(histogram, value, "below"));
  if (op === ">/") return plain(trimHistogram(histogram, value, "above"));
  return wrongTypes("histogram", "float");
}

/** `float op histogram`. */
export function floatWithHistogram(
  op: ValueOp,
  value: number,
  histogram: FloatHistogram,
): HistogramOutcome {
  if (op === "*") return plain(compacted(scaleHistogram(histogram, value)));
  return wrongTypes("float", "histogram");
}

/** `histogram op histogram`; a comparison gives the left one when it holds. */
export function histogramWithHistogram(
  op: ValueOp,
  left: FloatHistogram,
  right: FloatHistogram,
): HistogramOutcome {
  if (op === "+") return combined(addHistograms(left, right), "addition");
  if (op === "-") return combined(subtractHistograms(left, right), "subtraction");
  if (op === "==") return plain(equalHistograms(left, right) ? left : undefined);
  if (op === "!=") return plain(equalHistograms(left, right) ? undefined : left);
  return wrongTypes("histogram", "histogram");
}

export function wrongTypes(left: string, right: string): HistogramOutcome {
  return { histogram: undefined, note: { kind: "types", left, right } };
}

/** Says a note in the annotations of the query. */
export function annotate(
  note: OperatorNote,
  op: BinaryOp,
  span: Span,
  annotations: Annotations,
): void {
  switch (note.kind) {
    case "types":
      annotations.incompatibleTypes(note.left, op, note.right, span);
      break;
    case "layout":
      annotations.incompatibleBucketLayout(op, span);
      break;
    case "collision":
      annotations.counterResetCollision(note.operation, span);
      break;
    case "reconciled":
      annotations.mismatchedCustomBuckets(note.operation, span);
      break;
  }
}

function plain(histogram: FloatHistogram | undefined): HistogramOutcome {
  return { histogram, note: undefined };
}

function combined(
  result: Combined | undefined,
  operation: "addition" | "subtraction",
): HistogramOutcome {
  if (result === undefined) return { histogram: undefined, note: { kind: "layout" } };
  if (result.collision) {
    return { histogram: undefined, note: { kind: "collision", operation } };
  }
  const sum = compacted(result.histogram);
  return {
    histogram: operation === "subtraction" ? withHint(sum, "gauge") : sum,
    note: result.reconciled ? { kind: "reconciled", operation } : undefined,
  };
}
