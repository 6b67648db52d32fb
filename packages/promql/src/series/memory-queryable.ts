// Series in memory: for tests, examples, and data that is already at hand.
//
//   const memory = new MemoryQueryable();
//   memory.append(Labels.from({ __name__: "up", job: "a" }), 15_000, 1);
//   memory.append(labels, 30_000, "stale");
//   memory.append(labels, 45_000, floatHistogram({ ... }));
//
// Series are kept, and given, in the order in which they first came. A sample of a native histogram gets the hint it
// would have after a round trip through Prometheus' storage: gauges stay gauges, a sample that continues the one before
// it says "none", any other says "unknown". So queries behave as on a server, not as on the literal.
//
// Series are found by the values of labels that a matcher names exactly; the lists for a label are made when it is first
// asked for, and forgotten when a series is added.
//
// Samples of a series must come in time order. `range` narrows what is given by binary search, without copying.

import { bitsOf, FlxError, type Labels, STALE_NAN_BITS } from "@flx/model";
import type { FloatHistogram } from "../histogram/float-histogram.ts";
import { hintWhenRead } from "../histogram/hint-when-read.ts";
import type { Matcher } from "../matcher/matcher.ts";
import type { Queryable, SeriesData, TimeRange } from "./queryable.ts";

/** A sample to append: a number, a native histogram, or the marker that the series ended. */
export type SampleInput = number | FloatHistogram | "stale";

/** All series in memory. */
export class MemoryQueryable implements Queryable {
  readonly #series = new Map<string, SeriesInMemory>();
  /** By label name, then by value, the series that have it. */
  readonly #byLabel = new Map<string, Map<string, SeriesInMemory[]>>();

  /**
   * Appends a sample; the series begins with its first one.
   *
   * @param timestampMs   Unix milliseconds, after the series' last sample
   * @param startTimestampMs when what the sample counts began; 0 (default) unknown
   * @throws {FlxError} `FLX_PROMQL_MEMORY_ORDER` when a sample is not newer than the one before it
   */
  append(labels: Labels, timestampMs: number, sample: SampleInput, startTimestampMs = 0): void {
    let series = this.#series.get(labels.key);
    if (series === undefined) {
      series = new SeriesInMemory(labels);
      this.#series.set(labels.key, series);
      this.#byLabel.clear();
    }
    series.append(timestampMs, sample, startTimestampMs);
  }

  /** Adds a whole series of floats; the arrays are not copied. Replaces a series with the same labels. */
  addSeries(labels: Labels, timestamps: Float64Array, values: Float64Array): void {
    this.#series.set(labels.key, SeriesInMemory.of({ labels, timestamps, values }));
    this.#byLabel.clear();
  }

  /** Forgets everything. */
  clear(): void {
    this.#series.clear();
    this.#byLabel.clear();
  }

  /** How many series there are. */
  get size(): number {
    return this.#series.size;
  }

  /** The label sets of all series, in the order they came. */
  get labelSets(): Labels[] {
    return [...this.#series.values()].map(({ labels }) => labels);
  }

  /** The series that satisfy all matchers and have samples in the range. */
  select(matchers: readonly Matcher[], range: TimeRange): readonly SeriesData[] {
    const found: SeriesData[] = [];
    for (const series of this.#fewestFor(matchers)) {
      if (!matches(series.labels, matchers)) continue;
      const part = series.within(range);
      if (part !== undefined) found.push(part);
    }
    return found;
  }

  /** The series one of the exact matchers leaves, of the one that leaves the fewest; all when there is none. */
  #fewestFor(matchers: readonly Matcher[]): Iterable<SeriesInMemory> {
    let fewest: readonly SeriesInMemory[] | undefined;
    for (const { op, name, value } of matchers) {
      if (op !== "=" || value === "") continue;
      const list = this.#listsOf(name).get(value) ?? [];
      if (fewest === undefined || list.length < fewest.length) fewest = list;
    }
    return fewest ?? this.#series.values();
  }

