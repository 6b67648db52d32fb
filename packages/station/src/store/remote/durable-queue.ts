// A queue on disk of what is to be sent to a server: durable when it is taken, in order, bounded.
//
//   append ──► log ──────────────────────────► take ──► sent ──► done(end)
//              000..04.log   000..05.log        ▲ position, in the file `sent`
//              └ dropped when all of it is sent
//
// When it is full either more is refused (`refuse`: whoever is refused sends again) or the oldest segment goes (`drop-oldest`:
// what is in it is kept elsewhere, and the newest matters most). What is sent while the process dies before the position
// is written is sent again: at least once, never less.
//
//   record 2    samples │ taken at, Unix ms │ message: 1 or 2, for remote write 1.0 or 2.0 │ exemplars │ body     varints
//   record 1    samples │ taken at │ body            of stations that sent 1.0 only; they are read still
//
// Each says which message it is, so what waits is sent also when another one has been configured meanwhile.
//
// Source of the idea: Prometheus sends from its write-ahead log, vmagent from a queue of files.

import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { FlxError } from "@flx/model";
import { ByteReader, ByteWriter } from "../byte-writer.ts";
import { Log, type LogPosition } from "../log/log.ts";
import { LogReader, type ReadRecord } from "../log/log-reader.ts";
import { RECORD_HEAD } from "../log/record.ts";
import { listSegments, SEGMENT_HEAD, segmentPath } from "../log/segment-file.ts";
import { QueuePosition } from "./queue-position.ts";
import { WRITE_V1, WRITE_V2, type WriteMessage } from "./write-message.ts";

/** How a queue is kept. */
export interface DurableQueueOptions {
  readonly folder: string;
  /** On disk, about: a segment more or less. */
  readonly maxBytes: number;
  readonly whenFull: "refuse" | "drop-oldest";
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Told of damage. */
  readonly onProblem: (error: FlxError) => void;
  /** Told how many samples went with the oldest segment. */
  readonly onDropped?: (samples: number) => void;
}

/** What is appended. */
export type QueueEntry = Omit<QueueItem, "atMs" | "end">;

/** Something to be sent. */
export interface QueueItem {
  /** Floats and histograms. */
  readonly samples: number;
  readonly exemplars: number;
  readonly message: WriteMessage;
  /** When it was taken, Unix milliseconds. */
  readonly atMs: number;
  /** What is sent: a view, good while nobody changes it. */
  readonly body: Uint8Array;
  /** Give this to `done`. */
  readonly end: LogPosition;
}

const FIRST_ITEM = 1;
const ITEM = 2;
const MESSAGES: readonly WriteMessage[] = [WRITE_V1, WRITE_V2];
const MIB = 1024 * 1024;
const SEGMENT_SHARE = 16;
const MAX_SEGMENT = 32 * MIB;

/** The queue. */
export class DurableQueue implements AsyncDisposable {
  readonly #options: DurableQueueOptions;
  readonly #log: Log;
  readonly #reader: LogReader;
  readonly #position: QueuePosition;
  /** Samples that wait, by segment. */
  readonly #waiting: Map<number, number>;
  readonly #out = new ByteWriter(64 * 1024);
  readonly #ahead: QueueItem[] = [];
  #sent: LogPosition;
  #oldestMs: number;
  #wake: PromiseWithResolvers<void> = Promise.withResolvers();
  #dropping: Promise<void> = Promise.resolve();

  private constructor(
    options: DurableQueueOptions,
    log: Log,
    position: QueuePosition,
    sent: LogPosition,
    waiting: Map<number, number>,
  ) {
    this.#options = options;
    this.#log = log;
    this.#position = position;
    this.#sent = sent;
    this.#waiting = waiting;
    this.#oldestMs = options.now();
    this.#reader = new LogReader(options.folder, log, sent, options.onProblem);
  }

