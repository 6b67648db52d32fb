// A span that is recorded: what a piece of work did, from its start to its end.
//
//   startSpan ──► RecordedSpan ── setAttribute, addEvent, ... ── end() ──► SpanSink
//
// Nothing is turned into another form on the way: ids are random words (text only when asked for), attributes are two
// arrays, times are numbers. What `end()` hands over is what the exporter's writer reads (OtlpSpan of @flx/model).
//
// After `end()` nothing changes any more; calls are ignored, as OpenTelemetry wants it.

import type {
  Attributes,
  Exception,
  Link,
  Span,
  SpanContext,
  SpanStatus,
  TimeInput,
  TraceState,
} from "@opentelemetry/api";
import type { OtlpEvent, OtlpLink, OtlpSpan } from "@flx/model/write";
import { AttributeList, attributeList } from "./attribute-list.ts";
import { type ClockAnchor, splitTime } from "./clock.ts";
import { errorTypeOf, exceptionAttributes, exceptionMessage } from "./exception-attributes.ts";
import type { SpanLimits } from "./span-limits.ts";
import { hexOfWord, isSpanId, isTraceId, randomWord, TraceId, wordOfHex } from "./trace-id.ts";

/** The span's trace is sampled: its spans are exported. */
export const FLAG_SAMPLED = 0x01;
/** The trace id is random (W3C level 2). */
export const FLAG_RANDOM = 0x02;
/** Bits of OTLP beside the trace flags: it is known where the parent is, and it is remote. */
const PARENT_KNOWN = 0x100;
const PARENT_REMOTE = 0x200;

/** The states of a span, as the API and the protocol number them. */
const STATUS_OK = 1;
const STATUS_ERROR = 2;

/** Where spans go when they end. */
export interface SpanSink {
  /** Takes a span; it does not change any more. Never throws. */
  ended(span: RecordedSpan): void;
}

/** What is said of an exception on a span, without secrets. */
export interface ToldException {
  readonly message: string;
  /** Attributes of its event; undefined: the span shall have none. */
  readonly event: Readonly<Record<string, string>> | undefined;
}

/** Told of exceptions that are recorded on spans; says what stands there of them. Never throws. */
export type OnException = (error: unknown, span: RecordedSpan) => ToldException;

/** What all spans of a tracer share. */
export interface SpanFamily {
  readonly sink: SpanSink;
  readonly limits: SpanLimits;
  /** The number under which the exporter knows the tracer's scope. */
  readonly scopeId: number;
  readonly scopeName: string;
  readonly onException?: OnException | undefined;
}

/** What the local spans of one trace have in common: made by the first of them, passed to its children. */
export class LocalTrace {
  readonly id: TraceId;
  /** Trace flags, 8 bits. */
  readonly flags: number;
  /** As in the header; empty when there is none. */
  readonly stateText: string;
  readonly state: TraceState | undefined;
  readonly clock: ClockAnchor;
  /** For sinks that decide about whole traces (tail sampling). */
  tail: unknown = undefined;

  constructor(
    id: TraceId,
    flags: number,
    state: TraceState | undefined,
    stateText: string,
    clock: ClockAnchor,
  ) {
    this.id = id;
    this.flags = flags;
    this.state = state;
    this.stateText = stateText;
    this.clock = clock;
  }
}

/** A span whose work is recorded. */
export class RecordedSpan implements Span, OtlpSpan {
  readonly local: LocalTrace;
  readonly family: SpanFamily;
  readonly span0: number;
  readonly span1: number;
  readonly parent0: number;
  readonly parent1: number;
  flags: number;
  readonly kind: number;
  name: string;
  startSeconds = 0;
  startNanos = 0;
  endSeconds = 0;
  endNanos = 0;
  attributes: AttributeList | undefined = undefined;
  events: OtlpEvent[] | undefined = undefined;
  droppedEvents = 0;
  links: OtlpLink[] | undefined = undefined;
  droppedLinks = 0;
  statusCode = 0;
  statusMessage = "";
  ended = false;
  /** What loggers keep with it: its ids as lines have them. */
  lineFields: object | undefined = undefined;
  readonly #startMs: number;
  #context: SpanContext | undefined = undefined;
  #hex: string | undefined = undefined;

