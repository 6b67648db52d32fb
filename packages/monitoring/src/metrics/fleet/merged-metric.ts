// A metric of several members as one: every member's rows are added to the rows with the same labels, and what members
// that ended had counted stays.
//
//   thread 0   rows  GET=5 PUT=1   map [0 1]      ─┐
//   thread 3   rows  PUT=7         map [1]         ├─ sums [5+20 | 1+7 | 4] ──> the store's cells ──> pages, as of any metric
//   ended      rows  GET=20 DELETE=4              ─┘
//
// The sums are made beside the store and put into it in one go: an exposition that is being written meanwhile never
// sees half a sum, and no counter goes back. A row leaves the store when nobody has it any more.
//
// Labels are looked up once a row, not once a scrape: after that, merging adds typed arrays, 2 ns a number. One merge
// of a large metric pauses after each chunk of 1,024 rows, so that the event loop is never held; when a series was
// removed meanwhile it starts again, since the row may be somebody else's now, and after a few times goes through without
// pausing.

import { NativeHistogram } from "@flx/model/write";
import { CHUNK_BITS, CHUNK_ROWS, Cells } from "../cells.ts";
import { ExemplarStore } from "../exemplar-store.ts";
import { HistogramMetric } from "../histogram-metric.ts";
import { LineMetric } from "../line-metric.ts";
import { RowSet } from "../row-set.ts";
import { type MemberMetric, NO_PLACE } from "./member-metric.ts";
import {
  aggregatorOf,
  isCounting,
  metricOf,
  type MetricSpec,
  type StoredMetric,
} from "./metric-spec.ts";

/** Rows with exponential buckets that are read between two pauses. */
const NATIVES_A_STEP = 32;

/** How often a merge starts again. */
const MAX_RESTARTS = 3;

/** Sums being made; one for all metrics of a gatherer. */
export class Sums {
  numbers: Float64Array = new Float64Array(1024);
  /** How many values a number was made from; for what is no sum. */
  counts: Int32Array = new Int32Array(1024);

  reserve(length: number): void {
    if (length <= this.numbers.length) return;
    const room = Math.max(length, this.numbers.length * 2);
    const numbers = new Float64Array(room);
    numbers.set(this.numbers);
    this.numbers = numbers;
    const counts = new Int32Array(room);
    counts.set(this.counts);
    this.counts = counts;
  }
}

/** A metric of several members. */
export class MergedMetric {
  readonly spec: MetricSpec;
  readonly store: StoredMetric;
  readonly #parts = new Set<MemberMetric>();
  /** How many members have a row; what ended members left counts as one. */
  #holders = new Int32Array(8);
  /** What members that ended have counted. */
  readonly #ended: Cells;
  readonly #endedRows = new RowSet();
  readonly #endedNatives = new Map<number, NativeHistogram>();
  #natives = new Map<number, NativeHistogram>();
  #nextNatives = new Map<number, NativeHistogram>();
  readonly #sums: Sums;
  /** When the series that is opened next began. */
  #createdMs: number = Number.NaN;

