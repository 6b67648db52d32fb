// A log of records on disk: what was appended is there after the process, or the machine, dies.
//
//   append ─┐
//   append ─┼─► pending ──► one write + fdatasync ──► all of them resolve      while it runs, the next ones gather:
//   append ─┘                                                                    a group commit without a timer
//
//   segments   000..01.log   000..02.log   000..03.log ◄── appends go here; a new one when it is large, or is asked for
//              └─ dropped when the caller has no more use for what is in it ─┘
//
// When a write fails (disk full, broken) everything in it and after it is refused, and what it left in the file is cut
// off; the log goes on in a new segment with the next append, so it works again when the disk does. A caller that
// encodes records against each other (a name once, its number afterwards) learns of the loss by `failures`.
//
// At open, a segment that ends in the middle of a record was being written when the process died: nobody was told that
// the record is there, and it is cut off. The same in the middle of the log is damage: what is behind it in that segment
// is copied aside, and told.
//
// Generic: what a record means is the caller's business. Used by the head of the metrics store, and by every queue that
// must not lose.

import { constants, type FileHandle, mkdir, open, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FlxError } from "@flx/model";
import { type LogRecord, MAX_PAYLOAD, RECORD_HEAD, writeRecord } from "./record.ts";
import { listSegments, readSegment, SEGMENT_HEAD, segmentPath } from "./segment-file.ts";
import { syncFolder } from "./sync-folder.ts";

/** How a log is kept. */
export interface LogOptions {
  readonly folder: string;
  /** Segments before were dropped: their numbers are not given again. Default 1. */
  readonly firstSegment?: number;
  /** A segment that is larger is followed by a new one. Default 64 MiB. */
  readonly segmentBytes?: number;
  /** Bytes that may wait for the disk; more are refused. Default 64 MiB. */
  readonly maxPendingBytes?: number;
  /** Told after each group commit. */
  readonly onCommit?: (seconds: number, bytes: number) => void;
}

/** What was found that is not as it should be. */
export interface LogDamage {
  readonly file: string;
  readonly bytes: number;
  /** `cut`: the end of the last segment, never acknowledged. `damaged`: something that was. */
  readonly kind: "cut" | "damaged";
}

/** A segment that is on disk. */
export interface LogSegment {
  readonly segment: number;
  readonly bytes: number;
}

/** A place in a log: so many bytes into a segment. */
export interface LogPosition {
  readonly segment: number;
  readonly offset: number;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: FlxError) => void;
}

/** Records of one segment that wait for the disk. */
class Batch {
  readonly segment: number;
  readonly waiters: Waiter[] = [];
  bytes: Buffer = Buffer.allocUnsafe(64 * 1024);
  length = 0;

  constructor(segment: number) {
    this.segment = segment;
  }

  add(type: number, payload: Uint8Array): void {
    const needed = this.length + RECORD_HEAD + payload.length;
    if (needed > this.bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
      this.bytes.copy(grown, 0, 0, this.length);
      this.bytes = grown;
    }
    this.length = writeRecord(this.bytes, this.length, type, payload);
  }
}

/** An open log. One writer: see folder-lock.ts. */
export class Log implements AsyncDisposable {
  readonly #options: LogOptions;
  readonly #segmentBytes: number;
  readonly #maxPending: number;
  /** Closed segments, and their bytes. */
  readonly #closed = new Map<number, number>();
  /** What `open` found. */
  readonly damage: readonly LogDamage[];
  /** Writes that have failed: what was appended before is there up to some record, and nothing of what came after it. */
  failures = 0;
  #segment: number;
  #segmentSize = 0;
  #pending: Batch[] = [];
  #pendingBytes = 0;
  #writing: Promise<void> | undefined;
  #file: { readonly handle: FileHandle; readonly segment: number; size: number } | undefined;
  #durable: LogPosition;
  #isClosed = false;

