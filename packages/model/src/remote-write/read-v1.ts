// Remote write 1.0 (prometheus.WriteRequest) into columns.
//
//   timeseries 1 { labels 1 { name 1 value 2 }  samples 2 { value 1 timestamp 2 }  exemplars 3  histograms 4 }
//   metadata   3 { type 1  metric_family_name 2  help 4  unit 5 }
//
// Labels are only passed over: their bytes are the identity of a series, and are decoded when it is new.
//
// Source: https://prometheus.io/docs/specs/prw/remote_write_spec/

import type { Exemplar } from "../exemplar.ts";
import { Labels } from "../labels.ts";
import type { UnixMs } from "../units.ts";
import { RunningHash } from "../wire/running-hash.ts";
import { sameBytes } from "../wire/same-bytes.ts";
import { textOf, WireReader } from "../wire/wire-reader.ts";
import {
  checkWriteLimit,
  DEFAULT_REMOTE_WRITE_LIMITS,
  type LabelSource,
  METADATA_TYPES,
  RemoteWriteBatch,
  type RemoteWriteLimits,
  joined,
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
  readonly #batch: RemoteWriteBatch;
  /** Start and end of labels that lie side by side, with their tags, for all series one after the other. */
  readonly #ranges: number[] = [];
  readonly #firstRange: number[] = [];

  constructor(bytes: Uint8Array, limits: RemoteWriteLimits) {
    this.#reader = new WireReader(bytes);
    this.#batch = new RemoteWriteBatch(bytes.length);
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
    this.#batch.labelSource = new RawLabels(reader, this.#ranges, this.#firstRange);
    return this.#batch;
  }

  #series(outer: number): void {
    const reader = this.#reader;
    const batch = this.#batch;
    const end = reader.length(outer);
    const first = this.#ranges.length;
    const series = batch.series++;
    checkWriteLimit(this.#limits, "maxSeries", batch.series);
    this.#firstRange.push(first);
    let labels = this.#shortLabels(end);
    while (reader.at < end) {
      const from = reader.at;
      const tag = reader.tag(end);
      if (tag === 0x0a) {
        this.#label(end, from, first);
        labels++;
      } else if (tag === 0x12) this.#sample(end, series);
      else if (tag === 0x1a) this.#exemplar(end, series);
      else if (tag === 0x22) {
        batch.histograms.push({ series, ...readWrittenHistogram(reader, end, 2, this.#limits) });
        this.#count();
      } else reader.skip(tag, end, 1);
    }
    checkWriteLimit(this.#limits, "maxLabels", labels);
  }

  #count(): void {
    const { samples, histograms, exemplars } = this.#batch;
    checkWriteLimit(this.#limits, "maxSamples", samples + histograms.length + exemplars.length);
  }

  /** Passes over the labels that a series begins with: nearly all of them are short. */
  #shortLabels(end: number): number {
    const reader = this.#reader;
    const { bytes } = reader;
    const longest = Math.min(127, this.#limits.maxLabelBytes);
    let labels = 0;
    let at = reader.at;
    for (; at + 1 < end && bytes[at] === 0x0a; labels++) {
      const length = bytes[at + 1]!;
      if (length > longest || at + 2 + length > end) break;
      at += 2 + length;
    }
    if (labels > 0) this.#ranges.push(reader.at, at);
    reader.at = at;
    return labels;
  }

  #label(outer: number, from: number, first: number): void {
    const reader = this.#reader;
    const end = reader.length(outer);
    checkWriteLimit(this.#limits, "maxLabelBytes", end - reader.at);
    reader.at = end;
    const ranges = this.#ranges;
    const last = ranges.length - 1;
    if (last > first && ranges[last] === from) ranges[last] = end;
    else ranges.push(from, end);
  }

  #sample(outer: number, series: number): void {
    const reader = this.#reader;
    const end = reader.length(outer);
    let low = 0;
    let high = 0;
    let timestampMs = 0;
    const { bytes, view, at } = reader;
    if (at + 10 < end && bytes[at] === 0x09 && bytes[at + 9] === 0x10) {
      low = view.getUint32(at + 1, true);
      high = view.getUint32(at + 5, true);
      reader.at = at + 10;
      timestampMs = reader.int(end);
    }
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

/** Labels as they lie in the request. The identity is their fields, with tags and lengths. */
class RawLabels implements LabelSource {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #ranges: readonly number[];
  readonly #first: readonly number[];

  constructor({ bytes, view }: WireReader, ranges: readonly number[], first: readonly number[]) {
    this.#bytes = bytes;
    this.#view = view;
    this.#ranges = ranges;
    this.#first = first;
  }

  hash(series: number): number {
    hash.start();
    for (let i = this.#first[series]!; i < this.#first[series + 1]!; i += 2) {
      hash.bytes(this.#bytes, this.#ranges[i]!, this.#ranges[i + 1]!);
    }
    return hash.value;
  }

  same(series: number, bytes: DataView, from: number, to: number): boolean {
    let at = from;
    for (let i = this.#first[series]!; i < this.#first[series + 1]!; i += 2) {
      const start = this.#ranges[i]!;
      const length = this.#ranges[i + 1]! - start;
      if (at + length > to || !sameBytes(bytes, at, this.#view, start, length)) return false;
      at += length;
    }
    return at === to;
  }

  identity(series: number): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let i = this.#first[series]!; i < this.#first[series + 1]!; i += 2) {
      parts.push(this.#bytes.subarray(this.#ranges[i], this.#ranges[i + 1]));
    }
    return joined(parts);
  }

  labels(series: number): Labels {
    const reader = new WireReader(this.#bytes);
    const pairs: [string, string][] = [];
    for (let i = this.#first[series]!; i < this.#first[series + 1]!; i += 2) {
      const end = this.#ranges[i + 1]!;
      reader.at = this.#ranges[i]!;
      while (reader.at < end) {
        reader.tag(end);
        pairs.push(readPair(reader, reader.length(end)));
      }
    }
    return Labels.from(pairs);
  }
}

const hash = new RunningHash();
