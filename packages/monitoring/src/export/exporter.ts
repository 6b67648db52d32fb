// The service's side of the export: records go into the ring, the worker does the rest.
//
//   span.end() ─► RingWriter ═══ shared memory ═══► worker ─► OTLP
//                     │                               ▲
//   process ends ─────┴── flushSync: wait on Atomics ─┘   at most exitTimeoutMs, in all
//
// The endings and what is done:
//   end of the event loop, process.exit(), uncaught throw, rejection   "exit" event: flush, bounded
//   SIGTERM, SIGINT, SIGHUP with nobody else listening                 flush, then the signal again, to its default end
//   the same with a listener of the service                            nothing: the service ends as it likes ("exit")
//   SIGKILL                                                            what the worker has not sent or spooled is lost
//
// A worker that has not even begun by then (a short program, a machine with much to do) is not waited for to the end: this
// thread puts what is in the ring on disk (worker/rescue.ts), and the next start sends it.
//
// The worker is started by the first record (a thread costs 20 MB and 3 ms of the service's own time), or a moment after
// the start when an earlier process left something in the spool.
//
// The worker never keeps the process alive and never writes to the service's output. When it dies it is started again
// on the same ring, so nothing that was written is lost by that.

import type { MessageWriter, OtlpScope } from "@flx/model/write";
import { MessageWriter as Writer } from "@flx/model/write";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Worker } from "node:worker_threads";
import { ExportCounters } from "./export-counters.ts";
import type { ExportSettings } from "./export-settings.ts";
import { type RingMemory, ringMemory, RingWriter } from "./shared-ring.ts";
import { RECORD, type Signal, signalOf } from "./signal.ts";
import { redact } from "../redaction/redact.ts";
import type { DeliveryFault } from "./worker/delivery-fault.ts";
import type * as Rescue from "./worker/rescue.ts";
import type { WorkerStart } from "./worker/worker-start.ts";

/** Signals that end a process which does not listen to them. */
const ENDING_SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/** A worker that dies more often than this is not started again. */
const MAX_RESTARTS = 5;

/** Records larger than this are no use to any receiver. */
const MAX_RECORD_BYTES = 1024 * 1024;

/** In MB. Its garbage is short-lived and its batches are outside of the heap; at the limit it is started again. */
const WORKER_LIMITS = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 } as const;

/** When the worker looks after what an earlier process left. */
const EARLY_START_MS = 500;

/** The part of the time at the end that the worker has for beginning; what is left then is for the disk. */
const START_SHARE = 0.6;

/** Scopes a process may have: tracers, loggers, meters by name and version. */
const MAX_SCOPES = 4096;

