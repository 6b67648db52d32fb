// Which series of two vectors belong together: those with the same signature, the labels that matching looks at.
//
//   a * on (job) group_left b
//
//   signature   left rows   right rows
//   job="x"     0, 1, 4     0
//   job="y"     2           -
//
// Signatures are numbered from 0, so that what is kept per signature is an array.

import { type Labels, METRIC_NAME } from "@flx/model";
import type { VectorMatching } from "../ast/nodes.ts";
import type { Matrix } from "./matrix.ts";

/** The signature of each row of both sides. */
export interface Signatures {
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly count: number;
}

/** Numbers the signatures of two matrices. */
export function signaturesOf(left: Matrix, right: Matrix, matching: VectorMatching): Signatures {
  const numbers = new Map<string, number>();
  const textOf = signatureFunction(matching);
  const number = (matrix: Matrix): Int32Array => {
    const ordinals = new Int32Array(matrix.rows);
    for (let row = 0; row < matrix.rows; row++) {
      const text = textOf(matrix.labels[row]!);
      let ordinal = numbers.get(text);
      if (ordinal === undefined) {
        ordinal = numbers.size;
        numbers.set(text, ordinal);
      }
      ordinals[row] = ordinal;
    }
    return ordinals;
  };
  return { left: number(left), right: number(right), count: numbers.size };
}

/** The labels that matching looks at, for messages and for fill values. */
export function matchedLabels(labels: Labels, matching: VectorMatching): Labels {
  return matching.on
    ? labels.only(...matching.labels)
    : labels.without(METRIC_NAME, ...matching.labels);
}

/** A function that gives each label set a text that is the same for label sets that match. */
export function signatureFunction({
  on,
  labels: names,
}: Pick<VectorMatching, "on" | "labels">): (labels: Labels) => string {
  if (on) {
    const [only] = names;
    if (only !== undefined && names.length === 1) return (labels) => labels.get(only) ?? "";
    return (labels) => {
      let text = "";
      for (const name of names) {
        const value = labels.get(name) ?? "";
        text += `${value.length}:${value}`;
      }
      return text;
    };
  }
  const ignored = new Set([METRIC_NAME, ...names]);
  return ({ pairs }) => {
    let text = "";
    for (let i = 0; i < pairs.length; i += 2) {
      if (ignored.has(pairs[i]!)) continue;
      text += `${pairs[i]!.length}:${pairs[i]}${pairs[i + 1]!.length}:${pairs[i + 1]}`;
    }
    return text;
  };
}
