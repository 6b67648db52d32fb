// A thread as the gatherer sees it: its log is read, its numbers are copied, and the thread does not notice.
//
//   log ── catchUp() ──> metrics, rows, places          copy(): numbers that belong to the rows of now
//                                                         changes? log, numbers, changes? ... until nothing changed
//
// Nothing here waits for the thread: it may be blocked, or gone for long. What it had published last is what is read.

import { FlxError, type NativeHistogram } from "@flx/model/write";
import { CHUNK_BITS, CHUNK_MASK, CHUNK_ROWS } from "../cells.ts";
import { MemberMetric } from "./member-metric.ts";
import { type MetricSpec, parseSpec } from "./metric-spec.ts";
import { fitNative, type NativeCopy, type SideCopy } from "./native-read.ts";
import { RecordReader } from "./record-bytes.ts";
import { CONTROL, HEAD_BYTES, RECORD } from "./series-log.ts";
import type { Place } from "./shared-memory.ts";

/** How often numbers are copied again because rows changed meanwhile. */
const MAX_COPIES = 8;

/** Told of the metrics a member has. */
export interface MemberWatcher {
  added(metric: MemberMetric): void;
  removed(metric: MemberMetric): void;
}

/** A member that is read in shared memory. */
export class ThreadMember {
  /** In the order in which they were declared there. */
  readonly metrics: Map<number, ThreadMetric> = new Map();
  readonly #control: Int32Array;
  readonly #buffers = new Map<number, SharedArrayBuffer>();
  readonly #watcher: MemberWatcher;
  /** Takes in messages that have arrived, which may announce buffers. */
  readonly #drain: () => void;
  #firstSegment = -1;
  /** The segments of the log being read. */
  #segments: number[] = [];
  #published: Int32Array | undefined;
  #reader: RecordReader | undefined;
  #read = 0;

  constructor(control: SharedArrayBuffer, watcher: MemberWatcher, drain: () => void) {
    this.#control = new Int32Array(control);
    this.#watcher = watcher;
    this.#drain = drain;
  }