  /**
   * Opens a queue with what is in it.
   *
   * @throws {FlxError} `FLX_STORE_DISK` when the folder cannot be used
   */
  static async open(options: DurableQueueOptions): Promise<DurableQueue> {
    const { folder, maxBytes } = options;
    await mkdir(folder, { recursive: true, mode: 0o750 });
    const [position, found] = await QueuePosition.open(join(folder, "sent"));
    await removeSent(folder, found);
    const waiting = new Map<number, number>();
    let reading = { segment: 0, offset: 0 };
    const segmentBytes = Math.min(MAX_SEGMENT, Math.max(MIB, Math.floor(maxBytes / SEGMENT_SHARE)));
    const log = await Log.open({ folder, segmentBytes }, ({ payload }, segment) => {
      const offset = reading.segment === segment ? reading.offset : SEGMENT_HEAD.length;
      reading = { segment, offset: offset + RECORD_HEAD + payload.length };
      if (found !== undefined && !isBefore(found, reading)) return;
      waiting.set(segment, (waiting.get(segment) ?? 0) + new ByteReader(payload).uint());
    });
    for (const { kind, bytes, file } of log.damage) {
      const message = `${bytes} bytes of ${file} are damaged: what is behind them is not sent`;
      if (kind === "damaged") options.onProblem(new FlxError("FLX_STORE_DAMAGED", message));
    }
    const first = log.segments[0]?.segment ?? log.segment;
    const isThere = found !== undefined && found.segment >= first && found.segment < log.segment;
    const sent = isThere ? found : { segment: first, offset: SEGMENT_HEAD.length };
    // Before anything is appended: a position of a folder that was emptied must not cover what comes now.
    await position.write(sent, true);
    return new DurableQueue(options, log, position, sent, waiting);
  }

