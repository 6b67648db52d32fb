// The length of a duration expression, in milliseconds.
//
//   [5m]               300 s                  the usual case: a number
//   [step() * 2]       2 x the query's step   experimental
//   offset -(1h / 4)   -900 s
//
// Arithmetic is in seconds with fractions, as in Prometheus; the end result is cut to whole milliseconds.

import { type DurationMs, FlxError } from "@flx/model";
import type { DurationBinary, DurationCall, DurationExpr } from "./nodes.ts";

/** What `step()` and `range()` stand for: zero in an instant query. */
export interface DurationContext {
  /** Distance of the query's evaluation times. */
  readonly stepMs: number;
  /** From the query's first evaluation time to its last. */
  readonly rangeMs: number;
}

/** The longest duration: 2^63 ns, about 292 years, as in Prometheus. */
export const MAX_DURATION_SECONDS = 9_223_372_036.854776;

/**
 * How long a duration expression is.
 *
 * @param allow "any" for offsets, which may be negative or zero; "positive" for ranges and steps
 * @throws {FlxError} `FLX_PROMQL_DURATION` when it divides by zero, is NaN, infinite or too long, or is not positive
 *   where it must be
 */
export function durationMs(
  expr: DurationExpr,
  context: DurationContext,
  allow: "any" | "positive",
): DurationMs {
  if (expr.kind === "number") return Math.trunc(roundedMs(expr.value)) as DurationMs;
  const seconds = durationSeconds(expr, context);
  if (!Number.isFinite(seconds)) throw fault(expr, "duration is NaN or infinite");
  if (seconds <= 0 && allow === "positive") throw fault(expr, "duration must be greater than 0");
  if (Math.abs(seconds) > MAX_DURATION_SECONDS) throw fault(expr, "duration is out of range");
  return Math.trunc(seconds * 1000) as DurationMs;
}

/** Whether a duration is written without `step()` and `range()`, so that no context changes it. */
export function isConstantDuration(expr: DurationExpr): boolean {
  switch (expr.kind) {
    case "number":
      return true;
    case "durationUnary":
    case "durationParen":
      return isConstantDuration(expr.expr);
    case "durationBinary":
      return isConstantDuration(expr.left) && isConstantDuration(expr.right);
    case "durationCall":
    default:
      return expr.args.length > 0 && expr.args.every(isConstantDuration);
  }
}

/** 0.1 s is 99.99999999999999 ms in binary; nanoseconds are rounded first, as Prometheus does with literals. */
function roundedMs(seconds: number): number {
  return Math.round(seconds * 1e9) / 1e6;
}

function durationSeconds(expr: DurationExpr, context: DurationContext): number {
  switch (expr.kind) {
    case "number":
      return expr.value;
    case "durationParen":
      return durationSeconds(expr.expr, context);
    case "durationUnary": {
      const seconds = durationSeconds(expr.expr, context);
      return expr.op === "-" ? -seconds : seconds;
    }
    case "durationBinary":
      return binarySeconds(expr, context);
    case "durationCall":
    default:
      return callSeconds(expr, context);
  }
}

function binarySeconds(expr: DurationBinary, context: DurationContext): number {
  const left = durationSeconds(expr.left, context);
  const right = durationSeconds(expr.right, context);
  switch (expr.op) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      if (right === 0) throw fault(expr, "division by zero");
      return left / right;
    case "%":
      if (right === 0) throw fault(expr, "modulo by zero");
      return left % right;
    case "^":
    default:
      return left ** right;
  }
}

function callSeconds(expr: DurationCall, context: DurationContext): number {
  const args = expr.args.map((arg) => durationSeconds(arg, context));
  switch (expr.name) {
    case "step":
      return context.stepMs / 1000;
    case "range":
      return context.rangeMs / 1000;
    case "min_of":
      return Math.min(...args);
    case "max_of":
    default:
      return Math.max(...args);
  }
}

function fault(expr: DurationExpr, what: string): FlxError {
  return new FlxError("FLX_PROMQL_DURATION", `${expr.start}:${expr.end}: ${what}`);
}