  /** Bytes of all its buffers. */
  get bytes(): number {
    let bytes = 0;
    for (const { byteLength } of this.#buffers.values()) bytes += byteLength;
    return bytes;
  }

  /** Whether it said that it ends. */
  get hasEnded(): boolean {
    return Atomics.load(this.#control, CONTROL.ended) === 1;
  }

  /** Whether there is something that it only brings up to date when it is asked. */
  get wantsAsking(): boolean {
    return Atomics.load(this.#control, CONTROL.wantsAsking) === 1;
  }

  /** Goes up whenever rows or arrays are given up. */
  get changes(): number {
    // An addition, not a load: it also keeps the copying before it from being done after it.
    return Atomics.add(this.#control, CONTROL.changes, 0);
  }

  /** Takes an announced buffer in. */
  buffer(number: number, buffer: SharedArrayBuffer): void {
    this.#buffers.set(number, buffer);
  }

  /** An array of the member; an empty one when its buffer is not known. */
  array({ buffer, start, length }: Place): Float64Array {
    const memory = this.#buffers.get(buffer);
    if (memory === undefined || (start + length) * 8 > memory.byteLength)
      return new Float64Array(0);
    return new Float64Array(memory, start * 8, length);
  }

  /**
   * Reads what was published since the last time.
   *
   * @param maxRecords how many records at most
   * @returns whether that was everything
   */
  catchUp(maxRecords: number = Infinity): boolean {
    const first = Atomics.load(this.#control, CONTROL.firstSegment);
    if (first !== this.#firstSegment && !this.#beginLog(first)) return true;
    const until = Atomics.load(this.#published!, 0);
    for (let records = 0; this.#read < until; records++) {
      if (records >= maxRecords) return false;
      const { at } = this.#reader!;
      const next = this.#record(this.#reader!);
      this.#read += this.#reader!.at - at;
      if (next !== undefined) this.#enter(next, 0);
    }
    return true;
  }

  /** Copies numbers that belong to the rows of now; `copy` is called until nothing changed meanwhile. */
  copy(copy: () => void): void {
    for (let copies = 0; copies < MAX_COPIES; copies++) {
      const { changes } = this;
      this.catchUp();
      copy();
      if (this.changes === changes) return;
    }
  }

  /** Begins with another log; false when it is not known yet. */
  #beginLog(first: number): boolean {
    if (!this.#buffers.has(first)) this.#drain();
    const segment = this.#buffers.get(first);
    if (segment === undefined) return false;
    for (const old of this.#segments) this.#buffers.delete(old);
    this.#segments = [];
    this.#firstSegment = first;
    this.#published = new Int32Array(segment, 0, 1);
    this.#read = 0;
    this.#enter(first, HEAD_BYTES);
    if (this.metrics.size === 0) return true;
    // The new log says again what there is: metrics that it does not name are gone.
    for (const metric of this.metrics.values()) {
      metric.isNamed = false;
      metric.closeAll();
    }
    this.#readState();
    return true;
  }

  #readState(): void {
    const until = Atomics.load(this.#published!, 0);
    while (this.#read < until) {
      const { at } = this.#reader!;
      const next = this.#record(this.#reader!);
      this.#read += this.#reader!.at - at;
      if (next !== undefined) this.#enter(next, 0);
    }
    for (const [id, metric] of this.metrics) if (!metric.isNamed) this.#drop(id);
  }

  #enter(segment: number, start: number): void {
    if (!this.#buffers.has(segment)) this.#drain();
    const buffer = this.#buffers.get(segment);
    if (buffer === undefined)
      throw new FlxError("FLX_FLEET_BYTES", "a segment of a log is missing");
    this.#segments.push(segment);
    this.#reader = new RecordReader(new Uint8Array(buffer));
    this.#reader.at = start;
  }

  /** Reads one record; gives the next segment, when it leads to one. */
  #record(reader: RecordReader): number | undefined {
    const kind = reader.whole();
    const id = reader.whole();
    if (kind === RECORD.next) return id;
    const metric = this.metrics.get(id);
    if (kind === RECORD.metric) this.#metric(id, reader.text());
    else if (kind === RECORD.drop) this.#drop(id);
    else if (metric === undefined) throw new FlxError("FLX_FLEET_BYTES", `no metric ${id}`);
    else if (kind === RECORD.chunk) metric.place(reader.whole(), readPlace(reader));
    else if (kind === RECORD.close) metric.close(reader.whole());
    else if (kind === RECORD.native) metric.native(reader.whole(), readNative(reader));
    else {
      const row = reader.whole();
      const createdMs = reader.number();
      metric.open(row, { createdMs, values: metric.spec.labelNames.map(() => reader.text()) });
    }
    return undefined;
  }

  #metric(id: number, text: string): void {
    const known = this.metrics.get(id);
    if (known !== undefined) {
      known.isNamed = true;
      return;
    }
    const metric = new ThreadMetric(parseSpec(text), this);
    this.metrics.set(id, metric);
    this.#watcher.added(metric);
  }

  #drop(id: number): void {
    const metric = this.metrics.get(id);
    if (metric === undefined) return;
    this.metrics.delete(id);
    metric.closeAll();
    this.#watcher.removed(metric);
  }
}

/** Where the exponential buckets of a row stand. */
interface NativePlaces {
  readonly schema: number;
  readonly zero: Place;
  readonly positive: Place & { readonly offset: number };
  readonly negative: Place & { readonly offset: number };
}

/** The copy of a chunk; one for all, since each is used up before the next is made. */
let copied = new Float64Array(1024);

/** A metric of a thread. */
export class ThreadMetric extends MemberMetric {
  /** Whether the log that is being read has named it. */
  isNamed = true;
  readonly #member: ThreadMember;
  readonly #places: Place[] = [];
  readonly #natives = new Map<number, NativePlaces>();

  constructor(spec: MetricSpec, member: ThreadMember) {
    super(spec);
    this.#member = member;
  }

  get chunks(): number {
    return this.#places.length;
  }

  place(index: number, place: Place): void {
    this.#places[index] = place;
  }

  native(row: number, places: NativePlaces): void {
    this.#natives.set(row, places);
  }

  override close(row: number): void {
    super.close(row);
    this.#natives.delete(row);
  }

  readChunk(index: number): Float64Array {
    const room = CHUNK_ROWS * this.spec.stride;
    if (copied.length < room) copied = new Float64Array(room);
    this.#member.copy(() => {
      const from = this.#member.array(this.#places[index]!);
      copied.set(from);
      copied.fill(0, from.length, room);
    });
    return copied;
  }

  readNative(row: number, cells: Float64Array): NativeHistogram | undefined {
    let before: NativeCopy | undefined;
    let after: NativeCopy | undefined;
    this.#member.copy(() => {
      before = this.#copyNative(row);
      const { stride } = this.spec;
      const chunk = this.#member.array(this.#places[row >> CHUNK_BITS]!);
      const start = (row & CHUNK_MASK) * stride;
      cells.fill(0);
      cells.set(chunk.subarray(start, start + stride));
      after = this.#copyNative(row);
    });
    const { native } = this.spec;
    if (native === undefined) return undefined;
    after ??= nothing(native.schema);
    const sum = cells.at(-1)!;
    let count = 0;
    for (let i = 0; i < cells.length - 1; i++) count += cells[i]!;
    const same = before?.schema === after.schema;
    return fitNative(same ? before! : after, after, count, sum, native.zeroThreshold);
  }

  #copyNative(row: number): NativeCopy | undefined {
    const places = this.#natives.get(row);
    if (places === undefined) return undefined;
    const { schema, positive, negative } = places;
    const side = ({ offset, ...place }: NativePlaces["positive"]): SideCopy => {
      return { offset, counts: Float64Array.from(this.#member.array(place)) };
    };
    const zero = this.#member.array(places.zero)[0] ?? 0;
    return { schema, zero, positive: side(positive), negative: side(negative) };
  }
}

/** Buckets in which nothing was counted yet. */
function nothing(schema: number): NativeCopy {
  const side = { offset: 0, counts: new Float64Array(0) };
  return { schema, zero: 0, positive: side, negative: side };
}

function readPlace(reader: RecordReader): Place {
  return { buffer: reader.whole(), start: reader.whole(), length: reader.whole() };
}

function readNative(reader: RecordReader): NativePlaces {
  const schema = reader.signed();
  const zero = readPlace(reader);
  const side = () => ({ offset: reader.signed(), ...readPlace(reader) });
  return { schema, zero, positive: side(), negative: side() };
}
