// Remote write 2.0 (io.prometheus.write.v2.Request) into columns.
//
//   symbols    4   every text of the request once; the first is ""
//   timeseries 5 { labels_refs 1 (pairs of symbols)  samples 2  histograms 3  exemplars 4  metadata 5  created 6 }
//
// Symbols may stand after the series that name them, so references are resolved at the end. The time since when a
// counter counts stood in the series (field 6) in the first drafts and stands in samples and histograms now: both are
// read, and what a sample says itself wins.
//
// Metadata is said for each series; it becomes that of the family: `lag_bucket` of a histogram describes `lag`.
//
// Source: https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/

import { FlxError } from "../errors.ts";
import { Labels } from "../labels.ts";
import type { UnixMs } from "../units.ts";
import { RunningHash } from "../wire/running-hash.ts";
import { sameBytes } from "../wire/same-bytes.ts";
import { malformed, textOf, WireReader } from "../wire/wire-reader.ts";
import {
  checkWriteLimit,
  DEFAULT_REMOTE_WRITE_LIMITS,
  type LabelSource,
  METADATA_TYPES,
  RemoteWriteBatch,
  type RemoteWriteLimits,
  joined,
} from "./batch.ts";
import { describedFamily } from "./family-names.ts";
import { readWrittenHistogram } from "./read-histogram.ts";

/**
 * The columns of a 2.0 Request, after decompression.
 *
 * @throws {FlxError} `FLX_WIRE_MALFORMED`, `FLX_REMOTE_WRITE_LIMIT`
 */
export function readWriteRequestV2(
  bytes: Uint8Array,
  limits: Partial<RemoteWriteLimits> = {},
): RemoteWriteBatch {
  return new RequestReader(bytes, { ...DEFAULT_REMOTE_WRITE_LIMITS, ...limits }).read();
}

interface PendingExemplar {
  readonly series: number;
  readonly refs: readonly number[];
  readonly value: number;
  readonly timestampMs: number;
}

interface PendingMetadata {
  readonly series: number;
  readonly type: number;
  readonly helpRef: number;
  readonly unitRef: number;
}

