// rate, increase and delta of `anchored` and `smoothed` selectors (experimental): the values at the window's edges are
// taken from samples around it, nothing is extrapolated.
//
//   window           (start ─────────────── end]
//   samples      s0          s1     s2            s3
//   anchored     s0 counts as the value at the start, s2 as the value at the end
//   smoothed     the value at the start lies between s0 and s1, the value at the end between s2 and s3
//
// Source: https://prometheus.io/docs/prometheus/latest/feature_flags/#extended-range-selectors .

import {
  addHistograms,
  divideHistogram,
  scaleHistogram,
  subtractHistograms,
} from "../histogram/arithmetic.ts";
import {
  compacted,
  type FloatHistogram,
  hasCustomBounds,
  withHint,
} from "../histogram/float-histogram.ts";
import { detectReset } from "../histogram/resets.ts";
import type { RateKind } from "./rate-kind.ts";
import type { SampleKind, Window } from "./window.ts";

/** The change over the window; the window holds samples beyond its edges. */
export function extendedRate(window: Window, kind: RateKind): SampleKind {
  if (window.histogramTo > window.histogramFrom) return ofHistograms(window, kind);
  return window.to > window.from ? ofFloats(window, kind) : 0;
}

/** The samples that decide the values at the edges: positions in the series. */
export interface EdgeSamples {
  readonly first: number;
  readonly last: number;
}

/** `undefined` when no sample lies after the start of the window. */
export function edgeSamples(
  times: Float64Array,
  from: number,
  to: number,
  startMs: number,
  endMs: number,
  smoothed: boolean,
): EdgeSamples | undefined {
  let first = from;
  while (first < to - 1 && times[first]! <= startMs) first++;
  first = Math.max(from, first - 1);
  let last = to - 1;
  if (smoothed) {
    last = from;
    while (last < to - 1 && times[last]! < endMs) last++;
  }
  return times[last]! <= startMs ? undefined : { first, last };
}

/** The value at the start of the window. */
export function leftValue(
  times: Float64Array,
  values: Float64Array,
  first: number,
  startMs: number,
  smoothed: boolean,
  counter: boolean,
): number {
  if (!smoothed || times[first]! >= startMs) return values[first]!;
  return between(times, values, first, startMs, counter);
}

/** The value at the end of the window; `from` is the first sample there is. */
export function rightValue(
  times: Float64Array,
  values: Float64Array,
  last: number,
  from: number,
  endMs: number,
  smoothed: boolean,
  counter: boolean,
): number {
  if (!smoothed || last === from || times[last]! <= endMs) return values[last]!;
  return between(times, values, last - 1, endMs, counter);
}

/** The value at a time between two neighbours; a counter that fell was zero in between. */
function between(
  times: Float64Array,
  values: Float64Array,
  at: number,
  timeMs: number,
  counter: boolean,
): number {
  const y2 = values[at + 1]!;
  const y1 = counter && y2 < values[at]! ? 0 : values[at]!;
  return y1 + ((y2 - y1) * (timeMs - times[at]!)) / (times[at + 1]! - times[at]!);
}

function ofFloats(window: Window, { counter, perSecond }: RateKind): SampleKind {
  const { times, values, startMs, endMs } = window;
  const smoothed = window.settings.extended === "smoothed";
  const edges = edgeSamples(times, window.from, window.to, startMs, endMs, smoothed);
  if (edges === undefined || (smoothed && times[edges.first]! > endMs)) return 0;
  const left = leftValue(times, values, edges.first, startMs, smoothed, counter);
  const right = rightValue(times, values, edges.last, window.from, endMs, smoothed, counter);
  let result = right - left;
  if (counter) {
    // The edges already account for the samples they stand for.
    const from = times[edges.first]! <= startMs ? edges.first + 1 : edges.first;
    const to = times[edges.last]! >= endMs ? edges.last : edges.last + 1;
    let previous = left;
    for (let at = from; at < to; at++) {
      if (values[at]! < previous) result += previous;
      previous = values[at]!;
    }
    if (right < previous) result += previous;
  }
  window.value = perSecond ? result / (window.rangeMs / 1000) : result;
  return 1;
}