  /** @throws {FlxError} `FLX_METRIC_*` when the specification is none a metric can have */
  constructor(spec: MetricSpec, sums: Sums, createdMs: number) {
    this.spec = spec;
    this.#sums = sums;
    this.#createdMs = createdMs;
    this.store = metricOf(spec, () => (this.#createdMs > 0 ? this.#createdMs : Date.now()));
    this.#ended = new Cells(spec.stride);
    if (this.#isSingle) this.store.show(false);
    if (this.store instanceof HistogramMetric && spec.native !== undefined) {
      const { zeroThreshold } = spec.native;
      const { schema } = spec.native;
      this.store.nativeOf = (row, sum) =>
        this.#natives.get(row) ?? NativeHistogram.from({ schema, zeroThreshold, sum });
    }
  }

  /** Members that have the metric. */
  get parts(): ReadonlySet<MemberMetric> {
    return this.#parts;
  }

  /** Whether neither a member has the metric, nor anything is left of one that ended. */
  get isEmpty(): boolean {
    const { store } = this;
    const series = this.#isSingle ? Number(store.isUsed(0)) : store.table.size;
    return this.#parts.size === 0 && series === 0;
  }

  get #isSingle(): boolean {
    return this.store.labelNames.length === 0;
  }

  add(part: MemberMetric): void {
    this.#parts.add(part);
  }

  /**
   * Brings the store up to date; the generator pauses where other work may be let in.
   */
  *merge(): Generator<void, void, undefined> {
    for (let restarts = 0; ; restarts++) {
      const closures = this.#closures();
      for (const _ of this.#sum()) {
        if (restarts >= MAX_RESTARTS) continue;
        yield;
      }
      if (restarts >= MAX_RESTARTS || this.#closures() === closures) break;
    }
    this.#put();
    for (const part of this.#parts) {
      this.#release(part);
      this.#takeExemplars(part);
    }
  }

  /** A member has ended: what it counted stays, what it was does not. Its numbers must be whole. */
  end(part: MemberMetric): void {
    if (!this.#parts.delete(part)) return;
    if (isCounting(this.spec)) this.#keep(part);
    part.closeAll();
    this.#release(part);
  }

  /** A member has the metric no longer, and what it counted is not wanted either. */
  drop(part: MemberMetric): void {
    if (!this.#parts.delete(part)) return;
    part.closeAll();
    this.#release(part);
  }

  #keep(part: MemberMetric): void {
    const { stride } = this.spec;
    const natives = this.spec.native !== undefined;
    const cells = new Float64Array(stride);
    for (let index = 0; index < part.chunks; index++) {
      const numbers = part.readChunk(index);
      this.#eachRow(part, index, (row, at, merged) => {
        let from = numbers;
        let start = at;
        if (natives) {
          this.#keepNative(merged, part.readNative(row, cells));
          from = cells;
          start = 0;
        }
        this.#ended.reserve(merged);
        const into = this.#ended.row(merged);
        for (let i = 0; i < stride; i++) into[i]! += from[start + i]!;
        if (this.#endedRows.has(merged)) return;
        this.#endedRows.add(merged);
        this.#hold(merged);
      });
    }
  }

  #keepNative(merged: number, native: NativeHistogram | undefined): void {
    if (native === undefined) return;
    const before = this.#endedNatives.get(merged);
    this.#endedNatives.set(merged, before === undefined ? native : before.add(native));
  }

  *#sum(): Generator<void, void, undefined> {
    const { stride } = this.spec;
    const sums = this.#sums;
    const length = this.store.rows * stride;
    sums.reserve(length);
    sums.numbers.fill(0, 0, length);
    sums.counts.fill(0, 0, length);
    this.#addEnded();
    const natives = this.spec.native !== undefined;
    if (natives) this.#nextNatives = new Map(this.#endedNatives);
    for (const part of this.#parts) {
      for (let index = 0; index < part.chunks; index++) {
        if (natives) {
          yield* this.#addNatives(part, index);
        } else {
          this.#addChunk(part, index, part.readChunk(index));
          yield;
        }
      }
    }
  }

  #addEnded(): void {
    const { stride } = this.spec;
    for (let row = 0; row < this.store.rows; row++) {
      if (!this.#endedRows.has(row)) continue;
      const { chunk, start } = this.#ended.at(row);
      for (let i = 0; i < stride; i++) this.#sums.numbers[row * stride + i] = chunk[start + i]!;
    }
  }

  #addChunk(part: MemberMetric, index: number, numbers: Float64Array): void {
    const { stride } = this.spec;
    const aggregator = aggregatorOf(this.spec);
    const sums = this.#sums;
    this.#eachRow(part, index, (_, at, merged) => {
      const into = merged * stride;
      if (aggregator === "sum") {
        for (let i = 0; i < stride; i++) sums.numbers[into + i]! += numbers[at + i]!;
      } else {
        for (let i = 0; i < stride; i++) this.#combine(aggregator, into + i, numbers[at + i]!);
      }
    });
  }

  *#addNatives(part: MemberMetric, index: number): Generator<void, void, undefined> {
    const { stride } = this.spec;
    const cells = new Float64Array(stride);
    const first = index << CHUNK_BITS;
    for (let row = first; row < Math.min(first + CHUNK_ROWS, part.rows); row++) {
      if (row % NATIVES_A_STEP === NATIVES_A_STEP - 1) yield;
      const merged = this.#placeOf(part, row);
      if (merged === NO_PLACE) continue;
      const native = part.readNative(row, cells);
      for (let i = 0; i < stride; i++) this.#sums.numbers[merged * stride + i]! += cells[i]!;
      if (native === undefined) continue;
      const before = this.#nextNatives.get(merged);
      this.#nextNatives.set(merged, before === undefined ? native : before.add(native));
    }
    yield;
  }

  /** Takes the exemplars that a member has sent, each unless there is a newer one. */
  #takeExemplars(part: MemberMetric): void {
    const { store } = this;
    if (part.exemplars.size === 0) return;
    if (!(store instanceof LineMetric || store instanceof HistogramMetric)) return;
    const buckets = store instanceof HistogramMetric ? store.upperBounds.length + 1 : 1;
    for (const [position, exemplar] of part.exemplars) {
      const merged = part.map[Math.floor(position / buckets)] ?? NO_PLACE;
      if (merged === NO_PLACE) continue;
      store.exemplars ??= new ExemplarStore();
      store.exemplars.take(merged * buckets + (position % buckets), exemplar);
    }
    part.exemplars.clear();
  }

  #combine(aggregator: "min" | "max" | "average" | "first" | "omit", at: number, value: number) {
    const { numbers, counts } = this.#sums;
    const count = counts[at]!++;
    const before = numbers[at]!;
    if (count === 0) numbers[at] = value;
    else if (aggregator === "min") numbers[at] = Math.min(before, value);
    else if (aggregator === "max") numbers[at] = Math.max(before, value);
    else if (aggregator === "average") numbers[at] = before + (value - before) / (count + 1);
  }

  /** Calls back with each open row of a chunk: its number, where its numbers begin in the chunk, its place here. */
  #eachRow(
    part: MemberMetric,
    index: number,
    take: (row: number, at: number, merged: number) => void,
  ): void {
    const first = index << CHUNK_BITS;
    const end = Math.min(first + CHUNK_ROWS, part.rows);
    for (let row = first; row < end; row++) {
      const merged = this.#placeOf(part, row);
      if (merged !== NO_PLACE) take(row, (row - first) * this.spec.stride, merged);
    }
  }

  #placeOf(part: MemberMetric, row: number): number {
    const merged = part.map[row]!;
    return merged === NO_PLACE ? this.#place(part, row) : merged;
  }

  #place(part: MemberMetric, row: number): number {
    const series = part.pending.get(row);
    if (series === undefined) return NO_PLACE;
    part.pending.delete(row);
    this.#createdMs = series.createdMs;
    const merged = this.#isSingle ? 0 : this.store.rowOfArguments(series.values);
    if (merged < 0) return NO_PLACE;
    part.map[row] = merged;
    this.#hold(merged);
    const { stride } = this.spec;
    const before = this.#sums.numbers.length;
    this.#sums.reserve((merged + 1) * stride);
    // A row that is new, or given out again: what stands there is from another metric.
    if (this.#holders[merged] === 1 || before < (merged + 1) * stride) {
      this.#sums.numbers.fill(0, merged * stride, (merged + 1) * stride);
      this.#sums.counts.fill(0, merged * stride, (merged + 1) * stride);
    }
    return merged;
  }

  #hold(merged: number): void {
    if (merged >= this.#holders.length) {
      const grown = new Int32Array(Math.max(merged + 1, this.#holders.length * 2));
      grown.set(this.#holders);
      this.#holders = grown;
    }
    this.#holders[merged]!++;
    if (this.#isSingle) this.store.show(true);
  }

  /** Gives up the places that a member has left. */
  #release(part: MemberMetric): void {
    for (const merged of part.leaving) {
      if (--this.#holders[merged]! > 0) continue;
      if (this.#isSingle) this.store.show(false);
      else this.store.removeRow(merged);
    }
    part.leaving = [];
  }

  /** Puts the sums into the store. */
  #put(): void {
    const { stride } = this.spec;
    const { numbers } = this.#sums;
    this.#natives = this.#nextNatives;
    for (const [index, chunk] of this.store.cells.chunks.entries()) {
      const from = index * CHUNK_ROWS * stride;
      const length = Math.min(chunk.length, this.store.rows * stride - from);
      if (length > 0) chunk.set(numbers.subarray(from, from + length));
    }
  }

  #closures(): number {
    let closures = 0;
    for (const part of this.#parts) closures += part.closures;
    return closures;
  }
}