/** Hands records to the export worker. */
export class Exporter {
  readonly counters: ExportCounters = new ExportCounters();
  readonly #settings: ExportSettings;
  readonly #memory: RingMemory;
  readonly #ring: RingWriter;
  readonly #scopes = new Map<string, number>();
  readonly #scratch = new Writer(512);
  #worker: Worker | undefined;
  readonly #early: NodeJS.Timeout | undefined;
  #restarts = 0;
  #closed = false;
  #exiting = false;
  /** The worker had not begun at the end: this thread reads the ring. */
  #ownsRing = false;
  #exitDeadlineMs = Infinity;
  #lastFault: string | undefined;
  readonly #deliveryFaults = new Map<Signal, string>();
  readonly #certificateFaults = new Map<Signal, string>();
  readonly #atEnd = new Set<() => void>();
  readonly #beforeFlush = new Set<() => Promise<void>>();
  readonly #onExit = (): void => {
    this.#finish();
    this.#exiting = true;
  };
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    if (process.listenerCount(signal) > 1) return;
    this.#finish();
    process.removeListener(signal, this.#onSignal);
    process.kill(process.pid, signal);
  };

  constructor(settings: ExportSettings) {
    this.#settings = settings;
    this.#memory = ringMemory(settings.ringBytes);
    this.#ring = new RingWriter(this.#memory, () => this.#worker?.postMessage("wake"));
    if (settings.spool !== undefined && holdsAnything(settings.spool.folder)) {
      this.#early = setTimeout(() => {
        this.#ensureWorker();
      }, EARLY_START_MS).unref();
    }
    process.on("exit", this.#onExit);
    // Before all others: a `once` that ran already would not be seen, and the process it wants to end in order be ended.
    for (const signal of ENDING_SIGNALS) process.prependListener(signal, this.#onSignal);
  }

  /** Why the worker died last, if it did. */
  get lastFault(): string | undefined {
    return this.#lastFault;
  }

  /** Why the receiver of a signal did not take a request the last time it did not, secrets taken out. */
  deliveryFault(signal: Signal): string | undefined {
    return this.#deliveryFaults.get(signal);
  }

  /** Why the renewed certificates of a signal are not used, as long as they are not: the old ones are. */
  certificateFault(signal: Signal): string | undefined {
    return this.#certificateFaults.get(signal);
  }

  /** Whether a signal has somewhere to go. */
  exports(signal: Signal): boolean {
    return this.#settings.endpoints[signal] !== undefined && !this.#closed;
  }

  /** The number of a scope for `write`; the same scope has the same number. */
  scopeId(scope: OtlpScope): number {
    const text = JSON.stringify([scope.name, scope.version, scope.schemaUrl, scope.attributes]);
    const known = this.#scopes.get(text);
    if (known !== undefined) return known;
    // One that comes after thousands of others is made by a loop; its spans go under the first one's name.
    if (this.#scopes.size >= MAX_SCOPES) return 1;
    const id = this.#scopes.size + 1;
    this.#scopes.set(text, id);
    const out = this.#scratch;
    out.at = 0;
    out.raw(new TextEncoder().encode(text));
    // A full ring must not cost the scope its name.
    if (!this.#ring.write(RECORD.scope, id, out)) this.#worker?.postMessage([id, text]);
    return id;
  }

  /**
   * Writes a record: a span, a log record or metrics, with tag and length.
   *
   * @returns whether it will be exported; what is not is counted
   */
  write(kind: number, scopeId: number, record: MessageWriter): boolean {
    const signal = signalOf(kind);
    if (signal === undefined) return false;
    this.counters.offered(signal);
    if (record.at > MAX_RECORD_BYTES) {
      this.counters.add(signal, "lostEncoding", 1);
      return false;
    }
    if (this.#closed || !this.#ring.write(kind, scopeId, record)) {
      this.counters.add(signal, "lostRing", 1);
      return false;
    }
    this.#ensureWorker();
    // What ends while the process ends comes after the flush: it gets what is left of the time.
    if (this.#exiting) this.#handOver();
    return true;
  }

  /**
   * Has something done when the process ends, before everything is handed over: what is only told now and then is told
   * once more. It must be quick, and write at once.
   */
  atEnd(work: () => void): Disposable {
    this.#atEnd.add(work);
    return {
      [Symbol.dispose]: () => {
        this.#atEnd.delete(work);
      },
    };
  }

  /** Has something done before a flush that does not block: what is only told now and then is told now. */
  beforeFlush(work: () => Promise<void>): Disposable {
    this.#beforeFlush.add(work);
    return {
      [Symbol.dispose]: () => {
        this.#beforeFlush.delete(work);
      },
    };
  }

  /** Whether a record of this size would find room now. */
  hasRoom(bytes: number): boolean {
    return this.#ring.used + bytes + 64 < this.#settings.ringBytes / 2;
  }

  /** Counts a record that could not be made. */
  lostEncoding(signal: Signal): void {
    this.counters.add(signal, "offered", 1);
    this.counters.add(signal, "lostEncoding", 1);
  }

  /** Waits, blocking the thread, until everything is sent or spooled; false when the time was too short. */
  flushSync(timeoutMs: number, startMs: number = timeoutMs): boolean {
    if (this.#closed) return false;
    // Nobody has written anything.
    if (this.#worker === undefined && this.#ring.used === 0) return true;
    this.#ensureWorker();
    return this.#ring.flushSync(timeoutMs, startMs);
  }

  /**
   * Waits until everything is sent or spooled; false when the time was too short, or something was lost meanwhile or is in
   * memory only: there is no spool, and the receiver does not take it.
   */
  async flush(timeoutMs = 10_000): Promise<boolean> {
    if (this.#closed) return false;
    const lost = this.counters.lostOfAll();
    const deadlineMs = performance.now() + timeoutMs;
    await this.#tellNow(timeoutMs);
    if (this.#worker === undefined && this.#ring.used === 0) return true;
    this.#ensureWorker();
    const isDone = await this.#ring.flush(Math.max(0, deadlineMs - performance.now()));
    return isDone && this.counters.lostOfAll() === lost;
  }

  async #tellNow(timeoutMs: number): Promise<void> {
    if (this.#beforeFlush.size === 0) return;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    await Promise.race([Promise.allSettled([...this.#beforeFlush].map((work) => work())), late]);
    clearTimeout(timer);
  }

  /** Sends what there is, and ends the worker. */
  async shutdown(timeoutMs = 10_000): Promise<boolean> {
    if (this.#closed) return true;
    this.#tellRest();
    const done = await this.flush(timeoutMs);
    this.#closed = true;
    clearTimeout(this.#early);
    process.removeListener("exit", this.#onExit);
    for (const signal of ENDING_SIGNALS) process.removeListener(signal, this.#onSignal);
    const worker = this.#worker;
    this.#worker = undefined;
    worker?.removeAllListeners();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
    worker?.postMessage("close");
    await worker?.terminate();
    return done;
  }

  /** The end of the process: what is to be told, and the wait until it is handed over. */
  #finish(): void {
    this.#exitDeadlineMs = performance.now() + this.#settings.exitTimeoutMs;
    this.#tellRest();
    this.#handOver();
  }

  /** What is in the ring is handed over in the time that is left of the end. */
  #handOver(): void {
    const leftMs = Math.max(0, this.#exitDeadlineMs - performance.now());
    if (this.#ownsRing || !this.flushSync(leftMs, leftMs * START_SHARE)) this.#rescue();
  }

  /** The worker has not even begun: what is in the ring is put on disk here. */
  #rescue(): void {
    if (this.#closed) return;
    this.#ownsRing ||= this.#ring.takeOver();
    if (!this.#ownsRing) return;
    const url = import.meta.url.endsWith(".ts")
      ? new URL("./worker/rescue.ts", import.meta.url)
      : new URL("./worker/rescue.js", import.meta.url);
    try {
      const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);
      (require(fileURLToPath(url)) as typeof Rescue).rescue(this.#start());
    } catch (error) {
      this.#lastFault = error instanceof Error ? error.message : String(error);
    }
  }

  /** What somebody who reads the ring has to know. */
  #start(): WorkerStart {
    return {
      memory: this.#memory,
      counters: this.counters.memory,
      settings: this.#settings,
      scopes: [...this.#scopes],
    };
  }

  #tellRest(): void {
    for (const work of this.#atEnd) {
      try {
        work();
      } catch (error) {
        this.#lastFault = error instanceof Error ? error.message : String(error);
      }
    }
    this.#atEnd.clear();
  }

  #ensureWorker(): void {
    if (this.#worker === undefined && !this.#closed && this.#restarts <= MAX_RESTARTS) {
      this.#startWorker();
    }
  }

  #startWorker(): void {
    const url = import.meta.url.endsWith(".ts")
      ? new URL("./worker/main.ts", import.meta.url)
      : new URL("./worker/main.js", import.meta.url);
    const worker = new (process.getBuiltinModule("node:worker_threads").Worker)(url, {
      workerData: this.#start(),
      name: "flx-export",
      // Its output belongs to nobody.
      stdout: true,
      stderr: true,
      // No user code, no preloads, nothing that would start monitoring inside the worker.
      execArgv: process.execArgv.filter((flag) => flag.startsWith("--conditions")),
      env: process.env,
      resourceLimits: WORKER_LIMITS,
    });
    worker.on("message", ({ signal, about, reason }: DeliveryFault) => {
      const faults = about === "request" ? this.#deliveryFaults : this.#certificateFaults;
      if (reason === undefined) faults.delete(signal);
      else faults.set(signal, redact(reason));
    });
    worker.unref();
    worker.on("error", (error: unknown) => {
      this.#lastFault = error instanceof Error ? error.message : String(error);
    });
    worker.on("exit", () => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#ring.readerEnded();
      this.#restarts++;
      this.#ensureWorker();
    });
    this.#worker = worker;
  }
}

function holdsAnything(folder: string): boolean {
  try {
    return readdirSync(folder).length > 0;
  } catch {
    return false;
  }
}