  private constructor(
    options: LogOptions,
    segments: ReadonlyMap<number, number>,
    next: number,
    damage: readonly LogDamage[],
  ) {
    this.#options = options;
    this.#segmentBytes = options.segmentBytes ?? 64 * 1024 * 1024;
    this.#maxPending = options.maxPendingBytes ?? 64 * 1024 * 1024;
    this.damage = damage;
    for (const [segment, bytes] of segments) this.#closed.set(segment, bytes);
    this.#segment = next;
    this.#durable = { segment: next, offset: SEGMENT_HEAD.length };
  }

  /**
   * Opens a log and gives every record in it, oldest first; appends go to a new segment.
   *
   * @param onRecord its payload is only good during the call
   * @throws {FlxError} `FLX_STORE_DISK` when the folder cannot be read or written
   */
  static async open(
    options: LogOptions,
    onRecord: (record: LogRecord, segment: number) => void | Promise<void>,
  ): Promise<Log> {
    const { folder } = options;
    try {
      await mkdir(folder, { recursive: true });
      const segments = new Map<number, number>();
      const damage: LogDamage[] = [];
      const found = await listSegments(folder);
      for (const segment of found) {
        const path = segmentPath(folder, segment);
        const end = await readSegment(path, (record) => onRecord(record, segment));
        if (end.restBytes > 0) {
          const kind = segment === found.at(-1) ? "cut" : "damaged";
          if (kind === "damaged") await putAside(folder, path, segment, end.goodBytes);
          await truncate(path, end.goodBytes);
          damage.push({ file: path, bytes: end.restBytes, kind });
        }
        if (end.goodBytes <= SEGMENT_HEAD.length) await rm(path);
        else segments.set(segment, end.goodBytes);
      }
      const next = Math.max((found.at(-1) ?? 0) + 1, options.firstSegment ?? 1);
      return new Log(options, segments, next, damage);
    } catch (error) {
      if (error instanceof FlxError) throw error;
      throw diskError(`cannot open the log in ${folder}`, error);
    }
  }

  /** Where the next record goes. */
  get segment(): number {
    return this.#segment;
  }

