// deriv, predict_linear, double_exponential_smoothing: lines through the floats of a window.
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/functions/#deriv .

import { evaluationError } from "../evaluate/execution.ts";
import { KahanSum } from "./kahan.ts";
import type { RangeFunction, Window } from "./window.ts";

export const deriv: RangeFunction = (window) => {
  if (!hasTwoFloats(window)) return 0;
  window.value = regression(window, window.times[window.from]!).slope;
  return 1;
};

export const predictLinear: RangeFunction = (window) => {
  if (!hasTwoFloats(window)) return 0;
  const { slope, intercept } = regression(window, window.evaluationMs);
  window.value = slope * window.params[0]! + intercept;
  return 1;
};

export const doubleExponentialSmoothing: RangeFunction = (window) => {
  const smoothing = window.params[0]!;
  const trend = window.params[1]!;
  if (smoothing <= 0 || smoothing >= 1) {
    throw evaluationError(
      `invalid smoothing factor. Expected: 0 < sf < 1, got: ${smoothing.toFixed(6)}`,
    );
  }
  if (trend <= 0 || trend >= 1) {
    throw evaluationError(`invalid trend factor. Expected: 0 < tf < 1, got: ${trend.toFixed(6)}`);
  }
  if (!hasTwoFloats(window)) return 0;
  const { values, from, to } = window;
  let before = 0;
  let smoothed = values[from]!;
  let slope = values[from + 1]! - values[from]!;
  for (let at = from + 1; at < to; at++) {
    if (at > from + 1) slope = trend * (smoothed - before) + (1 - trend) * slope;
    const next = smoothing * values[at]! + (1 - smoothing) * (smoothed + slope);
    before = smoothed;
    smoothed = next;
  }
  window.value = smoothed;
  return 1;
};

/** Two floats make a line; a note is made when histograms stand among them. */
function hasTwoFloats(window: Window): boolean {
  const { floatCount } = window;
  if (floatCount > 0 && window.histogramCount > 0) {
    window.annotations.histogramIgnoredInMixedRange(window.metricName, window.span);
  }
  return floatCount >= 2;
}

/** The least-squares line: slope per second, and value at a time. */
function regression(window: Window, atMs: number): { slope: number; intercept: number } {
  const { times, values, from, to } = window;
  const x = new KahanSum();
  const y = new KahanSum();
  const xy = new KahanSum();
  const xx = new KahanSum();
  const first = values[from]!;
  let constant = true;
  for (let at = from; at < to; at++) {
    const value = values[at]!;
    if (at > from && value !== first) constant = false;
    const seconds = (times[at]! - atMs) / 1000;
    x.add(seconds);
    y.add(value);
    xy.add(seconds * value);
    xx.add(seconds * seconds);
  }
  if (constant) {
    const infinite = first === Infinity || first === -Infinity;
    return infinite ? { slope: Number.NaN, intercept: Number.NaN } : { slope: 0, intercept: first };
  }
  const n = to - from;
  const covariance = xy.total - (x.total * y.total) / n;
  const variance = xx.total - (x.total * x.total) / n;
  const slope = covariance / variance;
  return { slope, intercept: y.total / n - (slope * x.total) / n };
}
