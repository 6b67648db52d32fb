// Functions that change each float by itself: roots, logarithms, trigonometry, and parts of a date. Histograms are left
// out of the result.

import { evaluationError } from "../evaluate/execution.ts";

/** A function of one float. */
export type FloatFunction = (value: number) => number;

/** The functions of a vector and nothing else. */
export const floatFunctions: ReadonlyMap<string, FloatFunction> = new Map<string, FloatFunction>([
  ["abs", Math.abs],
  ["acos", Math.acos],
  ["acosh", Math.acosh],
  ["asin", Math.asin],
  ["asinh", Math.asinh],
  ["atan", Math.atan],
  ["atanh", Math.atanh],
  ["ceil", Math.ceil],
  ["cos", Math.cos],
  ["cosh", Math.cosh],
  ["deg", (value) => (value * 180) / Math.PI],
  ["exp", Math.exp],
  ["floor", Math.floor],
  ["ln", Math.log],
  ["log10", Math.log10],
  ["log2", Math.log2],
  ["rad", (value) => (value * Math.PI) / 180],
  ["sgn", (value) => (value < 0 ? -1 : value > 0 ? 1 : value)],
  ["sin", Math.sin],
  ["sinh", Math.sinh],
  ["sqrt", Math.sqrt],
  ["tan", Math.tan],
  ["tanh", Math.tanh],
]);

/** The functions of Unix seconds, or of the evaluation time when called without argument. All in UTC. */
export const dateFunctions: ReadonlyMap<string, FloatFunction> = new Map<string, FloatFunction>([
  ["day_of_month", (seconds) => dateOf(seconds).getUTCDate()],
  ["day_of_week", (seconds) => dateOf(seconds).getUTCDay()],
  ["day_of_year", dayOfYear],
  ["days_in_month", daysInMonth],
  ["hour", (seconds) => dateOf(seconds).getUTCHours()],
  ["minute", (seconds) => dateOf(seconds).getUTCMinutes()],
  ["month", (seconds) => dateOf(seconds).getUTCMonth() + 1],
  ["year", (seconds) => dateOf(seconds).getUTCFullYear()],
]);

/** Rounding to a multiple; ties go up. */
export function roundTo(toNearest: number): FloatFunction {
  const inverse = 1 / toNearest;
  return (value) => Math.floor(value * inverse + 0.5) / inverse;
}

/** @throws {FlxError} `FLX_PROMQL_EXECUTION` when there is no such function */
export function floatFunction(name: string): FloatFunction {
  const found = floatFunctions.get(name);
  if (found === undefined) throw evaluationError(`unknown function with name "${name}"`);
  return found;
}

function dateOf(seconds: number): Date {
  return new Date(Math.trunc(seconds) * 1000);
}

function dayOfYear(seconds: number): number {
  const date = dateOf(seconds);
  const first = Date.UTC(date.getUTCFullYear(), 0, 1);
  return Math.floor((date.getTime() - first) / 86_400_000) + 1;
}

function daysInMonth(seconds: number): number {
  const date = dateOf(seconds);
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
}
