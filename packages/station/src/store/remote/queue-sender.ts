// Sends what a queue has, in order, until it is stopped: remote write 1.0.
//
//   take ── join small ones ──► POST ──► 2xx             done
//                                   ├──► 429, 5xx, none  again: after Retry-After, or a pause that doubles up to maxBackoffMs
//                                   └──► other 4xx       refused for good: counted, told, not sent again
//
// A joined request that is refused is sent once more in its parts, so that only the bad ones are lost. One request is under
// way at a time: series stay in order, and an engine that is slow gets fewer and larger ones.
//
// Source: https://prometheus.io/docs/specs/prw/remote_write_spec/ , "Retries & Backoff"

import { setTimeout as sleep } from "node:timers/promises";
import { FlxError, readSnappy, writeSnappy } from "@flx/model";
import type { DurableQueue, QueueItem } from "./durable-queue.ts";
import type { RemoteEndpoint } from "./remote-endpoint.ts";
import type { RemoteWriteMetrics } from "./remote-write-metrics.ts";

/** How to send. */
export interface SendSettings {
  readonly url: URL;
  readonly timeoutMs: number;
  readonly maxSamplesPerSend: number;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
}

/** What a sender stands on. */
export interface SenderParts {
  /** For metrics and messages. */
  readonly name: string;
  readonly queue: DurableQueue;
  readonly endpoint: RemoteEndpoint;
  readonly settings: SendSettings;
  readonly metrics: RemoteWriteMetrics;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Told when sending begins to fail, when it works again, and of what was refused; at most every ten seconds. */
  readonly onProblem: (error: FlxError) => void;
}

/** How sending goes. */
export interface SenderState {
  /** Since when nothing gets through, Unix milliseconds; undefined: it does. */
  readonly failingSinceMs: number | undefined;
  readonly reason: string;
  /** When something was refused for good, and why. */
  readonly refused: { readonly atMs: number; readonly reason: string } | undefined;
}

const MAX_JOINED = 1_000;
const MAX_JOINED_BYTES = 4 * 1024 * 1024;
const MAX_PLAIN_BYTES = 256 * 1024 * 1024;
/** Of an answer only its first line is told. */
const MAX_ANSWER = 64 * 1024;
const MAX_RETRY_AFTER_MS = 5 * 60_000;
const TELL_EVERY_MS = 10_000;
/** Refusals that may be about a part of a request only. */
const ABOUT_DATA: ReadonlySet<number> = new Set([400, 413, 422]);

type Outcome =
  | { readonly kind: "sent" }
  | { readonly kind: "refused"; readonly reason: string; readonly isAboutData: boolean }
  | { readonly kind: "again"; readonly reason: string; readonly retryAfterMs: number };

/** Sends one queue. */
export class QueueSender implements AsyncDisposable {
  readonly #parts: SenderParts;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #state: SenderState = { failingSinceMs: undefined, reason: "", refused: undefined };
  #backoffMs: number;
  #toldMs = -Infinity;

  constructor(parts: SenderParts) {
    this.#parts = parts;
    this.#backoffMs = parts.settings.minBackoffMs;
    this.#running = this.#run();
  }

  get state(): SenderState {
    return this.#state;
  }

