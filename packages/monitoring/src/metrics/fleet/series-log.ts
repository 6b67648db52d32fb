// What a thread tells of its series: a log in shared memory, which others read whenever they like and it never waits for.
//
//   control      [ first segment | changes | ended | wants asking ]              Int32, by Atomics
//   segment 4    [ published | metric 0 {...} | row 0 of 0 "GET" "/a" | row 1 of 0 ... | go on in segment 9 ]
//   segment 9    [ native of row 1 ... | row 0 of 0 is closed | ...
//                                                                 ▲ published: so many bytes may be read
//
// A record is written first and published after, by one atomic store: a thread that is ended at any moment, between any two
// instructions, leaves a log that is whole, and everything it has counted stands in the cells that the log leads to.
//
// Rows and arrays are used again, and a reader may be looking at the old owner's numbers just then. So `changes` goes up
// after "closed" is published and before anything is overwritten, and a reader does: read `changes`; read the log; copy the
// numbers; read `changes` again; when it has moved, once more (thread-member.ts).
//
// The log only grows, and series come and go: when more than half of it is history, the present state is written as a
// new log, and `first segment` is set to that. Readers then forget what they knew and read the new one.

import type { NativeSeries } from "../native-series.ts";
import { RecordWriter } from "./record-bytes.ts";
import type { Place, SharedMemory } from "./shared-memory.ts";

/** Words of the control array. */
export const CONTROL = { firstSegment: 0, changes: 1, ended: 2, wantsAsking: 3 } as const;
export const CONTROL_WORDS = 4;

/** Kinds of records. */
export const RECORD = {
  /** metric, specification */
  metric: 1,
  /** metric */
  drop: 2,
  /** metric, chunk, place */
  chunk: 3,
  /** metric, row, created time, values of the labels */
  open: 4,
  /** metric, row */
  close: 5,
  /** metric, row, schema, places of zero, positive, negative with the index of their first bucket */
  native: 6,
  /** buffer */
  next: 7,
} as const;

/** Where a first segment's records begin, behind the published length. */
export const HEAD_BYTES = 8;

const FIRST_SEGMENT_BYTES = 4_096;
const MAX_SEGMENT_BYTES = 1 << 20;
/** Room that is kept for the record that leads to the next segment. */
const NEXT_BYTES = 12;
/** A shorter log is not rewritten. */
const MIN_HISTORY_BYTES = 64 * 1024;

/** Writes the records of the present state, when a log is begun anew. */
export type WriteState = (log: SeriesLog) => void;

/** The writer of a log. */
export class SeriesLog {
  readonly #memory: SharedMemory;
  readonly #control: Int32Array;
  readonly #writeState: WriteState;
  readonly #record = new RecordWriter();
  #segments: SharedArrayBuffer[] = [];
  #published: Int32Array;
  #bytes: Uint8Array;
  #at = HEAD_BYTES;
  /** Bytes of all records, and how many they were when the log was begun. */
  #length = 0;
  #stateLength = 0;
  #isRewriting = false;

  constructor(memory: SharedMemory, control: Int32Array, writeState: WriteState) {
    this.#memory = memory;
    this.#control = control;
    this.#writeState = writeState;
    const first = this.#segment(FIRST_SEGMENT_BYTES);
    this.#published = new Int32Array(first, 0, 1);
    this.#bytes = new Uint8Array(first);
    Atomics.store(control, CONTROL.firstSegment, memory.numberOf(first));
  }

  metric(id: number, specification: string): void {
    const record = this.#begin(RECORD.metric, id);
    record.text(specification);
    this.#end();
  }

  drop(id: number): void {
    this.#begin(RECORD.drop, id);
    this.#end();
    Atomics.add(this.#control, CONTROL.changes, 1);
  }

  chunk(id: number, index: number, array: Float64Array): void {
    const record = this.#begin(RECORD.chunk, id);
    record.whole(index);
    writePlace(record, this.#memory.place(array));
    this.#end();
    Atomics.add(this.#control, CONTROL.changes, 1);
  }

  open(id: number, row: number, createdMs: number | undefined, values: readonly string[]): void {
    const record = this.#begin(RECORD.open, id);
    record.whole(row);
    record.number(createdMs ?? Number.NaN);
    for (const value of values) record.text(value);
    this.#end();
  }

  close(id: number, row: number): void {
    const record = this.#begin(RECORD.close, id);
    record.whole(row);
    this.#end();
    Atomics.add(this.#control, CONTROL.changes, 1);
  }

  native(id: number, row: number, series: NativeSeries): void {
    const { zero, positive, negative } = series.places;
    const record = this.#begin(RECORD.native, id);
    record.whole(row);
    record.signed(series.schema);
    writePlace(record, this.#memory.place(zero));
    for (const { offset, counts } of [positive, negative]) {
      record.signed(offset);
      writePlace(record, this.#memory.place(counts));
    }
    this.#end();
    Atomics.add(this.#control, CONTROL.changes, 1);
  }

  #begin(kind: number, id: number): RecordWriter {
    const record = this.#record;
    record.clear();
    record.whole(kind);
    record.whole(id);
    return record;
  }

  #end(): void {
    this.#append(this.#record);
    if (this.#isRewriting) return;
    // While the state is being written, nothing is published: readers follow the old log to its end.
    Atomics.store(this.#published, 0, this.#length);
    if (this.#length > this.#stateLength * 2 + MIN_HISTORY_BYTES) this.#rewrite();
  }

  #append({ bytes, length }: RecordWriter): void {
    if (this.#at + length + NEXT_BYTES > this.#bytes.length) {
      const size = Math.min(MAX_SEGMENT_BYTES, this.#bytes.length * 2);
      const segment = this.#segment(Math.max(size, length + NEXT_BYTES));
      const next = new RecordWriter();
      next.whole(RECORD.next);
      next.whole(this.#memory.numberOf(segment));
      this.#bytes.set(next.bytes, this.#at);
      this.#length += next.length;
      this.#bytes = new Uint8Array(segment);
      this.#at = 0;
    }
    this.#bytes.set(bytes, this.#at);
    this.#at += length;
    this.#length += length;
  }

  #rewrite(): void {
    const before = this.#segments;
    this.#segments = [];
    const first = this.#segment(FIRST_SEGMENT_BYTES);
    this.#published = new Int32Array(first, 0, 1);
    this.#bytes = new Uint8Array(first);
    this.#at = HEAD_BYTES;
    this.#length = 0;
    this.#isRewriting = true;
    this.#writeState(this);
    this.#isRewriting = false;
    this.#stateLength = this.#length;
    Atomics.store(this.#published, 0, this.#length);
    Atomics.store(this.#control, CONTROL.firstSegment, this.#memory.numberOf(first));
    Atomics.add(this.#control, CONTROL.changes, 1);
    for (const segment of before) this.#memory.drop(segment);
  }

  #segment(bytes: number): SharedArrayBuffer {
    const segment = this.#memory.buffer(bytes);
    this.#segments.push(segment);
    return segment;
  }
}

function writePlace(record: RecordWriter, { buffer, start, length }: Place): void {
  record.whole(buffer);
  record.whole(start);
  record.whole(length);
}
