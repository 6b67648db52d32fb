// A remote write request in columns, of either version.
//
//   series      hashLow hashHigh | first ... end of its samples          labels: raw bytes (1.0) or symbols (2.0)
//   samples     series timestampMs words starts   words: two halves of a float64, so that no NaN loses its bits
//   histograms  series timestampMs start histogram      decoded: they are few
//   exemplars   series exemplar
//   metadata    name type help unit
//
// A receiver keeps what it knows by hash, confirms with `sameLabels`, and decodes labels of new series only.

import type { Exemplar } from "../exemplar.ts";
import { FlxError } from "../errors.ts";
import type { Labels } from "../labels.ts";
import type { MetricType } from "../metric-family.ts";
import type { NativeHistogram } from "../native-histogram.ts";

/** What one request may hold. */
export interface RemoteWriteLimits {
  /** Default 500,000. */
  readonly maxSeries: number;
  /** Samples, histograms and exemplars together. Default 2,000,000. */
  readonly maxSamples: number;
  /** Labels of one series. Default 128. */
  readonly maxLabels: number;
  /** Symbols of a 2.0 request. Default 2,000,000. */
  readonly maxSymbols: number;
  /** Bytes of one label name or value. Default 65,536. */
  readonly maxLabelBytes: number;
  /** Buckets of one histogram. Default 4,096. */
  readonly maxBuckets: number;
}

/** The limits where nothing else is said. */
export const DEFAULT_REMOTE_WRITE_LIMITS: RemoteWriteLimits = {
  maxSeries: 500_000,
  maxSamples: 2_000_000,
  maxLabels: 128,
  maxSymbols: 2_000_000,
  maxLabelBytes: 65_536,
  maxBuckets: 4_096,
};

/** Throws `FLX_REMOTE_WRITE_LIMIT` when a count goes over its limit. */
export function checkWriteLimit(
  limits: RemoteWriteLimits,
  limit: keyof RemoteWriteLimits,
  count: number,
): void {
  if (count <= limits[limit]) return;
  throw new FlxError("FLX_REMOTE_WRITE_LIMIT", `more than ${limit} = ${limits[limit]}`);
}

/** A histogram of a series, or why what was sent is none. */
export interface WrittenHistogram {
  readonly series: number;
  readonly timestampMs: number;
  /** 2.0 only: since when it counts; 0: not said. */
  readonly startMs: number;
  readonly histogram: NativeHistogram | FlxError;
}

/** What is said about a metric family. */
export interface WrittenMetadata {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string;
}

/** The numbers of the types, in both versions. */
export const METADATA_TYPES: readonly MetricType[] = [
  "unknown",
  "counter",
  "gauge",
  "histogram",
  "gaugehistogram",
  "summary",
  "info",
  "stateset",
];

/** What a receiver keeps of a series to know it again. */
export type LabelIdentity = Uint8Array | readonly string[];

/** Where the labels of the series are. */
export interface LabelSource {
  /** Whether the labels are those that `identity` gave earlier. */
  same(series: number, known: LabelIdentity): boolean;
  /** To be kept for `same`. */
  identity(series: number): LabelIdentity;
  /**
   * The labels of a series, sorted.
   *
   * @throws {FlxError} `FLX_LABEL_NAME`, `FLX_LABEL_VALUE`, `FLX_LABEL_DUPLICATE` when they are no label set
   */
  labels(series: number): Labels;
}

/** The columns. Mutable while they are read. */
export class RemoteWriteBatch {
  series = 0;
  samples = 0;
  hashLow: Uint32Array = new Uint32Array(256);
  hashHigh: Uint32Array = new Uint32Array(256);
  /** The series of each sample. */
  sampleSeries: Uint32Array = new Uint32Array(256);
  timestampMs: Float64Array = new Float64Array(256);
  words: Uint32Array = new Uint32Array(512);
  readonly histograms: WrittenHistogram[] = [];
  readonly exemplars: { readonly series: number; readonly exemplar: Exemplar }[] = [];
  readonly metadata: WrittenMetadata[] = [];
  /** 2.0 only: since when each sample's series counts (0: not said); undefined when no sample says it. */
  startsMs: Float64Array | undefined;
  labelSource!: LabelSource;

  /** The values, in the memory of `words`. */
  get values(): Float64Array {
    return new Float64Array(this.words.buffer, 0, this.samples);
  }

  addSeries(low: number, high: number): number {
    const at = this.series++;
    if (at === this.hashLow.length) {
      this.hashLow = doubled(this.hashLow);
      this.hashHigh = doubled(this.hashHigh);
    }
    this.hashLow[at] = low;
    this.hashHigh[at] = high;
    return at;
  }

  addSample(series: number, timestampMs: number, low: number, high: number): void {
    const at = this.samples++;
    if (at === this.sampleSeries.length) {
      this.sampleSeries = doubled(this.sampleSeries);
      this.words = doubled(this.words);
      const times = new Float64Array(at * 2);
      times.set(this.timestampMs);
      this.timestampMs = times;
      if (this.startsMs !== undefined) {
        const starts = new Float64Array(at * 2);
        starts.set(this.startsMs);
        this.startsMs = starts;
      }
    }
    this.sampleSeries[at] = series;
    this.timestampMs[at] = timestampMs;
    this.words[2 * at] = low;
    this.words[2 * at + 1] = high;
  }

  /** Notes since when a sample's series counts. */
  setStart(sample: number, startMs: number): void {
    this.startsMs ??= new Float64Array(this.timestampMs.length);
    this.startsMs[sample] = startMs;
  }
}

function doubled(column: Uint32Array): Uint32Array {
  const grown = new Uint32Array(column.length * 2);
  grown.set(column);
  return grown;
}

/** Goes on with a hash over bytes: Murmur's mixing, two lanes. */
export class RunningHash {
  low = 0;
  high = 0;

  start(): void {
    this.low = 0x9e3779b1 | 0;
    this.high = 0x85ebca6b | 0;
  }

  bytes(bytes: Uint8Array, from: number, to: number): void {
    let { low, high } = this;
    let i = from;
    for (const last = to - 3; i < last; i += 4) {
      const four = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
      low = Math.imul(low ^ four, 0x5bd1e995);
      low ^= low >>> 15;
      high = Math.imul((high << 5) ^ (high >>> 27) ^ four, 0x27d4eb2f);
    }
    for (; i < to; i++) {
      low = Math.imul(low ^ bytes[i]!, 0x5bd1e995);
      low ^= low >>> 13;
      high = Math.imul((high << 5) ^ (high >>> 27) ^ bytes[i]!, 0x27d4eb2f);
    }
    this.low = low;
    this.high = high;
  }

  word(word: number): void {
    this.low = Math.imul(this.low ^ word, 0x5bd1e995);
    this.low ^= this.low >>> 15;
    this.high = Math.imul((this.high << 5) ^ (this.high >>> 27) ^ word, 0x27d4eb2f);
  }
}