  constructor(
    family: SpanFamily,
    local: LocalTrace,
    parent: { readonly span0: number; readonly span1: number } | undefined,
    parentRemote: boolean,
    name: string,
    kind: number,
    startMs: number,
  ) {
    this.family = family;
    this.local = local;
    this.span0 = randomWord() || 1;
    this.span1 = randomWord();
    this.parent0 = parent === undefined ? 0 : parent.span0;
    this.parent1 = parent === undefined ? 0 : parent.span1;
    this.flags = local.flags | PARENT_KNOWN | (parentRemote ? PARENT_REMOTE : 0);
    this.name = name;
    // The API counts from 0, the protocol has 0 for "unspecified".
    this.kind = kind + 1;
    this.#startMs = startMs;
    const ms = local.clock.ms + startMs;
    const seconds = (ms / 1000) | 0;
    this.startSeconds = local.clock.seconds + seconds;
    this.startNanos = ((ms - seconds * 1000) * 1e6) | 0;
  }

  get trace(): TraceId {
    return this.local.id;
  }

  get traceState(): string {
    return this.local.stateText;
  }

  /** 16 hexadecimal digits. */
  get spanId(): string {
    return (this.#hex ??= hexOfWord(this.span0) + hexOfWord(this.span1));
  }

  /** 32 hexadecimal digits. */
  get traceId(): string {
    return this.local.id.hex;
  }

  /** Whether its parent is in another process. */
  get hasRemoteParent(): boolean {
    return (this.flags & PARENT_REMOTE) !== 0;
  }

  /** Counts as sampled from now on, for the exporter: its trace turned out to matter. */
  keep(): void {
    this.flags |= FLAG_SAMPLED;
  }

  /** How long it has been, in milliseconds; after the end: how long it was. */
  get durationMs(): number {
    if (!this.ended) return performance.now() - this.#startMs;
    return (this.endSeconds - this.startSeconds) * 1000 + (this.endNanos - this.startNanos) / 1e6;
  }

  spanContext(): SpanContext {
    if (this.#context !== undefined) return this.#context;
    const { local } = this;
    const context: SpanContext = {
      traceId: local.id.hex,
      spanId: this.spanId,
      traceFlags: local.flags,
    };
    if (local.state !== undefined) context.traceState = local.state;
    this.#context = context;
    return context;
  }

  /** Gives the span a start that the caller knows better. */
  startAt(time: unknown): void {
    const split = splitTime(time);
    if (split === undefined) return;
    this.startSeconds = split.seconds;
    this.startNanos = split.nanos;
  }

  setAttribute(key: string, value: unknown): this {
    if (this.ended) return this;
    const attributes = (this.attributes ??= new AttributeList());
    attributes.set(key, value, this.family.limits.attributes);
    return this;
  }

  setAttributes(attributes: Attributes): this {
    if (this.ended || typeof attributes !== "object" || attributes === null) return this;
    const list = (this.attributes ??= new AttributeList());
    list.setAll(attributes, this.family.limits.attributes);
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (this.ended) return this;
    const { limits } = this.family;
    this.events ??= [];
    if (this.events.length >= limits.events) {
      this.droppedEvents++;
      return this;
    }
    const isTime = splitTime(attributesOrTime) !== undefined;
    const at = splitTime(isTime ? attributesOrTime : time) ?? this.#now();
    const attributes = isTime
      ? undefined
      : attributeList(attributesOrTime as Attributes | undefined, limits.attributesPerEvent);
    this.events.push({ name: textOf(name), seconds: at.seconds, nanos: at.nanos, attributes });
    return this;
  }

  addLink(link: Link): this {
    if (this.ended) return this;
    try {
      this.#addLink(link);
    } catch {
      // A link with getters that throw leads nowhere.
      this.droppedLinks++;
    }
    return this;
  }

  #addLink(link: Link): void {
    const { limits } = this.family;
    const context = link?.context;
    if (!isTraceId(context?.traceId) || !isSpanId(context.spanId)) return;
    this.links ??= [];
    if (this.links.length >= limits.links) {
      this.droppedLinks++;
      return;
    }
    this.links.push({
      trace: TraceId.fromHex(context.traceId),
      span0: wordOfHex(context.spanId, 0),
      span1: wordOfHex(context.spanId, 8),
      traceState: context.traceState?.serialize() ?? "",
      flags:
        (context.traceFlags & 0xff) |
        PARENT_KNOWN |
        (context.isRemote === true ? PARENT_REMOTE : 0),
      attributes: attributeList(link.attributes, limits.attributesPerLink),
    });
  }

  addLinks(links: readonly Link[]): this {
    if (!Array.isArray(links)) return this;
    for (const link of links as readonly Link[]) this.addLink(link);
    return this;
  }

  setStatus(status: SpanStatus): this {
    if (this.ended || typeof status !== "object" || status === null) return this;
    const { code, message } = read(status);
    // Ok is the last word; unset says nothing.
    if (this.statusCode === STATUS_OK || (code !== STATUS_OK && code !== STATUS_ERROR)) return this;
    this.statusCode = code;
    const isSaid = code === STATUS_ERROR && typeof message === "string";
    this.statusMessage = isSaid ? message.slice(0, this.family.limits.values.valueLength) : "";
    return this;
  }

  updateName(name: string): this {
    if (!this.ended && typeof name === "string") this.name = textOf(name);
    return this;
  }

  isRecording(): boolean {
    return !this.ended;
  }

  recordException(exception: Exception, time?: TimeInput): void {
    if (!this.ended) this.#recorded(exception, time);
  }

  /** Records what the span's work failed with: an exception, its message as status, and `error.type`. */
  failed(error: unknown): void {
    if (this.ended) return;
    const message = this.#recorded(error);
    this.setStatus({ code: STATUS_ERROR, ...(message !== "" && { message }) });
    const type = errorTypeOf(error);
    if (type !== undefined) this.setAttribute("error.type", type);
  }

  /** Gives the message without secrets. */
  #recorded(error: unknown, time?: TimeInput): string {
    const told = this.family.onException?.(error, this) ?? {
      message: exceptionMessage(error),
      event: exceptionAttributes(error),
    };
    if (told.event !== undefined) this.addEvent("exception", told.event, time);
    return told.message;
  }

