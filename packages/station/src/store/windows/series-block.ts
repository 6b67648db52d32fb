// The samples of one series of a closed window, in bytes that compress well.
//
//   count
//   times       first, then the differences of differences          the series of one scrape have the same: zstd sees them again
//   values      decimals: whole numbers divided by a power of ten, as differences, or as differences of them
//                         counters, sizes, seconds to the millisecond; exact, or it is not used
//               bits: those that changed, as in the head             everything else, any NaN with its bits
//   starts      since when it counts, where that changes
//   histograms  place, start, histogram
//   exemplars   labels, value, time
//   pieces      in rollups: samples kept and all samples of each, the sums of those that were thinned, and for each sample
//               what was lost to resets
//
// Not compressed here: window-file.ts puts many series into a block and compresses that.

import type { Exemplar, UnixMs } from "@flx/model";
import type { FloatHistogram, ThinnedColumns } from "@flx/promql";
import { ByteReader, type ByteWriter } from "../byte-writer.ts";
import { readLabels, writeLabels } from "../head/batch-record.ts";
import { ChunkDecoder, ChunkEncoder } from "../head/gorilla.ts";
import { readHistogram, writeHistogram } from "../head/histogram-codec.ts";
import { type Piece, type ThinnedSeries, weightsOf } from "./rollup.ts";
import type { WindowSeries } from "./window-store.ts";

/** Of the byte before the values: decimals, and whether the differences' differences follow; or bits. */
const STEADY = 64;
const BITS = 255;
const MAX_DECIMALS = 9;
/** Differences of differences are four times as large, and must be whole numbers still. */
const MAX_WHOLE = 2 ** 49;

const encoder = new ChunkEncoder();
const decoder = new ChunkDecoder();

/** Writes the samples of a series. */
export function writeSamples(out: ByteWriter, series: WindowSeries | ThinnedSeries): void {
  const { timestamps, values, histograms, startTimestamps } = series;
  const count = timestamps.length;
  out.uint(count);
  let time = 0;
  let delta = 0;
  for (let i = 0; i < count; i++) {
    const next = timestamps[i]!;
    const nextDelta = i === 0 ? next : next - time;
    out.int(i < 2 ? nextDelta : nextDelta - delta);
    time = next;
    delta = nextDelta;
  }
  writeValues(out, timestamps, values);
  writeStarts(out, startTimestamps);
  writeHistograms(out, histograms, startTimestamps);
  out.uint(series.exemplars.length);
  for (const { labels, value, timestampMs } of series.exemplars) {
    writeLabels(out, labels);
    out.double(value);
    out.int(timestampMs ?? 0);
  }
  if ("pieces" in series) writePieces(out, series);
}

function writePieces(out: ByteWriter, { pieces, lost, values }: ThinnedSeries): void {
  out.uint(pieces.length);
  for (const { kept, samples } of pieces) {
    out.uint(kept);
    out.uint(samples);
  }
  // The sum of numbers with two decimals has two decimals, whatever adding them up has made of it.
  const decimals = decimalsOf(values);
  const sums = pieces
    .filter(({ samples }) => samples > 0)
    .map(({ sum }) => atDecimals(sum, decimals));
  for (const column of [Float64Array.from(sums), lost.map((each) => atDecimals(each, decimals))]) {
    // No column of times is needed: places take their part.
    writeValues(out, column, column);
  }
}

function atDecimals(value: number, decimals: number | undefined): number {
  if (decimals === undefined) return value;
  const scaled = Math.round(value * 10 ** decimals);
  return Math.abs(scaled) < MAX_WHOLE ? scaled / 10 ** decimals : value;
}

function writeValues(out: ByteWriter, times: Float64Array, values: Float64Array): void {
  const decimals = decimalsOf(values);
  if (decimals !== undefined) {
    const scaled =
      decimals === 0 ? values : values.map((value) => Math.round(value * 10 ** decimals));
    const first = differences(scaled);
    const second = differences(first);
    // Counters at a steady rate have small second differences, everything else smaller first ones.
    const isSteady = size(second) < size(first);
    out.byte(decimals | (isSteady ? STEADY : 0));
    for (const each of isSteady ? second : first) out.int(each);
    return;
  }
  out.byte(BITS);
  // Times cost a bit each when they are all one apart.
  const places = Float64Array.from(times, (_, i) => i);
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
  out.block(encoder.encode(places, words, 0, 0, values.length));
}

/** How many decimals all values have, when each is exactly a whole number divided by a power of ten. */
function decimalsOf(values: Float64Array): number | undefined {
  let decimals = 0;
  for (const value of values) {
    for (;;) {
      const scaled = Math.round(value * 10 ** decimals);
      const isExact = scaled / 10 ** decimals === value && Math.abs(scaled) < MAX_WHOLE;
      if (isExact && !Object.is(value, -0)) break;
      if (++decimals > MAX_DECIMALS || !Number.isFinite(value) || Object.is(value, -0))
        return undefined;
    }
  }
  // A later value may have taken the factor beyond what an earlier one bears.
  const factor = 10 ** decimals;
  const isExact = (value: number): boolean => {
    const scaled = Math.round(value * factor);
    return scaled / factor === value && Math.abs(scaled) < MAX_WHOLE;
  };
  return values.every(isExact) ? decimals : undefined;
}

