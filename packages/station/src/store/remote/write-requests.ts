// A batch of samples as remote write requests, ready to be sent: split so that none is large.
//
//   SampleBatch ── by its columns ──► WriteRequest ── snappy ──► body        each of at most MAX_SAMPLES, about 1 MiB
//
// Samples of one series that follow each other share its labels.

import { type WrittenMetadata, WriteRequestWriter, writeSnappy } from "@flx/model";
import type { SampleBatch, SeriesRef } from "../metric-sink.ts";

/** A request. */
export interface WriteRequestBody {
  readonly samples: number;
  /** A snappy block. */
  readonly body: Uint8Array;
}

const MAX_SAMPLES = 5_000;
const MAX_BYTES = 1024 * 1024;

/** What of a batch is sent, and as what. */
export interface SentPart {
  /** The labels of a series as bytes (`encodeSeriesLabels`); undefined: it is not sent. */
  labels(this: void, ref: SeriesRef): Uint8Array | undefined;
  /** Whether a sample is left out: indexes count floats first, then histograms. */
  isLeftOut?(this: void, index: number): boolean;
  /** Default true. */
  readonly hasExemplars?: boolean;
  readonly metadata: readonly WrittenMetadata[];
}

/** The requests of a batch, in its order. */
export function* writeRequests(batch: SampleBatch, part: SentPart): Generator<WriteRequestBody> {
  const writer = new WriteRequestWriter();
  let samples = 0;
  let open: SeriesRef | undefined;
  const close = (): void => {
    if (open !== undefined) writer.endSeries();
    open = undefined;
  };
  /** Begins the series when it is another than before; whether it is sent. */
  const begin = (ref: SeriesRef): boolean => {
    if (ref === open) return true;
    const labels = part.labels(ref);
    if (labels === undefined) return false;
    close();
    writer.beginSeries(labels);
    open = ref;
    return true;
  };
  const isFull = (): boolean => samples >= MAX_SAMPLES || writer.length >= MAX_BYTES;
  const taken = (): WriteRequestBody => {
    close();
    const request = { samples, body: writeSnappy(writer.take()) };
    samples = 0;
    return request;
  };
  const isLeftOut = part.isLeftOut ?? (() => false);
  const { refs, timestampsMs, words, count } = batch;
  for (let i = 0; i < count; i++) {
    if (isLeftOut(i) || !begin(refs[i]!)) continue;
    writer.sample(timestampsMs[i]!, words[2 * i]!, words[2 * i + 1]!);
    samples++;
    if (isFull()) yield taken();
  }
  for (const [i, { ref, timestampMs, histogram }] of batch.histograms.entries()) {
    if (isLeftOut(count + i) || !begin(ref)) continue;
    writer.histogram(timestampMs, histogram);
    samples++;
    if (isFull()) yield taken();
  }
  for (const { ref, exemplar } of part.hasExemplars === false ? [] : batch.exemplars) {
    if (!begin(ref)) continue;
    writer.exemplar(exemplar);
    if (isFull()) yield taken();
  }
  close();
  for (const each of part.metadata) {
    writer.metadata(each);
    if (isFull()) yield taken();
  }
  if (writer.length > 0) yield taken();
}