  /** Segments on disk before the current one, oldest first. */
  get segments(): readonly LogSegment[] {
    return Array.from(this.#closed, ([segment, bytes]) => ({ segment, bytes }));
  }

  /** Up to here everything is durable. A segment before this one is whole. */
  get durable(): LogPosition {
    return this.#durable;
  }

  /** Bytes on disk and on their way to it. */
  get bytes(): number {
    let bytes = this.#segmentSize;
    for (const each of this.#closed.values()) bytes += each;
    return bytes;
  }

  /**
   * Appends a record; resolves when it is durable. Records become durable, and their promises resolve, in the order of
   * the calls. The payload is copied.
   *
   * Rejects with `FLX_STORE_DISK` when it could not be written (then it is not there), `FLX_STORE_BUSY` when too much
   * waits for the disk.
   */
  append(type: number, payload: Uint8Array): Promise<void> {
    if (this.#isClosed)
      return Promise.reject(new FlxError("FLX_STORE_CLOSED", "the log is closed"));
    if (payload.length > MAX_PAYLOAD) {
      return Promise.reject(
        new FlxError("FLX_STORE_RECORD", `a record of ${payload.length} bytes is too large`),
      );
    }
    if (this.#pendingBytes > 0 && this.#pendingBytes + payload.length > this.#maxPending) {
      return Promise.reject(
        new FlxError("FLX_STORE_BUSY", `${this.#pendingBytes} bytes wait for the disk`),
      );
    }
    if (this.#segmentSize >= this.#segmentBytes) this.rotate();
    let batch = this.#pending.at(-1);
    if (batch?.segment !== this.#segment) {
      batch = new Batch(this.#segment);
      this.#pending.push(batch);
    }
    const before = batch.length;
    batch.add(type, payload);
    this.#segmentSize += batch.length - before;
    this.#pendingBytes += batch.length - before;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    batch.waiters.push({ resolve, reject });
    this.#writing ??= this.#writeAll();
    return promise;
  }

  /** Begins a new segment with the next record; its number. */
  rotate(): number {
    if (this.#segmentSize > 0) {
      this.#closed.set(this.#segment, this.#segmentSize);
      this.#segment++;
      this.#segmentSize = 0;
    }
    return this.#segment;
  }

  /** Resolves when everything appended so far is durable or refused. Never rejects. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  /** Removes the segments before one. */
  async drop(before: number): Promise<void> {
    await this.settled();
    for (const segment of this.#closed.keys()) {
      if (segment >= before) continue;
      if (this.#file?.segment === segment) await this.#closeFile();
      await rm(segmentPath(this.#options.folder, segment), { force: true });
      this.#closed.delete(segment);
    }
  }

  async #writeAll(): Promise<void> {
    // Appends of this turn of the loop go together.
    await new Promise(setImmediate);
    for (let batch = this.#pending.shift(); batch !== undefined; batch = this.#pending.shift()) {
      const started = performance.now();
      try {
        await this.#write(batch);
      } catch (error) {
        await this.#refuse(batch, error);
        continue;
      }
      this.#pendingBytes -= batch.length;
      this.#options.onCommit?.((performance.now() - started) / 1_000, batch.length);
      for (const { resolve } of batch.waiters) resolve();
    }
    this.#writing = undefined;
  }

  async #write({ segment, bytes, length }: Batch): Promise<void> {
    if (this.#file?.segment !== segment) {
      await this.#closeFile();
      this.#file = await createSegment(this.#options.folder, segment);
    }
    const file = this.#file;
    let written = 0;
    while (written < length) {
      const result = await file.handle.write(bytes, written, length - written, file.size + written);
      written += result.bytesWritten;
    }
    await file.handle.datasync();
    file.size += length;
    this.#durable = { segment, offset: file.size };
  }

  /** Cuts off what a failed write left, and refuses everything that was encoded after it. */
  async #refuse(failed: Batch, cause: unknown): Promise<void> {
    const refused = [failed, ...this.#pending];
    this.#pending = [];
    const file = this.#file;
    if (file?.segment === failed.segment) {
      await file.handle.truncate(file.size).catch(() => undefined);
      await this.#closeFile();
      this.#closed.set(failed.segment, file.size);
    } else this.#closed.delete(failed.segment);
    for (const { segment, length } of refused) {
      this.#pendingBytes -= length;
      if (segment !== failed.segment) this.#closed.delete(segment);
    }
    this.#segment++;
    this.#segmentSize = 0;
    this.failures++;
    const error = diskError("the log cannot be written", cause);
    for (const { waiters } of refused) for (const { reject } of waiters) reject(error);
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close().catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.settled();
    await this.#closeFile();
  }
}

async function createSegment(folder: string, segment: number) {
  const path = segmentPath(folder, segment);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC;
  const handle = await open(path, flags, 0o640);
  try {
    await handle.write(SEGMENT_HEAD, 0, SEGMENT_HEAD.length, 0);
    await handle.datasync();
    await syncFolder(folder);
  } catch (error) {
    await handle.close();
    await rm(path, { force: true });
    throw error;
  }
  return { handle, segment, size: SEGMENT_HEAD.length };
}

/** Copies what cannot be read, so that somebody may look at it. */
async function putAside(folder: string, path: string, segment: number, from: number) {
  const quarantine = join(folder, "damaged");
  await mkdir(quarantine, { recursive: true });
  await using file = await open(path, "r");
  const { size } = await file.stat();
  const rest = Buffer.alloc(Math.min(size - from, 256 * 1024 * 1024));
  await file.read(rest, 0, rest.length, from);
  await writeFile(join(quarantine, `${segment}-from-${from}.bin`), rest);
}

/** An error of the disk, with the system's word for it. */
export function diskError(what: string, cause: unknown): FlxError {
  const { code = "", message } = cause as NodeJS.ErrnoException;
  return new FlxError("FLX_STORE_DISK", `${what}: ${code === "" ? message : code}`, { cause });
}
