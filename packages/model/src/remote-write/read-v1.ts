// Remote write 1.0 (prometheus.WriteRequest) into columns.
//
//   timeseries 1 { labels 1 { name 1 value 2 }  samples 2 { value 1 timestamp 2 }  exemplars 3  histograms 4 }
//   metadata   3 { type 1  metric_family_name 2  help 4  unit 5 }
//
// Labels are hashed as bytes and decoded only when asked for.
//
// Source: https://prometheus.io/docs/specs/prw/remote_write_spec/

import type { Exemplar } from "../exemplar.ts";
import { Labels } from "../labels.ts";
import type { UnixMs } from "../units.ts";
import { textOf, WireReader } from "../wire/wire-reader.ts";
import {
  checkWriteLimit,
  DEFAULT_REMOTE_WRITE_LIMITS,
  type LabelIdentity,
  type LabelSource,
  METADATA_TYPES,
  RemoteWriteBatch,
  type RemoteWriteLimits,
  RunningHash,
} from "./batch.ts";
import { readWrittenHistogram } from "./read-histogram.ts";

/**
 * The columns of a WriteRequest, after decompression. The bytes are kept and must not change.
 *
 * @throws {FlxError} `FLX_WIRE_MALFORMED`, `FLX_REMOTE_WRITE_LIMIT`
 */
export function readWriteRequest(
  bytes: Uint8Array,
  limits: Partial<RemoteWriteLimits> = {},
): RemoteWriteBatch {
  return new RequestReader(bytes, { ...DEFAULT_REMOTE_WRITE_LIMITS, ...limits }).read();
}

class RequestReader {
  readonly #reader: WireReader;
  readonly #limits: RemoteWriteLimits;
  readonly #batch = new RemoteWriteBatch();
  readonly #hash = new RunningHash();
  /** Start and end of each label, its length not included, for all series one after the other. */
  readonly #ranges: number[] = [];
  readonly #firstRange: number[] = [];

  constructor(bytes: Uint8Array, limits: RemoteWriteLimits) {
    this.#reader = new WireReader(bytes);
    this.#limits = limits;
  }

  read(): RemoteWriteBatch {
    const reader = this.#reader;
    const end = reader.bytes.length;
    while (reader.at < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) this.#series(end);
      else if (tag === 0x1a) this.#metadata(end);
      else reader.skip(tag, end, 0);
    }
    this.#firstRange.push(this.#ranges.length);
    this.#batch.labelSource = new RawLabels(reader.bytes, this.#ranges, this.#firstRange);
    return this.#batch;
  }

  #series(outer: number): void {
    const reader = this.#reader;
    const batch = this.#batch;
    const end = reader.length(outer);
    const first = this.#ranges.length;
    const series = batch.addSeries(0, 0);
    checkWriteLimit(this.#limits, "maxSeries", batch.series);
    this.#firstRange.push(first);
    this.#hash.start();
    while (reader.at < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) this.#label(end);
      else if (tag === 0x12) this.#sample(end, series);
      else if (tag === 0x1a) this.#exemplar(end, series);
      else if (tag === 0x22) {
        batch.histograms.push({ series, ...readWrittenHistogram(reader, end, 2, this.#limits) });
        this.#count();
      } else reader.skip(tag, end, 1);
    }
    checkWriteLimit(this.#limits, "maxLabels", (this.#ranges.length - first) / 2);
    batch.hashLow[series] = this.#hash.low;
    batch.hashHigh[series] = this.#hash.high;
  }

  #count(): void {
    const { samples, histograms, exemplars } = this.#batch;
    checkWriteLimit(this.#limits, "maxSamples", samples + histograms.length + exemplars.length);
  }

  /** A label is only passed over: its bytes are its identity, and are looked at when a series is new. */
  #label(outer: number): void {
    const reader = this.#reader;
    const end = reader.length(outer);
    checkWriteLimit(this.#limits, "maxLabelBytes", end - reader.at);
    this.#hash.bytes(reader.bytes, reader.at, end);
    this.#hash.word(end - reader.at);
    this.#ranges.push(reader.at, end);
    reader.at = end;
  }

  #sample(outer: number, series: number): void {
    const reader = this.#reader;
    const end = reader.length(outer);
    let low = 0;
    let high = 0;
    let timestampMs = 0;
    while (reader.at < end) {
      const tag = reader.tag(end);
      if (tag === 0x09) {
        reader.fixed(end);
        low = reader.low;
        high = reader.high;
      } else if (tag === 0x10) timestampMs = reader.int(end);
      else reader.skip(tag, end, 2);
    }
    this.#batch.addSample(series, timestampMs, low, high);
    this.#count();
  }

  #exemplar(outer: number, series: number): void {
    const reader = this.#reader;
    const end = reader.length(outer);
    const pairs: [string, string][] = [];
    let value = 0;
    let timestampMs = 0;
    while (reader.at < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) {
        const stop = reader.length(end);
        pairs.push(readPair(reader, stop));
        checkWriteLimit(this.#limits, "maxLabels", pairs.length);
      } else if (tag === 0x11) value = reader.double(end);
      else if (tag === 0x18) timestampMs = reader.int(end);
      else reader.skip(tag, end, 2);
    }
    const exemplar: Exemplar = {
      labels: Labels.from(pairs),
      value,
      timestampMs: timestampMs as UnixMs,
    };
    this.#batch.exemplars.push({ series, exemplar });
    this.#count();
  }

  #metadata(outer: number): void {
    const reader = this.#reader;
    const end = reader.length(outer);
    let type = 0;
    let name = "";
    let help = "";
    let unit = "";
    while (reader.at < end) {
      const tag = reader.tag(end);
      if (tag === 0x08) type = reader.uint32(end);
      else if (tag === 0x12) name = reader.text(end);
      else if (tag === 0x22) help = reader.text(end);
      else if (tag === 0x2a) unit = reader.text(end);
      else reader.skip(tag, end, 1);
    }
    this.#batch.metadata.push({ name, type: METADATA_TYPES[type] ?? "unknown", help, unit });
    checkWriteLimit(this.#limits, "maxSeries", this.#batch.metadata.length);
  }
}

