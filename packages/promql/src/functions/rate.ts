// rate, increase, delta: how much a series changed over a window, extended to the window's edges.
//
//   window   (start ─────────────────────────── end]
//   samples        s0     s1     s2     s3              increase = s3 - s0, plus what resets took away
//            ├─ a ─┤              avg       ├─ b ─┤
//
// The samples cover (start + a ... end - b). If an edge is near (within 1.1 times the average distance of samples) the
// series is taken to reach it, otherwise to go on for half that distance. A counter cannot have been below zero, so
// it is not extended to before where it would have been zero.
//
// With start timestamps (experimental) a sample that tells when its counter began, inside the window, is taken at its
// word: nothing is guessed on the left then.
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/functions/#rate .

import {
  addHistograms,
  type Combined,
  scaleHistogram,
  subtractHistograms,
} from "../histogram/arithmetic.ts";
import {
  compacted,
  type FloatHistogram,
  fieldsOf,
  hasCustomBounds,
  noBuckets,
  withHint,
} from "../histogram/float-histogram.ts";
import { atSchema } from "../histogram/layout.ts";
import { detectReset } from "../histogram/resets.ts";
import { extendedRate } from "./extended-rate.ts";
import { isStartReset, startsOverlap } from "./start-timestamps.ts";
import type { RateKind } from "./rate-kind.ts";
import type { RangeFunction, SampleKind, Window } from "./window.ts";

export const rate: RangeFunction = (window) => changeOver(window, perSecondCounter);
export const increase: RangeFunction = (window) => changeOver(window, counter);
export const delta: RangeFunction = (window) => changeOver(window, gauge);

const perSecondCounter: RateKind = { counter: true, perSecond: true };
const counter: RateKind = { counter: true, perSecond: false };
const gauge: RateKind = { counter: false, perSecond: false };

function changeOver(window: Window, kind: RateKind): SampleKind {
  const floats = window.to - window.from;
  const histograms = window.histogramTo - window.histogramFrom;
  if (floats > 0 && histograms > 0) {
    window.annotations.mixedFloatsHistograms(window.metricName, window.span);
    return 0;
  }
  if (window.settings.extended !== undefined) return extendedRate(window, kind);
  if (histograms > 0) return changeOfHistograms(window, kind);
  return floats > 0 ? changeOfFloats(window, kind) : 0;
}

function changeOfFloats(window: Window, { counter: isCounter, perSecond }: RateKind): SampleKind {
  const { from, to, values, times } = window;
  const last = to - 1;
  let result = values[last]! - values[from]!;
  if (isCounter)
    result =
      window.starts === undefined ? addResets(window, result) : addStartResets(window, result);
  const firstMs = times[from]!;
  const lastMs = times[last]!;
  const started = isCounter && startsInside(window.starts, from, firstMs, window);
  if (started) result += values[from]!;
  else if (from === last) return 0;
  const zeroShare = result > 0 && values[from]! >= 0 ? values[from]! / result : Number.NaN;
  const factor = extrapolation(window, {
    firstMs: started ? window.starts![from]! : firstMs,
    lastMs,
    // The average distance is that of the samples themselves.
    averageS: from === last ? 0 : (lastMs - firstMs) / 1000 / (window.sampleCount - 1),
    started,
    zeroShare: isCounter ? zeroShare : Number.NaN,
  });
  window.value = result * (perSecond ? factor / (window.rangeMs / 1000) : factor);
  return 1;
}

/** What the counter had before each reset inside the window. */
function addResets(window: Window, change: number): number {
  const { values, from, to, thinned } = window;
  let result = change;
  if (thinned !== undefined) {
    for (let at = from + 1; at < to; at++) result += thinned.lost[at]!;
    return result;
  }
  const { resets } = window;
  for (const at of resets) {
    if (at > from && at < to) result += values[at - 1]!;
  }
  return result;
}

function addStartResets(window: Window, change: number): number {
  const { values, times, from, to } = window;
  const starts = window.starts!;
  let result = change;
  let overlap = false;
  for (let at = from + 1; at < to; at++) {
    if (!overlap && startsOverlap(starts[at - 1]!, times[at - 1]!, starts[at]!)) {
      window.annotations.startTimeOverlap(window.metricName, window.span);
      overlap = true;
    }
    const isReset =
      values[at]! < values[at - 1]! ||
      isStartReset(starts[at - 1]!, times[at - 1]!, starts[at]!, times[at]!);
    if (isReset) result += values[at - 1]!;
  }
  return result;
}

/** Whether the first sample says that its counter began inside the window. */
function startsInside(
  starts: Float64Array | undefined,
  at: number,
  firstMs: number,
  window: Window,
): boolean {
  if (starts === undefined) return false;
  const start = starts[at]!;
  return start !== 0 && start > window.startMs && start < firstMs;
}

interface Covered {
  readonly firstMs: number;
  readonly lastMs: number;
  /** Average distance of samples, seconds. */
  readonly averageS: number;
  /** `firstMs` is where the counter began: nothing to extend on the left. */
  readonly started: boolean;
  /** The first value as a share of the change; NaN when the counter may have been there forever. */
  readonly zeroShare: number;
}

