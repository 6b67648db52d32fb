// The head: the newest samples of all series, in memory, found by their labels.
//
//   ref(labels) ─► registry: label set -> series -> number          limits: all series, series of a source, label sizes
//   check(batch) ─► which samples may go into the log                too old, too far ahead, no such series
//   apply(...)   ─► samples into series, after the log has them      duplicates are found here
//   find / read  ─► series by matchers, samples by time
//   forget(end)  ─► the window before is closed: its samples go, and the series that have no others
//
// What time it is: a sample is too old when it is older than `lateMs` before the newest one, or before the clock, whichever
// is earlier: so a sender whose clock is ahead makes nobody else's samples old, and neither does our own clock jumping.
//
// A number is given to another series only long after its series is gone, and `generation` tells that some are.

import { type Exemplar, FlxError, type Labels, type WrittenMetadata } from "@flx/model";
import { type FloatHistogram, hintWhenRead, type Matcher, type SeriesData } from "@flx/promql";
import { ByteReader } from "../byte-writer.ts";
import type { Rejection, RejectionKind, SampleBatch } from "../metric-sink.ts";
import type { FamilyMetadata, StoreStatistics } from "../metrics-source.ts";
import type { WindowSeries } from "../windows/window-store.ts";
import { type Chosen, encodeHistogram } from "./batch-record.ts";
import { ExemplarRing } from "./exemplar-ring.ts";
import { FamilyTable } from "./family-table.ts";
import { HeadMemory } from "./head-memory.ts";
import {
  type Applied,
  type EncodedHistogram,
  HeadSeries,
  type SourceCount,
} from "./head-series.ts";
import { readHistogram } from "./histogram-codec.ts";
import { SampleColumns } from "./sample-columns.ts";
import { SeriesIndex } from "./series-index.ts";

/** What the head takes. */
export interface HeadLimits {
  readonly maxSeries: number;
  readonly maxSeriesPerSource: number;
  readonly maxLabels: number;
  readonly maxNameLength: number;
  readonly maxValueLength: number;
  /** How much older than the newest sample one may be, ms. */
  readonly lateMs: number;
  /** How far ahead of the clock a sample may be, ms. */
  readonly aheadMs: number;
  readonly maxExemplars: number;
  /** Memory of samples and series, about. New series are refused above it. */
  readonly maxBytes: number;
  /** Sources that begin like this bring new series also when the head is full: the store's own owner. "" for none. */
  readonly ownSources: string;
}

/** The limits without a configuration. */
export const DEFAULT_HEAD_LIMITS: HeadLimits = {
  maxSeries: 1_000_000,
  maxSeriesPerSource: 200_000,
  maxLabels: 128,
  maxNameLength: 1_024,
  maxValueLength: 16_384,
  lateMs: 60 * 60 * 1000,
  aheadMs: 10 * 60 * 1000,
  maxExemplars: 100_000,
  maxBytes: 512 * 1024 * 1024,
  ownSources: "",
};

/**
 * So long a sender whose series have no room is told to come again. Longer, and one new series keeps the samples of all
 * the others away from a sender that sends in order: shorter than the five minutes that queries look back.
 */
const PATIENCE_MS = 2 * 60_000;
/** So long after a series was refused for good the store says so. */
const TOLD_MS = 60_000;

/** Reasons that are told in full; the others only in number. */
const MAX_TOLD = 10;

/** An estimate of a series without its labels: the object, its places in maps and lists. */
const SERIES_BYTES = 500;

/** The newest samples. */
export class Head {
  limits: HeadLimits;
  readonly memory: HeadMemory = new HeadMemory();
  readonly families: FamilyTable = new FamilyTable();
  readonly exemplars: ExemplarRing;
  readonly #now: () => number;
  readonly #series: (HeadSeries | undefined)[] = [];
  readonly #byKey = new Map<string, HeadSeries>();
  readonly #index = new SeriesIndex<HeadSeries>(this.#series);
  readonly #sources = new Map<string, SourceCount>();
  generation = 1;
  /** Everything before is closed, or being closed: `check` lets nothing older through. */
  closingMs: number = -Infinity;
  /** Everything before is closed, and not kept here any more. */
  floorMs: number = -Infinity;
  #newestMs = -Infinity;
  #oldestMs = Infinity;
  /** Since when no new series had room, when one was refused last, and with what. */
  #full: { readonly sinceMs: number; readonly atMs: number; readonly error: FlxError } | undefined;

