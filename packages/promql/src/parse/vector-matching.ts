// What may stand between a binary operator and its right operand:
//
//   == bool on (job) group_left (version) fill_right (0)
//      bool  on/ignoring  group_left/right   fill

import type { VectorMatching } from "../ast/nodes.ts";
import type { Cursor } from "./cursor.ts";
import { readGroupingLabels } from "./grouping.ts";
import { atNumber, readNumber } from "./literals.ts";

/** The modifiers of a binary operator as written. */
export interface BinaryModifiers {
  readonly returnBool: boolean;
  readonly matching: VectorMatching;
}

const noMatching: VectorMatching = {
  cardinality: "one-to-one",
  on: false,
  labels: [],
  include: [],
  fillLeft: undefined,
  fillRight: undefined,
};

const noModifiers: BinaryModifiers = { returnBool: false, matching: noMatching };

/** The modifiers behind an operator; all are optional. */
export function readModifiers(cursor: Cursor): BinaryModifiers {
  switch (cursor.kind) {
    case "bool":
    case "on":
    case "ignoring":
    case "fill":
    case "fill_left":
    case "fill_right":
      break;
    case "group_left":
    case "group_right":
      throw cursor.unexpected(
        undefined,
        "",
        `write on (...) or ignoring (...) before ${cursor.text}`,
      );
    default:
      return noModifiers;
  }
  const returnBool = cursor.accept("bool");
  const pairing = readPairing(cursor);
  return { returnBool, matching: { ...pairing, ...readFill(cursor) } };
}

/** `on` or `ignoring`, then `group_left` or `group_right`. */
function readPairing(cursor: Cursor): VectorMatching {
  const word = cursor.kind;
  if (word !== "on" && word !== "ignoring") return noMatching;
  const on = word === "on";
  cursor.advance();
  const labels = readGroupingLabels(cursor);
  const group = cursor.kind;
  if (group !== "group_left" && group !== "group_right") return { ...noMatching, on, labels };
  cursor.advance();
  return {
    ...noMatching,
    cardinality: group === "group_left" ? "many-to-one" : "one-to-many",
    on,
    labels,
    include: cursor.kind === "(" ? readGroupingLabels(cursor) : [],
  };
}

/** `fill (n)`, or `fill_left (n)` and `fill_right (n)` in any order. */
function readFill(cursor: Cursor): Pick<VectorMatching, "fillLeft" | "fillRight"> {
  const first = cursor.kind;
  if (first === "fill") {
    const value = readFillValue(cursor);
    return { fillLeft: value, fillRight: value };
  }
  if (first !== "fill_left" && first !== "fill_right") {
    return { fillLeft: undefined, fillRight: undefined };
  }
  const firstValue = readFillValue(cursor);
  const other = first === "fill_left" ? "fill_right" : "fill_left";
  const otherValue = cursor.kind === other ? readFillValue(cursor) : undefined;
  return first === "fill_left"
    ? { fillLeft: firstValue, fillRight: otherValue }
    : { fillLeft: otherValue, fillRight: firstValue };
}

function readFillValue(cursor: Cursor): number {
  cursor.advance();
  const hint = "the value to fill in is a number in parentheses: fill (0)";
  cursor.expect("(", cursor.context, "", hint);
  const sign = cursor.kind === "-" ? -1 : 1;
  if (cursor.kind === "-" || cursor.kind === "+") cursor.advance();
  if (!atNumber(cursor)) throw cursor.unexpected(cursor.context, "", hint);
  const { value } = readNumber(cursor, sign);
  cursor.expect(")", cursor.context, "", hint);
  return value;
}