class RequestReader {
  readonly #reader: WireReader;
  readonly #limits: RemoteWriteLimits;
  readonly #batch: RemoteWriteBatch;
  readonly #symbols: string[] = [];
  /** Start and end of each symbol. */
  readonly #symbolRanges: number[] = [];
  readonly #refs: number[] = [];
  readonly #firstRef: number[] = [];
  readonly #exemplars: PendingExemplar[] = [];
  readonly #metadata: PendingMetadata[] = [];

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
      if (tag === 0x22) this.#symbol(end);
      else if (tag === 0x2a) this.#series(end);
      else reader.skip(tag, end, 0);
    }
    this.#firstRef.push(this.#refs.length);
    this.#resolve();
    return this.#batch;
  }

  #symbol(end: number): void {
    const reader = this.#reader;
    const stop = reader.length(end);
    checkWriteLimit(this.#limits, "maxLabelBytes", stop - reader.at);
    this.#symbols.push(textOf(reader.bytes, reader.at, stop));
    this.#symbolRanges.push(reader.at, stop);
    reader.at = stop;
    checkWriteLimit(this.#limits, "maxSymbols", this.#symbols.length);
  }

  #series(outer: number): void {
    const reader = this.#reader;
    const batch = this.#batch;
    const end = reader.length(outer);
    const first = this.#refs.length;
    const series = batch.series++;
    checkWriteLimit(this.#limits, "maxSeries", batch.series);
    this.#firstRef.push(first);
    const firstSample = batch.samples;
    const firstHistogram = batch.histograms.length;
    let createdMs = 0;
    while (reader.at < end) {
      const tag = reader.tag(end);
      switch (tag) {
        case 0x08:
          this.#refs.push(reader.uint32(end));
          break;
        case 0x0a:
          readRefs(reader, end, this.#refs);
          break;
        case 0x12:
          this.#sample(end, series);
          break;
        case 0x1a:
          batch.histograms.push({ series, ...readWrittenHistogram(reader, end, 2, this.#limits) });
          this.#count();
          break;
        case 0x22:
          this.#exemplar(end, series);
          break;
        case 0x2a:
          this.#seriesMetadata(end, series);
          break;
        case 0x30:
          createdMs = reader.int(end);
          break;
        default:
          reader.skip(tag, end, 1);
      }
    }
    const refs = this.#refs.length - first;
    if (refs % 2 !== 0) malformed("a label name without a value");
    checkWriteLimit(this.#limits, "maxLabels", refs / 2);
    if (createdMs !== 0) this.#startAll(firstSample, firstHistogram, createdMs);
  }

  /** What a series says of all its samples, for those that say nothing themselves. */
  #startAll(firstSample: number, firstHistogram: number, startMs: number): void {
    const batch = this.#batch;
    for (let i = firstSample; i < batch.samples; i++) {
      if ((batch.startsMs?.[i] ?? 0) === 0) batch.setStart(i, startMs);
    }
    const { histograms } = batch;
    for (let i = firstHistogram; i < histograms.length; i++) {
      if (histograms[i]!.startMs === 0) histograms[i] = { ...histograms[i]!, startMs };
    }
  }

  #count(): void {
    const { samples, histograms } = this.#batch;
    const count = samples + histograms.length + this.#exemplars.length;
    checkWriteLimit(this.#limits, "maxSamples", count);
  }

  #sample(outer: number, series: number): void {
    const reader = this.#reader;
    const end = reader.length(outer);
    let low = 0;
    let high = 0;
    let timestampMs = 0;
    let startMs = 0;
    while (reader.at < end) {
      const tag = reader.tag(end);
      if (tag === 0x09) {
        reader.fixed(end);
        low = reader.low;
        high = reader.high;
      } else if (tag === 0x10) timestampMs = reader.int(end);
      else if (tag === 0x18) startMs = reader.int(end);
      else reader.skip(tag, end, 2);
    }
    const batch = this.#batch;
    batch.addSample(series, timestampMs, low, high);
    if (startMs !== 0) batch.setStart(batch.samples - 1, startMs);
    this.#count();
  }

  #exemplar(outer: number, series: number): void {
    const reader = this.#reader;
    const end = reader.length(outer);
    const refs: number[] = [];
    let value = 0;
    let timestampMs = 0;
    while (reader.at < end) {
      const tag = reader.tag(end);
      if (tag === 0x08) refs.push(reader.uint32(end));
      else if (tag === 0x0a) readRefs(reader, end, refs);
      else if (tag === 0x11) value = reader.double(end);
      else if (tag === 0x18) timestampMs = reader.int(end);
      else reader.skip(tag, end, 2);
    }
    if (refs.length % 2 !== 0) malformed("a label name without a value");
    checkWriteLimit(this.#limits, "maxLabels", refs.length / 2);
    this.#exemplars.push({ series, refs, value, timestampMs });
    this.#count();
  }

  #seriesMetadata(outer: number, series: number): void {
    const reader = this.#reader;
    const end = reader.length(outer);
    let type = 0;
    let helpRef = 0;
    let unitRef = 0;
    while (reader.at < end) {
      const tag = reader.tag(end);
      if (tag === 0x08) type = reader.uint32(end);
      else if (tag === 0x18) helpRef = reader.uint32(end);
      else if (tag === 0x20) unitRef = reader.uint32(end);
      else reader.skip(tag, end, 2);
    }
    this.#metadata.push({ series, type, helpRef, unitRef });
  }

  #resolve(): void {
    const symbols = this.#symbols;
    for (const ref of this.#refs) if (ref >= symbols.length) malformed(`there is no symbol ${ref}`);
    const source = new SymbolLabels({
      reader: this.#reader,
      symbols,
      symbolRanges: this.#symbolRanges,
      refs: this.#refs,
      first: this.#firstRef,
    });
    this.#batch.labelSource = source;
    for (const { series, refs, value, timestampMs } of this.#exemplars) {
      const labels = Labels.from(pairsOf(symbols, refs, 0, refs.length));
      const at = timestampMs as UnixMs;
      this.#batch.exemplars.push({ series, exemplar: { labels, value, timestampMs: at } });
    }
    this.#describe(source);
  }

  /** Metadata is of a family; 2.0 says it for every series again. */
  #describe(source: SymbolLabels): void {
    const seen = new Set<string>();
    const symbols = this.#symbols;
    for (const { series, type: typeNumber, helpRef, unitRef } of this.#metadata) {
      const help = symbols[helpRef] ?? malformed(`there is no symbol ${helpRef}`);
      const unit = symbols[unitRef] ?? malformed(`there is no symbol ${unitRef}`);
      const metric = source.value(series, "__name__");
      if (metric === undefined || (typeNumber === 0 && help === "" && unit === "")) continue;
      const type = METADATA_TYPES[typeNumber] ?? "unknown";
      const name = describedFamily(metric, type);
      if (seen.has(name)) continue;
      seen.add(name);
      this.#batch.metadata.push({ name, type, help, unit });
    }
  }
}

function readRefs(reader: WireReader, outer: number, into: number[]): void {
  const end = reader.length(outer);
  while (reader.at < end) into.push(reader.uint32(end));
}

function pairsOf(
  symbols: readonly string[],
  refs: readonly number[],
  from: number,
  to: number,
): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = from; i < to; i += 2) {
    const name = symbols[refs[i]!];
    const value = symbols[refs[i + 1]!];
    if (name === undefined || value === undefined) {
      throw new FlxError("FLX_WIRE_MALFORMED", `there is no symbol ${refs[i]} or ${refs[i + 1]}`);
    }
    pairs.push([name, value]);
  }
  return pairs;
}

