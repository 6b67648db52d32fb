// Writes remote write 1.0 (prometheus.WriteRequest): the other direction of read-v1.ts.
//
//   beginSeries(labels) sample sample histogram exemplar endSeries    beginSeries ... endSeries    metadata
//
// The labels of a series are given as bytes that were encoded once: a sender has the same series in every request. The
// value of a sample is two words, so that a staleness marker keeps its bits. Requests are lists, so the bytes of two,
// one after the other, are the request of both.
//
// Source: https://prometheus.io/docs/specs/prw/remote_write_spec/

import type { BucketColumns } from "../bucket-columns.ts";
import type { Exemplar } from "../exemplar.ts";
import { spansOf } from "../exposition/protobuf-spans.ts";
import type { Labels } from "../labels.ts";
import type { NativeHistogram } from "../native-histogram.ts";
import { MessageWriter } from "../otlp/message-writer.ts";
import { METADATA_TYPES, type WrittenMetadata } from "./batch.ts";

const TIMESERIES = 0x0a;
const METADATA = 0x1a;
const LABEL = 0x0a;
const NAME = 0x0a;
const VALUE = 0x12;
const SAMPLE = 0x12;
const EXEMPLAR = 0x1a;
const HISTOGRAM = 0x22;

const HINTS = { unknown: 0, reset: 1, none: 2, gauge: 3 } as const;

/** What of a histogram is written: also what a query has made of one. */
export type HistogramFields = Pick<
  NativeHistogram,
  | "schema"
  | "zeroThreshold"
  | "zeroCount"
  | "count"
  | "sum"
  | "positive"
  | "negative"
  | "customBounds"
  | "counterResetHint"
>;

/** The labels of a series as they stand in every request, for `beginSeries`. */
export function encodeSeriesLabels(labels: Labels): Uint8Array {
  const out = new MessageWriter(256);
  writeLabels(out, labels);
  return out.take();
}

function writeLabels(out: MessageWriter, labels: Labels): void {
  const { pairs } = labels;
  for (let i = 0; i < pairs.length; i += 2) {
    const start = out.begin(LABEL);
    out.text(NAME, pairs[i]!);
    out.text(VALUE, pairs[i + 1]!);
    out.end(start);
  }
}

/** Writes one request after the other. */
export class WriteRequestWriter {
  readonly #out = new MessageWriter(64 * 1024);
  #series = 0;

  /** Bytes of the request so far. */
  get length(): number {
    return this.#out.at;
  }

  /** @param labels as `encodeSeriesLabels` gives them */
  beginSeries(labels: Uint8Array): void {
    this.#series = this.#out.begin(TIMESERIES);
    this.#out.raw(labels);
  }

  /** @param low  the first 32 bits of the value, little endian; `high` the others */
  sample(timestampMs: number, low: number, high: number): void {
    const out = this.#out;
    const start = out.begin(SAMPLE);
    out.doubleWords(0x09, low, high);
    out.int(0x10, timestampMs);
    out.end(start);
  }

  histogram(timestampMs: number, histogram: HistogramFields): void {
    const out = this.#out;
    const start = out.begin(HISTOGRAM);
    out.double(0x11, histogram.count);
    out.double(0x19, histogram.sum);
    out.uint(0x20, zigzag(histogram.schema));
    out.double(0x29, histogram.zeroThreshold);
    out.double(0x39, histogram.zeroCount);
    writeSide(out, 0x42, 0x52, histogram.negative);
    writeSide(out, 0x5a, 0x6a, histogram.positive);
    out.uint(0x70, HINTS[histogram.counterResetHint]);
    out.int(0x78, timestampMs);
    if (histogram.customBounds.length > 0) {
      // Field 16: its tag has two bytes.
      out.varint(0x82);
      out.varint(histogram.customBounds.length * 8);
      out.raw(bytesOf(histogram.customBounds));
    }
    out.end(start);
  }

  exemplar({ labels, value, timestampMs }: Exemplar): void {
    const out = this.#out;
    const start = out.begin(EXEMPLAR);
    writeLabels(out, labels);
    out.double(0x11, value);
    out.int(0x18, timestampMs ?? 0);
    out.end(start);
  }

  endSeries(): void {
    this.#out.end(this.#series);
  }

  metadata({ name, type, help, unit }: WrittenMetadata): void {
    const out = this.#out;
    const start = out.begin(METADATA);
    out.uint(0x08, Math.max(0, METADATA_TYPES.indexOf(type)));
    out.text(0x12, name);
    out.text(0x22, help);
    out.text(0x2a, unit);
    out.end(start);
  }

  /** The request; the writer begins the next one. */
  take(): Uint8Array {
    return this.#out.take();
  }
}

function writeSide(out: MessageWriter, spanTag: number, countTag: number, side: BucketColumns) {
  const { spans, counts } = spansOf(side);
  for (const { offset, length } of spans) {
    const start = out.begin(spanTag);
    out.uint(0x08, zigzag(offset));
    out.uint(0x10, length);
    out.end(start);
  }
  if (counts.length > 0) out.field(countTag, bytesOf(Float64Array.from(counts)));
}

function bytesOf({ buffer, byteOffset, byteLength }: Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}
