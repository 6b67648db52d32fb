// What stands behind a selector or subquery: offset 5m, @ 123, @ start(), anchored, smoothed.
//
// Each gives a new node with the modifier in it. On a range selector they go into its instant selector, wherever they
// were written; the range selector's own end grows over them.

import type { AtModifier, DurationExpr, Expr, Span, VectorSelector } from "../ast/nodes.ts";
import type { PromqlParseError } from "../parse-error.ts";
import type { Cursor } from "./cursor.ts";
import { readOffset } from "./durations.ts";
import { atNumber, readNumber } from "./literals.ts";

type Modified = Pick<VectorSelector, "offset" | "at">;

/** `expr offset d`; the token is `offset`. */
export function readOffsetModifier(cursor: Cursor, expr: Expr): Expr {
  cursor.advance();
  const offset = readOffset(cursor);
  const current = offsetOf(expr);
  if (current !== undefined && !isZero(current)) {
    throw cursor.fault(expr, "offset may not be set multiple times", "add the two durations");
  }
  return withModifier(cursor, expr, { offset }, "offset modifier");
}

/** `expr @ time`; the token is `@`. */
export function readAtModifier(cursor: Cursor, expr: Expr): Expr {
  cursor.advance();
  const at = readAt(cursor, expr);
  if (atOf(expr) !== undefined) {
    throw cursor.fault(expr, "@ <timestamp> may not be set multiple times");
  }
  return withModifier(cursor, expr, { at }, "@ modifier");
}

/** `expr anchored`, `expr smoothed`; the token is the word. */
export function readExtended(cursor: Cursor, expr: Expr, word: "anchored" | "smoothed"): Expr {
  cursor.advance();
  if (!cursor.features.extendedRanges) {
    throw cursor.fault(
      expr,
      `${word} modifier is experimental and not enabled`,
      "allow experimental extended ranges to use it",
    );
  }
  const selector = expr.kind === "matrixSelector" ? expr.vector : expr;
  if (selector.kind === "subquery") {
    throw cursor.fault(expr, `${word} modifier is not supported for subqueries`);
  }
  if (selector.kind !== "vectorSelector") {
    throw cursor.fault(expr, `${word} modifier not implemented`, "it stands behind a selector");
  }
  if (selector.extended !== undefined && selector.extended !== word) {
    throw cursor.fault(expr, "anchored and smoothed modifiers cannot be used together");
  }
  const end = cursor.lastEnd;
  if (expr.kind === "matrixSelector") {
    return { ...expr, vector: { ...expr.vector, extended: word }, end };
  }
  return { ...selector, extended: word, end };
}

function readAt(cursor: Cursor, expr: Span): AtModifier {
  const { kind } = cursor;
  if (kind === "start" || kind === "end") {
    cursor.advance();
    const hint = `write @ ${kind}()`;
    cursor.expect("(", "@", "timestamp", hint);
    cursor.expect(")", "@", "timestamp", hint);
    return { kind };
  }
  const sign = kind === "-" ? -1 : 1;
  if (kind === "-" || kind === "+") cursor.advance();
  if (!atNumber(cursor)) {
    throw cursor.unexpected("@", "timestamp", "seconds since 1970, start() or end()");
  }
  const { value } = readNumber(cursor, sign);
  if (!(Math.abs(value) < MAX_INT64)) {
    throw cursor.fault(expr, `timestamp out of bounds for @ modifier: ${floatText(value)}`);
  }
  return { kind: "time", timestampMs: roundAwayFromZero(value * 1000) };
}

const MAX_INT64 = 2 ** 63;

/** As Go's %f. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (Math.abs(value) === Infinity) return value > 0 ? "+Inf" : "-Inf";
  return `${BigInt(value)}.000000`;
}

function roundAwayFromZero(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value)) + 0;
}

function isZero(offset: DurationExpr): boolean {
  return offset.kind === "number" && offset.value === 0;
}

function offsetOf(expr: Expr): DurationExpr | undefined {
  if (expr.kind === "matrixSelector") return expr.vector.offset;
  return expr.kind === "vectorSelector" || expr.kind === "subquery" ? expr.offset : undefined;
}

function atOf(expr: Expr): AtModifier | undefined {
  if (expr.kind === "matrixSelector") return expr.vector.at;
  return expr.kind === "vectorSelector" || expr.kind === "subquery" ? expr.at : undefined;
}

function withModifier(cursor: Cursor, expr: Expr, modifier: Partial<Modified>, what: string): Expr {
  const end = cursor.lastEnd;
  if (expr.kind === "matrixSelector") {
    return { ...expr, vector: { ...expr.vector, ...modifier }, end };
  }
  if (expr.kind !== "vectorSelector" && expr.kind !== "subquery") {
    throw misplaced(cursor, expr, what);
  }
  return { ...expr, ...modifier, end };
}

function misplaced(cursor: Cursor, expr: Expr, what: string): PromqlParseError {
  return cursor.fault(
    expr,
    `${what} must be preceded by an instant vector selector or range vector selector or a subquery`,
    expr.kind === "call" || expr.kind === "aggregation"
      ? "put it behind the selector inside the call, or make the call a subquery"
      : "put it behind the selector itself",
  );
}