  /** Samples that wait. */
  get samples(): number {
    let samples = 0;
    for (const each of this.#waiting.values()) samples += each;
    return samples;
  }

  /** Bytes on disk that are not sent yet. */
  get bytes(): number {
    return Math.max(0, this.#log.bytes - this.#sent.offset);
  }

  /** Whether nothing more is taken. */
  get isFull(): boolean {
    return this.bytes >= this.#options.maxBytes;
  }

  /** How long the oldest that waits has waited, ms; 0 when nothing does. */
  get lagMs(): number {
    return this.#waiting.size === 0 ? 0 : Math.max(0, this.#options.now() - this.#oldestMs);
  }

  /**
   * Appends; resolves when it is durable.
   *
   * Rejects with `FLX_REMOTE_QUEUE_FULL` when the queue is full and nothing may be dropped, `FLX_STORE_DISK`,
   * `FLX_STORE_BUSY` as the log does.
   */
  async append({ samples, exemplars, message, body }: QueueEntry): Promise<void> {
    if (this.isFull) await this.#makeRoom();
    const out = this.#out;
    out.clear();
    out.uint(samples);
    out.uint(this.#options.now());
    out.uint(MESSAGES.indexOf(message) + 1);
    out.uint(exemplars);
    out.bytes(body);
    const appended = this.#log.append(ITEM, out.written);
    // Counted first: it may be sent before whoever waits here hears that it is durable.
    const { segment } = this.#log;
    if (this.#waiting.size === 0) this.#oldestMs = this.#options.now();
    this.#waiting.set(segment, (this.#waiting.get(segment) ?? 0) + samples);
    try {
      await appended;
    } catch (error) {
      this.#count(segment, samples);
      throw error;
    }
    this.#wake.resolve();
  }

  /** So many samples of a segment wait no more. */
  #count(segment: number, samples: number): void {
    const left = (this.#waiting.get(segment) ?? 0) - samples;
    if (left > 0) this.#waiting.set(segment, left);
    else this.#waiting.delete(segment);
  }

  async #makeRoom(): Promise<void> {
    if (this.#options.whenFull === "refuse") {
      const { maxBytes } = this.#options;
      throw new FlxError(
        "FLX_REMOTE_QUEUE_FULL",
        `${this.bytes} bytes wait to be sent, at most ${maxBytes} do`,
      );
    }
    this.#dropping = this.#dropping.then(() => this.#dropOldest());
    await this.#dropping;
  }

  async #dropOldest(): Promise<void> {
    const oldest = this.#log.segments[0]?.segment;
    if (!this.isFull || oldest === undefined) return;
    const next = this.#log.segments[1]?.segment ?? this.#log.segment;
    const samples = this.#waiting.get(oldest) ?? 0;
    if (this.#sent.segment <= oldest)
      await this.#goOn({ segment: next, offset: SEGMENT_HEAD.length });
    else await this.#log.drop(next);
    if (samples > 0) this.#options.onDropped?.(samples);
  }

  /**
   * What is to be sent next, without taking it away: items in order, until one reaches a bound. Empty when nothing waits.
   *
   * @throws {FlxError} `FLX_STORE_DISK`
   */
  async take(maxItems: number, maxSamples: number, maxBytes: number): Promise<QueueItem[]> {
    const taken: QueueItem[] = [];
    let samples = 0;
    let bytes = 0;
    for (let i = 0; i < maxItems; i++) {
      const item = this.#ahead[i] ?? (await this.#read());
      if (item === undefined) break;
      samples += item.samples;
      bytes += item.body.length;
      if (i > 0 && (samples > maxSamples || bytes > maxBytes)) break;
      taken.push(item);
    }
    if (taken.length > 0) this.#oldestMs = taken[0]!.atMs;
    return taken;
  }

  async #read(): Promise<QueueItem | undefined> {
    let record = await this.#reader.next();
    // What was dropped while it was being read is not sent.
    while (record !== undefined && !isBefore(this.#sent, record.end)) {
      record = await this.#reader.next();
    }
    if (record === undefined) return undefined;
    const item = itemOf(record);
    this.#ahead.push(item);
    return item;
  }

  /** Resolves when something was appended since the last call, or the signal is aborted. */
  async appended(signal: AbortSignal): Promise<void> {
    const stop = (): void => this.#wake.resolve();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    await this.#wake.promise;
    signal.removeEventListener("abort", stop);
    this.#wake = Promise.withResolvers();
  }

  /** What was taken is done with, up to there. */
  async done(items: readonly QueueItem[]): Promise<void> {
    for (const { samples, end } of items) {
      if (isBefore(this.#sent, end)) this.#count(end.segment, samples);
    }
    const last = items.at(-1);
    if (last !== undefined) await this.#goOn(last.end);
  }

  /** Everything before a place is done with. */
  async #goOn(to: LogPosition): Promise<void> {
    if (!isBefore(this.#sent, to)) return;
    const isNewSegment = to.segment !== this.#sent.segment;
    this.#sent = to;
    while (this.#ahead.length > 0 && !isBefore(to, this.#ahead[0]!.end)) this.#ahead.shift();
    await this.#position.write(to);
    if (!isNewSegment) return;
    for (const segment of this.#waiting.keys()) {
      if (segment < to.segment) this.#waiting.delete(segment);
    }
    await this.#log.drop(to.segment);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dropping;
    await this.#log[Symbol.asyncDispose]();
    await this.#reader[Symbol.asyncDispose]();
    await this.#position[Symbol.asyncDispose]();
  }
}

function itemOf({ type, payload, end }: ReadRecord): QueueItem {
  const from = new ByteReader(payload);
  const samples = from.uint();
  const atMs = from.uint();
  if (type === FIRST_ITEM) {
    return { samples, exemplars: 0, atMs, message: WRITE_V1, body: from.rest(), end };
  }
  const message = MESSAGES[from.uint() - 1] ?? WRITE_V1;
  return { samples, atMs, message, exemplars: from.uint(), body: from.rest(), end };
}

function isBefore(a: LogPosition, b: LogPosition): boolean {
  return a.segment < b.segment || (a.segment === b.segment && a.offset < b.offset);
}

/** Removes the segments before a position, when it is one of this folder: its own segment, or a later one, is there. */
async function removeSent(folder: string, sent: LogPosition | undefined): Promise<void> {
  if (sent === undefined) return;
  const segments = await listSegments(folder);
  if (!segments.some((segment) => segment >= sent.segment)) return;
  for (const segment of segments) {
    if (segment < sent.segment) await rm(segmentPath(folder, segment));
  }
}
