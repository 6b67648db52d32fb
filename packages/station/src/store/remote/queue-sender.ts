// Sends what a queue has, in order, until it is stopped: remote write 1.0 or 2.0.
//
//   take ── join small ones ──► POST ──► 2xx             done
//                                   ├──► 429, 5xx, none  again: after Retry-After, or a pause that doubles up to maxBackoffMs
//                                   ├──► 415 of a 2.0    sent as 1.0 instead, which the specification lets a sender do
//                                   └──► other 4xx       refused for good: counted, told, not sent again
//
// A joined request that is refused is sent once more in its parts, so that only the bad ones are lost; not when the answer
// says that some of it was written, since then the good ones were. One request is under way at a time: series stay in
// order, and an engine that is slow gets fewer and larger ones.
//
// What was written is what X-Prometheus-Remote-Write-{Samples,Histograms,Exemplars}-Written say; the rest is counted as
// refused, whatever the status. A receiver of 2.0 must say it, so 2xx or 400 without one of them is an answer of a 1.0
// receiver that has not looked at the content type, and is taken as 415. When it does take 1.0, that is sent for an hour:
// then 2.0 is tried once more. What is taken as neither is refused for good, as with any other 4xx.
//
// What waits may be of another message than the one that is sent now (the setting was changed): it is converted.
//
// Source: https://prometheus.io/docs/specs/prw/remote_write_spec/ and .../remote_write_spec_2_0/ , "Retries & Backoff",
// "Required Written Response Headers", "2.x vs 1.x Compatibility"

import { setTimeout as sleep } from "node:timers/promises";
import { FlxError } from "@flx/model";
import type { DurableQueue, QueueItem } from "./durable-queue.ts";
import { joinedBody } from "./joined-body.ts";
import type { RemoteAnswer, RemoteEndpoint } from "./remote-endpoint.ts";
import type { RemoteWriteMetrics } from "./remote-write-metrics.ts";
import { messageHeaders, WRITE_V1, WRITE_V2, type WriteMessage } from "./write-message.ts";
import { type Written, writtenOf } from "./written-headers.ts";

/** How to send. */
export interface SendSettings {
  readonly url: URL;
  readonly message: WriteMessage;
  readonly timeoutMs: number;
  readonly maxSamplesPerSend: number;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
}

/** What a sender stands on. */
export interface SenderParts {
  /** For metrics and messages. */
  readonly name: string;
  /** Where the message is configured. */
  readonly setting: string;
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
/** Of an answer only its first line is told. */
const MAX_ANSWER = 64 * 1024;
const MAX_RETRY_AFTER_MS = 5 * 60_000;
const TELL_EVERY_MS = 10_000;
/** So long 1.0 is sent to whoever did not take 2.0. */
const OLDER_MS = 3_600_000;
/** Refusals that may be about a part of a request only. */
const ABOUT_DATA: ReadonlySet<number> = new Set([400, 413, 422]);

type Outcome =
  /** `written`: what the answer says of it; undefined: nothing. */
  | { readonly kind: "taken"; readonly written: Written | undefined }
  | Refused
  | { readonly kind: "again"; readonly reason: string; readonly retryAfterMs: number };

interface Refused {
  readonly kind: "refused";
  readonly written: Written | undefined;
  readonly reason: string;
  /** Another part of the request may be taken. */
  readonly isAboutData: boolean;
  /** The same samples may be taken as another message. */
  readonly isAboutMessage: boolean;
}

/** An outcome that is the last word on a request. */
type Final = Exclude<Outcome, { readonly kind: "again" }>;

/** Sends one queue. */
export class QueueSender implements AsyncDisposable {
  readonly #parts: SenderParts;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #state: SenderState = { failingSinceMs: undefined, reason: "", refused: undefined };
  #backoffMs: number;
  #toldMs = -Infinity;
  /** Since when 1.0 is sent although 2.0 is configured, Unix milliseconds. */
  #olderFromMs = -Infinity;

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
    const outcome = await this.#deliver(items);
    if (outcome === undefined) return;
    this.#works();
    if (items.length > 1 && mayBeOfParts(outcome)) {
      for (const item of items) {
        // Left when the engine goes away meanwhile: the next turn begins with it.
        const one = await this.#deliver([item]);
        if (one === undefined) return;
        await this.#done([item], one);
      }
      return;
    }
    await this.#done(items, outcome);
  }

  /** Sends a request as the receiver takes it; undefined when it is to be sent again, after the pause that was made. */
  async #deliver(items: readonly QueueItem[]): Promise<Final | undefined> {
    const { settings, now } = this.#parts;
    const isOlder = Math.abs(now() - this.#olderFromMs) < OLDER_MS;
    const message = isOlder ? WRITE_V1 : settings.message;
    let outcome = await this.#post(items, message);
    if (outcome.kind === "refused" && outcome.isAboutMessage) {
      if (isOlder) {
        // It took 1.0 a while ago: the receiver is another one now.
        this.#olderFromMs = -Infinity;
        return await this.#deliver(items);
      }
      outcome = await this.#deliverOther(items, message, outcome);
    }
    if (outcome.kind !== "again") return outcome;
    await this.#pause(outcome.reason, outcome.retryAfterMs);
    return undefined;
  }

