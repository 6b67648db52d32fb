// A ring of bytes between the service's thread, which writes records, and the export worker, which reads them.
//
//   ┌──────── data (2^n bytes) ─────────────────────────────────────────────┐
//   │ ...free... [len|kind|scope] payload [len|kind|scope] payload ...free... │
//   └────────────▲ tail (reader)                            ▲ head (writer) ─┘
//
//   header of a record, 8 bytes:  word 0  length of the payload
//                                 word 1  kind << 16 | scope
//   records begin at multiples of 8 and never wrap: what is left at the end is skipped by a record of kind PAD
//
// One writer, one reader, no locks: the writer stores `head` after the bytes, the reader stores `tail` after it has
// copied them (both sequentially consistent, so bytes are seen before positions). Positions count up for ever and wrap
// at 2^32; their difference is what is in use.
//
// Why shared memory and not messages: a record costs a copy of its bytes and one atomic store (a message costs 5 to 10 µs
// and a clone), and whatever is in the ring when the service's thread ends is still there for the worker to send.
//
// When all was read, the writer goes back to the start of the ring: a service with little to say touches little memory.
//
// `write` gives false when there is no room: the caller counts the loss. Nothing is ever overwritten.

import type { MessageWriter } from "@flx/model/write";

/** Positions and flags, as indices into the control words. */
const HEAD = 0;
const TAIL = 1;
const ASLEEP = 2;
const FLUSH_WANTED = 3;
const FLUSH_DONE = 4;
/** Until when the newest flush may take: the low 32 bits of the milliseconds since 1970, which both threads know. */
const FLUSH_UNTIL = 5;
/** Who reads: nobody yet, the worker, or the service's own thread at its end. */
const READER = 6;
/** Whether the newest flush that is done has left nothing that is in memory only. */
const FLUSH_SAFE = 7;
const CONTROL_BYTES = 64;
/** What 32 bits of milliseconds can tell apart from the past. */
const MAX_FLUSH_MS = 1e9;

const HEADER = 8;
const PAD = 0;

/** From here on an emptied ring starts again from its first byte. */
const REWIND_FROM = 256 * 1024;

/** The memory two threads share. */
export interface RingMemory {
  readonly control: SharedArrayBuffer;
  readonly data: SharedArrayBuffer;
}

/**
 * New memory for a ring.
 *
 * @param bytes a power of two, at least 64 KB; only what is written is ever taken from the system
 */
export function ringMemory(bytes: number): RingMemory {
  return {
    control: new SharedArrayBuffer(CONTROL_BYTES),
    data: new SharedArrayBuffer(bytes),
  };
}

/** The service's end. */
export class RingWriter {
  readonly #control: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #size: number;
  readonly #wake: () => void;
  #head: number;

  /** @param wake called when the reader sleeps and there is something to read */
  constructor(memory: RingMemory, wake: () => void) {
    this.#control = new Int32Array(memory.control);
    this.#bytes = new Uint8Array(memory.data);
    this.#words = new Int32Array(memory.data);
    this.#size = this.#bytes.length;
    this.#wake = wake;
    this.#head = Atomics.load(this.#control, HEAD);
  }

