// One series in the head.
//
//   chunk  chunk  chunk │ raw samples          in time order; a full slot becomes a chunk, and so does one whose window ends
//   ────────────────────┴─────────────► time
//        late samples                          those that came after a newer one: sorted, apart, merged when asked for
//        histograms                            encoded, sorted, apart
//        starts                                since when it counts, where that changes
//
// A time that is there already with the same value is the same sample sent twice, and nothing is done; with another
// value it is refused. Which of the two came first cannot be told afterwards, so the first one stays.

import type { Labels } from "@flx/model";
import { ByteArena } from "./byte-arena.ts";
import { CHUNK_SAMPLES, type HeadMemory, windowOf } from "./head-memory.ts";
import { SampleColumns } from "./sample-columns.ts";

/** What became of a sample. */
export type Applied = "kept" | "same" | "duplicate";

/** Who brought series, and how many. */
export interface SourceCount {
  readonly name: string;
  series: number;
  /** The refusal that is thrown while the source has too many. */
  refusal?: Error | undefined;
}

/** A histogram, as bytes. */
export interface EncodedHistogram {
  readonly timeMs: number;
  readonly startMs: number;
  readonly bytes: Uint8Array;
}

/** The parts of a chunk in the list of chunks. */
const STRIDE = 5;
const PLACE = 0;
const LENGTH = 1;
const COUNT = 2;
const FIRST = 3;
const LAST = 4;

/** A series. */
export class HeadSeries {
  readonly ref: number;
  readonly labels: Labels;
  readonly source: SourceCount;
  /** The log's `failures` when it was given the labels: the log has them as long as that has not changed. */
  loggedAt = -1;
  lastMs: number = -Infinity;
  #lastLow = 0;
  #lastHigh = 0;
  /** The size of its slot, as an index in `slots`; -1 without one. */
  #class = -1;
  #slot = -1;
  #raw = 0;
  #rawFirst = 0;
  readonly #chunks: number[] = [];
  #late: SampleColumns | undefined;
  #histograms: EncodedHistogram[] | undefined;
  /** Pairs: from this time on it counts since that. */
  #starts: number[] | undefined;

  constructor(ref: number, labels: Labels, source: SourceCount) {
    this.ref = ref;
    this.labels = labels;
    this.source = source;
  }

