// What receivers hand on: samples of a request or scrape in columns, and what became of each.
//
//   receiver ── ref(labels, source) once a series ──► MetricSink
//            ── append(SampleBatch) ────────► resolves when everything accepted is durable
//
// A reference is good as long as `generation` is the same: receivers keep references in caches and begin anew when it
// changes. A store forgets series in bulk, when a window closes: one change, not one for each.
//
// A source is who sends: "scrape node/host:9100", "otlp shop", "remote-write 10.0.0.7". Series count against the limit
// of the source that brought them first, so that one that makes up label values harms itself alone.
//
// Errors of `append` and `ref` with a `refusal` are about the sink, not the data: receivers answer them with
// 429/503 and Retry-After, RESOURCE_EXHAUSTED/UNAVAILABLE and RetryInfo.

import { type Exemplar, FlxError, type FlxErrorCode, type Labels } from "@flx/model";
import type { NativeHistogram, WrittenMetadata } from "@flx/model";

/** A series at the sink. */
export type SeriesRef = number;

/** Why one sample was not taken. */
export type RejectionKind =
  | "out-of-order"
  | "duplicate"
  | "too-old"
  | "too-far-ahead"
  | "limit"
  | "invalid";

/** One sample that was not taken: `index` counts floats first, then histograms. */
export interface Rejection {
  readonly index: number;
  readonly kind: RejectionKind;
  readonly reason: string;
}

/** What became of a batch. */
export interface AppendOutcome {
  readonly rejected: readonly Rejection[];
}

/** Where samples go. Must not keep the batch after `append` has resolved. */
export interface MetricSink {
  readonly generation: number;
  /**
   * The reference of a label set.
   *
   * @param source who brings it; new series count against its limit
   * @throws {FlxError} when there is no room for a new series (`SinkRefusal` when that is not the sender's fault)
   */
  ref(labels: Labels, source: string): SeriesRef;
  append(batch: SampleBatch): Promise<AppendOutcome>;
}

/** The sink takes nothing now. */
export class SinkRefusal extends FlxError {
  override readonly name = "SinkRefusal";
  /** `overloaded`: send less, later. `unavailable`: it is broken or full; later. */
  readonly refusal: "overloaded" | "unavailable";
  readonly retryAfterMs: number;

  constructor(
    code: FlxErrorCode,
    message: string,
    refusal: "overloaded" | "unavailable",
    retryAfterMs: number,
  ) {
    super(code, message);
    this.refusal = refusal;
    this.retryAfterMs = retryAfterMs;
  }
}

const FIRST_FLOATS = 256;

/** Samples in columns. Values are written as two words, so that the staleness marker keeps its bits. */
export class SampleBatch {
  count = 0;
  refs: Float64Array;
  timestampsMs: Float64Array;
  /** Since when the sample's series counts; 0 when not said. */
  startsMs: Float64Array;
  values: Float64Array;
  words: Uint32Array;
  readonly histograms: {
    readonly ref: SeriesRef;
    readonly timestampMs: number;
    readonly startMs: number;
    readonly histogram: NativeHistogram;
  }[] = [];
  readonly exemplars: { readonly ref: SeriesRef; readonly exemplar: Exemplar }[] = [];
  readonly metadata: WrittenMetadata[] = [];

  /** @param capacity how many floats there is room for at first */
  constructor(capacity: number = FIRST_FLOATS) {
    const size = Math.max(1, capacity);
    this.refs = new Float64Array(size);
    this.timestampsMs = new Float64Array(size);
    this.startsMs = new Float64Array(size);
    this.values = new Float64Array(size);
    this.words = new Uint32Array(this.values.buffer);
  }

  /** Floats and histograms. */
  get samples(): number {
    return this.count + this.histograms.length;
  }

  add(ref: SeriesRef, timestampMs: number, value: number, startMs = 0): void {
    const at = this.#next(ref, timestampMs, startMs);
    this.values[at] = value;
  }

  addWords(ref: SeriesRef, timestampMs: number, low: number, high: number, startMs = 0): void {
    const at = this.#next(ref, timestampMs, startMs);
    this.words[2 * at] = low;
    this.words[2 * at + 1] = high;
  }

  /** The series ends here. */
  addStale(ref: SeriesRef, timestampMs: number): void {
    this.addWords(ref, timestampMs, 2, 0x7ff00000);
  }

  #next(ref: SeriesRef, timestampMs: number, startMs: number): number {
    const at = this.count++;
    if (at === this.refs.length) this.#grow(at * 2);
    this.refs[at] = ref;
    this.timestampsMs[at] = timestampMs;
    this.startsMs[at] = startMs;
    return at;
  }

  #grow(size: number): void {
    const larger = (column: Float64Array): Float64Array => {
      // As words: copying doubles could change the bits of a NaN.
      const grown = new Float64Array(size);
      new Uint32Array(grown.buffer).set(new Uint32Array(column.buffer));
      return grown;
    };
    this.refs = larger(this.refs);
    this.timestampsMs = larger(this.timestampsMs);
    this.startsMs = larger(this.startsMs);
    this.values = larger(this.values);
    this.words = new Uint32Array(this.values.buffer);
  }
}
