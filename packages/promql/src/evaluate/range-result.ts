// A range selector as the result of an instant query: the samples themselves, as they were stored.

import { edgeSamples, leftValue, rightValue } from "../functions/extended-rate.ts";
import { Window } from "../functions/window.ts";
import type { SeriesData } from "../series/queryable.ts";
import { type Execution, evaluationError } from "./execution.ts";
import type { RangeNode } from "./plan-nodes.ts";

/** The samples of each series in the window that ends at a time (less the offset). */
export function rangeSeries(node: RangeNode, timeMs: number, execution: Execution): SeriesData[] {
  const { selector, rangeMs } = node;
  const { extended } = selector;
  const { lookbackMs, annotations } = execution;
  const endMs = (selector.atMs ?? timeMs) - selector.offsetMs;
  const startMs = endMs - rangeMs;
  const window = new Window({
    rangeMs,
    extended,
    annotations,
    span: node,
    argsSpan: node,
    params: 0,
    startTimestamps: false,
    statsOnly: false,
  });
  const found: SeriesData[] = [];
  for (const series of execution.series.get(selector.id) ?? []) {
    window.load(
      series,
      extended === undefined ? startMs : startMs - lookbackMs,
      extended === "smoothed" ? endMs + lookbackMs : endMs,
    );
    const size = window.times.length + window.histograms.length;
    if (size === 0) continue;
    execution.read(selector, size);
    execution.holdSamples(size);
    if (extended === undefined) found.push(together(window));
    else {
      const extendedSeries = withEdges(window, startMs, endMs, extended);
      if (extendedSeries !== undefined) found.push(extendedSeries);
    }
  }
  return found;
}

/** Floats and histograms back in one column of times. */
function together(window: Window): SeriesData {
  const { labels, times, values, histogramTimes, histograms } = window;
  if (histograms.length === 0) return { labels, timestamps: times, values };
  const samples = [
    ...Array.from(times, (time, i) => ({ time, value: values[i]!, histogram: undefined })),
    ...Array.from(histogramTimes, (time, i) => ({
      time,
      value: Number.NaN,
      histogram: histograms[i]!,
    })),
  ].toSorted((a, b) => a.time - b.time);
  return {
    labels,
    timestamps: Float64Array.from(samples, ({ time }) => time),
    values: Float64Array.from(samples, ({ value }) => value),
    histograms: samples.map(({ histogram }) => histogram),
  };
}

/** With `anchored` or `smoothed`: the values at the edges of the window, and the samples between them. */
function withEdges(
  window: Window,
  startMs: number,
  endMs: number,
  extended: "anchored" | "smoothed",
): SeriesData | undefined {
  if (window.histograms.length > 0) {
    throw evaluationError(`${extended} modifier is not supported with histograms`);
  }
  const { labels, times, values } = window;
  const smoothed = extended === "smoothed";
  const edges = edgeSamples(times, 0, times.length, startMs, endMs, smoothed);
  if (edges === undefined) return undefined;
  const left = leftValue(times, values, edges.first, startMs, smoothed, false);
  const right = rightValue(times, values, edges.last, 0, endMs, smoothed, false);
  const from = times[edges.first]! <= startMs ? edges.first + 1 : edges.first;
  const to = Math.max(from, times[edges.last]! >= endMs ? edges.last : edges.last + 1);
  return {
    labels,
    timestamps: Float64Array.of(startMs, ...times.subarray(from, to), endMs),
    values: Float64Array.of(left, ...values.subarray(from, to), right),
  };
}