  #listsOf(name: string): ReadonlyMap<string, readonly SeriesInMemory[]> {
    let lists = this.#byLabel.get(name);
    if (lists === undefined) {
      lists = new Map();
      for (const series of this.#series.values()) {
        const value = series.labels.get(name);
        if (value === undefined) continue;
        const list = lists.get(value);
        if (list === undefined) lists.set(value, [series]);
        else list.push(series);
      }
      this.#byLabel.set(name, lists);
    }
    return lists;
  }
}

function matches(labels: Labels, matchers: readonly Matcher[]): boolean {
  for (const matcher of matchers) {
    if (!matcher.matches(labels.get(matcher.name) ?? "")) return false;
  }
  return true;
}

/** One series that grows; its arrays double when they are full. */
class SeriesInMemory {
  readonly labels: Labels;
  #length = 0;
  #timestamps: Float64Array = new Float64Array(16);
  #values: Float64Array = new Float64Array(16);
  #bits: BigUint64Array = bitsOf(this.#values);
  #histograms: (FloatHistogram | undefined)[] | undefined;
  #starts: Float64Array | undefined;
  #whole: SeriesData | undefined;

  constructor(labels: Labels) {
    this.labels = labels;
  }

  static of(data: SeriesData): SeriesInMemory {
    const series = new SeriesInMemory(data.labels);
    series.#length = data.timestamps.length;
    series.#timestamps = data.timestamps;
    series.#values = data.values;
    series.#bits = bitsOf(data.values);
    series.#whole = data;
    return series;
  }

  append(timestampMs: number, sample: SampleInput, startMs: number): void {
    const at = this.#length;
    if (at > 0 && timestampMs <= this.#timestamps[at - 1]!) {
      throw new FlxError(
        "FLX_PROMQL_MEMORY_ORDER",
        `a sample of ${this.labels.toString()} at ${timestampMs} ms is not after the one at ${this.#timestamps[at - 1]} ms; append in time order`,
      );
    }
    if (at === this.#timestamps.length) this.#grow();
    this.#whole = undefined;
    this.#length++;
    this.#timestamps[at] = timestampMs;
    if (sample === "stale") this.#bits[at] = STALE_NAN_BITS;
    else if (typeof sample === "number") this.#values[at] = sample;
    else this.#appendHistogram(at, sample);
    if (startMs !== 0) this.#starts ??= new Float64Array(this.#timestamps.length);
    if (this.#starts !== undefined) this.#starts[at] = startMs;
  }

  within({ startMs, endMs }: TimeRange): SeriesData | undefined {
    const timestamps = this.#timestamps;
    const length = this.#length;
    const from = firstAtOrAfter(timestamps, length, startMs);
    const to = firstAtOrAfter(timestamps, length, endMs + 1);
    if (from >= to) return undefined;
    if (from === 0 && to === length) return (this.#whole ??= this.#part(0, length));
    return this.#part(from, to);
  }

  #part(from: number, to: number): SeriesData {
    const histograms = this.#histograms?.slice(from, to);
    const isEmpty = histograms === undefined || histograms.every((each) => each === undefined);
    return {
      labels: this.labels,
      timestamps: this.#timestamps.subarray(from, to),
      values: this.#values.subarray(from, to),
      histograms: isEmpty ? undefined : histograms,
      startTimestamps: this.#starts?.subarray(from, to),
    };
  }

  #appendHistogram(at: number, sample: FloatHistogram): void {
    this.#histograms ??= [];
    const before = at === 0 ? undefined : this.#histograms[at - 1];
    this.#histograms.length = at;
    this.#histograms[at] = hintWhenRead(sample, before);
    this.#values[at] = Number.NaN;
  }

  #grow(): void {
    const timestamps = new Float64Array(2 * this.#timestamps.length);
    timestamps.set(this.#timestamps);
    const values = new Float64Array(timestamps.length);
    const bits = bitsOf(values);
    bits.set(this.#bits); // as integers, so that staleness markers survive
    this.#timestamps = timestamps;
    this.#values = values;
    this.#bits = bits;
    if (this.#starts !== undefined) {
      const starts = new Float64Array(timestamps.length);
      starts.set(this.#starts);
      this.#starts = starts;
    }
  }
}

function firstAtOrAfter(timestamps: Float64Array, length: number, timeMs: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timestamps[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
