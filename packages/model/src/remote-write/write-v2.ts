// Writes remote write 2.0 (io.prometheus.write.v2.Request): the other direction of read-v2.ts.
//
//   symbols 4 ...   timeseries 5 { labels_refs 1  samples 2 | histograms 3  exemplars 4  metadata 5 } ...
//
//   beginSeries(labels, said) sample sample exemplar endSeries    beginSeries ... histogram ... endSeries
//
// Symbols stand first: some receivers resolve them while they read. A series has samples or histograms, not both, and at
// least one: that is the caller's to see to. Histograms have whole counts where they can. The value of a sample is two
// words, so that a staleness marker keeps its bits.
//
// Source: https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/

import type { Exemplar } from "../exemplar.ts";
import type { Labels } from "../labels.ts";
import { MessageWriter } from "../otlp/message-writer.ts";
import { METADATA_TYPES, type WrittenMetadata } from "./batch.ts";
import { SymbolTable } from "./symbol-table.ts";
import { type HistogramFields, writeHistogram } from "./write-histogram.ts";

const TIMESERIES = 0x2a;
const LABELS = 0x0a;
const SAMPLE = 0x12;
const HISTOGRAM = 0x1a;
const EXEMPLAR = 0x22;
const METADATA = 0x2a;

/** What is said of a series: that of its family. */
export type SeriesMetadata = Pick<WrittenMetadata, "type" | "help" | "unit">;

/** Writes one request after the other. */
export class WriteRequestV2Writer {
  readonly #symbols = new SymbolTable();
  readonly #out = new MessageWriter(64 * 1024);
  #series = 0;
  #said: SeriesMetadata | undefined;

  /** Bytes of the request so far; 0 when nothing is in it. */
  get length(): number {
    return this.#out.at === 0 ? 0 : this.#symbols.length + this.#out.at;
  }

  beginSeries(labels: Labels, said: SeriesMetadata | undefined): void {
    this.#series = this.#out.begin(TIMESERIES);
    this.#said = said;
    this.#labels(labels);
  }

  #labels({ pairs }: Labels): void {
    if (pairs.length === 0) return;
    const out = this.#out;
    const start = out.begin(LABELS);
    for (const text of pairs) out.varint(this.#symbols.ref(text));
    out.end(start);
  }

  /**
   * @param low     the first 32 bits of the value, little endian; `high` the others
   * @param startMs since when it counts; 0: not said
   */
  sample(timestampMs: number, low: number, high: number, startMs: number): void {
    const out = this.#out;
    const start = out.begin(SAMPLE);
    out.doubleWords(0x09, low, high);
    out.int(0x10, timestampMs);
    if (startMs !== 0) out.int(0x18, startMs);
    out.end(start);
  }

  histogram(timestampMs: number, histogram: HistogramFields, startMs: number): void {
    writeHistogram(this.#out, HISTOGRAM, timestampMs, histogram, { wholeCounts: true, startMs });
  }

  /** @param sampleMs its time when it has none: receivers want one */
  exemplar({ labels, value, timestampMs }: Exemplar, sampleMs: number): void {
    const out = this.#out;
    const start = out.begin(EXEMPLAR);
    this.#labels(labels);
    out.double(0x11, value);
    out.int(0x18, timestampMs ?? sampleMs);
    out.end(start);
  }

  endSeries(): void {
    const out = this.#out;
    if (this.#said !== undefined) {
      const { type, help, unit } = this.#said;
      const start = out.begin(METADATA);
      out.uint(0x08, Math.max(0, METADATA_TYPES.indexOf(type)));
      out.uint(0x18, this.#symbols.ref(help));
      out.uint(0x20, this.#symbols.ref(unit));
      out.end(start);
    }
    out.end(this.#series);
  }

  /** The request; the writer begins the next one. */
  take(): Uint8Array {
    return this.#symbols.requestOf(this.#out.take());
  }
}
