// What has changed in a registry since the last time, as bytes for another process.
//
//   first        metric 0 {...} | row 0 of 0 "GET" "/a" | ... | numbers of 0: row 0 = 1027, ...
//   then         numbers of 0: row 0 = 1031                                      about 3 bytes a counter that moved
//
// A number is sent as it is, not as what was added: applying a delta twice does no harm, and after a delta that was lost the
// next whole state puts everything right. Whole numbers take as many bytes as they need, others nine.
// A label value is written once and then named by its number in a table, which both sides keep.

import type { NativeHistogram } from "@flx/model/write";
import { CHUNK_BITS, CHUNK_MASK, Cells, ownMemory } from "../cells.ts";
import type { ExemplarStore } from "../exemplar-store.ts";
import type { ExposedMetric } from "../exposed-metric.ts";
import { HistogramMetric } from "../histogram-metric.ts";
import type { Registry } from "../registry.ts";
import { isStored, specText, type StoredMetric } from "./metric-spec.ts";
import { RecordWriter } from "./record-bytes.ts";

/** Kinds of records in a delta. */
export const DELTA = {
  /** Everything that was said before is void; what this delta does not name is gone. */
  reset: 1,
  /** metric, specification */
  metric: 2,
  /** metric */
  drop: 3,
  /** metric, row, created time, values of the labels */
  open: 4,
  /** metric, row */
  close: 5,
  /** metric, row, how many of its numbers follow, each with its position */
  numbers: 6,
  /** metric, row, schema, zero count, buckets of both sides */
  native: 7,
  /** metric, position, value, time, labels */
  exemplar: 8,
  /** default labels and troubles, as JSON */
  state: 9,
} as const;

/** How a text is written: in full and into the table, in full only, or by its number there and this on top. */
export const TEXT = { defined: 0, literal: 1, known: 2 } as const;

/** Texts in the table. */
export const MAX_TEXTS = 4_096;

/** A delta stops growing at this size; the rest is in the next. */
export const PART_BYTES: number = 256 * 1024;

/** What a gatherer says of itself is not for the next gatherer. */
const OWN_PREFIX = "flx_fleet_";

interface Known {
  readonly id: number;
  /** The numbers as they were sent. */
  readonly sent: Cells;
  readonly opened: Set<number>;
  readonly closed: Set<number>;
  isNamed: boolean;
}

