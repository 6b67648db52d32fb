// A batch of samples as remote write requests, ready to be sent: split so that none is large.
//
//   SampleBatch ── by its columns ──► request ── snappy ──► body        each of at most MAX_SAMPLES, about 1 MiB
//
//   1.0   samples of one series that follow each other share its labels; exemplars and metadata stand behind all
//   2.0   a series has samples or histograms, the exemplars of its samples, and what is said of its family
//
// A 2.0 receiver takes no exemplar without a sample: one whose samples are not sent is left out.

import {
  type Exemplar,
  familyOf,
  type NativeHistogram,
  type WrittenMetadata,
  WriteRequestV2Writer,
  WriteRequestWriter,
  writeSnappy,
} from "@flx/model";
import type { SampleBatch, SeriesRef } from "../metric-sink.ts";
import type { FamilyMetadata } from "../metrics-source.ts";
import type { SentSeries } from "./sent-series.ts";
import { WRITE_V1, type WriteMessage } from "./write-message.ts";

/** A request. */
export interface WriteRequestBody {
  readonly message: WriteMessage;
  /** Floats and histograms. */
  readonly samples: number;
  readonly exemplars: number;
  /** A snappy block. */
  readonly body: Uint8Array;
}

const MAX_SAMPLES = 5_000;
const MAX_BYTES = 1024 * 1024;

/** What of a batch is sent, and as what. */
export interface SentPart {
  /** Undefined: it is not sent. */
  series(this: void, ref: SeriesRef): SentSeries | undefined;
  /** Whether a sample is left out: indexes count floats first, then histograms. */
  isLeftOut?(this: void, index: number): boolean;
  /** Default true. */
  readonly hasExemplars?: boolean;
  /** 1.0: what is new of families. */
  readonly metadata: readonly WrittenMetadata[];
  /** 2.0: what is known of a family. */
  family(this: void, name: string): FamilyMetadata | undefined;
}

/** The requests of a batch, in its order. */
export function* writeRequests(
  message: WriteMessage,
  batch: SampleBatch,
  part: SentPart,
): Generator<WriteRequestBody> {
  const { hasExemplars = true, isLeftOut = () => false } = part;
  const exemplars = hasExemplars ? batch.exemplars : [];
  const out = message === WRITE_V1 ? new FirstForm(part) : new SecondForm(part, exemplars);
  let samples = 0;
  const isFull = (): boolean => samples >= MAX_SAMPLES || out.length >= MAX_BYTES;
  const taken = (): WriteRequestBody => {
    out.close();
    const request = { message, samples, exemplars: out.exemplars, body: writeSnappy(out.take()) };
    samples = 0;
    return request;
  };
  const { refs, timestampsMs, startsMs, words, count } = batch;
  for (let i = 0; i < count; i++) {
    if (isLeftOut(i) || !out.begin(refs[i]!)) continue;
    out.sample(timestampsMs[i]!, words[2 * i]!, words[2 * i + 1]!, startsMs[i]!);
    samples++;
    if (isFull()) yield taken();
  }
  out.close();
  for (const [i, { ref, timestampMs, startMs, histogram }] of batch.histograms.entries()) {
    if (isLeftOut(count + i) || !out.begin(ref)) continue;
    out.histogram(timestampMs, histogram, startMs);
    samples++;
    if (isFull()) yield taken();
  }
  out.close();
  if (out instanceof FirstForm) {
    for (const { ref, exemplar } of exemplars) {
      if (!out.begin(ref)) continue;
      out.exemplar(exemplar);
      if (isFull()) yield taken();
    }
    out.close();
    for (const each of part.metadata) {
      out.metadata(each);
      if (isFull()) yield taken();
    }
  }
  if (out.length > 0) yield taken();
}

/** A request of one form that is being written. */
abstract class RequestForm {
  /** Exemplars in the request. */
  exemplars = 0;
  readonly #part: SentPart;
  #open: SeriesRef | undefined;

  constructor(part: SentPart) {
    this.#part = part;
  }

  /** Bytes so far. */
  abstract get length(): number;
  abstract sample(timeMs: number, low: number, high: number, startMs: number): void;
  abstract histogram(timeMs: number, histogram: NativeHistogram, startMs: number): void;
  protected abstract open(series: SentSeries, ref: SeriesRef): void;
  protected abstract end(): void;
  protected abstract written(): Uint8Array;

  /** Begins a series when it is another than before; whether it is sent. */
  begin(ref: SeriesRef): boolean {
    if (ref === this.#open) return true;
    const series = this.#part.series(ref);
    if (series === undefined) return false;
    this.close();
    this.open(series, ref);
    this.#open = ref;
    return true;
  }

  /** Ends the series that is open. */
  close(): void {
    if (this.#open !== undefined) this.end();
    this.#open = undefined;
  }

  /** The request, uncompressed; the next one begins. */
  take(): Uint8Array {
    this.exemplars = 0;
    return this.written();
  }
}

class FirstForm extends RequestForm {
  readonly #writer = new WriteRequestWriter();

  get length(): number {
    return this.#writer.length;
  }

  sample(timeMs: number, low: number, high: number): void {
    this.#writer.sample(timeMs, low, high);
  }

  histogram(timeMs: number, histogram: NativeHistogram): void {
    this.#writer.histogram(timeMs, histogram);
  }

  exemplar(exemplar: Exemplar): void {
    this.#writer.exemplar(exemplar);
    this.exemplars++;
  }

  metadata(written: WrittenMetadata): void {
    this.#writer.metadata(written);
  }

  protected open({ encoded }: SentSeries): void {
    this.#writer.beginSeries(encoded);
  }

  protected end(): void {
    this.#writer.endSeries();
  }

  protected written(): Uint8Array {
    return this.#writer.take();
  }
}

class SecondForm extends RequestForm {
  readonly #writer = new WriteRequestV2Writer();
  readonly #family: SentPart["family"];
  /** Those that no sample took with it yet. */
  readonly #waiting = new Map<SeriesRef, Exemplar[]>();
  #ref: SeriesRef = 0;
  #timeMs = 0;

  constructor(part: SentPart, exemplars: SampleBatch["exemplars"]) {
    super(part);
    this.#family = part.family;
    for (const { ref, exemplar } of exemplars) {
      const waiting = this.#waiting.get(ref);
      if (waiting === undefined) this.#waiting.set(ref, [exemplar]);
      else waiting.push(exemplar);
    }
  }

  get length(): number {
    return this.#writer.length;
  }

  sample(timeMs: number, low: number, high: number, startMs: number): void {
    this.#timeMs = timeMs;
    this.#writer.sample(timeMs, low, high, startMs);
  }

  histogram(timeMs: number, histogram: NativeHistogram, startMs: number): void {
    this.#timeMs = timeMs;
    this.#writer.histogram(timeMs, histogram, startMs);
  }

  protected open({ labels, name }: SentSeries, ref: SeriesRef): void {
    this.#ref = ref;
    this.#writer.beginSeries(labels, familyOf(name, this.#family));
  }

  protected end(): void {
    const waiting = this.#waiting.get(this.#ref);
    if (waiting !== undefined) {
      for (const exemplar of waiting) this.#writer.exemplar(exemplar, this.#timeMs);
      this.exemplars += waiting.length;
      this.#waiting.delete(this.#ref);
    }
    this.#writer.endSeries();
  }

  protected written(): Uint8Array {
    return this.#writer.take();
  }
}
