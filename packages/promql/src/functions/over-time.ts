// The `*_over_time` functions: one value for all samples of a window.
//
//   any samples       count, present, absent, first, last, ts_of_first, ts_of_last
//   floats or else    sum, avg of histograms when the window has nothing but histograms
//   floats only       min, max, stddev, stdvar, quantile, mad, ts_of_min, ts_of_max: histograms are ignored, with a note
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/functions/#aggregation_over_time .

import {
  addHistograms,
  divideHistogram,
  hasOverflow,
  kahanAdd,
  scaleHistogram,
} from "../histogram/arithmetic.ts";
import type { FloatHistogram } from "../histogram/float-histogram.ts";
import { KahanSum } from "./kahan.ts";
import { quantileOf } from "./quantile.ts";
import type { RangeFunction, SampleKind, Window } from "./window.ts";

export const countOverTime: RangeFunction = (window) => {
  window.value = window.sampleCount + window.histogramCount;
  return window.value === 0 ? 0 : 1;
};

export const presentOverTime: RangeFunction = (window) => {
  window.value = 1;
  return window.floatCount + window.histogramCount === 0 ? 0 : 1;
};

export const firstOverTime: RangeFunction = (window) => {
  const { from, histogramFrom } = window;
  const hasFloat = window.floatCount > 0;
  if (window.histogramCount === 0) return hasFloat ? floatAt(window, from) : 0;
  if (hasFloat && window.times[from]! < window.histogramTimes[histogramFrom]!) {
    return floatAt(window, from);
  }
  return histogramAt(window, histogramFrom);
};

export const lastOverTime: RangeFunction = (window) => {
  const { to, histogramTo } = window;
  const hasFloat = window.floatCount > 0;
  if (window.histogramCount === 0) return hasFloat ? floatAt(window, to - 1) : 0;
  if (hasFloat && window.histogramTimes[histogramTo - 1]! < window.times[to - 1]!) {
    return floatAt(window, to - 1);
  }
  return histogramAt(window, histogramTo - 1);
};

export const tsOfFirstOverTime: RangeFunction = (window) => {
  if (window.floatCount + window.histogramCount === 0) return 0;
  const float = window.floatCount > 0 ? window.times[window.from]! : Infinity;
  const histogram =
    window.histogramCount > 0 ? window.histogramTimes[window.histogramFrom]! : Infinity;
  window.value = Math.min(float, histogram) / 1000;
  return 1;
};

export const tsOfLastOverTime: RangeFunction = (window) => {
  if (window.floatCount + window.histogramCount === 0) return 0;
  const float = window.floatCount > 0 ? window.times[window.to - 1]! : -Infinity;
  const histogram =
    window.histogramCount > 0 ? window.histogramTimes[window.histogramTo - 1]! : -Infinity;
  window.value = Math.max(float, histogram) / 1000;
  return 1;
};

export const sumOverTime: RangeFunction = (window) => {
  if (isMixed(window)) return 0;
  if (window.floatCount === 0) return ofHistograms(window, sumOfHistograms);
  const { values, from, to, thinned } = window;
  let sum = 0;
  let compensation = 0;
  for (let at = from; at < to; at++) {
    const weight = thinned?.weights[at] ?? 1;
    // What stands for nothing is not added: 0 times infinity is no number.
    if (weight === 0) continue;
    const value = values[at]! * weight;
    const total = sum + value;
    if (total === Infinity || total === -Infinity) compensation = 0;
    else if (Math.abs(sum) >= Math.abs(value)) compensation += sum - total + value;
    else compensation += value - total + sum;
    sum = total;
  }
  window.value = sum === Infinity || sum === -Infinity ? sum : sum + compensation;
  return 1;
};

export const avgOverTime: RangeFunction = (window) => {
  if (isMixed(window)) return 0;
  if (window.floatCount === 0) return ofHistograms(window, meanOfHistograms);
  if (window.thinned === undefined) {
    window.value = meanOf(window.values, window.from, window.to);
    return 1;
  }
  sumOverTime(window);
  window.value /= window.sampleCount;
  return 1;
};