/** Writes the deltas of a registry. Its metrics must not be shared otherwise. */
export class DeltaEncoder {
  readonly #registry: Registry;
  readonly #metrics = new Map<StoredMetric, Known>();
  readonly #dropped: number[] = [];
  readonly #texts = new Map<string, number>();
  readonly #record = new RecordWriter();
  readonly #unwatch: () => void;
  #nextId = 0;
  #state = "";

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#unwatch = registry.watch((metric, registered) => {
      if (registered) this.#add(metric);
      else this.#drop(metric);
    });
  }

  /** Watches no longer. */
  close(): void {
    this.#unwatch();
    for (const metric of this.#metrics.keys()) metric.share(undefined);
    this.#metrics.clear();
  }

  /**
   * What has changed; no bytes when nothing has. When it would be large, `isWhole` is false and the rest is in the next one.
   */
  next(limit: number = PART_BYTES): { readonly bytes: Uint8Array; readonly isWhole: boolean } {
    this.#record.clear();
    return this.#write(limit);
  }

  /**
   * Everything there is, for a reader that knows nothing or has lost track. One that knows something must get it in one piece:
   * what the bytes do not name is gone for it.
   */
  whole(limit: number = Infinity): { readonly bytes: Uint8Array; readonly isWhole: boolean } {
    this.#record.clear();
    this.#record.whole(DELTA.reset);
    this.#texts.clear();
    this.#dropped.length = 0;
    this.#state = "";
    for (const [metric, known] of this.#metrics) {
      known.isNamed = false;
      known.closed.clear();
      known.opened.clear();
      for (let row = 0; row < metric.rows; row++) if (metric.isUsed(row)) known.opened.add(row);
      const exemplars = exemplarsOf(metric);
      if (exemplars !== undefined) exemplars.changed = new Set(exemplars.positions());
    }
    return this.#write(limit);
  }

  #write(limit: number): { readonly bytes: Uint8Array; readonly isWhole: boolean } {
    const record = this.#record;
    for (const id of this.#dropped.splice(0)) {
      record.whole(DELTA.drop);
      record.whole(id);
    }
    this.#writeState();
    for (const [metric, known] of this.#metrics) {
      if (!this.#writeMetric(metric, known, limit)) return { bytes: record.bytes, isWhole: false };
    }
    return { bytes: record.bytes, isWhole: true };
  }

  #add(metric: ExposedMetric): void {
    if (!isStored(metric) || metric.name.startsWith(OWN_PREFIX)) return;
    const { stride } = metric.cells;
    const known: Known = {
      id: this.#nextId++,
      sent: new Cells(stride),
      opened: new Set(),
      closed: new Set(),
      isNamed: false,
    };
    this.#metrics.set(metric, known);
    for (let row = 0; row < metric.rows; row++) if (metric.isUsed(row)) known.opened.add(row);
    metric.share({
      memory: ownMemory,
      chunk: () => {},
      opened: (row) => {
        known.opened.add(row);
      },
      closed: (row) => {
        // One that was opened and closed since the last delta is none of the other side's business.
        if (!known.opened.delete(row)) known.closed.add(row);
      },
    });
  }

  #drop(metric: ExposedMetric): void {
    if (!isStored(metric)) return;
    const known = this.#metrics.get(metric);
    if (known === undefined) return;
    this.#metrics.delete(metric);
    if (known.isNamed) this.#dropped.push(known.id);
    metric.share(undefined);
  }

  /** False when the delta has become large enough. */
  #writeMetric(metric: StoredMetric, known: Known, limit: number): boolean {
    const record = this.#record;
    if (!known.isNamed) {
      this.#begin(DELTA.metric, known.id);
      record.text(specText(metric) ?? "");
      known.isNamed = true;
    }
    for (const row of known.closed) {
      this.#begin(DELTA.close, known.id);
      record.whole(row);
    }
    known.closed.clear();
    for (const row of known.opened) {
      if (record.length > limit) return false;
      this.#begin(DELTA.open, known.id);
      record.whole(row);
      record.number(metric.createdMs(row) ?? Number.NaN);
      for (const value of metric.table.valuesOf(row)) this.#text(value);
      known.opened.delete(row);
      known.sent.reserve(row);
      known.sent.clearRow(row);
    }
    for (let row = 0; row < metric.rows; row++) {
      if (!metric.isUsed(row)) continue;
      if (record.length > limit) return false;
      this.#writeRow(metric, known, row);
    }
    this.#writeExemplars(metric, known.id);
    return true;
  }

  #writeRow(metric: StoredMetric, known: Known, row: number): void {
    const { stride } = metric.cells;
    const now = metric.cells.chunks[row >> CHUNK_BITS]!;
    const sent = known.sent.chunks[row >> CHUNK_BITS]!;
    const start = (row & CHUNK_MASK) * stride;
    let changed = 0;
    for (let at = start; at < start + stride; at++) {
      if (!Object.is(now[at], sent[at])) changed++;
    }
    if (changed === 0) return;
    const record = this.#record;
    this.#begin(DELTA.numbers, known.id);
    record.whole(row);
    record.whole(changed);
    for (let i = 0; i < stride; i++) {
      const value = now[start + i]!;
      if (Object.is(value, sent[start + i])) continue;
      record.whole(i);
      writeValue(record, value);
      sent[start + i] = value;
    }
    if (metric instanceof HistogramMetric && metric.native !== undefined) {
      const native = metric.nativeOf?.(row, now[start + stride - 1]!);
      if (native !== undefined) this.#writeNative(known.id, row, native);
    }
  }

  #writeNative(id: number, row: number, native: NativeHistogram): void {
    const record = this.#record;
    this.#begin(DELTA.native, id);
    record.whole(row);
    record.signed(native.schema);
    writeValue(record, native.zeroCount);
    for (const { indexes, counts } of [native.positive, native.negative]) {
      record.whole(indexes.length);
      for (let i = 0; i < indexes.length; i++) {
        record.signed(indexes[i]!);
        writeValue(record, counts[i]!);
      }
    }
  }

  #writeExemplars(metric: StoredMetric, id: number): void {
    const exemplars = exemplarsOf(metric);
    if (exemplars === undefined) return;
    const record = this.#record;
    for (const position of exemplars.changed ?? exemplars.positions()) {
      const exemplar = exemplars.get(position);
      if (exemplar === undefined) continue;
      this.#begin(DELTA.exemplar, id);
      record.whole(position);
      record.number(exemplar.value);
      record.number(exemplar.timestampMs ?? Number.NaN);
      const labels = [...exemplar.labels];
      record.whole(labels.length);
      for (const label of labels) for (const text of label) record.text(text);
    }
    exemplars.changed = new Set();
  }

  #writeState(): void {
    const { misuse, overflow, failures } = this.#registry.troubles();
    const { defaultLabels } = this.#registry;
    const maps = [misuse, overflow, failures, defaultLabels];
    const state = JSON.stringify(maps.map((map) => Array.from<readonly [string, unknown]>(map)));
    if (state === this.#state) return;
    this.#state = state;
    this.#record.whole(DELTA.state);
    this.#record.text(state);
  }

  #begin(kind: number, id: number): void {
    this.#record.whole(kind);
    this.#record.whole(id);
  }

  #text(text: string): void {
    const known = this.#texts.get(text);
    if (known !== undefined) {
      this.#record.whole(known + TEXT.known);
    } else {
      const room = this.#texts.size < MAX_TEXTS;
      if (room) this.#texts.set(text, this.#texts.size);
      this.#record.whole(room ? TEXT.defined : TEXT.literal);
      this.#record.text(text);
    }
  }
}

function exemplarsOf(metric: StoredMetric): ExemplarStore | undefined {
  return (metric as StoredMetric & { readonly exemplars?: ExemplarStore | undefined }).exemplars;
}

/** A whole number one higher, or 0 and eight bytes. */
function writeValue(record: RecordWriter, value: number): void {
  if (
    value >= 0 &&
    value < Number.MAX_SAFE_INTEGER &&
    Number.isInteger(value) &&
    !Object.is(value, -0)
  ) {
    record.whole(value + 1);
  } else {
    record.whole(0);
    record.number(value);
  }
}
