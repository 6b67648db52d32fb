// Durations: behind `offset`, and in brackets.
//
//   [5m]   [1h30m]   [300]                                  always
//   [step() * 2]   [max_of(5m, range() / 10)]   offset -(1h / 4)      experimental
//
// Behind `offset` an operator ends the duration, since `x offset 5m * 2` has always meant `(x offset 5m) * 2`; what
// is in parentheses, or begins with them, is arithmetic.

import type { DurationBinary, DurationExpr, NumberLiteral, Span } from "../ast/nodes.ts";
import type { Cursor } from "./cursor.ts";
import { atNumber, checkDurationRange, readNumber } from "./literals.ts";

interface Place {
  /** As in Prometheus' message: what is being read, and what may stand there. */
  readonly context: string;
  readonly expected: string;
}

const inOffset: Place = { context: "offset", expected: "number, duration, step(), or range()" };

/** Binding powers; only `^` goes from right to left. */
const precedence: Readonly<Record<string, number>> = {
  "+": 1,
  "-": 1,
  "*": 2,
  "/": 2,
  "%": 2,
  "^": 3,
};
const UNARY_PRECEDENCE = 3;

/** The duration behind `offset`. */
export function readOffset(cursor: Cursor): DurationExpr {
  const signed = cursor.kind === "-" || cursor.kind === "+";
  if (!signed) {
    return cursor.kind === "(" ? readDuration(cursor, inOffset, 1) : readOperand(cursor, inOffset);
  }
  const op = cursor.kind === "-" ? "-" : "+";
  const start = cursor.start;
  cursor.advance();
  if (atNumber(cursor)) {
    return checkDurationRange(cursor, readNumber(cursor, op === "-" ? -1 : 1, start));
  }
  if (cursor.kind === "-" || cursor.kind === "+") {
    const inner = readDuration(cursor, inOffset, UNARY_PRECEDENCE);
    return readOperators(cursor, inOffset, 1, withSign(cursor, op, start, inner));
  }
  return withSign(cursor, op, start, readOperand(cursor, inOffset));
}

/** A duration in brackets, which must not be zero or negative when it is known already. */
export function readPositiveDuration(
  cursor: Cursor,
  context: string,
  expected: string,
): DurationExpr {
  const duration = readDuration(cursor, { context, expected }, 1);
  if (duration.kind === "number" && duration.value <= 0) {
    throw cursor.fault(duration, "duration must be greater than 0");
  }
  return duration;
}

function readDuration(cursor: Cursor, place: Place, minPrecedence: number): DurationExpr {
  cursor.enter();
  const left = readSigned(cursor, place);
  const duration = readOperators(cursor, place, minPrecedence, left);
  cursor.leave();
  return duration;
}

function readOperators(
  cursor: Cursor,
  place: Place,
  minPrecedence: number,
  first: DurationExpr,
): DurationExpr {
  let left = first;
  let height = cursor.height;
  for (;;) {
    const op = cursor.kind;
    const power = precedence[op];
    if (power === undefined || power < minPrecedence) return left;
    const opSpan = cursor.span;
    cursor.advance();
    const right = readDuration(cursor, place, op === "^" ? power : power + 1);
    requireExperimental(cursor, left);
    if ((op === "/" || op === "%") && right.kind === "number" && right.value === 0) {
      throw cursor.fault(opSpan, op === "/" ? "division by zero" : "modulo by zero");
    }
    height = Math.max(height, cursor.height);
    cursor.made(height);
    height = cursor.height;
    left = {
      kind: "durationBinary",
      op: op as DurationBinary["op"],
      left,
      right,
      start: left.start,
      end: right.end,
    };
  }
}

function readSigned(cursor: Cursor, place: Place): DurationExpr {
  if (cursor.kind !== "-" && cursor.kind !== "+") return readOperand(cursor, place);
  const op = cursor.kind;
  const start = cursor.start;
  cursor.advance();
  return withSign(cursor, op, start, readDuration(cursor, place, UNARY_PRECEDENCE));
}

/** A sign goes into a number; a plus before anything else says nothing. */
function withSign(cursor: Cursor, op: "+" | "-", start: number, expr: DurationExpr): DurationExpr {
  if (expr.kind === "number") {
    return checkDurationRange(cursor, signedNumber(expr, op, start));
  }
  if (op === "+") return expr;
  cursor.made(cursor.height);
  return { kind: "durationUnary", op, expr, start, end: expr.end };
}

function signedNumber(expr: NumberLiteral, op: "+" | "-", start: number): NumberLiteral {
  return { ...expr, value: op === "-" ? -expr.value : expr.value, start };
}

function readOperand(cursor: Cursor, place: Place): DurationExpr {
  if (atNumber(cursor)) return checkDurationRange(cursor, readNumber(cursor));
  switch (cursor.kind) {
    case "(":
      return readParen(cursor, place);
    case "step":
    case "range":
    case "min_of":
    case "max_of":
      return readCall(cursor, place, cursor.kind);
    default:
      throw cursor.unexpected(place.context, place.expected, "such as 5m, 1h30m or 90s");
  }
}

function readParen(cursor: Cursor, place: Place): DurationExpr {
  const start = cursor.start;
  cursor.advance();
  const expr = readDuration(cursor, place, 1);
  cursor.expect(")", place.context, place.expected);
  requireExperimental(cursor, expr);
  cursor.made(cursor.height);
  return { kind: "durationParen", expr, start, end: cursor.lastEnd };
}

function readCall(
  cursor: Cursor,
  place: Place,
  name: "step" | "range" | "min_of" | "max_of",
): DurationExpr {
  const start = cursor.start;
  cursor.advance();
  cursor.expect("(", place.context, place.expected, `write ${name}()`);
  const args: DurationExpr[] = [];
  let height = 0;
  if (name === "min_of" || name === "max_of") {
    args.push(readDuration(cursor, place, 1));
    height = cursor.height;
    cursor.expect(",", place.context, place.expected, `${name} takes two durations`);
    args.push(readDuration(cursor, place, 1));
    height = Math.max(height, cursor.height);
  }
  cursor.expect(")", place.context, place.expected);
  cursor.made(height);
  const call: DurationExpr = { kind: "durationCall", name, args, start, end: cursor.lastEnd };
  requireExperimental(cursor, call);
  return call;
}

function requireExperimental(cursor: Cursor, at: Span): void {
  if (cursor.features.durationExpressions) return;
  throw cursor.fault(
    at,
    "experimental duration expression is not enabled",
    "a plain duration such as 5m needs no arithmetic; for more, allow experimental duration expressions",
  );
}