  end(time?: TimeInput): void {
    if (this.ended) return;
    const given = time === undefined ? undefined : splitTime(time);
    if (given === undefined) this.#endNow();
    else {
      this.endSeconds = given.seconds;
      this.endNanos = given.nanos;
    }
    // A span that ends before it starts has no length.
    const late = this.endSeconds - this.startSeconds || this.endNanos - this.startNanos;
    if (late < 0) {
      this.endSeconds = this.startSeconds;
      this.endNanos = this.startNanos;
    }
    this.ended = true;
    this.family.sink.ended(this);
  }

  #endNow(): void {
    const { clock } = this.local;
    const ms = clock.ms + performance.now();
    const seconds = (ms / 1000) | 0;
    this.endSeconds = clock.seconds + seconds;
    this.endNanos = ((ms - seconds * 1000) * 1e6) | 0;
  }

  #now(): { seconds: number; nanos: number } {
    const { clock } = this.local;
    const ms = clock.ms + performance.now();
    const seconds = Math.floor(ms / 1000);
    return {
      seconds: clock.seconds + seconds,
      nanos: Math.floor((ms - seconds * 1000) * 1e6),
    };
  }
}

/** A status of the service's, which may have getters that throw. */
function read(status: SpanStatus): { readonly code: number; readonly message?: unknown } {
  try {
    return { code: status.code, message: status.message };
  } catch {
    return { code: 0 };
  }
}

/** Characters of a name. */
const MAX_NAME = 4096;

/** A name as text, whatever a caller gives. */
export function textOf(name: unknown): string {
  if (typeof name === "string") return name.length > MAX_NAME ? name.slice(0, MAX_NAME) : name;
  try {
    return String(name).slice(0, MAX_NAME);
  } catch {
    return "";
  }
}