  /** The receiver does not take a message: what it does with 1.0, unless that was it. */
  async #deliverOther(
    items: readonly QueueItem[],
    message: WriteMessage,
    refused: Refused,
  ): Promise<Outcome> {
    const { name, setting, settings, now, onProblem } = this.#parts;
    const receiver = `${settings.url.host}${settings.url.pathname}`;
    const reason = `${receiver} does not take ${message} (${refused.reason}), which ${setting} says`;
    if (message === WRITE_V1) return { ...refused, reason };
    const outcome = await this.#post(items, WRITE_V1);
    if (outcome.kind === "refused") {
      return { ...outcome, reason: `${reason}, nor ${WRITE_V1} (${outcome.reason})` };
    }
    if (outcome.kind === "taken") {
      this.#olderFromMs = now();
      const told = `${name}: ${reason}: ${WRITE_V1} is sent instead, without the times since when something counts`;
      onProblem(new FlxError("FLX_REMOTE_WRITE", told));
    }
    return outcome;
  }

  async #done(items: readonly QueueItem[], outcome: Final): Promise<void> {
    this.#count(items, outcome);
    await this.#parts.queue.done(items);
  }

  #count(items: readonly QueueItem[], outcome: Final): void {
    const { name: remote, metrics, now } = this.#parts;
    const samples = items.reduce((sum, item) => sum + item.samples, 0);
    const exemplars = items.reduce((sum, item) => sum + item.exemplars, 0);
    const all = { samples, exemplars };
    const written = outcome.written ?? (outcome.kind === "taken" ? all : NOTHING);
    const lost = {
      samples: Math.max(0, samples - written.samples),
      exemplars: Math.max(0, exemplars - written.exemplars),
    };
    for (const what of ["samples", "exemplars"] as const) {
      const sent = all[what] - lost[what];
      // What has never happened is not there.
      if (sent > 0) metrics[what].inc({ remote, outcome: "sent" }, sent);
      if (lost[what] > 0) metrics[what].inc({ remote, outcome: "refused" }, lost[what]);
    }
    if (outcome.kind === "taken" && lost.samples + lost.exemplars === 0) return;
    const reason =
      outcome.kind === "refused" ? outcome.reason : "the answer says that they were not written";
    this.#state = { ...this.#state, refused: { atMs: now(), reason } };
    const what = `${lost.samples} samples${lost.exemplars === 0 ? "" : ` and ${lost.exemplars} exemplars`}`;
    this.#tell(`${what} were refused and are not sent again: ${reason}`);
  }

  async #post(items: readonly QueueItem[], message: WriteMessage): Promise<Outcome> {
    const { name: remote, endpoint, metrics, settings, now } = this.#parts;
    let body: Uint8Array;
    try {
      body = joinedBody(items, message);
    } catch (error) {
      const reason = `it cannot be read from the queue: ${(error as Error).message}`;
      return refusal(reason, { isAboutData: true });
    }
    const started = performance.now();
    let status = "none";
    try {
      const answer = await endpoint.call({
        method: "POST",
        url: settings.url,
        headers: messageHeaders(message),
        body,
        timeoutMs: settings.timeoutMs,
        maxBytes: MAX_ANSWER,
        signal: this.#stop.signal,
      });
      status = String(answer.status);
      return outcomeOf(answer, message, now());
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

const NOTHING: Written = { samples: 0, exemplars: 0 };

/** Whether only some of the parts of a joined request may be what was refused. */
function mayBeOfParts(outcome: Final): boolean {
  if (outcome.kind === "taken" || !outcome.isAboutData) return false;
  return outcome.written === undefined || outcome.written.samples === 0;
}

function outcomeOf(answer: RemoteAnswer, message: WriteMessage, nowMs: number): Outcome {
  const { status, headers, body } = answer;
  // Of 1.0 nothing may be concluded from what an answer does not say.
  const written = message === WRITE_V2 ? writtenOf(headers) : undefined;
  const line = body.toString("utf8", 0, 512).split("\n", 1)[0]!.trim();
  const reason = `status ${status}${line === "" ? "" : `: ${line}`}`;
  const isGood = status >= 200 && status < 300;
  // Receivers of 2.0 say what they have written. Of others a 400 may be about the message, too.
  const isSilent = message === WRITE_V2 && written === undefined;
  if (isGood && isSilent) {
    return refusal(`${reason}, without a word of what was written`, { isAboutMessage: true });
  }
  if (isGood) return { kind: "taken", written };
  if (status >= 400 && status < 500 && status !== 429) {
    const isAboutMessage = status === 415 || (status === 400 && isSilent);
    return refusal(reason, { written, isAboutData: ABOUT_DATA.has(status), isAboutMessage });
  }
  return { kind: "again", reason, retryAfterMs: waitOf(headers["retry-after"], nowMs) };
}

function refusal(reason: string, more: Partial<Refused>): Refused {
  return {
    kind: "refused",
    written: undefined,
    isAboutData: false,
    isAboutMessage: false,
    ...more,
    reason,
  };
}

/** What Retry-After says, in ms: seconds, or a date; 0 when nothing. */
function waitOf(text: string | undefined, nowMs: number): number {
  if (text === undefined) return 0;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? 0 : Math.max(0, at - nowMs);
}