/** By how much a change over the samples is extended to the edges of the window. */
function extrapolation(window: Window, covered: Covered): number {
  const { firstMs, lastMs, averageS, started, zeroShare } = covered;
  const coveredS = (lastMs - firstMs) / 1000;
  const threshold = averageS * 1.1;
  let toStartS = 0;
  if (!started) {
    toStartS = (firstMs - window.startMs) / 1000;
    if (toStartS >= threshold) toStartS = averageS / 2;
    const toZeroS = coveredS * zeroShare;
    if (toZeroS < toStartS) toStartS = toZeroS;
  }
  let toEndS = (window.endMs - lastMs) / 1000;
  if (toEndS >= threshold) toEndS = averageS / 2;
  return coveredS === 0 ? 1 : (coveredS + toStartS + toEndS) / coveredS;
}

function changeOfHistograms(window: Window, kind: RateKind): SampleKind {
  const { histogramFrom: from, histogramTo: to, histograms, histogramTimes: times } = window;
  const last = to - 1;
  const first = histograms[from]!;
  let result: FloatHistogram | undefined;
  if (last > from) {
    result = histogramChange(window, kind.counter);
    if (result === undefined) return 0;
  }
  const started = kind.counter && startsInside(window.histogramStarts, from, times[from]!, window);
  if (started) {
    if (result === undefined) result = first;
    else {
      const added = checked(window, addHistograms(result, first), "addition");
      if (added === undefined) return 0;
      result = added;
    }
  } else if (result === undefined) return 0;
  const zeroShare =
    kind.counter && result.count > 0 && first.count >= 0 ? first.count / result.count : Number.NaN;
  const factor = extrapolation(window, {
    firstMs: started ? window.histogramStarts![from]! : times[from]!,
    lastMs: times[last]!,
    averageS: last === from ? 0 : (times[last]! - times[from]!) / 1000 / (last - from),
    started,
    zeroShare,
  });
  window.histogram = scaleHistogram(
    result,
    kind.perSecond ? factor / (window.rangeMs / 1000) : factor,
  );
  return 2;
}

/** Last less first, plus what resets took away; a gauge. `undefined` when layouts do not go together. */
function histogramChange(window: Window, isCounter: boolean): FloatHistogram | undefined {
  const {
    histogramFrom: from,
    histogramTo: to,
    histograms,
    annotations,
    span,
    metricName,
  } = window;
  const last = histograms[to - 1]!;
  let first = histograms[from]!;
  const isGauge = (at: number): boolean => histograms[at]!.counterResetHint === "gauge";
  if (isCounter) {
    if (isGauge(from) || isGauge(to - 1)) annotations.notCounter(metricName, span);
    // After a reset the layout of the first sample does not matter, only that the counter began at zero.
    if (isResetAt(window, from + 1, first)) first = emptyLike(histograms[from + 1]!);
  }
  const custom = hasCustomBounds(first);
  let schema = Math.min(last.schema, first.schema);
  let mixed = hasCustomBounds(last) !== custom;
  const middle = isCounter ? to - 1 : 0; // a gauge is measured by its ends
  for (let at = from + 1; at < middle && !mixed; at++) {
    if (isGauge(at)) annotations.notCounter(metricName, span);
    schema = Math.min(schema, histograms[at]!.schema);
    mixed = hasCustomBounds(histograms[at]!) !== custom;
  }
  if (mixed) {
    annotations.mixedExponentialCustom(metricName, span);
    return undefined;
  }
  let result = checked(window, subtractHistograms(atSchema(last, schema), first), "subtraction");
  if (isCounter) {
    let previous = first;
    for (let at = from + 1; at < to && result !== undefined; at++) {
      if (isResetAt(window, at, previous)) {
        result = checked(window, addHistograms(result, previous), "addition");
      }
      previous = histograms[at]!;
    }
  } else if (!isGauge(from) || !isGauge(to - 1)) annotations.notGauge(metricName, span);
  return result === undefined ? undefined : compacted(withHint(result, "gauge"));
}

function isResetAt(window: Window, at: number, previous: FloatHistogram): boolean {
  const { histogramTimes: times, histogramStarts: starts, histograms } = window;
  if (
    starts !== undefined &&
    isStartReset(starts[at - 1]!, times[at - 1]!, starts[at]!, times[at]!)
  ) {
    return true;
  }
  return detectReset(histograms[at]!, previous);
}

/** The histogram of a combination, after telling what there is to tell. */
export function checked(
  window: Window,
  combined: Combined | undefined,
  operation: "addition" | "subtraction",
): FloatHistogram | undefined {
  if (combined === undefined) {
    window.annotations.mixedExponentialCustom(window.metricName, window.span);
    return undefined;
  }
  if (combined.reconciled) window.annotations.mismatchedCustomBuckets(operation, window.span);
  return combined.histogram;
}

function emptyLike(histogram: FloatHistogram): FloatHistogram {
  return {
    ...fieldsOf(histogram),
    zeroThreshold: 0,
    zeroCount: 0,
    count: 0,
    sum: 0,
    positive: noBuckets,
    negative: noBuckets,
    counterResetHint: "unknown",
  };
}
