// Everything between a batch of samples and a server that takes remote write: a queue on disk, and what sends it.
//
//   append(batch) ──► requests ──► DurableQueue ──► QueueSender ──► POST
//        resolves ◄── durable ──┘                       └── state: how sending goes

import { type FlxError } from "@flx/model";
import { type SampleBatch, SinkRefusal } from "../metric-sink.ts";
import type { StoreCondition } from "../metric-store.ts";
import { DurableQueue } from "./durable-queue.ts";
import { QueueSender } from "./queue-sender.ts";
import type { QueueConfig } from "./remote-config.ts";
import type { RemoteEndpoint } from "./remote-endpoint.ts";
import type { RemoteWriteMetrics } from "./remote-write-metrics.ts";
import type { WriteMessage } from "./write-message.ts";
import { type SentPart, writeRequests } from "./write-requests.ts";

/** What a queue to a server is made of. */
export interface WriteQueueOptions {
  /** For metrics and messages. */
  readonly name: string;
  /** Where the message is configured, for messages. */
  readonly setting: string;
  readonly message: WriteMessage;
  readonly folder: string;
  readonly url: URL;
  readonly endpoint: RemoteEndpoint;
  /** Of one request. */
  readonly timeoutMs: number;
  readonly config: QueueConfig;
  readonly whenFull: "refuse" | "drop-oldest";
  readonly metrics: RemoteWriteMetrics;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly onProblem: (error: FlxError) => void;
}

/** Shorter than that an engine that restarts is nothing to be told. */
const PATIENCE_MS = 10_000;
/** So long after samples were refused for good the condition says so. */
const REFUSED_SHOWN_MS = 15 * 60_000;
const FULL_RETRY_MS = 10_000;

/** Takes batches and sends them on. */
export class WriteQueue implements AsyncDisposable {
  readonly #options: WriteQueueOptions;
  readonly #queue: DurableQueue;
  readonly #sender: QueueSender;
  readonly #watched: Disposable;

  private constructor(options: WriteQueueOptions, queue: DurableQueue) {
    const { name, setting, message, url, endpoint, timeoutMs, config, metrics, now, onProblem } =
      options;
    this.#options = options;
    this.#queue = queue;
    this.#sender = new QueueSender({
      name,
      setting,
      queue,
      endpoint,
      settings: {
        url,
        message,
        timeoutMs,
        maxSamplesPerSend: config.max_samples_per_send,
        minBackoffMs: config.min_backoff,
        maxBackoffMs: config.max_backoff,
      },
      metrics,
      now,
      onProblem,
    });
    this.#watched = metrics.watch(name, queue);
  }

  /**
   * Opens the queue; what waits in it is sent from now on.
   *
   * @throws {FlxError} `FLX_STORE_DISK`
   */
  static async open(options: WriteQueueOptions): Promise<WriteQueue> {
    const { folder, config, whenFull, now, onProblem, metrics, name } = options;
    const queue = await DurableQueue.open({
      folder,
      maxBytes: config.max_size,
      whenFull,
      now,
      onProblem,
      onDropped: (samples) => metrics.samples.inc({ remote: name, outcome: "dropped" }, samples),
    });
    return new WriteQueue(options, queue);
  }

  /**
   * Takes a batch; resolves when it is durable.
   *
   * @throws {SinkRefusal} when the queue is full or the disk does not take it
   */
  async append(batch: SampleBatch, part: SentPart): Promise<void> {
    const appended: Promise<void>[] = [];
    for (const request of writeRequests(this.#options.message, batch, part)) {
      appended.push(this.#queue.append(request));
    }
    // All are waited for: none may fail unheard.
    const outcomes = await Promise.allSettled(appended);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") throw refusal(outcome.reason as FlxError);
    }
  }

  /** How it is going. */
  get condition(): StoreCondition {
    const { failingSinceMs, reason, refused } = this.#sender.state;
    const now = this.#options.now();
    const waits = `${this.#queue.samples} samples wait`;
    if (this.#options.whenFull === "refuse" && this.#queue.isFull) {
      return { state: "unavailable", reason: `the queue is full, ${waits}: ${reason}` };
    }
    if (failingSinceMs !== undefined && Math.abs(now - failingSinceMs) > PATIENCE_MS) {
      return { state: "degraded", reason: `nothing gets through, ${waits}: ${reason}` };
    }
    if (refused !== undefined && Math.abs(now - refused.atMs) < REFUSED_SHOWN_MS) {
      return { state: "degraded", reason: `samples were refused for good: ${refused.reason}` };
    }
    return { state: "ready", reason: "" };
  }

  /** Stops sending; what waits stays on disk. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#watched[Symbol.dispose]();
    await this.#sender[Symbol.asyncDispose]();
    await this.#queue[Symbol.asyncDispose]();
  }
}

function refusal(error: FlxError): SinkRefusal {
  const { code, message } = error;
  if (code === "FLX_STORE_BUSY") return new SinkRefusal(code, message, "overloaded", 1_000);
  const retryAfterMs = code === "FLX_REMOTE_QUEUE_FULL" ? FULL_RETRY_MS : 5_000;
  return new SinkRefusal(code, message, "unavailable", retryAfterMs);
}
