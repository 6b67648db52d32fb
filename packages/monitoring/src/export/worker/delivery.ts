// Brings the batches of one signal to the receiver, in order, and keeps them while it does not want them.
//
//   put ─► queue ─► send ──► accepted            next one
//            ▲       │ ├───► refused             counted, next one
//            │       │ └───► retry               what waits goes to the spool, or stays in memory if there is none;
//            │       │                           after a pause (1 s, doubled up to 30 s, or what the receiver says)
//          spool ◄───┘                           the oldest is tried again
//
//   a request without an answer for half a second is written to the spool as well, and taken out when the answer comes:
//   a process that is killed loses no more than that
//
// Order: what is in the spool is older than what is in the queue, always; so the spool goes first.

import type { ExportCounters } from "../export-counters.ts";
import type { BatchSettings } from "../export-settings.ts";
import type { Signal } from "../signal.ts";
import type { Batch } from "./batcher.ts";
import type { Sender, SendResult } from "./sender.ts";
import type { Spool, SpooledBatch } from "./spool.ts";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** A receiver may not keep us waiting for longer than this. */
const LONGEST_RETRY_AFTER_MS = 300_000;
/** A request that takes longer is put on disk, in case we are killed. */
const SAFE_AFTER_MS = 500;

/** What a delivery works with. */
export interface DeliveryParts {
  readonly signal: Signal;
  readonly sender: Sender;
  readonly spool: Spool | undefined;
  readonly counters: ExportCounters;
  readonly limits: BatchSettings;
  /** 0 to 1. */
  readonly random: () => number;
  /** Told why a request was not taken, each time it is for another reason. */
  readonly onFault?: (reason: string) => void;
}

