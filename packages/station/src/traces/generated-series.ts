// Series that the station makes itself, out of spans: counters and native histograms, written into the store at an interval.
//
//   counted ──► CounterSeries ──────┐
//   measured ─► HistogramSeries ────┴─ write() every interval ──► SampleBatch ──► MetricSink
//
//   value        0 ──────── 5 ─────── 9 ─────── 9 ─── stale
//   written at   │ created  │         │         │     │ nobody counted for `idle`: forgotten
//                └ the interval before it was first counted, so that rate() and increase() see the first ones, too
//
// Every sample carries since when its series counts: at a start everything begins at 0 with a new such time, and functions over
// counters see a reset as they see that of any process.
//
// Written by nobody but one writer, so references are kept until the store's generation changes.

import { type Exemplar, Labels, NativeHistogram, type UnixMs } from "@flx/model";
import { DEFAULT_NATIVE, NativeSeries } from "@flx/monitoring/metrics/native-series";
import type { MetricSink, SampleBatch, SeriesRef } from "../store/metric-sink.ts";

/** Who brings these series, for the store's limits. */
export const SOURCE = "traces";

/** What all of them share. */
export abstract class GeneratedSeries {
  readonly labels: Labels;
  /** When it was counted last. */
  usedMs: number;
  #ref: SeriesRef = 0;
  #generation = -1;
  #createdMs = 0;
  /** Whether its first sample, the zero, is in the store. */
  isBegun = false;

  constructor(labels: Labels, nowMs: number) {
    this.labels = labels;
    this.usedMs = nowMs;
  }

  /**
   * Adds its samples to a batch.
   *
   * @param sinceMs a time after everything that was written before
   * @throws {FlxError} when the store has no room for a new series
   */
  write(batch: SampleBatch, sink: MetricSink, nowMs: number, sinceMs: number): void {
    const ref = this.#refAt(sink);
    if (!this.isBegun) {
      this.isBegun = true;
      this.#createdMs ||= Math.min(sinceMs, nowMs - 1);
      this.sample(batch, ref, this.#createdMs, this.#createdMs, true);
    }
    this.sample(batch, ref, nowMs, this.#createdMs, false);
  }

  /** The series ends here. */
  end(batch: SampleBatch, sink: MetricSink, nowMs: number): void {
    if (this.isBegun) batch.addStale(this.#refAt(sink), nowMs);
  }

  #refAt(sink: MetricSink): SeriesRef {
    if (this.#generation !== sink.generation) {
      this.#ref = sink.ref(this.labels, SOURCE);
      this.#generation = sink.generation;
    }
    return this.#ref;
  }

  protected abstract sample(
    batch: SampleBatch,
    ref: SeriesRef,
    timestampMs: number,
    createdMs: number,
    isZero: boolean,
  ): void;
}

/** A counter. */
export class CounterSeries extends GeneratedSeries {
  #value = 0;

  get value(): number {
    return this.#value;
  }

  add(nowMs: number, by = 1): void {
    this.usedMs = nowMs;
    this.#value += by;
  }

  protected override sample(
    batch: SampleBatch,
    ref: SeriesRef,
    timestampMs: number,
    createdMs: number,
    isZero: boolean,
  ): void {
    batch.add(ref, timestampMs, isZero ? 0 : this.#value, createdMs);
  }
}

/** Where an observation was made. */
export interface ObservedIn {
  readonly traceId: string;
  readonly spanId: string;
  /** When it was made, Unix milliseconds. */
  readonly endMs: number;
}

/** The finest resolution: 8 buckets per power of two, and half of the usual number of them. */
const RESOLUTION = { ...DEFAULT_NATIVE, maxBuckets: 80 };
const EMPTY = NativeHistogram.from({
  schema: RESOLUTION.schema,
  zeroThreshold: RESOLUTION.zeroThreshold,
  sum: 0,
});

/** A native histogram of seconds, and the slowest observation of each interval as its exemplar. */
export class HistogramSeries extends GeneratedSeries {
  readonly #buckets = new NativeSeries(RESOLUTION);
  #count = 0;
  #sum = 0;
  #slowest: Exemplar | undefined;
  /** The buckets as they were written last. */
  #written: NativeHistogram = EMPTY;

  get count(): number {
    return this.#count;
  }

  observe(seconds: number, nowMs: number, span: ObservedIn | undefined): void {
    this.usedMs = nowMs;
    this.#count++;
    this.#sum += seconds;
    this.#buckets.observe(seconds);
    if (span === undefined || seconds < (this.#slowest?.value ?? -1)) return;
    const labels = Labels.from({ trace_id: span.traceId, span_id: span.spanId });
    // A clock that is ahead must not make an exemplar of tomorrow.
    const timestampMs = Math.min(span.endMs, nowMs) as UnixMs;
    this.#slowest = { labels, value: seconds, timestampMs };
  }

  protected override sample(
    batch: SampleBatch,
    ref: SeriesRef,
    timestampMs: number,
    startMs: number,
    isZero: boolean,
  ): void {
    if (isZero) {
      batch.histograms.push({ ref, timestampMs, startMs, histogram: EMPTY });
      return;
    }
    if (this.#written.count !== this.#count) this.#written = this.#buckets.histogram(this.#sum);
    batch.histograms.push({ ref, timestampMs, startMs, histogram: this.#written });
    if (this.#slowest === undefined) return;
    batch.exemplars.push({ ref, exemplar: this.#slowest });
    this.#slowest = undefined;
  }
}