  /** The time of its last sample, of either kind. */
  get lastTimeMs(): number {
    return Math.max(this.lastMs, this.#histograms?.at(-1)?.timeMs ?? -Infinity);
  }

  /** The time of its first sample; Infinity without one. */
  get firstMs(): number {
    return Math.min(
      this.#chunks[FIRST] ?? Infinity,
      this.#raw > 0 ? this.#rawFirst : Infinity,
      this.#late !== undefined && this.#late.count > 0 ? this.#late.times[0]! : Infinity,
      this.#histograms?.[0]?.timeMs ?? Infinity,
    );
  }

  /** Whether it holds no sample. */
  get isEmpty(): boolean {
    return (
      this.#raw === 0 &&
      this.#chunks.length === 0 &&
      (this.#late?.count ?? 0) === 0 &&
      (this.#histograms?.length ?? 0) === 0
    );
  }

  get chunks(): number {
    return this.#chunks.length / STRIDE + (this.#raw > 0 ? 1 : 0);
  }

  /** Takes a sample. */
  append(memory: HeadMemory, timeMs: number, low: number, high: number, startMs: number): Applied {
    if (timeMs <= this.lastMs) return this.#appendLate(memory, timeMs, low, high, startMs);
    if (this.#histograms !== undefined && this.#findHistogram(timeMs) >= 0) return "duplicate";
    if (this.#raw > 0) {
      const isFull = this.#raw === CHUNK_SAMPLES;
      if (isFull || windowOf(this.#rawFirst) !== windowOf(timeMs)) this.#cut(memory);
    }
    if (this.#class < 0 || this.#raw === memory.slots[this.#class]!.size) this.#grow(memory);
    const slots = memory.slots[this.#class]!;
    const offset = slots.offset(this.#slot);
    const words = slots.words(this.#slot);
    if (this.#raw === 0) this.#rawFirst = timeMs;
    slots.doubles(this.#slot)[offset + this.#raw] = timeMs;
    const at = 2 * (offset + slots.size + this.#raw);
    words[at] = low;
    words[at + 1] = high;
    this.#raw++;
    this.lastMs = timeMs;
    this.#lastLow = low;
    this.#lastHigh = high;
    if (startMs !== 0 || this.#starts !== undefined) this.#noteStart(timeMs, startMs);
    return "kept";
  }

  #appendLate(
    memory: HeadMemory,
    timeMs: number,
    low: number,
    high: number,
    startMs: number,
  ): Applied {
    if (timeMs === this.lastMs && this.#raw > 0) {
      return low === this.#lastLow && high === this.#lastHigh ? "same" : "duplicate";
    }
    if (this.#findHistogram(timeMs) >= 0) return "duplicate";
    const there = new SampleColumns(CHUNK_SAMPLES);
    this.gather(memory, timeMs, timeMs, there);
    if (there.count > 0) {
      return there.words[0] === low && there.words[1] === high ? "same" : "duplicate";
    }
    const one = new SampleColumns(1);
    one.add(timeMs, low, high);
    this.#late ??= new SampleColumns(8);
    this.#late.merge(one);
    memory.objectBytes += 16;
    if (startMs !== 0 || this.#starts !== undefined) this.#noteStart(timeMs, startMs);
    return "kept";
  }

  /** Takes a histogram. */
  appendHistogram(memory: HeadMemory, encoded: EncodedHistogram): Applied {
    const { timeMs } = encoded;
    const at = this.#findHistogram(timeMs);
    if (at >= 0) {
      const isSame = Buffer.compare(this.#histograms![at]!.bytes, encoded.bytes) === 0;
      return isSame ? "same" : "duplicate";
    }
    if (timeMs <= this.lastMs && (this.#raw > 0 || this.#chunks.length > 0)) {
      const there = new SampleColumns(CHUNK_SAMPLES);
      this.gather(memory, timeMs, timeMs, there);
      if (there.count > 0) return "duplicate";
    }
    this.#histograms ??= [];
    this.#histograms.splice(-at - 1, 0, encoded);
    memory.objectBytes += encoded.bytes.length + 120;
    return "kept";
  }

  /** The place of a time among the histograms; -1 - place where it would be. */
  #findHistogram(timeMs: number): number {
    const list = this.#histograms;
    if (list === undefined) return -1;
    let low = 0;
    let high = list.length;
    // Nearly always at the end.
    if (high > 0 && list[high - 1]!.timeMs < timeMs) return -1 - high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle]!.timeMs < timeMs) low = middle + 1;
      else high = middle;
    }
    return list[low]?.timeMs === timeMs ? low : -1 - low;
  }

  #noteStart(timeMs: number, startMs: number): void {
    const starts = (this.#starts ??= []);
    let at = starts.length;
    while (at > 0 && starts[at - 2]! > timeMs) at -= 2;
    if (at > 0 && starts[at - 1] === startMs) return;
    if (at === 0 && startMs === 0) return;
    starts.splice(at, 0, timeMs, startMs);
  }

  /** A larger slot, or the first one. */
  #grow(memory: HeadMemory): void {
    const next = this.#class + 1;
    const slots = memory.slots[next]!;
    const slot = slots.take();
    if (this.#class >= 0) {
      const before = memory.slots[this.#class]!;
      const from = before.offset(this.#slot);
      const to = slots.offset(slot);
      const words = before.words(this.#slot);
      const target = slots.words(slot);
      target.set(words.subarray(2 * from, 2 * (from + this.#raw)), 2 * to);
      const values = 2 * (from + before.size);
      target.set(words.subarray(values, values + 2 * this.#raw), 2 * (to + slots.size));
      before.giveBack(this.#slot);
    }
    this.#class = next;
    this.#slot = slot;
  }

  /** Makes a chunk of the raw samples; the slot stays. */
  #cut(memory: HeadMemory): void {
    const slots = memory.slots[this.#class]!;
    const offset = slots.offset(this.#slot);
    const doubles = slots.doubles(this.#slot);
    const bytes = memory.encoder.encode(
      doubles,
      slots.words(this.#slot),
      offset,
      2 * (offset + slots.size),
      this.#raw,
    );
    this.addChunk(memory, bytes, this.#raw, this.#rawFirst, doubles[offset + this.#raw - 1]!);
    this.#raw = 0;
  }

  /** A chunk that is encoded already, newer than those that are there. */
  addChunk(
    memory: HeadMemory,
    bytes: Uint8Array,
    count: number,
    firstMs: number,
    lastMs: number,
  ): void {
    const place = memory.arena(windowOf(firstMs)).add(bytes);
    this.#chunks.push(place, bytes.length, count, firstMs, lastMs);
    if (lastMs > this.lastMs) this.lastMs = lastMs;
    memory.objectBytes += STRIDE * 8;
  }

  /**
   * Takes the raw samples of a snapshot, encoded, as they lay in their slot; drops them when they are before `floorMs`.
   *
   * @returns whether it could: it has no slot yet, and they go into one
   */
  restoreRaw(memory: HeadMemory, bytes: Uint8Array, count: number, floorMs: number): boolean {
    const size = memory.slots.findIndex((each) => each.size >= count);
    if (this.#class >= 0 || size < 0) return false;
    const slots = memory.slots[size]!;
    const slot = slots.take();
    const offset = slots.offset(slot);
    const doubles = slots.doubles(slot);
    const words = slots.words(slot);
    const values = 2 * (offset + slots.size);
    memory.decoder.decode(bytes, 0, count, doubles, words, offset, values);
    if (doubles[offset]! < floorMs) {
      slots.giveBack(slot);
      return true;
    }
    this.#class = size;
    this.#slot = slot;
    this.#raw = count;
    this.#rawFirst = doubles[offset]!;
    this.lastMs = doubles[offset + count - 1]!;
    this.#lastLow = words[values + 2 * count - 2]!;
    this.#lastHigh = words[values + 2 * count - 1]!;
    return true;
  }

  /** Adds the float samples of a range, both ends included, to columns, in time order. */
  gather(memory: HeadMemory, startMs: number, endMs: number, into: SampleColumns): void {
    const chunks = this.#chunks;
    for (let i = 0; i < chunks.length; i += STRIDE) {
      const first = chunks[i + FIRST]!;
      if (first > endMs || chunks[i + LAST]! < startMs) continue;
      const arena = memory.arena(windowOf(first));
      const place = chunks[i + PLACE]!;
      const count = chunks[i + COUNT]!;
      into.reserve(count);
      const bytes = arena.page(place);
      const from = ByteArena.offset(place);
      memory.decoder.decode(bytes, from, count, into.times, into.words, into.count);
      into.count += count;
    }
    if (this.#raw > 0 && this.#rawFirst <= endMs && this.lastMs >= startMs) {
      const slots = memory.slots[this.#class]!;
      const offset = slots.offset(this.#slot);
      const doubles = slots.doubles(this.#slot);
      // What is asked is nearly always the end: skip what is before it.
      let from = 0;
      while (from < this.#raw && doubles[offset + from]! < startMs) from++;
      const words = slots.words(this.#slot);
      const values = 2 * (offset + slots.size + from);
      into.copy(doubles, offset + from, words, values, this.#raw - from);
    }
    if (this.#late !== undefined) into.merge(this.#late);
    into.trim(startMs, endMs);
  }

  /** The histograms of a range, both ends included. */
  histograms(startMs: number, endMs: number): readonly EncodedHistogram[] {
    const list = this.#histograms;
    if (list === undefined || list.length === 0) return NONE;
    const isWhole = list[0]!.timeMs >= startMs && list.at(-1)!.timeMs <= endMs;
    return isWhole ? list : list.filter(({ timeMs }) => timeMs >= startMs && timeMs <= endMs);
  }

  /** Since when the series counts, for each of ascending times; undefined when it never said. */
  starts(times: Float64Array): Float64Array | undefined {
    const starts = this.#starts;
    if (starts === undefined) return undefined;
    const result = new Float64Array(times.length);
    let at = 0;
    for (let i = 0; i < times.length; i++) {
      while (at < starts.length && starts[at]! <= times[i]!) at += 2;
      result[i] = at === 0 ? 0 : starts[at - 1]!;
    }
    return result;
  }

  /** Forgets the samples before a time, which is the end of a window. */
  forget(memory: HeadMemory, endMs: number): void {
    const chunks = this.#chunks;
    let kept = 0;
    for (let i = 0; i < chunks.length; i += STRIDE) {
      if (chunks[i + FIRST]! < endMs) continue;
      for (let part = 0; part < STRIDE; part++) chunks[kept + part] = chunks[i + part]!;
      kept += STRIDE;
    }
    memory.objectBytes -= (chunks.length - kept) * 8;
    chunks.length = kept;
    if (this.#raw > 0 && this.#rawFirst < endMs) this.#raw = 0;
    if (this.#raw === 0 && this.#class >= 0) {
      memory.slots[this.#class]!.giveBack(this.#slot);
      this.#class = -1;
    }
    if (this.#late !== undefined) {
      const before = this.#late.count;
      this.#late.trim(endMs, Infinity);
      memory.objectBytes -= (before - this.#late.count) * 16;
      if (this.#late.count === 0) this.#late = undefined;
    }
    this.#forgetHistograms(memory, endMs);
    this.#forgetStarts(endMs);
  }

  #forgetHistograms(memory: HeadMemory, endMs: number): void {
    const list = this.#histograms;
    if (list === undefined) return;
    const kept = list.filter(({ timeMs }) => timeMs >= endMs);
    for (const { timeMs, bytes } of list) {
      if (timeMs < endMs) memory.objectBytes -= bytes.length + 120;
    }
    this.#histograms = kept.length === 0 ? undefined : kept;
  }

  #forgetStarts(endMs: number): void {
    const starts = this.#starts;
    if (starts === undefined) return;
    // The last one before the end still holds after it.
    let from = 0;
    while (from + 2 < starts.length && starts[from + 2]! < endMs) from += 2;
    if (from > 0) starts.splice(0, from);
  }

  /** What a snapshot keeps of it. */
  save(memory: HeadMemory): SavedSeries {
    const chunks: SavedChunk[] = [];
    const list = this.#chunks;
    for (let i = 0; i < list.length; i += STRIDE) {
      const place = list[i + PLACE]!;
      const from = ByteArena.offset(place);
      const page = memory.arena(windowOf(list[i + FIRST]!)).page(place);
      chunks.push({
        bytes: page.subarray(from, from + list[i + LENGTH]!),
        count: list[i + COUNT]!,
        firstMs: list[i + FIRST]!,
        lastMs: list[i + LAST]!,
      });
    }
    const loose = new SampleColumns(CHUNK_SAMPLES);
    if (this.#raw > 0) {
      const slots = memory.slots[this.#class]!;
      const offset = slots.offset(this.#slot);
      const values = 2 * (offset + slots.size);
      loose.copy(slots.doubles(this.#slot), offset, slots.words(this.#slot), values, this.#raw);
    }
    return {
      chunks,
      raw: loose,
      late: this.#late,
      histograms: this.#histograms ?? NONE,
      starts: this.#starts ?? [],
    };
  }

  /** Takes a snapshot's word for since when it counts. */
  restoreStarts(starts: readonly number[]): void {
    this.#starts = starts.length === 0 ? undefined : [...starts];
  }
}

const NONE: readonly EncodedHistogram[] = [];

/** A chunk, encoded. */
export interface SavedChunk {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** A series' samples, as they are. */
export interface SavedSeries {
  readonly chunks: readonly SavedChunk[];
  readonly raw: SampleColumns;
  readonly late: SampleColumns | undefined;
  readonly histograms: readonly EncodedHistogram[];
  readonly starts: readonly number[];
}