  async #run(): Promise<void> {
    const { queue } = this.#parts;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const items = await this.#take();
        if (items.length === 0) await queue.appended(signal);
        else await this.#send(items);
      } catch (error) {
        if (signal.aborted) return;
        await this.#pause((error as Error).message, 0);
      }
    }
  }

  #take(): Promise<QueueItem[]> {
    const { queue, settings } = this.#parts;
    return queue.take(MAX_JOINED, settings.maxSamplesPerSend, MAX_JOINED_BYTES);
  }

  /** Sends items until they are sent or refused; or leaves them for the next turn. */
  async #send(items: readonly QueueItem[]): Promise<void> {
    const { queue } = this.#parts;
    const outcome = await this.#post(items);
    if (outcome.kind === "again") {
      await this.#pause(outcome.reason, outcome.retryAfterMs);
      return;
    }
    this.#works();
    if (outcome.kind === "refused" && outcome.isAboutData && items.length > 1) {
      for (const item of items) {
        // Left when the engine goes away meanwhile: the next turn begins with it.
        if (!(await this.#sendOne(item))) return;
      }
      return;
    }
    this.#count(items, outcome);
    await queue.done(items);
  }

  async #sendOne(item: QueueItem): Promise<boolean> {
    const outcome = await this.#post([item]);
    if (outcome.kind === "again") {
      await this.#pause(outcome.reason, outcome.retryAfterMs);
      return false;
    }
    this.#count([item], outcome);
    await this.#parts.queue.done([item]);
    return true;
  }

  #count(items: readonly QueueItem[], outcome: Exclude<Outcome, { kind: "again" }>): void {
    const { name: remote, metrics, now } = this.#parts;
    const samples = items.reduce((sum, item) => sum + item.samples, 0);
    metrics.samples.inc({ remote, outcome: outcome.kind }, samples);
    if (outcome.kind === "sent") return;
    const { reason } = outcome;
    this.#state = { ...this.#state, refused: { atMs: now(), reason } };
    this.#tell(`${samples} samples were refused and are not sent again: ${reason}`);
  }

  async #post(items: readonly QueueItem[]): Promise<Outcome> {
    const { name: remote, endpoint, metrics, settings } = this.#parts;
    const body = joined(items);
    const started = performance.now();
    let status = "none";
    try {
      const answer = await endpoint.call({
        method: "POST",
        url: settings.url,
        headers: {
          "Content-Encoding": "snappy",
          "Content-Type": "application/x-protobuf",
          "X-Prometheus-Remote-Write-Version": "0.1.0",
        },
        body,
        timeoutMs: settings.timeoutMs,
        maxBytes: MAX_ANSWER,
        signal: this.#stop.signal,
      });
      status = String(answer.status);
      return outcomeOf(
        answer.status,
        answer.headers["retry-after"],
        answer.body,
        this.#parts.now(),
      );
    } catch (error) {
      this.#stop.signal.throwIfAborted();
      return { kind: "again", reason: (error as Error).message, retryAfterMs: 0 };
    } finally {
      metrics.requests.inc({ remote, status });
      metrics.seconds.observe({ remote }, (performance.now() - started) / 1_000);
    }
  }

  #works(): void {
    this.#backoffMs = this.#parts.settings.minBackoffMs;
    this.#state = { ...this.#state, failingSinceMs: undefined, reason: "" };
  }

  async #pause(reason: string, retryAfterMs: number): Promise<void> {
    const { settings, now } = this.#parts;
    this.#state = { ...this.#state, failingSinceMs: this.#state.failingSinceMs ?? now(), reason };
    this.#tell(`nothing can be sent, it is tried again: ${reason}`);
    const jittered = this.#backoffMs * (0.75 + Math.random() / 2);
    const pauseMs = Math.max(jittered, Math.min(retryAfterMs, MAX_RETRY_AFTER_MS));
    this.#backoffMs = Math.min(this.#backoffMs * 2, settings.maxBackoffMs);
    await sleep(pauseMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }

  #tell(message: string): void {
    const { name, now, onProblem } = this.#parts;
    if (Math.abs(now() - this.#toldMs) < TELL_EVERY_MS) return;
    this.#toldMs = now();
    onProblem(new FlxError("FLX_REMOTE_WRITE", `${name}: ${message}`));
  }

  /** Stops; what is not sent stays in the queue. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

/** One body of all: requests are lists, and one after the other they are the list of both. */
function joined(items: readonly QueueItem[]): Uint8Array {
  if (items.length === 1) return items[0]!.body;
  return writeSnappy(Buffer.concat(items.map(({ body }) => readSnappy(body, MAX_PLAIN_BYTES))));
}

function outcomeOf(
  status: number,
  retryAfter: string | undefined,
  body: Buffer,
  nowMs: number,
): Outcome {
  if (status >= 200 && status < 300) return { kind: "sent" };
  const line = body.toString("utf8", 0, 512).split("\n", 1)[0]!.trim();
  const reason = `status ${status}${line === "" ? "" : `: ${line}`}`;
  if (status >= 400 && status < 500 && status !== 429) {
    return { kind: "refused", reason, isAboutData: ABOUT_DATA.has(status) };
  }
  return { kind: "again", reason, retryAfterMs: waitOf(retryAfter, nowMs) };
}

/** What Retry-After says, in ms: seconds, or a date; 0 when nothing. */
function waitOf(text: string | undefined, nowMs: number): number {
  if (text === undefined) return 0;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? 0 : Math.max(0, at - nowMs);
}
