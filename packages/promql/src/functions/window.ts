// What a range function sees: one series, and the part of it that lies in the window of one evaluation time.
//
//   floats        times   10  25  40  55  70  85 100          the whole series as far as the query needs it,
//                 values   1   2   4   .  ...                 without staleness markers
//                              └── from      to ──┘           the window (startMs, endMs]: open on the left
//   histograms    the same, in their own columns
//
// From one evaluation time to the next only `from` and `to` move. Nothing is copied and no sample is read twice, unless
// a function has to look at all of them each time (quantiles, say).
//
// A function gives NOTHING, FLOAT (and sets `value`) or HISTOGRAM (and sets `histogram`).

import type { Labels } from "@flx/model";
import type { Span } from "../ast/nodes.ts";
import type { Annotations } from "../evaluate/annotations.ts";
import { type FloatHistogram, noBounds } from "../histogram/float-histogram.ts";
import { statsOfSeries } from "../histogram/stats-only.ts";
import { firstAfter } from "../series/search.ts";
import { isStaleAt } from "../series/stale.ts";
import type { SeriesData, ThinnedColumns } from "../series/queryable.ts";

/** NOTHING, FLOAT or HISTOGRAM of matrix.ts. */
export type SampleKind = 0 | 1 | 2;

/** Computes one result from a window. */
export type RangeFunction = (window: Window) => SampleKind;

/** What does not change while a range function runs over series and times. */
export interface WindowSettings {
  readonly rangeMs: number;
  readonly extended: "anchored" | "smoothed" | undefined;
  readonly annotations: Annotations;
  /** The range argument, and all arguments, for the places of annotations. */
  readonly span: Span;
  readonly argsSpan: Span;
  /** How many scalar arguments there are. */
  readonly params: number;
  readonly startTimestamps: boolean;
  readonly statsOnly: boolean;
}

const noFloats: Float64Array = noBounds;
const noHistograms: readonly FloatHistogram[] = [];

/** A series and a window that moves over it. Mutable: one object per call, for all series and times. */
export class Window {
  readonly settings: WindowSettings;
  readonly rangeMs: number;
  readonly annotations: Annotations;
  readonly span: Span;

  // The series.
  labels!: Labels;
  times: Float64Array = noFloats;
  values: Float64Array = noFloats;
  histogramTimes: Float64Array = noFloats;
  histograms: readonly FloatHistogram[] = noHistograms;
  starts: Float64Array | undefined;
  histogramStarts: Float64Array | undefined;
  /** Of floats that stand for others. */
  thinned: ThinnedColumns | undefined;
  /** Positions whose value is below the one before: a counter began again. Found when first asked for. */
  #resets: readonly number[] | undefined;

  // The window.
  from = 0;
  to = 0;
  histogramFrom = 0;
  histogramTo = 0;
  /** The evaluation time. */
  evaluationMs = 0;
  /** Where the window ends (the evaluation time less the offset) and where it begins, not included. */
  endMs = 0;
  startMs = 0;
  /** Scalar arguments at the evaluation time. */
  readonly params: Float64Array;

  // The result.
  value = 0;
  histogram: FloatHistogram | undefined;

  constructor(settings: WindowSettings) {
    this.settings = settings;
    this.rangeMs = settings.rangeMs;
    this.annotations = settings.annotations;
    this.span = settings.span;
    this.params = new Float64Array(settings.params);
  }

  /** How many floats the window holds. */
  get floatCount(): number {
    return this.to - this.from;
  }

  /** How many floats the window holds or stands for. */
  get sampleCount(): number {
    const { thinned, from, to } = this;
    if (thinned === undefined) return to - from;
    let count = 0;
    for (let at = from; at < to; at++) count += thinned.weights[at]!;
    return Math.round(count);
  }

  /** How many histograms the window holds. */
  get histogramCount(): number {
    return this.histogramTo - this.histogramFrom;
  }

  get metricName(): string {
    return this.labels.metricName ?? "";
  }

  /** Positions of counter resets in the series, ascending. */
  get resets(): readonly number[] {
    return (this.#resets ??= findResets(this.values));
  }

  /** Takes the samples of a series after `afterMs` and up to `endMs`. */
  load(series: SeriesData, afterMs: number, endMs: number): void {
    this.labels = series.labels;
    this.#resets = undefined;
    this.from = 0;
    this.to = 0;
    this.histogramFrom = 0;
    this.histogramTo = 0;
    const { timestamps, values, histograms, thinned } = series;
    this.thinned = undefined;
    const first = firstAfter(timestamps, afterMs);
    const last = firstAfter(timestamps, endMs);
    this.starts = undefined;
    this.histogramStarts = undefined;
    if (
      histograms === undefined &&
      !this.settings.startTimestamps &&
      !hasStale(values, first, last)
    ) {
      const whole = first === 0 && last === timestamps.length;
      this.times = whole ? timestamps : timestamps.subarray(first, last);
      this.values = whole ? values : values.subarray(first, last);
      this.histogramTimes = noFloats;
      this.histograms = noHistograms;
      if (thinned !== undefined) {
        const { weights, lost } = thinned;
        this.thinned = { weights: weights.subarray(first, last), lost: lost.subarray(first, last) };
      }
    } else this.#split(series, first, last);
  }

  /** Floats and histograms each in their own columns, without staleness markers. */
  #split(series: SeriesData, first: number, last: number): void {
    const { timestamps, values, histograms, startTimestamps, thinned } = series;
    const floats: number[] = [];
    const positions: number[] = [];
    for (let at = first; at < last; at++) {
      if (histograms?.[at] !== undefined) positions.push(at);
      else if (!isStaleAt(values, at)) floats.push(at);
    }
    const pick = (from: Float64Array, at: readonly number[]): Float64Array =>
      Float64Array.from(at, (position) => from[position]!);
    this.times = pick(timestamps, floats);
    this.values = pick(values, floats);
    if (thinned !== undefined) {
      this.thinned = { weights: pick(thinned.weights, floats), lost: pick(thinned.lost, floats) };
    }
    this.histogramTimes = pick(timestamps, positions);
    const found = positions.map((at) => histograms![at]!);
    this.histograms = this.settings.statsOnly ? statsOfSeries(found) : found;
    if (this.settings.startTimestamps && startTimestamps !== undefined) {
      this.starts = pick(startTimestamps, floats);
      this.histogramStarts = pick(startTimestamps, positions);
    }
  }

  /** Moves the window; ends only move forward. `fromMs` is not included, `toMs` is. */
  move(fromMs: number, toMs: number): void {
    const { times, histogramTimes } = this;
    let { from, to } = this;
    while (to < times.length && times[to]! <= toMs) to++;
    while (from < to && times[from]! <= fromMs) from++;
    this.from = from;
    this.to = to;
    if (histogramTimes.length === 0) return;
    while (this.histogramTo < histogramTimes.length && histogramTimes[this.histogramTo]! <= toMs) {
      this.histogramTo++;
    }
    while (this.histogramFrom < this.histogramTo && histogramTimes[this.histogramFrom]! <= fromMs) {
      this.histogramFrom++;
    }
  }
}

function hasStale(values: Float64Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const value = values[at]!;
    if (value !== value && isStaleAt(values, at)) return true;
  }
  return false;
}

function findResets(values: Float64Array): readonly number[] {
  let found: number[] | undefined;
  for (let at = 1; at < values.length; at++) {
    if (values[at]! < values[at - 1]!) (found ??= []).push(at);
  }
  return found ?? none;
}

const none: readonly number[] = [];
