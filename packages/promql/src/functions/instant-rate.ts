// irate and idelta: the change between the last two samples of the window.
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/functions/#irate .

import { divideHistogram, subtractHistograms } from "../histogram/arithmetic.ts";
import { compacted, type FloatHistogram, withHint } from "../histogram/float-histogram.ts";
import { detectReset } from "../histogram/resets.ts";
import { isStartReset } from "./start-timestamps.ts";
import type { RangeFunction, SampleKind, Window } from "./window.ts";

export const irate: RangeFunction = (window) => lastChange(window, true);
export const idelta: RangeFunction = (window) => lastChange(window, false);

interface Sample {
  readonly timeMs: number;
  readonly startMs: number;
  readonly value: number;
  readonly histogram: FloatHistogram | undefined;
}

function lastChange(window: Window, isRate: boolean): SampleKind {
  if (window.floatCount + window.histogramCount < 2) return 0;
  const [before, last] = lastTwo(window);
  const seconds = (last.timeMs - before.timeMs) / 1000;
  if (seconds === 0) return 0;
  const isReset = isStartReset(before.startMs, before.timeMs, last.startMs, last.timeMs);
  if (last.histogram === undefined && before.histogram === undefined) {
    const fromZero = isRate && (last.value < before.value || isReset);
    const change = fromZero ? last.value : last.value - before.value;
    window.value = isRate ? change / seconds : change;
    return 1;
  }
  const { annotations, metricName } = window;
  if (last.histogram === undefined || before.histogram === undefined) {
    annotations.mixedFloatsHistograms(metricName, window.settings.argsSpan);
    return 0;
  }
  const change = histogramChange(window, before.histogram, last.histogram, isRate, isReset);
  if (change === undefined) return 0;
  window.histogram = isRate ? divideHistogram(change, seconds) : change;
  return 2;
}

function histogramChange(
  window: Window,
  before: FloatHistogram,
  last: FloatHistogram,
  isRate: boolean,
  isReset: boolean,
): FloatHistogram | undefined {
  const { annotations, metricName } = window;
  const { argsSpan } = window.settings;
  const gauges = [before, last].filter(({ counterResetHint }) => counterResetHint === "gauge");
  if (isRate && gauges.length > 0) annotations.notCounter(metricName, argsSpan);
  if (!isRate && gauges.length < 2) annotations.notGauge(metricName, argsSpan);
  let change = last;
  if (!isRate || (!isReset && !detectReset(last, before))) {
    const difference = subtractHistograms(last, before);
    if (difference === undefined) {
      annotations.mixedExponentialCustom(metricName, argsSpan);
      return undefined;
    }
    if (difference.reconciled) annotations.mismatchedCustomBuckets("subtraction", argsSpan);
    change = difference.histogram;
  }
  return compacted(withHint(change, "gauge"));
}

/** The last two samples of both kinds; a histogram comes after a float of the same time. */
function lastTwo(window: Window): [Sample, Sample] {
  const found: Sample[] = [];
  for (let at = Math.max(window.from, window.to - 2); at < window.to; at++) {
    const startMs = window.starts?.[at] ?? 0;
    found.push({
      timeMs: window.times[at]!,
      startMs,
      value: window.values[at]!,
      histogram: undefined,
    });
  }
  for (
    let at = Math.max(window.histogramFrom, window.histogramTo - 2);
    at < window.histogramTo;
    at++
  ) {
    const startMs = window.histogramStarts?.[at] ?? 0;
    const timeMs = window.histogramTimes[at]!;
    found.push({ timeMs, startMs, value: 0, histogram: window.histograms[at]! });
  }
  if (window.histogramCount > 0) found.sort((a, b) => a.timeMs - b.timeMs);
  return [found.at(-2)!, found.at(-1)!];
}
