// Spans and logs on this machine: the log that makes them durable, and the thread that keeps them and answers.
//
//   append ─► log (fdatasync) ─► acknowledged ─► thread ─► hot file ─► window       FOLDER/spans, FOLDER/logs
//             │                                    └─ "durable up to 4711"            FOLDER/spans-log, FOLDER/logs-log
//             └─ segments before 4711 are dropped ◄──┘
//
//   in the log:   position u64 | records u32 | the request, as OTLP in protobuf
//
// Why the request itself in the log, and not columns made of it: it is checked already, nothing has to be encoded before
// the sender hears that it is taken, and the next start reads it with the same reader.
//
// A thread that dies is started again, and gets what it had not made durable.
//
// A folder without records has no thread: its database takes 65 MB, which a station that only gets metrics need not have.
// The first record, or the first question, starts it.

import { readdir } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { join } from "node:path";
import { FlxError, type FlxErrorCode } from "@flx/model";
import type { Archive } from "../archive/archive.ts";
import { type ArchivedWindow, localNameOf } from "../archive/archive-name.ts";
import { Log } from "../log/log.ts";
import { SinkRefusal } from "../metric-sink.ts";
import type { StoreCondition } from "../metric-store.ts";
import type { RecordStatistics } from "../stored-record.ts";
import type { KeeperOptions, RecordQuestions, RecordSignal } from "./record-keeper.ts";
import type { ArchivedFile } from "./record-files.ts";
import { missingBinding } from "./missing-binding.ts";
import type { FromRecords, ThreadStart, ToRecords } from "./record-messages.ts";

/** How it is opened. */
export interface EmbeddedRecordsOptions extends KeeperOptions {
  /**
   * Bytes of a signal that may wait for the thread; more is refused. Default an eighth of `memoryBytes`, at most 64 MiB:
   * on its way into the database a request is there five times.
   */
  readonly maxWaitingBytes?: number;
  /** Told of damage and of threads that died. */
  readonly onFault?: (fault: string) => void;
  /** Where closed windows are copied to, and read back from. */
  readonly archive?: Archive | undefined;
}

const HEAD = 12;
const MAX_WAITING = 64 * 1024 * 1024;
const SEGMENT_BYTES = 8 * 1024 * 1024;
const MAX_PAUSE_MS = 30_000;
/** A thread that has lived so long was not started in vain. */
const SOUND_MS = 60_000;
const SIGNALS: readonly RecordSignal[] = ["spans", "logs"];
const RECORD_TYPE = 1;

interface Logged {
  readonly position: number;
  readonly payload: Uint8Array;
  readonly records: number;
}

/** The log of a signal, and what the thread has not made durable yet. */
class SignalLog {
  readonly log: Log;
  nextPosition: number;
  waiting: Logged[] = [];
  waitingBytes = 0;
  fault = "";
  /** The last position of each segment. */
  readonly ends: Map<number, number>;
  #dropping: Promise<void> = Promise.resolve();

  constructor(log: Log, nextPosition: number, ends: Map<number, number>) {
    this.log = log;
    this.nextPosition = nextPosition;
    this.ends = ends;
  }

  add(logged: Logged): void {
    this.waiting.push(logged);
    this.waitingBytes += logged.payload.length;
  }

  /** Everything up to a position is in the files: it is in nobody's way any more. */
  settle(position: number): void {
    let count = 0;
    while (count < this.waiting.length && this.waiting[count]!.position <= position) {
      this.waitingBytes -= this.waiting[count++]!.payload.length;
    }
    this.waiting.splice(0, count);
    let before = 0;
    for (const [segment, end] of this.ends) {
      if (end > position || segment === this.log.segment) break;
      before = segment + 1;
      this.ends.delete(segment);
    }
    if (before === 0) return;
    this.#dropping = this.#dropping.then(() => this.log.drop(before)).catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.#dropping;
    await this.log[Symbol.asyncDispose]();
  }
}

interface Call {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: FlxError) => void;
}

/** Spans and logs that are kept here. */
export class EmbeddedRecords implements AsyncDisposable {
  readonly #options: EmbeddedRecordsOptions;
  readonly #logs: Readonly<Record<RecordSignal, SignalLog>>;
  readonly #calls = new Map<number, Call>();
  /** None before the first record of an empty folder. */
  #worker: Worker | undefined;
  #waking: Promise<void> | undefined;
  #nextCall = 1;
  #restarts = 0;
  #startedMs = 0;
  #restarting: NodeJS.Timeout | undefined;
  #isClosing = false;
  #isReady = true;

