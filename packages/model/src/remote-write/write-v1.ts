// Writes remote write 1.0 (prometheus.WriteRequest): the other direction of read-v1.ts.
//
//   beginSeries(labels) sample sample histogram exemplar endSeries    beginSeries ... endSeries    metadata
//
// The labels of a series are given as bytes that were encoded once: a sender has the same series in every request. The
// value of a sample is two words, so that a staleness marker keeps its bits. Requests are lists, so the bytes of two,
// one after the other, are the request of both.
//
// Source: https://prometheus.io/docs/specs/prw/remote_write_spec/

import type { Exemplar } from "../exemplar.ts";
import type { Labels } from "../labels.ts";
import { MessageWriter } from "../otlp/message-writer.ts";
import { METADATA_TYPES, type WrittenMetadata } from "./batch.ts";
import { type HistogramFields, writeHistogram } from "./write-histogram.ts";

const TIMESERIES = 0x0a;
const METADATA = 0x1a;
const LABEL = 0x0a;
const NAME = 0x0a;
const VALUE = 0x12;
const SAMPLE = 0x12;
const EXEMPLAR = 0x1a;
const HISTOGRAM = 0x22;

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

  /** @param wholeCounts as whole numbers where they are; otherwise always as floats */
  histogram(timestampMs: number, histogram: HistogramFields, wholeCounts = false): void {
    writeHistogram(this.#out, HISTOGRAM, timestampMs, histogram, { wholeCounts });
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
