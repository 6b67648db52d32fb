// Memory that other threads of the process read: arrays of numbers cut from SharedArrayBuffers.
//
//   buffer 0   [ counter a | gauge b | counter c | . . . ]     32 KiB, small arrays one after the other
//   buffer 1   [ chunk of 1,024 histograms               ]     large arrays have one of their own
//
// Every buffer has a number and is announced before anything is in it, so that whoever gathers can find an array by
// (buffer, start). Arrays that were released are used again, by size: a service that opens and drops series for weeks does
// not grow. Using one again is told by `onReuse`, before it is overwritten: a reader that still looks at the old owner's
// numbers must notice (series-log.ts).
//
// Numbers are written by their thread with plain stores and read by others with plain loads. An aligned store of 64 bits
// is not torn on the machines Node runs on: Intel SDM volume 3A, 9.1.1 (a quadword aligned on 64 bits); Arm ARM B2.2.1
// (single-copy atomicity of aligned 64-bit accesses). ECMAScript promises it for integers only, and V8 compiles a store to a
// Float64Array into one such instruction. Atomics do not take floats, and would cost every increment an exclusive store.

import type { CellMemory } from "../cells.ts";

/** Numbers in a buffer that small arrays share. */
const ARENA_NUMBERS = 4_096;
/** Arrays up to this length share. */
const MAX_SMALL = 1_024;
const MIN_SMALL = 8;

/** Where an array stands. */
export interface Place {
  readonly buffer: number;
  /** In numbers from the buffer's beginning. */
  readonly start: number;
  readonly length: number;
}

/** Told of what happens to the memory. */
export interface MemoryWatcher {
  /** A buffer is there; called before it is used. */
  announce(number: number, buffer: SharedArrayBuffer): void;
  /** An array that was released is used again. */
  reused(): void;
}

/** Memory of one thread that others read. */
export class SharedMemory implements CellMemory {
  /** The buffers by number. */
  readonly buffers: Map<number, SharedArrayBuffer> = new Map();
  readonly #numbers = new Map<ArrayBufferLike, number>();
  readonly #watcher: MemoryWatcher;
  /** Arrays to use again, by their room. */
  readonly #free = new Map<number, Float64Array[]>();
  #nextNumber = 0;
  #arena: SharedArrayBuffer | undefined;
  #arenaUsed = 0;

  constructor(watcher: MemoryWatcher) {
    this.#watcher = watcher;
  }

  /** Bytes in all buffers. */
  get bytes(): number {
    let bytes = 0;
    for (const { byteLength } of this.buffers.values()) bytes += byteLength;
    return bytes;
  }

  take(length: number): Float64Array {
    const room = roomOf(length);
    const old = this.#free.get(room)?.pop();
    if (old !== undefined) {
      this.#watcher.reused();
      const again = new Float64Array(old.buffer, old.byteOffset, length);
      again.fill(0);
      return again;
    }
    if (room > MAX_SMALL) return new Float64Array(this.buffer(room * 8), 0, length);
    if (this.#arena === undefined || this.#arenaUsed + room > ARENA_NUMBERS) {
      this.#arena = this.buffer(ARENA_NUMBERS * 8);
      this.#arenaUsed = 0;
    }
    const start = this.#arenaUsed;
    this.#arenaUsed += room;
    return new Float64Array(this.#arena, start * 8, length);
  }

  release(array: Float64Array): void {
    // What has no number is no memory of ours: an empty array, or one from before the metric was shared.
    if (!this.#numbers.has(array.buffer)) return;
    const room = roomOf(array.length);
    const free = this.#free.get(room);
    if (free === undefined) this.#free.set(room, [array]);
    else free.push(array);
  }

  /** Where an array of this memory stands. */
  place(array: Float64Array): Place {
    const buffer = this.#numbers.get(array.buffer);
    return buffer === undefined
      ? { buffer: 0, start: 0, length: 0 }
      : { buffer, start: array.byteOffset / 8, length: array.length };
  }

  /** A whole buffer, announced; for what is no array of numbers. */
  buffer(bytes: number): SharedArrayBuffer {
    const buffer = new SharedArrayBuffer(bytes);
    const number = this.#nextNumber++;
    this.buffers.set(number, buffer);
    this.#numbers.set(buffer, number);
    this.#watcher.announce(number, buffer);
    return buffer;
  }

  /** The number of a buffer of this memory. */
  numberOf(buffer: SharedArrayBuffer): number {
    return this.#numbers.get(buffer) ?? 0;
  }

  /** Gives a whole buffer up; who reads it keeps it until it, too, has let go. */
  drop(buffer: SharedArrayBuffer): void {
    const number = this.#numbers.get(buffer);
    if (number === undefined) return;
    this.#numbers.delete(buffer);
    this.buffers.delete(number);
  }
}

/** The room that an array of some length takes: small ones a power of two, so that they fit one another. */
function roomOf(length: number): number {
  if (length > MAX_SMALL) return length;
  let room = MIN_SMALL;
  while (room < length) room *= 2;
  return room;
}