export const minOverTime: RangeFunction = (window) => best(window, (now, known) => now < known);
export const maxOverTime: RangeFunction = (window) => best(window, (now, known) => now > known);

export const tsOfMinOverTime: RangeFunction = (window) =>
  bestTime(window, (now, known) => now <= known);
export const tsOfMaxOverTime: RangeFunction = (window) =>
  bestTime(window, (now, known) => now >= known);

export const stdvarOverTime: RangeFunction = (window) => {
  if (!hasFloatsOnly(window)) return 0;
  window.value = varianceOf(window.values, window.from, window.to);
  return 1;
};

export const stddevOverTime: RangeFunction = (window) => {
  if (!hasFloatsOnly(window)) return 0;
  window.value = Math.sqrt(varianceOf(window.values, window.from, window.to));
  return 1;
};

export const quantileOverTime: RangeFunction = (window) => {
  if (window.floatCount === 0) return 0;
  const q = window.params[0]!;
  // The place is that of the quantile argument, the first one.
  if (Number.isNaN(q) || q < 0 || q > 1) {
    window.annotations.invalidQuantile(q, window.settings.argsSpan);
  }
  if (window.histogramCount > 0) {
    window.annotations.histogramIgnoredInMixedRange(window.metricName, window.settings.argsSpan);
  }
  window.value = quantileOf(q, window.values.slice(window.from, window.to));
  return 1;
};

export const madOverTime: RangeFunction = (window) => {
  if (!hasFloatsOnly(window)) return 0;
  const values = window.values.slice(window.from, window.to);
  if (values.some(Number.isNaN)) window.value = Number.NaN;
  else {
    const median = quantileOf(0.5, values);
    for (let at = 0; at < values.length; at++) values[at] = Math.abs(values[at]! - median);
    window.value = quantileOf(0.5, values);
  }
  return 1;
};

function floatAt(window: Window, at: number): SampleKind {
  window.value = window.values[at]!;
  return 1;
}

function histogramAt(window: Window, at: number): SampleKind {
  window.histogram = window.histograms[at]!;
  return 2;
}

/** Whether both kinds are there, after saying so. */
function isMixed(window: Window): boolean {
  if (window.floatCount === 0 || window.histogramCount === 0) return false;
  window.annotations.mixedFloatsHistograms(window.metricName, window.span);
  return true;
}

/** Whether there are floats to work on; a note is made when histograms stand among them. */
export function hasFloatsOnly(window: Window): boolean {
  if (window.floatCount === 0) return false;
  if (window.histogramCount > 0) {
    window.annotations.histogramIgnoredInMixedRange(window.metricName, window.span);
  }
  return true;
}

type Better = (now: number, known: number) => boolean;

/** The best value; a NaN gives way to any number. */
function best(window: Window, isBetter: Better): SampleKind {
  if (!hasFloatsOnly(window)) return 0;
  const { values, from, to } = window;
  let known = values[from]!;
  for (let at = from + 1; at < to; at++) {
    const now = values[at]!;
    if (isBetter(now, known) || known !== known) known = now;
  }
  window.value = known;
  return 1;
}

/** When the best value was; of equal ones the last. Seconds. */
function bestTime(window: Window, isBetter: Better): SampleKind {
  if (!hasFloatsOnly(window)) return 0;
  const { values, times, from, to } = window;
  let known = from;
  for (let at = from + 1; at < to; at++) {
    const value = values[known]!;
    if (isBetter(values[at]!, value) || value !== value) known = at;
  }
  window.value = times[known]! / 1000;
  return 1;
}

/** The mean of values[from..to), by the sum, or where that overflows step by step; compensated. */
export function meanOf(values: Float64Array, from: number, to: number): number {
  const sum = new KahanSum(values[from]);
  for (let at = from + 1; at < to; at++) {
    const total = sum.sum + values[at]!;
    if (total === Infinity || total === -Infinity)
      return incrementalMean(values, from, at, to, sum);
    sum.add(values[at]!);
  }
  const count = to - from;
  return sum.sum / count + sum.compensation / count;
}