  private constructor(
    options: EmbeddedRecordsOptions,
    logs: Readonly<Record<RecordSignal, SignalLog>>,
    worker: Worker | undefined,
  ) {
    this.#options = options;
    this.#logs = logs;
    this.#worker = worker;
    if (worker !== undefined) this.#listen(worker);
    else if (SIGNALS.some((signal) => logs[signal].waiting.length > 0)) void this.#wake();
    for (const signal of SIGNALS) this.#sendWaiting(signal);
    options.archive?.onChange((signal) => {
      if (signal === "metrics" || !this.#isReady) return;
      this.#send({ kind: "archived", signal, windows: archivedFiles(options.archive!, signal) });
    });
  }

  /**
   * Opens what is in a folder: everything that was acknowledged is there.
   *
   * @throws {FlxError} `FLX_STORE_DISK` when the folder cannot be read or written; `FLX_STORE_FAILED`
   */
  static async open(options: EmbeddedRecordsOptions): Promise<EmbeddedRecords> {
    const thread = (await hasRecords(options.folder)) ? await startThread(options) : undefined;
    try {
      const logs: Partial<Record<RecordSignal, SignalLog>> = {};
      for (const signal of SIGNALS) {
        logs[signal] = await openLog(options, signal, thread?.positions[signal] ?? 0);
      }
      return new EmbeddedRecords(options, logs as Record<RecordSignal, SignalLog>, thread?.worker);
    } catch (error) {
      await thread?.worker.terminate();
      throw error;
    }
  }

  /**
   * Takes a request; resolves when it is durable.
   *
   * @param request an OTLP request in protobuf, checked
   * @param records how many spans or log records are in it
   * @throws {SinkRefusal} when too much waits, or the disk cannot be written
   */
  async append(signal: RecordSignal, request: Uint8Array, records: number): Promise<void> {
    const to = this.#logs[signal];
    const { memoryBytes, maxWaitingBytes = Math.min(MAX_WAITING, memoryBytes / 8) } = this.#options;
    if (to.waitingBytes > maxWaitingBytes) {
      throw new SinkRefusal(
        "FLX_STORE_BUSY",
        `${to.waitingBytes} bytes of ${signal} wait to be stored`,
        to.fault === "" ? "overloaded" : "unavailable",
        1_000,
      );
    }
    const position = to.nextPosition++;
    const payload = new Uint8Array(HEAD + request.length);
    const view = new DataView(payload.buffer);
    view.setBigUint64(0, BigInt(position), true);
    view.setUint32(8, records, true);
    payload.set(request, HEAD);
    try {
      const written = to.log.append(RECORD_TYPE, payload);
      to.ends.set(to.log.segment, position);
      await written;
    } catch (error) {
      throw refusalOf(error);
    }
    const logged = { position, payload, records };
    to.add(logged);
    if (this.#worker === undefined) void this.#wake();
    else this.#sendRecord(signal, logged);
  }

  /** Starts the thread that an empty folder did not have. What waits until then is sent to it. */
  #wake(): Promise<void> {
    this.#waking ??= this.#startThread();
    return this.#waking;
  }

  #sendRecord(signal: RecordSignal, { position, payload, records }: Logged): void {
    if (!this.#isReady || this.#worker === undefined) return;
    this.#send({ kind: "append", signal, position, bytes: payload.subarray(HEAD), records });
  }

  #sendWaiting(signal: RecordSignal): void {
    for (const logged of this.#logs[signal].waiting) this.#sendRecord(signal, logged);
  }

  /**
   * Asks a question about everything that was acknowledged before.
   *
   * @throws {FlxError} `FLX_STORE_QUESTION`, `FLX_STORE_BUSY`, `FLX_STORE_ABORTED`, `FLX_STORE_FAILED`
   */
  ask<Name extends keyof RecordQuestions>(
    name: Name,
    question: RecordQuestions[Name] & { readonly signal?: AbortSignal | undefined },
  ): Promise<unknown> {
    const { signal, ...rest } = question;
    return this.#call((id) => ({ kind: "ask", id, name, question: rest }), signal);
  }

  async statistics(signal: RecordSignal): Promise<RecordStatistics> {
    return (await this.#call((id) => ({
      kind: "do",
      id,
      what: "statistics",
      signal,
    }))) as RecordStatistics;
  }

  /** Position of the newest log record. */
  async lastLogPosition(): Promise<number> {
    return (await this.#call((id) => ({ kind: "lastLogPosition", id }))) as number;
  }

  /** Everything that was acknowledged is in the files when it resolves. */
  async flush(signal: RecordSignal): Promise<void> {
    await this.#call((id) => ({ kind: "do", id, what: "flush", signal }));
  }

  /** Closes the window that is open; resolves when its file is there. */
  async closeWindow(signal: RecordSignal): Promise<void> {
    await this.#call((id) => ({ kind: "do", id, what: "closeWindow", signal }));
  }

  /**
   * Gives everything that was acknowledged before a second name in a folder, as a folder of records has it: closes the
   * windows that are open, so that all of it is in files that never change.
   *
   * @throws {FlxError} `FLX_STORE_FAILED`
   */
  async freeze(folder: string): Promise<void> {
    // Nothing was ever taken: no thread is started to say so.
    if (this.#worker === undefined && this.#waking === undefined) return;
    for (const signal of SIGNALS) {
      const to = join(folder, signal);
      await this.#call((id) => ({ kind: "freeze", id, signal, folder: to }));
    }
  }

  get condition(): StoreCondition {
    if (!this.#isReady) return { state: "unavailable", reason: "the store's thread has ended" };
    const faults = SIGNALS.map((signal) => this.#logs[signal].fault).filter((each) => each !== "");
    if (faults.length === 0) return { state: "ready", reason: "" };
    return { state: "degraded", reason: faults[0]! };
  }

  async #call(make: (id: number) => ToRecords, signal?: AbortSignal): Promise<unknown> {
    if (this.#worker === undefined && !this.#isClosing) await this.#wake();
    if (!this.#isReady || this.#worker === undefined) {
      throw new FlxError("FLX_STORE_FAILED", "the store's thread has ended");
    }
    if (signal?.aborted === true) {
      throw new FlxError("FLX_STORE_ABORTED", "nobody waits for the answer");
    }
    const id = this.#nextCall++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const cancel = (): void => this.#send({ kind: "cancel", id });
    signal?.addEventListener("abort", cancel);
    this.#calls.set(id, { resolve, reject });
    this.#send(make(id));
    return await promise.finally(() => signal?.removeEventListener("abort", cancel));
  }

  #send(message: ToRecords): void {
    // With an empty list what is sent is copied: the thread may die with it.
    this.#worker?.postMessage(message, []);
  }

  #listen(worker: Worker): void {
    worker.on("message", (message: FromRecords) => this.#receive(message));
    worker.on("error", (error: unknown) => this.#options.onFault?.((error as Error).message));
    worker.on("exit", () => {
      if (worker === this.#worker) this.#restart();
    });
  }

  #receive(message: FromRecords): void {
    switch (message.kind) {
      case "durable":
        this.#logs[message.signal].settle(message.position);
        return;
      case "faults":
        for (const signal of SIGNALS) this.#logs[signal].fault = message.faults[signal];
        return;
      case "answer":
        this.#take(message.id)?.resolve(message.value);
        return;
      case "refusal":
        this.#take(message.id)?.reject(new FlxError(message.code as FlxErrorCode, message.message));
        return;
      case "bring":
        void this.#bring(message);
        return;
      case "distrust": {
        const window = windowOf(this.#options.archive, message);
        if (window !== undefined) this.#options.archive!.distrust(window);
        return;
      }
      case "ready":
      case "failed":
      default:
    }
  }

  /** Brings a window from the archive for the thread. */
  async #bring(message: Extract<FromRecords, { kind: "bring" }>): Promise<void> {
    const { id } = message;
    try {
      const window = windowOf(this.#options.archive, message);
      if (window === undefined) {
        throw new FlxError("FLX_ARCHIVE_PLACE", `${message.name} is not in the archive any more`);
      }
      this.#send({ kind: "brought", id, path: await this.#options.archive!.open(window) });
    } catch (error) {
      const { code, message: text } = error as FlxError;
      this.#send({ kind: "brought", id, code, message: text });
    }
  }

  #take(id: number): Call | undefined {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    return call;
  }

  #restart(): void {
    this.#isReady = false;
    const ended = new FlxError("FLX_STORE_FAILED", "the store's thread has ended");
    for (const id of this.#calls.keys()) this.#take(id)?.reject(ended);
    if (this.#isClosing) return;
    this.#options.onFault?.("the thread of spans and logs has ended; it is started again");
    if (performance.now() - this.#startedMs > SOUND_MS) this.#restarts = 0;
    this.#startLater();
  }

  /** At once, then after longer and longer pauses, as often as it takes. */
  #startLater(): void {
    const pauseMs = this.#restarts === 0 ? 0 : 50 * 2 ** Math.min(this.#restarts, 10);
    this.#restarts++;
    this.#restarting = setTimeout(() => void this.#startThread(), Math.min(MAX_PAUSE_MS, pauseMs));
  }

  /** Tries once; tries again by itself when that fails. */
  async #startThread(): Promise<void> {
    try {
      const { worker, positions } = await startThread(this.#options);
      if (this.#isClosing) {
        await worker.terminate();
        return;
      }
      this.#worker = worker;
      this.#startedMs = performance.now();
      this.#listen(worker);
      this.#isReady = true;
      for (const signal of SIGNALS) {
        this.#logs[signal].settle(positions[signal]);
        this.#sendWaiting(signal);
      }
    } catch (error) {
      this.#isReady = false;
      this.#options.onFault?.((error as Error).message);
      // Without its native part it never starts.
      const isHopeless = (error as FlxError).code === "FLX_STORE_BINDING";
      if (!this.#isClosing && !isHopeless) this.#startLater();
    }
  }

  /** Makes everything durable in the files, and closes them. */
  async close(): Promise<void> {
    if (this.#isClosing) return;
    // One that is just being started has what was acknowledged to take over.
    await this.#waking;
    if (this.#isReady && this.#worker !== undefined) {
      const closed = this.#call((id) => ({ kind: "close", id }));
      this.#isClosing = true;
      await closed.catch(() => undefined);
    }
    this.#isClosing = true;
    this.#isReady = false;
    clearTimeout(this.#restarting);
    await this.#worker?.terminate();
    for (const signal of SIGNALS) await this.#logs[signal].close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Whether a folder has what only the thread can read. */
async function hasRecords(folder: string): Promise<boolean> {
  try {
    const names = await readdir(folder);
    return SIGNALS.some((signal) => names.includes(signal));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw new FlxError("FLX_STORE_DISK", `${folder} cannot be read: ${(error as Error).message}`);
  }
}

function archivedFiles(archive: Archive, signal: RecordSignal): ArchivedFile[] {
  const sound = archive.windows(signal).filter((window) => archive.isSound(window));
  return sound.map((window) => ({ name: localNameOf(window), isNear: archive.isNear(window) }));
}

function windowOf(
  archive: Archive | undefined,
  { signal, name }: { readonly signal: RecordSignal; readonly name: string },
): ArchivedWindow | undefined {
  return archive?.windows(signal).find((window) => localNameOf(window) === name);
}

async function openLog(
  options: EmbeddedRecordsOptions,
  signal: RecordSignal,
  position: number,
): Promise<SignalLog> {
  const waiting: Logged[] = [];
  const ends = new Map<number, number>();
  let last = position;
  const log = await Log.open(
    { folder: join(options.folder, `${signal}-log`), segmentBytes: SEGMENT_BYTES },
    ({ payload }, segment) => {
      const view = new DataView(payload.buffer, payload.byteOffset);
      const at = Number(view.getBigUint64(0, true));
      ends.set(segment, at);
      last = Math.max(last, at);
      if (at <= position) return;
      waiting.push({
        position: at,
        payload: new Uint8Array(payload),
        records: view.getUint32(8, true),
      });
    },
  );
  for (const { file, bytes, kind } of log.damage) {
    if (kind === "damaged") options.onFault?.(`${bytes} bytes of ${file} cannot be read`);
  }
  const found = new SignalLog(log, last + 1, ends);
  for (const each of waiting) found.add(each);
  return found;
}

async function startThread(options: EmbeddedRecordsOptions): Promise<{
  readonly worker: Worker;
  readonly positions: Readonly<Record<RecordSignal, number>>;
}> {
  // Functions cannot be sent.
  const { onFault: _, archive, ...rest } = options;
  const archived = archive && {
    spans: archivedFiles(archive, "spans"),
    logs: archivedFiles(archive, "logs"),
  };
  const start: ThreadStart = { options: rest, archived };
  const url = import.meta.url.endsWith(".ts")
    ? new URL("./record-thread.ts", import.meta.url)
    : new URL("./record-thread.js", import.meta.url);
  const worker = new Worker(url, {
    workerData: start,
    name: "flx-records",
    execArgv: process.execArgv.filter((flag) => flag.startsWith("--conditions")),
  });
  const { promise, resolve, reject } = Promise.withResolvers<FromRecords>();
  worker.once("message", resolve);
  worker.once("error", reject);
  try {
    const first = await promise;
    if (first.kind === "ready") return { worker, positions: first.positions };
    const reason = first.kind === "failed" ? first.message : first.kind;
    throw new FlxError(
      "FLX_STORE_FAILED",
      `the store in ${options.folder} cannot be opened: ${reason}`,
    );
  } catch (error) {
    await worker.terminate();
    throw missingBinding(error) ?? error;
  } finally {
    worker.off("error", reject);
  }
}

function refusalOf(error: unknown): SinkRefusal {
  const { code, message } = error as FlxError;
  const isBusy = code === "FLX_STORE_BUSY";
  return new SinkRefusal(
    code,
    message,
    isBusy ? "overloaded" : "unavailable",
    isBusy ? 1_000 : 5_000,
  );
}