function readPair(reader: WireReader, end: number): [string, string] {
  let name = "";
  let value = "";
  while (reader.at < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a || tag === 0x12) {
      const stop = reader.length(end);
      const text = textOf(reader.bytes, reader.at, stop);
      reader.at = stop;
      if (tag === 0x0a) name = text;
      else value = text;
    } else reader.skip(tag, end, 3);
  }
  return [name, value];
}

/** Labels as they lie in the request. */
class RawLabels implements LabelSource {
  readonly #bytes: Uint8Array;
  readonly #ranges: readonly number[];
  readonly #first: readonly number[];

  constructor(bytes: Uint8Array, ranges: readonly number[], first: readonly number[]) {
    this.#bytes = bytes;
    this.#ranges = ranges;
    this.#first = first;
  }

  same(series: number, known: LabelIdentity): boolean {
    if (!(known instanceof Uint8Array)) return false;
    const bytes = this.#bytes;
    let at = 0;
    for (let i = this.#first[series]!; i < this.#first[series + 1]!; i += 2) {
      const from = this.#ranges[i]!;
      const length = this.#ranges[i + 1]! - from;
      if (at + 4 + length > known.length) return false;
      // The length first, so that no label can imitate the border between two.
      if (known[at] !== (length & 255) || known[at + 1] !== ((length >>> 8) & 255)) return false;
      if (known[at + 2] !== ((length >>> 16) & 255) || known[at + 3] !== length >>> 24)
        return false;
      at += 4;
      for (let n = 0; n < length; n++) if (known[at + n] !== bytes[from + n]) return false;
      at += length;
    }
    return at === known.length;
  }

  identity(series: number): Uint8Array {
    const first = this.#first[series]!;
    const end = this.#first[series + 1]!;
    let size = 0;
    for (let i = first; i < end; i += 2) size += 4 + this.#ranges[i + 1]! - this.#ranges[i]!;
    const key = new Uint8Array(size);
    const view = new DataView(key.buffer);
    let at = 0;
    for (let i = first; i < end; i += 2) {
      const from = this.#ranges[i]!;
      const to = this.#ranges[i + 1]!;
      view.setUint32(at, to - from, true);
      key.set(this.#bytes.subarray(from, to), at + 4);
      at += 4 + to - from;
    }
    return key;
  }

  labels(series: number): Labels {
    const reader = new WireReader(this.#bytes);
    const pairs: [string, string][] = [];
    for (let i = this.#first[series]!; i < this.#first[series + 1]!; i += 2) {
      reader.at = this.#ranges[i]!;
      pairs.push(readPair(reader, this.#ranges[i + 1]!));
    }
    return Labels.from(pairs);
  }
}
