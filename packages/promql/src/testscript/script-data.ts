// The data of a running script: what its `load` commands said, as series in memory.
//
// Loads add to one another, also to the same series: a sample is kept by its time, the first one that came. The
// classic histograms of `load_with_nhcb` are there twice, once as they are and once as native histograms with their
// `le` bounds:
//
//   x_bucket{le="1"} 2   x_bucket{le="+Inf"} 5   x_count 5   x_sum 7    ->   x {{schema:-53 custom_values:[1] buckets:[2 3] ...}}

import { type Labels, METRIC_NAME } from "@flx/model";
import { compacted, type FloatHistogram, floatHistogram } from "../histogram/float-histogram.ts";
import { MemoryQueryable, type SampleInput } from "../series/memory-queryable.ts";
import type { LoadCommand, LoadedSeries } from "./script.ts";
import type { SequenceValue } from "./series-notation.ts";

interface StoredSample {
  readonly sample: SampleInput;
  readonly startTimeMs: number;
}

/** All that was loaded and not cleared. */
export class ScriptData {
  readonly #series = new Map<string, { labels: Labels; samples: Map<number, StoredSample> }>();
  #memory: MemoryQueryable | undefined;

  /** Adds what a command says. */
  load(command: LoadCommand): void {
    this.#memory = undefined;
    // Of a series given twice in one command, the last one counts.
    const series = new Map(command.series.map((each) => [each.labels.key, each]));
    for (const each of series.values()) this.#add(each, command.stepMs);
    if (command.withNhcb) {
      for (const { labels, samples } of customHistograms([...series.values()], command.stepMs)) {
        for (const [timeMs, histogram] of samples) this.#put(labels, timeMs, histogram, 0);
      }
    }
  }

  clear(): void {
    this.#memory = undefined;
    this.#series.clear();
  }

  /** The series to query. */
  get queryable(): MemoryQueryable {
    this.#memory ??= this.#build();
    return this.#memory;
  }

  #add({ labels, values, startTimesMs }: LoadedSeries, stepMs: number): void {
    for (const [i, value] of values.entries()) {
      if (value.kind === "omitted") continue;
      const timeMs = i * stepMs;
      const start = startTimesMs?.[i];
      this.#put(labels, timeMs, sampleOf(value), start === undefined ? 0 : timeMs + start);
    }
  }

  #put(labels: Labels, timeMs: number, sample: SampleInput, startTimeMs: number): void {
    let series = this.#series.get(labels.key);
    if (series === undefined) {
      series = { labels, samples: new Map() };
      this.#series.set(labels.key, series);
    }
    if (!series.samples.has(timeMs)) series.samples.set(timeMs, { sample, startTimeMs });
  }

  #build(): MemoryQueryable {
    const memory = new MemoryQueryable();
    for (const { labels, samples } of this.#series.values()) {
      const inOrder = [...samples].toSorted(([a], [b]) => a - b);
      for (const [timeMs, { sample, startTimeMs }] of inOrder) {
        memory.append(labels, timeMs, sample, startTimeMs);
      }
    }
    return memory;
  }
}

function sampleOf(value: Exclude<SequenceValue, { kind: "omitted" }>): SampleInput {
  if (value.kind === "stale") return "stale";
  return value.kind === "float" ? value.value : value.histogram;
}

/** A classic histogram at one time. */
interface ClassicPoint {
  readonly buckets: Map<number, number>;
  count: number | undefined;
  sum: number;
}

interface ClassicSeries {
  readonly labels: Labels;
  readonly points: Map<number, ClassicPoint>;
}

function customHistograms(
  series: readonly LoadedSeries[],
  stepMs: number,
): { readonly labels: Labels; readonly samples: Map<number, FloatHistogram> }[] {
  const classics = new Map<string, ClassicSeries>();
  for (const each of series) collect(classics, each, stepMs);
  return Array.from(classics.values(), ({ labels, points }) => {
    const samples = new Map<number, FloatHistogram>();
    for (const [timeMs, point] of points) samples.set(timeMs, customHistogram(point));
    return { labels, samples };
  });
}

/** Sorts the samples of one series into the histograms they are parts of. */
function collect(classics: Map<string, ClassicSeries>, series: LoadedSeries, stepMs: number): void {
  const { labels } = series;
  const part = /^(.*)_(bucket|count|sum)$/.exec(labels.metricName ?? "");
  if (part === null) return;
  const bound = part[2] === "bucket" ? upperBound(labels.get("le")) : 0;
  if (Number.isNaN(bound)) return;
  const base = labels.without("le").with(METRIC_NAME, part[1]!);
  const classic = classics.get(base.key) ?? { labels: base, points: new Map() };
  classics.set(base.key, classic);
  for (const [i, value] of series.values.entries()) {
    if (value.kind !== "float") continue;
    const point = classic.points.get(i * stepMs) ?? newPoint();
    classic.points.set(i * stepMs, point);
    if (part[2] === "count") point.count = value.value;
    else if (part[2] === "sum") point.sum = value.value;
    else if (!point.buckets.has(bound)) point.buckets.set(bound, value.value);
  }
}

function newPoint(): ClassicPoint {
  return { buckets: new Map(), count: undefined, sum: 0 };
}

function upperBound(le: string | undefined): number {
  if (le === undefined || le.trim() === "") return NaN;
  if (/^\+?inf$/i.test(le)) return Infinity;
  return Number(le);
}

/** Cumulative buckets to counts of their own; the last one ends at +Inf. */
function customHistogram({ buckets, count, sum }: ClassicPoint): FloatHistogram {
  const sorted = [...buckets].toSorted(([a], [b]) => a - b);
  const total = count ?? sorted.at(-1)?.[1] ?? 0;
  if (sorted.at(-1)?.[0] !== Infinity) sorted.push([Infinity, total]);
  let before = 0;
  const counts: number[] = [];
  for (const [, cumulative] of sorted) {
    counts.push(cumulative - before);
    before = cumulative;
  }
  return compacted(
    floatHistogram({
      schema: -53,
      count: total,
      sum,
      positive: { counts },
      customBounds: sorted.slice(0, -1).map(([bound]) => bound),
    }),
  );
}
