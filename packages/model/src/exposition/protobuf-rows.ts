// The metrics of one family as protobuf, written straight from the numbers of whoever keeps them.
//
//   counter({GET, /a}, 1027)    22 5e                          metric, 94 bytes
//                               ├── 0a 0d 0a 06 method 12 03 GET      a label: all before its value is kept as bytes
//                               ├── 0a 0a 0a 04 path 12 02 /a
//                               └── 1a 15 09 1027 1a 0a ...           counter: the number, the created time
//
// `ProtobufExposition.add` takes families of the model, which cost a Labels object a series and a check of each: right for
// what comes from outside. A registry of our own knows that its label sets differ and that its counts are counts, and
// 100,000 of its series would hold the event loop up for nothing. So here nothing is checked, no object is made for a series,
// and a length is computed before what it measures is written, so that nothing moves.
//
// Texts are nearly always ASCII, whose length in bytes is known: those are written byte by byte, all others by TextEncoder.

import type { Exemplar } from "../exemplar.ts";
import type { UnixMs } from "../units.ts";
import {
  BUCKET,
  COUNTER,
  EXEMPLAR,
  FAMILY,
  HISTOGRAM,
  LABEL,
  METRIC,
  NUMBER,
} from "./protobuf-fields.ts";
import { writeLabel, writeTimestamp } from "./protobuf-parts.ts";
import {
  ProtobufWriter,
  varintSize,
  WIRE_FIXED64,
  WIRE_LENGTH,
  WIRE_VARINT,
} from "./protobuf-wire.ts";

/** Most families are small. */
const FIRST_BYTES = 1024;

/** Room for a chunk and some metrics more, once there was a full chunk. */
const ROOM_BYTES = 80 * 1024;

/** A label pair up to this many bytes has a length of one byte. */
const SHORT = 127;

/** Whole counts up to here are written as such, as `ProtobufExposition` does. */
const MAX_WHOLE = 2 ** 52;

/** Tag and length of a metric. */
const LONGEST_BEGIN = 8;

const NO_BYTES = new Uint8Array(0);
const METRIC_TAG = tag(FAMILY.metric, WIRE_LENGTH);
const LABEL_TAG = tag(METRIC.label, WIRE_LENGTH);
const GAUGE_TAG = tag(METRIC.gauge, WIRE_LENGTH);
const COUNTER_TAG = tag(METRIC.counter, WIRE_LENGTH);
const HISTOGRAM_TAG = tag(METRIC.histogram, WIRE_LENGTH);
const NUMBER_TAG = tag(NUMBER.value, WIRE_FIXED64);
const COUNT_TAG = tag(HISTOGRAM.count, WIRE_VARINT);
const COUNT_FLOAT_TAG = tag(HISTOGRAM.countFloat, WIRE_FIXED64);
const SUM_TAG = tag(HISTOGRAM.sum, WIRE_FIXED64);
const BUCKET_TAG = tag(HISTOGRAM.bucket, WIRE_LENGTH);
const BUCKET_COUNT_TAG = tag(BUCKET.count, WIRE_VARINT);
const BUCKET_COUNT_FLOAT_TAG = tag(BUCKET.countFloat, WIRE_FIXED64);
const BOUND_TAG = tag(BUCKET.upperBound, WIRE_FIXED64);

/** Bytes of a double with its tag, all of whose fields have numbers below 16. */
const DOUBLE = 9;

/** What the metrics of a family have in common. */
export interface ProtobufRowsOptions {
  /** In the order in which values are given. */
  readonly labelNames: readonly string[];
  /** Labels of every metric, none of which is among the names; one without a value is left out. */
  readonly fixedLabels?: Iterable<readonly [name: string, value: string]>;
  /** What is written for a value that is not ASCII or very long; it must be well-formed. Default: the value. */
  readonly wireText?: (value: string) => string;
}

/** Writes metrics; see `ProtobufExposition.addRows`. */
export class ProtobufRows {
  readonly #wireText: (value: string) => string;
  readonly #names: readonly string[];
  /** Of each label, what stands between its own length and that of its value. */
  readonly #heads: readonly Uint8Array[];
  readonly #fixed: Uint8Array;
  readonly #scratch = new ProtobufWriter();
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  /** The created time that was written last, encoded; neighbours often have the same. */
  #created: Uint8Array = NO_BYTES;
  #createdMs: number | undefined;
  #createdField = 0;

  #bounds: readonly number[] = [];
  #cumulative = new Float64Array(0);
  #exemplars: Uint8Array[] = [];