function ofHistograms(window: Window, { counter, perSecond }: RateKind): SampleKind {
  const { histogramTimes: times, histogramFrom: from, histogramTo: to, startMs, endMs } = window;
  const { annotations, span, metricName, histograms } = window;
  const smoothed = window.settings.extended === "smoothed";
  const edges = edgeSamples(times, from, to, startMs, endMs, smoothed);
  if (edges === undefined || (smoothed && times[edges.first]! > endMs)) return 0;
  const { first, last } = edges;
  const custom = hasCustomBounds(histograms[first]!);
  for (let at = first; at <= last; at++) {
    if (hasCustomBounds(histograms[at]!) !== custom) {
      annotations.mixedExponentialCustom(metricName, span);
      return 0;
    }
    if (counter && histograms[at]!.counterResetHint === "gauge") {
      annotations.notCounter(metricName, span);
    }
  }
  const left =
    smoothed && times[first]! < startMs
      ? histogramBetween(window, first, startMs, counter)
      : histograms[first]!;
  const right =
    smoothed && last > from && times[last]! > endMs
      ? histogramBetween(window, last - 1, endMs, counter)
      : histograms[last]!;
  if (!counter && (left.counterResetHint !== "gauge" || right.counterResetHint !== "gauge")) {
    annotations.notGauge(metricName, span);
  }
  let result = combine(window, subtractHistograms(right, left), "subtraction");
  if (counter) {
    for (const taken of takenByResets(window, edges, left, right, smoothed)) {
      result = combine(window, addHistograms(result, taken), "addition");
    }
  }
  if (perSecond) result = divideHistogram(result, window.rangeMs / 1000);
  window.histogram = compacted(withHint(result, "gauge"));
  return 2;
}

/** What the counter had before each reset between the edges. */
function takenByResets(
  window: Window,
  { first, last }: EdgeSamples,
  left: FloatHistogram,
  right: FloatHistogram,
  smoothed: boolean,
): FloatHistogram[] {
  const { histograms, histogramTimes: times, startMs } = window;
  let from = first + 1;
  let previous = left;
  if (
    smoothed &&
    times[first]! < startMs &&
    detectReset(histograms[first + 1]!, histograms[first]!)
  ) {
    // The value at the start already is one after that reset.
    previous = histograms[first + 1]!;
    from++;
  }
  if (from > last) return [];
  const taken: FloatHistogram[] = [];
  for (let at = from; at < last; at++) {
    if (detectReset(histograms[at]!, previous)) taken.push(previous);
    previous = histograms[at]!;
  }
  if (detectReset(right, previous)) taken.push(previous);
  return taken;
}

/** The histogram at a time between two neighbours. */
export function histogramBetween(
  window: Pick<Window, "histograms" | "histogramTimes" | "annotations" | "span" | "metricName">,
  at: number,
  timeMs: number,
  counter: boolean,
): FloatHistogram {
  const { histogramTimes: times, histograms } = window;
  const before = histograms[at]!;
  const after = histograms[at + 1]!;
  if (timeMs === times[at]) return before;
  if (timeMs === times[at + 1]) return after;
  const share = (timeMs - times[at]!) / (times[at + 1]! - times[at]!);
  if (counter && detectReset(after, before)) return scaleHistogram(after, share);
  const difference = combine(window, subtractHistograms(after, before), "subtraction");
  return combine(window, addHistograms(scaleHistogram(difference, share), before), "addition");
}

/** Layouts have been checked: there is a result. */
function combine(
  window: Pick<Window, "annotations" | "span">,
  result: ReturnType<typeof addHistograms>,
  operation: "addition" | "subtraction",
): FloatHistogram {
  if (result === undefined) throw new TypeError("histograms of different kinds were combined");
  if (result.reconciled) window.annotations.mismatchedCustomBuckets(operation, window.span);
  return result.histogram;
}