  /** @param now Unix milliseconds */
  constructor(limits: HeadLimits, now: () => number) {
    this.limits = limits;
    this.#now = now;
    this.exemplars = new ExemplarRing(limits.maxExemplars);
  }

  /** How many series there are. */
  get size(): number {
    return this.#byKey.size;
  }

  /** The newest sample's time, but no later than the clock allows. */
  get newestMs(): number {
    return Math.min(this.#newestMs, this.#now() + this.limits.aheadMs);
  }

  /** Samples before are too old now. */
  get oldestTakenMs(): number {
    const newest = this.#newestMs === -Infinity ? this.#now() : this.newestMs;
    return Math.max(
      this.closingMs,
      this.floorMs,
      Math.min(newest, this.#now()) - this.limits.lateMs,
    );
  }

  /**
   * The number of a series; it is made when it is not there.
   *
   * @throws {FlxError} `FLX_STORE_SERIES_LIMIT` when there is no room now, `FLX_STORE_FULL` when there has been none for
   *   long, `FLX_STORE_SOURCE_LIMIT`, `FLX_STORE_LABEL_LIMIT`; while a source is over its limit the same error is thrown
   *   again and again, so that refusing costs little
   */
  ref(labels: Labels, source: string): number {
    const known = this.#byKey.get(labels.key);
    if (known !== undefined) return known.ref;
    const from = this.#sourceOf(source);
    this.#refuseMore(from);
    this.#checkLabels(labels);
    return this.#create(this.#series.length, labels, from).ref;
  }

  /** The series of a number. */
  get(ref: number): HeadSeries | undefined {
    return this.#series[ref];
  }

  /** Puts back a series that the log or a snapshot names; it has the number it had. */
  restore(ref: number, labels: Labels, source: string): HeadSeries {
    const there = this.#series[ref];
    const known = there?.labels.key === labels.key ? there : undefined;
    const series = known ?? this.#create(ref, labels, this.#sourceOf(source));
    series.loggedAt = 0;
    return series;
  }

  #create(ref: number, labels: Labels, source: SourceCount): HeadSeries {
    const series = new HeadSeries(ref, labels, source);
    while (this.#series.length < ref) this.#series.push(undefined);
    this.#series[ref] = series;
    this.#byKey.set(labels.key, series);
    this.#index.add(series);
    source.series++;
    this.memory.objectBytes += SERIES_BYTES + 3 * labels.key.length;
    return series;
  }

  #sourceOf(name: string): SourceCount {
    let source = this.#sources.get(name);
    if (source === undefined) {
      source = { name, series: 0 };
      // Names come from outside: what has no series is worth nothing.
      if (this.#sources.size > 100_000) {
        for (const [each, { series }] of this.#sources)
          if (series === 0) this.#sources.delete(each);
      }
      this.#sources.set(name, source);
    }
    return source;
  }

  #refuseMore(source: SourceCount): void {
    const { maxSeries, maxSeriesPerSource, maxBytes, ownSources } = this.limits;
    if (source.series >= maxSeriesPerSource) {
      source.refusal ??= new FlxError(
        "FLX_STORE_SOURCE_LIMIT",
        `${source.name} has brought ${source.series} series, its limit`,
      );
      throw source.refusal;
    }
    if (ownSources !== "" && source.name.startsWith(ownSources)) return;
    const full = this.#full;
    const now = this.#now();
    if (full !== undefined && Math.abs(now - full.atMs) < 1_000) throw full.error;
    const { sinceMs = now } = full ?? {};
    const reason =
      this.size >= maxSeries
        ? `there are ${this.size} series, as many as are taken`
        : this.size % 64 === 0 && this.memory.bytes > maxBytes
          ? `the head has reached its ${maxBytes} bytes`
          : undefined;
    if (reason === undefined) {
      this.#full = undefined;
      return;
    }
    const error =
      Math.abs(now - sinceMs) < PATIENCE_MS
        ? new FlxError("FLX_STORE_SERIES_LIMIT", `no new series: ${reason}`)
        : new FlxError(
            "FLX_STORE_FULL",
            `no new series since ${new Date(sinceMs).toISOString()}: ${reason}`,
          );
    this.#full = { sinceMs, atMs: now, error };
    throw error;
  }

  /** Why new series are refused for good; undefined when none was of late. */
  get refusal(): string | undefined {
    const { atMs = -Infinity, error } = this.#full ?? {};
    const isOfLate = Math.abs(this.#now() - atMs) < TOLD_MS;
    return isOfLate && error?.code === "FLX_STORE_FULL" ? error.message : undefined;
  }

  #checkLabels(labels: Labels): void {
    const { maxLabels, maxNameLength, maxValueLength } = this.limits;
    const f = (message: string): never => {
      throw new FlxError("FLX_STORE_LABEL_LIMIT", message);
    };
    if (labels.size > maxLabels) f(`a series with ${labels.size} labels; at most ${maxLabels}`);
    for (const [name, value] of labels) {
      if (name.length > maxNameLength) {
        f(`a label name of ${name.length} characters; at most ${maxNameLength}`);
      }
      if (value.length > maxValueLength) {
        f(
          `a value of ${name.slice(0, 100)} with ${value.length} characters; at most ${maxValueLength}`,
        );
      }
    }
  }

  /** What of a batch may go into the log; the rest with its reasons. */
  check(batch: SampleBatch): { readonly chosen: Chosen; readonly rejected: Rejection[] } {
    const rejected: Rejection[] = [];
    const oldest = this.oldestTakenMs;
    const latest = Math.max(this.#now(), this.newestMs) + this.limits.aheadMs;
    const { refs, timestampsMs, count } = batch;
    const isTaken = (ref: number, time: number): boolean =>
      time >= oldest && time <= latest && this.#series[ref] !== undefined;
    const floats = chosenOf(count, (i) => {
      const [ref, time] = [refs[i]!, timestampsMs[i]!];
      if (isTaken(ref, time)) return true;
      rejected.push(this.#rejection(i, ref, time, oldest, rejected.length));
      return false;
    });
    const histograms = chosenOf(batch.histograms.length, (i) => {
      const { ref, timestampMs: time } = batch.histograms[i]!;
      if (isTaken(ref, time)) return true;
      rejected.push(this.#rejection(count + i, ref, time, oldest, rejected.length));
      return false;
    });
    const chosen: Chosen = { floats, histograms };
    return { chosen, rejected };
  }

  #rejection(index: number, ref: number, time: number, oldest: number, told: number): Rejection {
    const series = this.#series[ref];
    const kind: RejectionKind =
      series === undefined || !Number.isFinite(time)
        ? "invalid"
        : time < oldest
          ? "too-old"
          : "too-far-ahead";
    if (told >= MAX_TOLD) return { index, kind, reason: kind };
    if (series === undefined) return { index, kind, reason: `no series has the number ${ref}` };
    const what =
      kind === "too-old" ? `is older than ${oldest} ms` : "is too far ahead of the clock";
    return { index, kind, reason: `${shortName(series)}: the sample at ${time} ms ${what}` };
  }

  /** Samples from one time to another have come in. */
  noteTimes(firstMs: number, lastMs: number): void {
    if (lastMs > this.#newestMs) this.#newestMs = lastMs;
    if (firstMs < this.#oldestMs) this.#oldestMs = firstMs;
  }

  /** Takes a float that the log has. */
  applyFloat(ref: number, time: number, low: number, high: number, startMs: number): Applied {
    const series = this.#series[ref];
    if (series === undefined || time < this.floorMs) return "same";
    this.noteTimes(time, time);
    return series.append(this.memory, time, low, high, startMs);
  }

  /** Takes a histogram that the log has. */
  applyHistogram(ref: number, encoded: EncodedHistogram): Applied {
    const series = this.#series[ref];
    if (series === undefined || encoded.timeMs < this.floorMs) return "same";
    this.noteTimes(encoded.timeMs, encoded.timeMs);
    return series.appendHistogram(this.memory, encoded);
  }

  /** Takes everything that was chosen of a batch; adds the duplicates to the rejected. */
  apply(batch: SampleBatch, chosen: Chosen, rejected: Rejection[]): void {
    const { refs, timestampsMs, startsMs, words } = batch;
    const float = (i: number): void => {
      const ref = refs[i]!;
      const time = timestampsMs[i]!;
      const applied = this.applyFloat(ref, time, words[2 * i]!, words[2 * i + 1]!, startsMs[i]!);
      if (applied === "duplicate") rejected.push(this.#duplicate(i, ref, time, rejected.length));
    };
    if (chosen.floats === "all") for (let i = 0; i < batch.count; i++) float(i);
    else for (const i of chosen.floats) float(i);
    const indexes = chosen.histograms === "all" ? batch.histograms.keys() : chosen.histograms;
    for (const i of indexes) {
      const { ref, timestampMs: timeMs, startMs, histogram } = batch.histograms[i]!;
      const encoded = { timeMs, startMs, bytes: encodeHistogram(histogram) };
      if (this.applyHistogram(ref, encoded) === "duplicate") {
        rejected.push(this.#duplicate(batch.count + i, ref, timeMs, rejected.length));
      }
    }
    for (const { ref, exemplar } of batch.exemplars) this.exemplars.add(ref, exemplar);
    for (const each of batch.metadata) this.families.add(each);
  }

  #duplicate(index: number, ref: number, time: number, told: number): Rejection {
    const kind = "duplicate";
    if (told >= MAX_TOLD) return { index, kind, reason: kind };
    const name = shortName(this.#series[ref]!);
    return { index, kind, reason: `${name}: another value is there at ${time} ms` };
  }

  /** Takes an exemplar that the log has. */
  applyExemplar(ref: number, exemplar: Exemplar): void {
    if (this.#series[ref] !== undefined) this.exemplars.add(ref, exemplar);
  }

  /** Takes metadata that the log has. */
  applyMetadata(written: WrittenMetadata): void {
    this.families.add(written);
  }

  /** The series that satisfy all matchers. */
  find(matchers: readonly Matcher[]): Iterable<HeadSeries> {
    return this.#index.find(matchers);
  }

  /** The same, with undefined where others should have a turn. */
  findByTurns(matchers: readonly Matcher[]): Iterable<HeadSeries | undefined> {
    return this.#index.findByTurns(matchers);
  }

  /** All series. */
  *all(): Generator<HeadSeries> {
    for (const series of this.#series) if (series !== undefined) yield series;
  }

  /** The samples of a series in a range, both ends included; undefined when there is none. */
  read(series: HeadSeries, startMs: number, endMs: number): SeriesData | undefined {
    const columns = new SampleColumns(32);
    series.gather(this.memory, startMs, endMs, columns);
    const encoded = series.histograms(startMs, endMs);
    if (columns.count === 0 && encoded.length === 0) return undefined;
    const { labels } = series;
    if (encoded.length === 0) {
      const timestamps = columns.times.subarray(0, columns.count);
      const values = columns.values.subarray(0, columns.count);
      const startTimestamps = series.starts(timestamps);
      return startTimestamps === undefined
        ? { labels, timestamps, values }
        : { labels, timestamps, values, startTimestamps };
    }
    return withHistograms(series, columns, encoded);
  }

  /** A window, as it is handed over when it is closed. */
  *window(startMs: number, endMs: number): Generator<WindowSeries> {
    const exemplars = new Map<number, Exemplar[]>();
    for (const { ref, exemplar } of this.exemplars.all()) {
      const time = exemplar.timestampMs ?? 0;
      if (time < startMs || time >= endMs) continue;
      const list = exemplars.get(ref);
      if (list === undefined) exemplars.set(ref, [exemplar]);
      else list.push(exemplar);
    }
    for (const series of this.all()) {
      const data = this.read(series, startMs, endMs - 1);
      if (data !== undefined) yield { ...data, exemplars: exemplars.get(series.ref) ?? [] };
    }
  }

  /** The time of the oldest sample; NaN when there is none. */
  get oldestMs(): number {
    return this.#oldestMs === Infinity ? Number.NaN : this.#oldestMs;
  }

  /** Forgets what is before the end of a closed window, a few series at a time. */
  async forget(endMs: number, pause: () => Promise<void>): Promise<void> {
    this.floorMs = Math.max(this.floorMs, endMs);
    let isAnyGone = false;
    this.#oldestMs = Infinity;
    for (let ref = 0; ref < this.#series.length; ref++) {
      if (ref % 2_000 === 1_999) await pause();
      const series = this.#series[ref];
      if (series === undefined) continue;
      series.forget(this.memory, endMs);
      this.#oldestMs = Math.min(this.#oldestMs, series.firstMs);
      if (!series.isEmpty || series.lastTimeMs >= endMs) continue;
      isAnyGone = true;
      this.#remove(series);
    }
    this.memory.freeUntil(endMs);
    if (!isAnyGone) return;
    this.exemplars.forget((ref) => this.#series[ref] === undefined);
    this.generation++;
  }

  #remove(series: HeadSeries): void {
    this.#index.remove(series);
    if (this.#byKey.get(series.labels.key) === series) this.#byKey.delete(series.labels.key);
    this.#series[series.ref] = undefined;
    series.source.series--;
    series.source.refusal = undefined;
    this.memory.objectBytes -= SERIES_BYTES + 3 * series.labels.key.length;
  }

  /** Names of labels. */
  labelNames(): Iterable<string> {
    return this.#index.names();
  }

  /** Values of a label. */
  labelValues(name: string): Iterable<string> {
    return this.#index.values(name);
  }

  /** What is known of families. */
  metadata(name: string | undefined): ReadonlyMap<string, readonly FamilyMetadata[]> {
    return this.families.get(name);
  }

  /** Sizes. */
  statistics(limit: number): StoreStatistics {
    const valuesByLabel = new Map<string, number>();
    const bytesByLabel = new Map<string, number>();
    const seriesByPair = new Map<string, number>();
    for (const name of this.#index.names()) {
      let values = 0;
      let bytes = 0;
      for (const [value, series] of this.#index.counts(name)) {
        values++;
        bytes += (name.length + value.length) * series;
        if (series > 1 || seriesByPair.size < limit) seriesByPair.set(`${name}=${value}`, series);
      }
      valuesByLabel.set(name, values);
      bytesByLabel.set(name, bytes);
    }
    let chunks = 0;
    for (const series of this.all()) chunks += series.chunks;
    return {
      series: this.size,
      chunks,
      minTimeMs: this.oldestMs,
      maxTimeMs: this.#newestMs === -Infinity ? Number.NaN : this.#newestMs,
      labelPairs: this.#index.pairs,
      seriesByMetric: largest(this.#index.counts("__name__"), limit),
      valuesByLabel: largest(valuesByLabel, limit),
      bytesByLabel: largest(bytesByLabel, limit),
      seriesByPair: largest(seriesByPair, limit),
    };
  }
}

/** The places that are taken: a list only when one is not, since nearly always all are. */
function chosenOf(count: number, isTaken: (i: number) => boolean): readonly number[] | "all" {
  let chosen: number[] | undefined;
  for (let i = 0; i < count; i++) {
    if (!isTaken(i)) chosen ??= Array.from({ length: i }, (_, before) => before);
    else chosen?.push(i);
  }
  return chosen ?? "all";
}

function largest(counts: Iterable<readonly [string, number]>, limit: number) {
  const all = Array.from(counts, ([name, value]) => ({ name, value }));
  return all.toSorted((a, b) => b.value - a.value).slice(0, limit);
}

function shortName({ labels }: HeadSeries): string {
  return labels.toString().slice(0, 200);
}

/** Floats and histograms of one series in one order. */
function withHistograms(
  series: HeadSeries,
  columns: SampleColumns,
  encoded: readonly EncodedHistogram[],
): SeriesData {
  const count = columns.count + encoded.length;
  const all = new SampleColumns(count);
  const histograms: (FloatHistogram | undefined)[] = [];
  const histogramStarts = new Float64Array(count);
  let before: FloatHistogram | undefined;
  let at = 0;
  for (const { timeMs, startMs, bytes } of encoded) {
    while (at < columns.count && columns.times[at]! < timeMs) {
      all.add(columns.times[at]!, columns.words[2 * at]!, columns.words[2 * at + 1]!);
      histograms.push(undefined);
      before = undefined;
      at++;
    }
    const histogram = readHistogram(new ByteReader(bytes));
    const read = hintWhenRead(histogram, before);
    before = histogram;
    histogramStarts[all.count] = startMs;
    histograms.push(read);
    all.add(timeMs, 0, 0x7ff8_0000);
  }
  for (; at < columns.count; at++) {
    all.add(columns.times[at]!, columns.words[2 * at]!, columns.words[2 * at + 1]!);
    histograms.push(undefined);
  }
  const timestamps = all.times.subarray(0, count);
  const startTimestamps = series.starts(timestamps) ?? new Float64Array(count);
  for (const [i, histogram] of histograms.entries()) {
    if (histogram !== undefined) startTimestamps[i] = histogramStarts[i]!;
  }
  const values = all.values.subarray(0, count);
  return { labels: series.labels, timestamps, values, histograms, startTimestamps };
}