function differences(values: Float64Array): Float64Array {
  return values.map((value, i) => (i === 0 ? value : value - values[i - 1]!));
}

/** How many bytes the numbers take, about. */
function size(numbers: Float64Array): number {
  let bits = 0;
  for (const each of numbers) bits += Math.log2(1 + Math.abs(each));
  return bits;
}

function writeStarts(out: ByteWriter, starts: Float64Array | undefined): void {
  const changes: number[] = [];
  let before = 0;
  for (const [i, start] of (starts ?? []).entries()) {
    if (start !== before) changes.push(i, start);
    before = start;
  }
  out.uint(changes.length);
  for (const each of changes) out.int(each);
}

function writeHistograms(
  out: ByteWriter,
  histograms: WindowSeries["histograms"],
  starts: Float64Array | undefined,
): void {
  const places: number[] = [];
  for (const [i, each] of (histograms ?? []).entries()) if (each !== undefined) places.push(i);
  out.uint(places.length);
  let before = 0;
  for (const place of places) {
    out.uint(place - before);
    before = place;
    out.int(starts?.[place] ?? 0);
    writeHistogram(out, histograms![place]!);
  }
}

/** A series' samples, as they were given; hints of histograms are given by whoever asks. */
export interface ReadSamples {
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  readonly histograms: (FloatHistogram | undefined)[] | undefined;
  readonly startTimestamps: Float64Array | undefined;
  readonly exemplars: readonly Exemplar[];
  readonly thinned: ThinnedColumns | undefined;
}

/** How many samples a series has, without reading them. */
export function countSamples(bytes: Buffer): number {
  return new ByteReader(bytes).uint();
}

/**
 * Reads the samples of a series.
 *
 * @throws {FlxError} `FLX_STORE_RECORD` when the bytes are none
 */
export function readSamples(bytes: Uint8Array): ReadSamples {
  const from = new ByteReader(bytes);
  const count = from.uint();
  // Each time takes a byte at least: a count that lies asks for no memory.
  const timestamps = new Float64Array(Math.min(count, bytes.length));
  let time = 0;
  let delta = 0;
  for (let i = 0; i < count; i++) {
    delta = i < 2 ? from.int() : delta + from.int();
    time += delta;
    timestamps[i] = time;
  }
  const values = readValues(from, count);
  const startTimestamps = readStarts(from, count);
  let histograms: (FloatHistogram | undefined)[] | undefined;
  let place = 0;
  for (let left = from.uint(); left > 0; left--) {
    place += from.uint();
    from.int();
    histograms ??= Array.from<FloatHistogram | undefined>({ length: count });
    histograms[place] = readHistogram(from);
  }
  const exemplars: Exemplar[] = [];
  for (let left = from.uint(); left > 0; left--) {
    const labels = readLabels(from);
    const value = from.double();
    exemplars.push({ labels, value, timestampMs: from.int() as UnixMs });
  }
  if (from.isAtEnd) {
    return { timestamps, values, histograms, startTimestamps, exemplars, thinned: undefined };
  }
  const pieces = readPieces(from);
  const thinned = { weights: weightsOf(values, pieces), lost: readValues(from, count) };
  return { timestamps, values, histograms, startTimestamps, exemplars, thinned };
}

function readPieces(from: ByteReader): Piece[] {
  const counts: [kept: number, samples: number][] = [];
  for (let left = from.uint(); left > 0; left--) counts.push([from.uint(), from.uint()]);
  const sums = readValues(from, counts.filter(([, samples]) => samples > 0).length);
  let next = 0;
  return counts.map(([kept, samples]) => ({
    kept,
    samples,
    sum: samples > 0 ? sums[next++]! : 0,
  }));
}

function readValues(from: ByteReader, count: number): Float64Array {
  const values = new Float64Array(count);
  const mode = from.byte();
  if (mode === BITS) {
    const block = from.block();
    if (count > 0) {
      decoder.decode(block, 0, count, new Float64Array(count), new Uint32Array(values.buffer), 0);
    }
    return values;
  }
  const isSteady = (mode & STEADY) !== 0;
  const factor = 10 ** (mode & ~STEADY);
  let value = 0;
  let step = 0;
  for (let i = 0; i < count; i++) {
    step = isSteady ? step + from.int() : from.int();
    value += step;
    values[i] = value / factor;
  }
  return values;
}

function readStarts(from: ByteReader, count: number): Float64Array | undefined {
  const length = from.uint();
  if (length === 0) return undefined;
  const starts = new Float64Array(count);
  for (let left = length; left > 0; left -= 2) {
    const place = from.int();
    starts.fill(from.int(), place);
  }
  return starts;
}
