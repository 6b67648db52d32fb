// One signal inside the thread of records: requests that wait for the hot file, one thing at a time.
//
//   take ─► waiting ── flush: a second, 10,000 records, a question ──► files ─► onDurable(position)
//
// A flush that fails (the disk is full) leaves everything waiting and in the log; the next one tries again. Until then what
// waits is put into memory for questions: they see everything that was acknowledged. Whether there is room is looked at before DuckDB is asked to write: a commit
// that fails may leave its tables unreadable, so the database is opened anew after one.

import { statfs } from "node:fs/promises";
import { type Bytes, formatByteSize } from "@flx/model";
import type { RecordRange, RecordStatistics } from "../stored-record.ts";
import type { LoggedRequest } from "./hot-file.ts";
import type { RecordFiles } from "./record-files.ts";
import type { RecordSource } from "./record-source.ts";

/** Records that wait at most. */
const FLUSH_RECORDS = 10_000;
/** Records of one transaction. */
const BATCH_RECORDS = 10_000;

/** What the database says when a file is not what it should be. */
const MAYBE_DAMAGE =
  /^(?:IO|Serialization|Invalid|INTERNAL) Error|parquet|zstd|corrupt|magic bytes/i;

interface WaitingRequest extends LoggedRequest {
  readonly records: number;
}

/** One signal. */
export class SignalKeeper {
  readonly #onDurable: (position: number) => void;
  readonly #spareBytes: number;
  #files: RecordFiles;
  readonly #waiting: WaitingRequest[] = [];
  #waitingRecords = 0;
  #work: Promise<unknown> = Promise.resolve();
  #fault = "";
  #isBroken = false;
  /** What waited is being taken from memory to the files. */
  #isMoving = false;

  /** @param spareBytes room that is left for DuckDB's own files */
  constructor(files: RecordFiles, spareBytes: number, onDurable: (position: number) => void) {
    this.#files = files;
    this.#spareBytes = spareBytes;
    this.#onDurable = onDurable;
  }

  /** Why the last flush failed; "" when it did not. */
  get fault(): string {
    return this.#fault;
  }

  get files(): RecordFiles {
    return this.#files;
  }

  /** A write failed: the database must be opened anew. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** The number that the next record gets. */
  get next(): number {
    return this.#files.next;
  }

  /** Takes a request that is in the log. */
  take(request: LoggedRequest, records: number): void {
    this.#waiting.push({ ...request, records });
    this.#waitingRecords += records;
    // After one that failed only the timer tries again: a full disk is not asked by every request.
    if (this.#waitingRecords >= FLUSH_RECORDS && this.#fault === "") {
      void this.flush().catch(() => undefined);
    }
  }

  /** Puts into the hot file what was taken before. */
  flush(): Promise<void> {
    return this.#inTurn(async () => {
      try {
        while (this.#waiting.length > 0) await this.#flushBatch();
        this.#fault = "";
      } catch (error) {
        this.#fault = (error as Error).message;
        throw error;
      }
    });
  }

  async #flushBatch(): Promise<void> {
    let count = 0;
    let records = 0;
    while (count < this.#waiting.length && records < BATCH_RECORDS) {
      records += this.#waiting[count++]!.records;
    }
    const batch = this.#waiting.slice(0, count);
    await this.#checkRoom(batch.reduce((sum, { bytes }) => sum + bytes.length, 0));
    this.#isMoving = true;
    try {
      await this.#files.hide();
      await this.#files.append(batch);
    } catch (error) {
      this.#isBroken = true;
      throw error;
    } finally {
      this.#isMoving = false;
    }
    this.#waiting.splice(0, count);
    this.#waitingRecords -= records;
    this.#onDurable(this.#files.position);
  }

  async #checkRoom(bytes: number): Promise<void> {
    if (this.#isBroken) throw new Error("the database is being opened anew");
    const { bavail, bsize } = await statfs(this.#files.folder);
    if (bavail * bsize >= bytes + this.#spareBytes) return;
    throw new Error(
      `${formatByteSize((bavail * bsize) as Bytes)} are left on the disk: too little to go on`,
    );
  }

  /** Windows that are over are closed, old ones dropped. */
  upkeep(): Promise<void> {
    return this.#inTurn(() => this.#files.upkeep());
  }

  /** Closes the window now, and waits until it is closed. */
  async rotate(): Promise<void> {
    await this.flush();
    await this.#inTurn(() => this.#files.rotate());
    await this.#files.closed();
  }

  /** Closes the window now, and gives all windows a second name in a folder. */
  async freeze(folder: string): Promise<void> {
    await this.rotate();
    await this.#inTurn(() => this.#files.freeze(folder));
  }

  /**
   * Keeps everything waiting until the database was opened anew.
   *
   * @returns resolves when nothing is under way any more
   */
  hold(reopened: Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    void this.#inTurn(async () => {
      resolve();
      await reopened;
    }).catch(() => undefined);
    return promise;
  }

  /** The files of the database that was opened anew. */
  replace(files: RecordFiles): void {
    this.#files = files;
    this.#isBroken = false;
  }

  /**
   * Asks the sources of a range about everything that was taken before.
   *
   * A question that fails because of a damaged file is asked again without it.
   */
  async ask<T>(
    range: RecordRange,
    work: (sources: readonly RecordSource[]) => Promise<T>,
    bring: RecordRange | undefined = range,
  ): Promise<T> {
    if (this.#isBroken || this.#isMoving) await this.#work;
    await this.#toAskable();
    try {
      return await this.#files.ask(range, work, bring);
    } catch (error) {
      // All checksums are looked at again: not for an error that anybody can ask for.
      if (!MAYBE_DAMAGE.test((error as Error).message)) throw error;
      if (!(await this.#files.recheck())) throw error;
      return await this.#files.ask(range, work, bring);
    }
  }

  /** Puts what waits where questions are asked: into the files, or into memory when they have no room. */
  async #toAskable(): Promise<void> {
    if (this.#waiting.length > 0 && this.#fault === "") await this.flush().catch(() => undefined);
    if (this.#waiting.length === 0 || this.#fault === "") return;
    // Without memory for it questions are answered from the files.
    await this.#inTurn(() => this.#files.show(this.#waiting)).catch(() => undefined);
  }

  statistics(): Promise<RecordStatistics> {
    return this.#files.statistics();
  }

  async close(): Promise<void> {
    await this.flush().catch(() => undefined);
    await this.#files.close();
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#work.then(work);
    this.#work = turn.catch(() => undefined);
    return turn;
  }
}