interface SymbolParts {
  readonly reader: WireReader;
  readonly symbols: readonly string[];
  readonly symbolRanges: readonly number[];
  readonly refs: readonly number[];
  readonly first: readonly number[];
}

/** Labels as symbols. The identity is each symbol behind its length in four bytes. */
class SymbolLabels implements LabelSource {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #symbols: readonly string[];
  readonly #symbolRanges: readonly number[];
  readonly #refs: readonly number[];
  readonly #first: readonly number[];
  /** Of each symbol, once it was asked for; 0: not yet. */
  readonly #hashes: Int32Array;

  constructor({ reader, symbols, symbolRanges, refs, first }: SymbolParts) {
    this.#bytes = reader.bytes;
    this.#view = reader.view;
    this.#symbols = symbols;
    this.#symbolRanges = symbolRanges;
    this.#refs = refs;
    this.#first = first;
    this.#hashes = new Int32Array(symbols.length);
  }

  hash(series: number): number {
    seriesHash.value = 0;
    for (let i = this.#first[series]!; i < this.#first[series + 1]!; i++) {
      seriesHash.word(this.#hashOf(this.#refs[i]!));
    }
    return seriesHash.value;
  }

  #hashOf(symbol: number): number {
    const known = this.#hashes[symbol]!;
    if (known !== 0) return known;
    symbolHash.start();
    symbolHash.bytes(
      this.#bytes,
      this.#symbolRanges[2 * symbol]!,
      this.#symbolRanges[2 * symbol + 1]!,
    );
    this.#hashes[symbol] = symbolHash.value;
    return symbolHash.value;
  }

  same(series: number, bytes: DataView, from: number, to: number): boolean {
    let at = from;
    for (let i = this.#first[series]!; i < this.#first[series + 1]!; i++) {
      const symbol = this.#refs[i]!;
      const start = this.#symbolRanges[2 * symbol]!;
      const length = this.#symbolRanges[2 * symbol + 1]! - start;
      if (at + 4 + length > to || bytes.getInt32(at, true) !== length) return false;
      if (!sameBytes(bytes, at + 4, this.#view, start, length)) return false;
      at += 4 + length;
    }
    return at === to;
  }

  identity(series: number): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let i = this.#first[series]!; i < this.#first[series + 1]!; i++) {
      const symbol = this.#refs[i]!;
      const text = this.#bytes.subarray(
        this.#symbolRanges[2 * symbol],
        this.#symbolRanges[2 * symbol + 1],
      );
      const { length } = text;
      parts.push(Uint8Array.of(length, length >>> 8, length >>> 16, length >>> 24), text);
    }
    return joined(parts);
  }

  labels(series: number): Labels {
    return Labels.from(
      pairsOf(this.#symbols, this.#refs, this.#first[series]!, this.#first[series + 1]!),
    );
  }

  /** The value of a label, the last one if it is given twice. */
  value(series: number, name: string): string | undefined {
    let value: string | undefined;
    for (let i = this.#first[series]!; i < this.#first[series + 1]!; i += 2) {
      if (this.#symbols[this.#refs[i]!] === name) value = this.#symbols[this.#refs[i + 1]!];
    }
    return value;
  }
}

const symbolHash = new RunningHash();
const seriesHash = new RunningHash();