  /** Bytes in use. */
  get used(): number {
    return (this.#head - Atomics.load(this.#control, TAIL)) >>> 0;
  }

  /**
   * Writes a record; false when there is no room.
   *
   * @param kind 1 to 65,535
   * @param scope 0 to 65,535
   * @param payload the record, from its first byte on
   */
  write(kind: number, scope: number, payload: MessageWriter): boolean {
    const size = this.#size;
    const length = payload.at;
    const need = HEADER + ((length + 7) & ~7);
    const tail = Atomics.load(this.#control, TAIL);
    let head = this.#head;
    let offset = head & (size - 1);
    const left = size - offset;
    const rewind = head === tail && offset >= REWIND_FROM;
    const skipped = need > left || rewind ? left : 0;
    if (((head - tail) >>> 0) + skipped + need > size) return false;
    if (skipped > 0) {
      this.#words[offset >> 2] = skipped - HEADER;
      this.#words[(offset >> 2) + 1] = PAD;
      head = (head + skipped) | 0;
      offset = 0;
    }
    this.#words[offset >> 2] = length;
    this.#words[(offset >> 2) + 1] = (kind << 16) | scope;
    this.#copy(payload, offset + HEADER);
    this.#head = (head + need) | 0;
    Atomics.store(this.#control, HEAD, this.#head);
    if (Atomics.load(this.#control, ASLEEP) === 1) this.#wakeUp();
    return true;
  }

  /**
   * Asks the reader to send everything, and waits for it, at most so long; whether it did. Blocks the thread.
   *
   * @param startMs how long is waited for a reader that has not begun yet
   */
  flushSync(timeoutMs: number, startMs: number = timeoutMs): boolean {
    const begunMs = performance.now();
    const wanted = this.#wantFlush(timeoutMs);
    for (;;) {
      const done = Atomics.load(this.#control, FLUSH_DONE);
      if (done - wanted >= 0) return true;
      const isRead = Atomics.load(this.#control, READER) !== 0;
      const leftMs = (isRead ? timeoutMs : startMs) - (performance.now() - begunMs);
      if (leftMs <= 0) return false;
      Atomics.wait(this.#control, FLUSH_DONE, done, leftMs);
    }
  }

  /** The same without blocking the thread; also false when something is left that is in memory only. */
  async flush(timeoutMs: number): Promise<boolean> {
    const deadlineMs = performance.now() + timeoutMs;
    const wanted = this.#wantFlush(timeoutMs);
    for (;;) {
      const done = Atomics.load(this.#control, FLUSH_DONE);
      if (done - wanted >= 0) return Atomics.load(this.#control, FLUSH_SAFE) === 1;
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) return false;
      // A wait in slices keeps the event loop alive (Atomics.waitAsync does not) for a process that waits for this.
      await new Promise((resolve) => setTimeout(resolve, Math.min(leftMs, 5)));
    }
  }

  #wantFlush(timeoutMs: number): number {
    Atomics.store(this.#control, FLUSH_UNTIL, (Date.now() + Math.min(timeoutMs, MAX_FLUSH_MS)) | 0);
    const wanted = Atomics.add(this.#control, FLUSH_WANTED, 1) + 1;
    this.#wake();
    return wanted;
  }

  /** The reader is no more: another may begin. */
  readerEnded(): void {
    Atomics.store(this.#control, READER, 0);
  }

  /** Takes the reader's place when none has begun; whether it could. None will begin then. */
  takeOver(): boolean {
    return Atomics.compareExchange(this.#control, READER, 0, 2) === 0;
  }

  #copy(payload: MessageWriter, at: number): void {
    const { at: length, words: from } = payload;
    if (length > 512) {
      this.#bytes.set(payload.bytes.subarray(0, length), at);
      return;
    }
    // Four bytes at a time, cheaper than a view for what nearly all records are; the room is a multiple of eight.
    const to = this.#words;
    const start = at >> 2;
    const end = (length + 3) >> 2;
    for (let i = 0; i < end; i++) to[start + i] = from[i]!;
  }

  #wakeUp(): void {
    if (Atomics.compareExchange(this.#control, ASLEEP, 1, 0) === 1) this.#wake();
  }
}

/** One record, as `RingReader.drain` shows it: valid during the call only. */
export type RecordVisitor = (kind: number, scope: number, payload: Uint8Array) => void;

/** The worker's end. */
export class RingReader {
  readonly #control: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #size: number;

  constructor(memory: RingMemory) {
    this.#control = new Int32Array(memory.control);
    this.#bytes = new Uint8Array(memory.data);
    this.#words = new Int32Array(memory.data);
    this.#size = this.#bytes.length;
  }

  /** Bytes in use. */
  get used(): number {
    return (Atomics.load(this.#control, HEAD) - Atomics.load(this.#control, TAIL)) >>> 0;
  }

  /** Shows every record that is there, at most so many bytes of them, and gives their room back; how many there were. */
  drain(visit: RecordVisitor, maxBytes: number = Infinity): number {
    const head = Atomics.load(this.#control, HEAD);
    let tail = Atomics.load(this.#control, TAIL);
    const first = tail;
    let count = 0;
    while (tail !== head && (tail - first) >>> 0 < maxBytes) {
      const offset = tail & (this.#size - 1);
      const length = this.#words[offset >> 2]!;
      const header = this.#words[(offset >> 2) + 1]!;
      if (header !== PAD) {
        count++;
        const start = offset + HEADER;
        visit(header >>> 16, header & 0xffff, this.#bytes.subarray(start, start + length));
      }
      tail = (tail + HEADER + ((length + 7) & ~7)) | 0;
    }
    Atomics.store(this.#control, TAIL, tail);
    return count;
  }

  /** Says that the next record shall wake the reader; false when there is one already. */
  sleep(): boolean {
    Atomics.store(this.#control, ASLEEP, 1);
    if (this.used === 0) return true;
    Atomics.store(this.#control, ASLEEP, 0);
    return false;
  }

  /** The number of the newest flush that was asked for. */
  get flushWanted(): number {
    return Atomics.load(this.#control, FLUSH_WANTED);
  }

  /** How much time that flush still has, in milliseconds; below 0 when it is late already. */
  get flushLeftMs(): number {
    return (Atomics.load(this.#control, FLUSH_UNTIL) - (Date.now() | 0)) | 0;
  }

  /** Begins to read; false when somebody does already. */
  begin(): boolean {
    return Atomics.compareExchange(this.#control, READER, 0, 1) === 0;
  }

  /** Says that everything up to a flush is done, and whether nothing is left in memory only. */
  flushed(wanted: number, isSafe: boolean): void {
    Atomics.store(this.#control, FLUSH_SAFE, isSafe ? 1 : 0);
    Atomics.store(this.#control, FLUSH_DONE, wanted);
    Atomics.notify(this.#control, FLUSH_DONE);
  }
}
