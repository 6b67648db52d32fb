// resets and changes: how often a counter began again, and how often a value changed, in a window.
//
// Floats and histograms are looked at in the order of time; from one kind to the other is a change and a reset.

import { equalHistograms, type FloatHistogram } from "../histogram/float-histogram.ts";
import { detectReset } from "../histogram/resets.ts";
import { isStartReset } from "./start-timestamps.ts";
import type { RangeFunction, SampleKind, Window } from "./window.ts";

export const resets: RangeFunction = (window) => {
  if (isPlain(window)) {
    let count = 0;
    for (const at of window.resets) if (at > window.from && at < window.to) count++;
    window.value = count;
    return window.to > window.from ? 1 : 0;
  }
  return countSteps(window, (before, now) => {
    const started = isStartReset(before.startMs, before.timeMs, now.startMs, now.timeMs);
    if (before.histogram === undefined && now.histogram === undefined) {
      return now.value < before.value || started;
    }
    if (before.histogram === undefined || now.histogram === undefined) return true;
    return started || detectReset(now.histogram, before.histogram);
  });
};

export const changes: RangeFunction = (window) => {
  if (isPlain(window)) return countChanges(window);
  return countSteps(window, (before, now) => {
    if (before.histogram === undefined && now.histogram === undefined) {
      return before.value !== now.value && !(isNan(before.value) && isNan(now.value));
    }
    if (before.histogram === undefined || now.histogram === undefined) return true;
    return !equalHistograms(now.histogram, before.histogram);
  });
};

interface Sample {
  timeMs: number;
  startMs: number;
  value: number;
  histogram: FloatHistogram | undefined;
}

/** Floats only, a plain window, no start timestamps: the usual case. */
function isPlain({ histogramTo, histogramFrom, settings, starts }: Window): boolean {
  return histogramTo === histogramFrom && settings.extended === undefined && starts === undefined;
}

function countChanges(window: Window): SampleKind {
  const { values, from, to } = window;
  if (from === to) return 0;
  let count = 0;
  for (let at = from + 1; at < to; at++) {
    const before = values[at - 1]!;
    const now = values[at]!;
    if (before !== now && !(isNan(before) && isNan(now))) count++;
  }
  window.value = count;
  return 1;
}

function isNan(value: number): boolean {
  return value !== value;
}

/** Goes through the samples of both kinds in the order of time. */
function countSteps(window: Window, counts: (before: Sample, now: Sample) => boolean): SampleKind {
  if (window.floatCount + window.histogramCount === 0) return 0;
  const first = firstSamples(window);
  if (first === undefined) return 0;
  let { float, histogram } = first;
  let before: Sample | undefined;
  let count = 0;
  while (float < window.to || histogram < window.histogramTo) {
    const now = nextIsFloat(window, float, histogram)
      ? floatSample(window, float++)
      : histogramSample(window, histogram++);
    if (before !== undefined && counts(before, now)) count++;
    before = now;
  }
  window.value = count;
  return 1;
}

function nextIsFloat(window: Window, float: number, histogram: number): boolean {
  if (histogram >= window.histogramTo) return true;
  return float < window.to && window.times[float]! < window.histogramTimes[histogram]!;
}

function floatSample(window: Window, at: number): Sample {
  const startMs = window.starts?.[at] ?? 0;
  return { timeMs: window.times[at]!, startMs, value: window.values[at]!, histogram: undefined };
}

function histogramSample(window: Window, at: number): Sample {
  const startMs = window.histogramStarts?.[at] ?? 0;
  const timeMs = window.histogramTimes[at]!;
  return { timeMs, startMs, value: 0, histogram: window.histograms[at]! };
}

/**
 * Where to begin. An anchored window reaches further back: of the samples at or before its start only the last one
 * counts, of whichever kind. `undefined` when no sample lies after the start.
 */
function firstSamples(window: Window): { float: number; histogram: number } | undefined {
  const { from, to, histogramFrom, histogramTo, startMs, times, histogramTimes } = window;
  if (window.settings.extended !== "anchored") return { float: from, histogram: histogramFrom };
  let float = from;
  while (float < to && times[float]! <= startMs) float++;
  let histogram = histogramFrom;
  while (histogram < histogramTo && histogramTimes[histogram]! <= startMs) histogram++;
  if (float >= to && histogram >= histogramTo) return undefined;
  const floatBefore = float > from;
  const histogramBefore = histogram > histogramFrom;
  if (!floatBefore && !histogramBefore) return { float, histogram };
  const anchorIsFloat =
    !histogramBefore || (floatBefore && times[float - 1]! >= histogramTimes[histogram - 1]!);
  return anchorIsFloat ? { float: float - 1, histogram } : { float, histogram: histogram - 1 };
}
