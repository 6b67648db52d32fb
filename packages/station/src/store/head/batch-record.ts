// A batch in the log.
//
//   series      count, then (number, source, labels)         those that the log has not named since its last snapshot
//   floats      count, then columns: number, time, value, and since when it counts when any says so
//               numbers as differences; times as differences from the one before; values as their 8 bytes
//   histograms  count, then (number, time, start, histogram)
//   exemplars   count, then (number, labels, value, time)
//   metadata    count, then (family, type, help, unit)
//
// About ten bytes a sample. What is in the log was checked except for duplicates, and is applied in the order of the log,
// before and after a restart: so the same samples are kept both times.

import {
  type Exemplar,
  FlxError,
  Labels,
  type MetricType,
  type UnixMs,
  type WrittenMetadata,
} from "@flx/model";
import { ByteReader, ByteWriter } from "../byte-writer.ts";
import type { SampleBatch } from "../metric-sink.ts";
import { readHistogram, writeHistogram } from "./histogram-codec.ts";
import type { EncodedHistogram, HeadSeries } from "./head-series.ts";

/** Which samples of a batch go into the log: indexes of its columns. */
export interface Chosen {
  readonly floats: readonly number[] | "all";
  readonly histograms: readonly number[] | "all";
}

/** Writes batches; one instance for all, since each is copied by the log. */
export class BatchWriter {
  readonly #out = new ByteWriter(64 * 1024);

  /** A view, good until the next call. */
  write(batch: SampleBatch, chosen: Chosen, named: readonly HeadSeries[]): Uint8Array {
    const out = this.#out;
    out.clear();
    out.uint(named.length);
    for (const { ref, labels, source } of named) {
      out.uint(ref);
      out.text(source.name);
      writeLabels(out, labels);
    }
    this.#floats(batch, chosen.floats);
    const histograms = pick(batch.histograms, chosen.histograms);
    out.uint(histograms.length);
    for (const { ref, timestampMs, startMs, histogram } of histograms) {
      out.uint(ref);
      out.int(timestampMs);
      out.int(startMs);
      writeHistogram(out, histogram);
    }
    out.uint(batch.exemplars.length);
    for (const { ref, exemplar } of batch.exemplars) writeExemplar(out, ref, exemplar);
    out.uint(batch.metadata.length);
    for (const each of batch.metadata) writeMetadata(out, each);
    return out.written;
  }

  #floats(batch: SampleBatch, floats: Chosen["floats"]): void {
    const out = this.#out;
    const { refs, timestampsMs, startsMs, words } = batch;
    const count = floats === "all" ? batch.count : floats.length;
    const at = floats === "all" ? (i: number) => i : (i: number) => floats[i]!;
    out.uint(count);
    let before = 0;
    let hasStarts = false;
    for (let i = 0; i < count; i++) {
      const ref = refs[at(i)]!;
      out.int(ref - before);
      before = ref;
      if (startsMs[at(i)] !== 0) hasStarts = true;
    }
    before = 0;
    for (let i = 0; i < count; i++) {
      const time = timestampsMs[at(i)]!;
      out.int(time - before);
      before = time;
    }
    if (floats === "all") {
      out.bytes(new Uint8Array(words.buffer, words.byteOffset, count * 8));
    } else {
      for (const i of floats) out.words(words[2 * i]!, words[2 * i + 1]!);
    }
    out.byte(hasStarts ? 1 : 0);
    if (!hasStarts) return;
    before = 0;
    for (let i = 0; i < count; i++) {
      const start = startsMs[at(i)]!;
      out.int(start - before);
      before = start;
    }
  }
}

function pick<T>(items: readonly T[], chosen: readonly number[] | "all"): readonly T[] {
  return chosen === "all" ? items : chosen.map((i) => items[i]!);
}

/** Whoever takes what a record says. */
export interface BatchTarget {
  series(ref: number, source: string, labels: Labels): void;
  float(ref: number, timeMs: number, low: number, high: number, startMs: number): void;
  histogram(ref: number, encoded: EncodedHistogram): void;
  exemplar(ref: number, exemplar: Exemplar): void;
  metadata(written: WrittenMetadata): void;
}