  constructor({ labelNames, fixedLabels = [], wireText = (value) => value }: ProtobufRowsOptions) {
    this.#wireText = wireText;
    this.#names = labelNames;
    const out = this.#scratch;
    this.#heads = labelNames.map((name) => {
      out.text(LABEL.name, name);
      out.text(LABEL.value, "");
      return out.take().subarray(0, -1); // without the length of the value
    });
    for (const [name, value] of fixedLabels) this.#scratchLabel(name, value);
    this.#fixed = out.take();
  }

  /** Bytes written since the start or the last `take`. */
  get length(): number {
    return this.#at;
  }

  /** What was written; the writer is empty afterwards. */
  take(): Uint8Array {
    const written = this.#at;
    this.#at = 0;
    if (written * 2 < this.#bytes.length) return this.#bytes.slice(0, written);
    // Given away as it is, which saves copying a chunk.
    const bytes = this.#bytes.subarray(0, written);
    this.#bytes = new Uint8Array(written >= ROOM_BYTES / 2 ? ROOM_BYTES : FIRST_BYTES);
    this.#view = new DataView(this.#bytes.buffer);
    return bytes;
  }

  /** A gauge. */
  gauge(labelValues: readonly string[], value: number): void {
    this.#begin(labelValues, GAUGE_TAG, DOUBLE);
    this.#double(NUMBER_TAG, value);
  }

  /** A counter. */
  counter(
    labelValues: readonly string[],
    total: number,
    createdMs: UnixMs | undefined,
    exemplar: Exemplar | undefined,
  ): void {
    const created = this.#createdBytes(COUNTER.created, createdMs);
    const kept = exemplar === undefined ? NO_BYTES : this.#exemplar(COUNTER.exemplar, exemplar);
    this.#begin(labelValues, COUNTER_TAG, DOUBLE + kept.length + created.length);
    this.#double(NUMBER_TAG, total);
    this.#copy(kept);
    this.#copy(created);
  }

  /**
   * A classic histogram.
   *
   * @param counts     the counts of single buckets (not cumulative), the last one for +Inf, and then the sum
   * @param start      where they begin
   * @param exemplarOf the exemplar of a bucket by its position, when the histogram may have some
   */
  histogram(
    labelValues: readonly string[],
    upperBounds: readonly number[],
    counts: Float64Array,
    start: number,
    createdMs: UnixMs | undefined,
    exemplarOf?: (bucket: number) => Exemplar | undefined,
  ): void {
    this.#useBounds(upperBounds);
    const cumulative = this.#cumulative;
    const infinity = upperBounds.length;
    let count = 0;
    for (let i = 0; i <= infinity; i++) cumulative[i] = count += counts[start + i]!;
    const whole = count <= MAX_WHOLE;
    const exemplars = exemplarOf === undefined ? undefined : this.#exemplarsOf(exemplarOf);
    const withInfinity = exemplars !== undefined && exemplars[infinity]!.length > 0;
    const buckets = withInfinity ? infinity + 1 : infinity;

    const created = this.#createdBytes(HISTOGRAM.created, createdMs);
    let size = this.#countSize(count, whole) + DOUBLE + created.length;
    for (let i = 0; i < buckets; i++) {
      const bucket =
        this.#countSize(cumulative[i]!, whole) + DOUBLE + (exemplars?.[i]!.length ?? 0);
      size += 1 + varintSize(bucket) + bucket;
    }

    this.#begin(labelValues, HISTOGRAM_TAG, size);
    if (whole) this.#uint(COUNT_TAG, count);
    else this.#double(COUNT_FLOAT_TAG, count);
    this.#double(SUM_TAG, counts[start + infinity + 1]!);
    for (let i = 0; i < buckets; i++) {
      const at = cumulative[i]!;
      const kept = exemplars?.[i] ?? NO_BYTES;
      this.#uint(BUCKET_TAG, this.#countSize(at, whole) + DOUBLE + kept.length);
      if (whole) this.#uint(BUCKET_COUNT_TAG, at);
      else this.#double(BUCKET_COUNT_FLOAT_TAG, at);
      this.#double(BOUND_TAG, i < infinity ? upperBounds[i]! : Infinity);
      this.#copy(kept);
    }
    this.#copy(created);
  }

  /** Tag and length of a metric, its labels, tag and length of its value. */
  #begin(values: readonly string[], valueTag: number, valueSize: number): void {
    const rest = this.#fixed.length + 1 + varintSize(valueSize) + valueSize;
    const start = this.#at;
    const short = this.#shortLabels(values);
    this.#reserve(short + rest + LONGEST_BEGIN);
    this.#uint(METRIC_TAG, short + rest);
    if (short < 0 || !this.#writeLabels(values)) {
      this.#at = start;
      const labels = this.#encodedLabels(values);
      this.#reserve(labels.length + rest + LONGEST_BEGIN);
      this.#uint(METRIC_TAG, labels.length + rest);
      this.#copy(labels);
    }
    this.#copy(this.#fixed);
    this.#uint(valueTag, valueSize);
  }

  /** How many bytes the labels take if all are ASCII; -1 when one of them has a length of more than a byte. */
  #shortLabels(values: readonly string[]): number {
    const heads = this.#heads;
    let size = 0;
    for (let i = 0; i < heads.length; i++) {
      const value = values[i]!;
      if (value === "") continue; // the same as no label
      const pair = heads[i]!.length + 1 + value.length;
      if (pair > SHORT) return -1;
      size += 2 + pair;
    }
    return size;
  }

  /** Writes labels of which all are ASCII; false when one is not. */
  #writeLabels(values: readonly string[]): boolean {
    const heads = this.#heads;
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = 0; i < heads.length; i++) {
      const value = values[i]!;
      const { length } = value;
      if (length === 0) continue;
      const head = heads[i]!;
      bytes[at++] = LABEL_TAG;
      bytes[at++] = head.length + 1 + length;
      for (let j = 0; j < head.length; j++) bytes[at++] = head[j]!;
      bytes[at++] = length;
      for (let j = 0; j < length; j++) {
        const code = value.charCodeAt(j);
        if (code > 127) return false;
        bytes[at++] = code;
      }
    }
    this.#at = at;
    return true;
  }

  #encodedLabels(values: readonly string[]): Uint8Array {
    for (const [i, name] of this.#names.entries()) {
      this.#scratchLabel(name, this.#wireText(values[i]!));
    }
    return this.#scratch.take();
  }

  #scratchLabel(name: string, value: string): void {
    if (value === "") return;
    writeLabel(this.#scratch, METRIC.label, name, value);
  }

  #createdBytes(field: number, createdMs: UnixMs | undefined): Uint8Array {
    if (createdMs === undefined) return NO_BYTES;
    if (createdMs === this.#createdMs && field === this.#createdField) return this.#created;
    this.#createdMs = createdMs;
    this.#createdField = field;
    writeTimestamp(this.#scratch, field, createdMs);
    return (this.#created = this.#scratch.take());
  }

  #exemplarsOf(exemplarOf: (bucket: number) => Exemplar | undefined): readonly Uint8Array[] {
    for (let i = 0; i < this.#cumulative.length; i++) {
      const exemplar = exemplarOf(i);
      this.#exemplars[i] =
        exemplar === undefined ? NO_BYTES : this.#exemplar(BUCKET.exemplar, exemplar);
    }
    return this.#exemplars;
  }

  #exemplar(field: number, { labels, value, timestampMs }: Exemplar): Uint8Array {
    const out = this.#scratch;
    const start = out.begin(field);
    for (const [name, text] of labels) writeLabel(out, EXEMPLAR.label, name, text);
    out.double(EXEMPLAR.value, value);
    if (timestampMs !== undefined) writeTimestamp(out, EXEMPLAR.timestamp, timestampMs);
    out.end(start);
    return out.take();
  }

  #useBounds(upperBounds: readonly number[]): void {
    if (upperBounds === this.#bounds && this.#cumulative.length > 0) return;
    this.#bounds = upperBounds;
    this.#cumulative = new Float64Array(upperBounds.length + 1);
    this.#exemplars = [];
  }

  #countSize(count: number, whole: boolean): number {
    return whole ? 1 + varintSize(count) : DOUBLE;
  }

  #uint(tagByte: number, value: number): void {
    const bytes = this.#bytes;
    let at = this.#at;
    bytes[at++] = tagByte;
    let rest = value;
    while (rest >= 0x80000000) {
      bytes[at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      bytes[at++] = (rest & 127) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.#at = at;
  }

  #double(tagByte: number, value: number): void {
    this.#bytes[this.#at] = tagByte;
    this.#view.setFloat64(this.#at + 1, value, true);
    this.#at += DOUBLE;
  }

  #copy(from: Uint8Array): void {
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = 0; i < from.length; i++) bytes[at++] = from[i]!;
    this.#at = at;
  }

  #reserve(size: number): void {
    if (this.#at + size <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + size));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

function tag(field: number, kind: number): number {
  return field * 8 + kind;
}