/** Delivers the batches of one signal. */
export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #queue: Batch[] = [];
  #queuedBytes = 0;
  #running: Promise<void> | undefined;
  #isRunning = false;
  #pauseMs = 0;
  #notBeforeMs = 0;
  #wakeUp: (() => void) | undefined;
  readonly #stop = new AbortController();
  #fault = "";

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** Whether nothing waits. */
  get idle(): boolean {
    return !this.#isRunning && this.#queue.length === 0;
  }

  /** Whether nothing waits, or under way, is in memory only. */
  get isSafe(): boolean {
    return (
      this.#queue.length === 0 && (this.#inFlight === undefined || this.#safeCopy !== undefined)
    );
  }

  /** Whether the receiver did not want the last request. */
  get isDown(): boolean {
    return this.#pauseMs > 0;
  }

  /** Takes batches. */
  put(batches: readonly Batch[]): void {
    for (const batch of batches) {
      this.#queue.push(batch);
      this.#queuedBytes += batch.body.length;
    }
    if (this.isDown) this.#toSpool();
    this.#bound();
    this.start();
  }

  /** Works until nothing waits; does nothing when it does so already. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#running = this.#run();
  }

  /** Tries once more, now, and puts on disk what is not taken in this time. */
  async finish(deadlineMs: number): Promise<void> {
    if (!this.isDown) {
      this.start();
      const leftMs = deadlineMs - performance.now();
      const refused = new Promise<void>((resolve) => {
        this.#onDown = resolve;
      });
      if (leftMs > 0) await settled(Promise.race([this.#running, refused]), leftMs);
      this.#onDown = undefined;
    }
    this.#toSpool();
    if (this.#inFlight !== undefined) this.#makeSafe();
  }

  /** Ends at once. */
  close(): void {
    this.#stop.abort();
    this.#wakeUp?.();
    this.#parts.sender.close();
  }

  /** Called when the receiver does not want a request, while somebody waits for the end. */
  #onDown: (() => void) | undefined;
  #inFlight: Batch | undefined;
  #safeCopy: SpooledBatch | undefined;

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#untilAllowed();
      const next = this.#stop.signal.aborted ? undefined : this.#next();
      if (next === undefined) break;
      const { batch, entry } = next;
      this.#safeCopy = entry;
      this.#inFlight = batch;
      const result = await this.#send(batch);
      this.#inFlight = undefined;
      this.#after(batch, result);
    }
    // In the same step that found nothing: what is put in afterwards starts a run of its own.
    this.#isRunning = false;
  }

  /** The oldest batch there is, from the spool or from the queue. */
  #next(): { batch: Batch; entry: SpooledBatch | undefined } | undefined {
    const { spool } = this.#parts;
    for (let entry = spool?.oldest(); entry !== undefined; entry = spool?.oldest()) {
      const batch = spool?.read(entry);
      if (batch !== undefined) return { batch, entry };
    }
    const batch = this.#queue.shift();
    if (batch === undefined) return undefined;
    this.#queuedBytes -= batch.body.length;
    return { batch, entry: undefined };
  }

  async #send(batch: Batch): Promise<SendResult> {
    const { sender, counters, signal } = this.#parts;
    counters.add(signal, "requests", 1);
    counters.add(signal, "bytesSent", batch.body.length);
    const safe = setTimeout(() => {
      this.#makeSafe();
    }, SAFE_AFTER_MS);
    try {
      return await sender.send(batch.body, this.#stop.signal);
    } finally {
      clearTimeout(safe);
    }
  }

  #after(batch: Batch, result: SendResult): void {
    const { counters, signal, spool } = this.#parts;
    if (result.kind !== "retry") {
      this.#pauseMs = 0;
      if (this.#safeCopy !== undefined) spool?.remove(this.#safeCopy);
      this.#safeCopy = undefined;
      const rejected =
        result.kind === "refused" ? batch.records : Math.min(result.rejected, batch.records);
      counters.add(signal, result.kind === "refused" ? "refused" : "rejected", rejected);
      counters.add(signal, "accepted", batch.records - rejected);
      if (this.#parts.sender.isDoneWithBody) batch.release?.();
      if (result.kind === "refused") this.#note(result.reason);
      else if (rejected > 0) this.#note(result.message ?? `${rejected} records were rejected`);
      return;
    }
    counters.add(signal, "retries", 1);
    this.#note(result.reason);
    if (this.#safeCopy === undefined) {
      this.#queue.unshift(batch);
      this.#queuedBytes += batch.body.length;
    }
    this.#safeCopy = undefined;
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2));
    const askedMs = Math.min(result.afterMs ?? 0, LONGEST_RETRY_AFTER_MS);
    // Not all services shall come back in the same second.
    const pauseMs = Math.max(askedMs, this.#pauseMs * (0.5 + this.#parts.random() / 2));
    this.#notBeforeMs = performance.now() + pauseMs;
    this.#toSpool();
    this.#bound();
    this.#onDown?.();
  }

  /** The batch that is being sent gets a copy on disk. */
  #makeSafe(): void {
    if (this.#inFlight === undefined || this.#safeCopy !== undefined) return;
    // What waits behind it must come after it on disk, so nothing else is written between the two.
    this.#safeCopy = this.#parts.spool?.add(this.#inFlight);
    if (this.#safeCopy !== undefined) this.#toSpool();
  }

  /** What waits in memory goes to disk, as far as the disk takes it. */
  #toSpool(): void {
    const { spool, counters, signal } = this.#parts;
    if (spool === undefined) return;
    // While a request is under way without a copy, the queue is younger than it: it must not come first.
    if (this.#inFlight !== undefined && this.#safeCopy === undefined) this.#makeSafe();
    while (this.#queue.length > 0) {
      if (spool.add(this.#queue[0]!) === undefined) return;
      const batch = this.#queue.shift()!;
      this.#queuedBytes -= batch.body.length;
      counters.add(signal, "spooled", batch.records);
      batch.release?.();
    }
  }

  /** The oldest go when there is too much in memory. */
  #bound(): void {
    const { counters, limits, signal } = this.#parts;
    while (this.#queuedBytes > limits.maxQueuedBytes && this.#queue.length > 1) {
      const batch = this.#queue.shift()!;
      this.#queuedBytes -= batch.body.length;
      counters.add(signal, "expired", batch.records);
      batch.release?.();
    }
  }

  async #untilAllowed(): Promise<void> {
    const waitMs = this.#notBeforeMs - performance.now();
    if (waitMs <= 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wakeUp = resolve;
    const timer = setTimeout(resolve, waitMs);
    await promise;
    clearTimeout(timer);
    this.#wakeUp = undefined;
  }

  #note(reason: string): void {
    if (reason === this.#fault) return;
    this.#fault = reason;
    this.#parts.onFault?.(reason);
  }
}

async function settled(work: Promise<void> | undefined, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