/**
 * Reads a batch, in its order.
 *
 * @throws {FlxError} `FLX_STORE_RECORD` when the bytes are none
 */
export function readBatch(payload: Uint8Array, target: BatchTarget): void {
  const from = new ByteReader(payload);
  for (let left = from.uint(); left > 0; left--) {
    const ref = from.uint();
    const source = from.text();
    target.series(ref, source, readLabels(from));
  }
  readFloats(from, target);
  for (let left = from.uint(); left > 0; left--) {
    const ref = from.uint();
    const timeMs = from.int();
    const startMs = from.int();
    const bytes = encodedHistogram(from);
    target.histogram(ref, { timeMs, startMs, bytes });
  }
  for (let left = from.uint(); left > 0; left--) {
    const { ref, exemplar } = readExemplar(from);
    target.exemplar(ref, exemplar);
  }
  for (let left = from.uint(); left > 0; left--) target.metadata(readMetadata(from));
}

/** The columns of the batch that is being read. */
let refs = new Float64Array(0);
let times = new Float64Array(0);
let starts = new Float64Array(0);
let words = new Uint32Array(0);

function readFloats(from: ByteReader, target: BatchTarget): void {
  const count = from.uint();
  if (count > refs.length) reserve(from, count);
  from.sums(refs, count);
  from.sums(times, count);
  // Aligned anew: a payload begins anywhere.
  new Uint8Array(words.buffer).set(from.bytes(count * 8));
  if (from.byte() === 1) from.sums(starts, count);
  else starts.fill(0, 0, count);
  for (let i = 0; i < count; i++) {
    target.float(refs[i]!, times[i]!, words[2 * i]!, words[2 * i + 1]!, starts[i]!);
  }
}

function reserve(from: ByteReader, count: number): void {
  // A count that lies asks for no more memory than the record has bytes.
  if (count > from.left) throw new FlxError("FLX_STORE_RECORD", "a record ends too early");
  const size = Math.max(count, 2 * refs.length);
  refs = new Float64Array(size);
  times = new Float64Array(size);
  starts = new Float64Array(size);
  words = new Uint32Array(2 * size);
}

const histogramOut = new ByteWriter();

/** A histogram as the head keeps it. */
export function encodeHistogram(histogram: Parameters<typeof writeHistogram>[1]): Uint8Array {
  histogramOut.clear();
  writeHistogram(histogramOut, histogram);
  return Uint8Array.from(histogramOut.written);
}

function encodedHistogram(from: ByteReader): Uint8Array {
  return encodeHistogram(readHistogram(from));
}

/** Writes a label set. */
export function writeLabels(out: ByteWriter, labels: Labels): void {
  out.uint(labels.size);
  for (const [name, value] of labels) {
    out.text(name);
    out.text(value);
  }
}

/** Reads a label set. */
export function readLabels(from: ByteReader): Labels {
  const pairs: string[] = [];
  for (let left = from.uint(); left > 0; left--) pairs.push(from.text(), from.text());
  return Labels.fromSortedPairs(pairs);
}

/** Writes an exemplar of a series. */
export function writeExemplar(out: ByteWriter, ref: number, exemplar: Exemplar): void {
  out.uint(ref);
  writeLabels(out, exemplar.labels);
  out.double(exemplar.value);
  out.int(exemplar.timestampMs ?? 0);
}

/** Reads an exemplar. */
export function readExemplar(from: ByteReader): { ref: number; exemplar: Exemplar } {
  const ref = from.uint();
  const labels = readLabels(from);
  const value = from.double();
  return { ref, exemplar: { labels, value, timestampMs: from.int() as UnixMs } };
}

/** Writes what is known of a family. */
export function writeMetadata(out: ByteWriter, { name, type, help, unit }: WrittenMetadata): void {
  for (const text of [name, type, help, unit]) out.text(text);
}

/** Reads what is known of a family. */
export function readMetadata(from: ByteReader): WrittenMetadata {
  const name = from.text();
  const type = from.text() as MetricType;
  return { name, type, help: from.text(), unit: from.text() };
}