function incrementalMean(
  values: Float64Array,
  from: number,
  next: number,
  to: number,
  sum: KahanSum,
): number {
  const mean = new KahanSum(sum.sum / (next - from), sum.compensation / (next - from));
  for (let at = next; at < to; at++) {
    const count = at - from + 1;
    const share = (count - 1) / count;
    mean.sum *= share;
    mean.compensation *= share;
    mean.add(values[at]! / count);
  }
  return mean.total;
}

function varianceOf(values: Float64Array, from: number, to: number): number {
  const mean = new KahanSum();
  const squares = new KahanSum();
  let count = 0;
  for (let at = from; at < to; at++) {
    count++;
    const value = values[at]!;
    const delta = value - mean.total;
    mean.add(delta / count);
    squares.add(delta * (value - mean.total));
  }
  return squares.total / count;
}

type HistogramFold = (histograms: readonly FloatHistogram[]) => Folded | undefined;

interface Folded {
  readonly histogram: FloatHistogram;
  readonly reconciled: boolean;
}

function ofHistograms(window: Window, fold: HistogramFold): SampleKind {
  if (window.histogramCount === 0) return 0;
  const { annotations, span, metricName } = window;
  const found = window.histograms.slice(window.histogramFrom, window.histogramTo);
  const folded = fold(found);
  if (folded === undefined) {
    annotations.mixedExponentialCustom(metricName, span);
    return 0;
  }
  const saysReset = found.some(({ counterResetHint }) => counterResetHint === "reset");
  const saysNone = found.some(({ counterResetHint }) => counterResetHint === "none");
  if (saysReset && saysNone) annotations.counterResetCollision("aggregation", span);
  if (folded.reconciled) annotations.mismatchedCustomBuckets("aggregation", span);
  window.histogram = folded.histogram;
  return 2;
}

function sumOfHistograms(histograms: readonly FloatHistogram[]): Folded | undefined {
  let sum = histograms[0]!;
  let compensation: FloatHistogram | undefined;
  let reconciled = false;
  for (let at = 1; at < histograms.length; at++) {
    const added = kahanAdd(sum, histograms[at]!, compensation);
    if (added === undefined) return undefined;
    sum = added.histogram;
    ({ compensation } = added);
    reconciled ||= added.reconciled;
  }
  return { histogram: plus(sum, compensation), reconciled };
}

function meanOfHistograms(histograms: readonly FloatHistogram[]): Folded | undefined {
  let value = histograms[0]!;
  let compensation: FloatHistogram | undefined;
  let incremental = false;
  let reconciled = false;
  for (let at = 1; at < histograms.length; at++) {
    const next = histograms[at]!;
    const count = at + 1;
    let added = incremental ? undefined : kahanAdd(value, next, compensation);
    if (!incremental && added === undefined) return undefined;
    if (added === undefined || hasOverflow(added.histogram)) {
      const share = (count - 1) / count;
      if (!incremental) {
        incremental = true;
        value = divideHistogram(value, count - 1);
        if (compensation !== undefined) compensation = divideHistogram(compensation, count - 1);
      }
      if (compensation !== undefined) compensation = scaleHistogram(compensation, share);
      added = kahanAdd(scaleHistogram(value, share), divideHistogram(next, count), compensation);
      if (added === undefined) return undefined;
    }
    value = added.histogram;
    ({ compensation } = added);
    reconciled ||= added.reconciled;
  }
  if (incremental) return { histogram: plus(value, compensation), reconciled };
  const count = histograms.length;
  const rest = compensation === undefined ? undefined : divideHistogram(compensation, count);
  return { histogram: plus(divideHistogram(value, count), rest), reconciled };
}

function plus(value: FloatHistogram, compensation: FloatHistogram | undefined): FloatHistogram {
  if (compensation === undefined) return value;
  return addHistograms(value, compensation)?.histogram ?? value;
}
