// Reads a log while it is written: record after record from a place on, as far as it is durable.
//
//   000..01.log   000..02.log   000..03.log
//        ▲ position             durable ▲        next() gives what lies between, then undefined until there is more
//
// In pieces of a megabyte, so a log of any size costs little memory. What is damaged in a segment ends that segment, and
// is told; a segment that was dropped meanwhile is passed over.

import { type FileHandle, open } from "node:fs/promises";
import { FlxError } from "@flx/model";
import { diskError, type Log, type LogPosition } from "./log.ts";
import { readRecord } from "./record.ts";
import { SEGMENT_HEAD, segmentPath } from "./segment-file.ts";

const PIECE = 1024 * 1024;

/** A record with the place behind it. */
export interface ReadRecord {
  readonly type: number;
  readonly payload: Buffer;
  readonly end: LogPosition;
}

/** Reads one log from one place on. One call at a time. */
export class LogReader implements AsyncDisposable {
  readonly #folder: string;
  readonly #log: Log;
  readonly #onDamage: (error: FlxError) => void;
  #segment: number;
  /** Where `#bytes` begins in the segment, and how far of it is read. */
  #start: number;
  #at = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #file: FileHandle | undefined;

  constructor(
    folder: string,
    log: Log,
    from: LogPosition,
    onDamage: (error: FlxError) => void = () => undefined,
  ) {
    this.#folder = folder;
    this.#log = log;
    this.#onDamage = onDamage;
    this.#segment = from.segment;
    this.#start = Math.max(from.offset, SEGMENT_HEAD.length);
  }

  /** Goes on there. */
  async seek({ segment, offset }: LogPosition): Promise<void> {
    await this.#closeFile();
    this.#segment = segment;
    this.#start = Math.max(offset, SEGMENT_HEAD.length);
    this.#at = 0;
    this.#bytes = Buffer.alloc(0);
  }

  /**
   * The next record; undefined when no more is durable.
   *
   * @throws {FlxError} `FLX_STORE_DISK` when the disk does not give what it has
   */
  async next(): Promise<ReadRecord | undefined> {
    for (;;) {
      const found = readRecord(this.#bytes, this.#at);
      if (found.kind === "record") {
        this.#at = found.end;
        const end = { segment: this.#segment, offset: this.#start + this.#at };
        return { ...found.record, end };
      }
      if (found.kind === "damaged") {
        this.#onDamage(
          new FlxError("FLX_STORE_DAMAGED", `segment ${this.#segment} of ${this.#folder}`),
        );
        if (!(await this.#nextSegment())) return undefined;
        continue;
      }
      if (await this.#fill(found.needs)) continue;
      if (!(await this.#nextSegment())) return undefined;
    }
  }

  /** Whether there are so many bytes from here on. */
  async #fill(needs: number): Promise<boolean> {
    const end = await this.#end();
    const from = this.#start + this.#at;
    const size = Math.min(Math.max(needs, PIECE), end - from);
    if (size < needs) return false;
    // A new piece each time: records given out are views of the one before.
    const piece = Buffer.allocUnsafe(size);
    try {
      this.#file ??= await open(segmentPath(this.#folder, this.#segment), "r");
      let filled = 0;
      while (filled < size) {
        const { bytesRead } = await this.#file.read(piece, filled, size - filled, from + filled);
        if (bytesRead === 0) return false;
        filled += bytesRead;
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw diskError("the log cannot be read", error);
    }
    this.#bytes = piece;
    this.#start = from;
    this.#at = 0;
    return true;
  }

  /** Where the segment ends, as far as it may be read. */
  async #end(): Promise<number> {
    const { segment, offset } = this.#log.durable;
    if (segment === this.#segment) return offset;
    if (segment < this.#segment) return 0;
    try {
      this.#file ??= await open(segmentPath(this.#folder, this.#segment), "r");
      return (await this.#file.stat()).size;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
      throw diskError("the log cannot be read", error);
    }
  }

  async #nextSegment(): Promise<boolean> {
    const { durable, segments } = this.#log;
    if (durable.segment <= this.#segment) return false;
    const later = segments.find(({ segment }) => segment > this.#segment)?.segment ?? Infinity;
    await this.seek({ segment: Math.min(later, durable.segment), offset: 0 });
    return true;
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closeFile();
  }
}
