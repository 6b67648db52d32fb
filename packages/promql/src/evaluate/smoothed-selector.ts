// An instant selector with `smoothed` (experimental): the value at a time between two samples is taken from the line
// between them. After the last sample its value holds for the lookback; before the first there is none.

import { histogramBetween } from "../functions/extended-rate.ts";
import { Window } from "../functions/window.ts";
import { hasCustomBounds, withHint } from "../histogram/float-histogram.ts";
import { firstAfter } from "../series/search.ts";
import type { SeriesData } from "../series/queryable.ts";
import type { Execution } from "./execution.ts";
import type { Grid } from "./grid.ts";
import { Matrix } from "./matrix.ts";
import type { SelectorNode } from "./plan-nodes.ts";

/** The smoothed values of the series of a selector. */
export function smoothedSelector(
  node: SelectorNode,
  series: readonly SeriesData[],
  grid: Grid,
  execution: Execution,
): Matrix {
  const matrix = new Matrix(grid.steps, series.length);
  const { lookbackMs, annotations } = execution;
  const window = new Window({
    rangeMs: 2 * lookbackMs,
    extended: undefined,
    annotations,
    span: node,
    argsSpan: node,
    params: 0,
    startTimestamps: false,
    statsOnly: false,
  });
  for (const each of series) {
    const begin = matrix.beginRow();
    let refMs = (node.atMs ?? grid.startMs) - node.offsetMs;
    window.load(each, -Infinity, Infinity);
    execution.read(node, window.times.length + window.histograms.length);
    let found = false;
    for (let step = 0; step < grid.steps; step++) {
      window.move(refMs - lookbackMs, refMs + lookbackMs);
      if (window.floatCount > 0 && window.histogramCount > 0) {
        annotations.mixedFloatsHistograms(window.metricName, node);
      } else if (window.histogramCount > 0) {
        if (putHistogram(matrix, begin + step, window, refMs)) found = true;
      } else if (putFloat(matrix, begin + step, window, refMs)) found = true;
      if (node.atMs === undefined) refMs += grid.stepMs;
    }
    if (found) matrix.endRow(each.labels, false);
  }
  return matrix;
}

function putFloat(matrix: Matrix, at: number, window: Window, refMs: number): boolean {
  const { times, values, from, to } = window;
  const before = Math.min(to, firstAfter(times, refMs)) - 1;
  if (before < from) return false;
  const y1 = values[before]!;
  const next = before + 1;
  if (times[before] === refMs || next >= to) matrix.putFloat(at, y1);
  else {
    const share = (refMs - times[before]!) / (times[next]! - times[before]!);
    matrix.putFloat(at, y1 + (values[next]! - y1) * share);
  }
  return true;
}

function putHistogram(matrix: Matrix, at: number, window: Window, refMs: number): boolean {
  const { histogramTimes: times, histograms, histogramFrom, histogramTo } = window;
  const before = Math.min(histogramTo, firstAfter(times, refMs)) - 1;
  if (before < histogramFrom) return false;
  const histogram = histograms[before]!;
  const next = histograms[before + 1];
  if (times[before] === refMs) matrix.putHistogram(at, histogram);
  else if (before + 1 >= histogramTo || next === undefined) {
    matrix.putHistogram(at, withHint(histogram, "unknown"));
  } else if (hasCustomBounds(histogram) !== hasCustomBounds(next)) {
    window.annotations.mixedExponentialCustom(window.metricName, window.span);
    return false;
  } else {
    const isCounter = histogram.counterResetHint !== "gauge" || next.counterResetHint !== "gauge";
    matrix.putHistogram(at, histogramBetween(window, before, refMs, isCounter));
  }
  return true;
}
