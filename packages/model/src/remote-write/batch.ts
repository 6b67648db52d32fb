// A remote write request in columns, of either version.
//
//   series      count; its labels are raw bytes (1.0) or symbols (2.0)
//   samples     series timestampMs words starts   words: two halves of a float64, so that no NaN loses its bits
//   histograms  series timestampMs start histogram      decoded: they are few
//   exemplars   series exemplar
//   metadata    name type help unit
//
// A receiver keeps the bytes of the labels it knows, compares them, and decodes labels of new series only.

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

/** Where the labels of the series are. */
export interface LabelSource {
  /** 32 bits over the labels, equal where they are written the same way. */
  hash(series: number): number;
  /** Bytes to be kept for `same`: no other labels of a request of this version have them. */
  identity(series: number): Uint8Array;
  /** Whether the identity of a series is what lies between two places of some bytes. */
  same(series: number, bytes: DataView, from: number, to: number): boolean;
  /**
   * The labels of a series, sorted.
   *
   * @throws {FlxError} `FLX_LABEL_NAME`, `FLX_LABEL_VALUE`, `FLX_LABEL_DUPLICATE` when they are no label set
   */
  labels(series: number): Labels;
}

/** Few senders need less: with its labels one has rather a hundred. */
const BYTES_OF_A_SAMPLE = 64;

/** The columns. Mutable while they are read. */
export class RemoteWriteBatch {
  series = 0;
  samples = 0;
  /** The series of each sample. */
  sampleSeries: Uint32Array;
  timestampMs: Float64Array;
  words: Uint32Array;
  readonly histograms: WrittenHistogram[] = [];
  readonly exemplars: { readonly series: number; readonly exemplar: Exemplar }[] = [];
  readonly metadata: WrittenMetadata[] = [];
  /** 2.0 only: since when each sample's series counts (0: not said); undefined when no sample says it. */
  startsMs: Float64Array | undefined;
  labelSource!: LabelSource;

  /** @param bytes length of the request: room for samples is made by it */
  constructor(bytes: number) {
    const samples = Math.max(16, Math.min(65_536, Math.ceil(bytes / BYTES_OF_A_SAMPLE)));
    this.sampleSeries = new Uint32Array(samples);
    this.timestampMs = new Float64Array(samples);
    this.words = new Uint32Array(2 * samples);
  }

  /** The values, in the memory of `words`. */
  get values(): Float64Array {
    return new Float64Array(this.words.buffer, 0, this.samples);
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

/** The bytes of all parts, one behind the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
