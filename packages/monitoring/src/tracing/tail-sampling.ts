// Keeps the traces that matter although few are kept: those with an error, and those that were slow.
//
//   root:  kept by the base rate?  yes ─► sampled, exported as always
//                                  no ──► recorded only: flag 00 goes out, spans are held here until the local root ends
//
//   a span ends  ─┬─ with an error, or slower than its bound ─► the whole local trace is kept: what is held goes out,
//                 │                                            what is still to come goes out when it ends
//                 └─ otherwise ─► held
//   the local root ends, nothing has happened ─► all of it is dropped, and counted
//   a span that ends after its root           ─► judged alone
//
// What is kept here is this process' part of the trace; other services decide for themselves, by the same rules.
//
// Memory: spans are held as they are and written only when they are kept. The cap is hard: over it, the trace that was
// begun first is given up, and counted.

import { ParentBasedSampler, RatioSampler, type Sampler, type SamplingAnswer } from "./sampler.ts";
import { FLAG_SAMPLED, type LocalTrace, type RecordedSpan, type SpanSink } from "./span.ts";

/** When a trace is kept that the base rate has not chosen. */
export interface TailSamplingSettings {
  /** The part of all traces that is kept anyway, 0 to 1. */
  readonly ratio: number;
  /** Spans that take longer are kept with their traces, in milliseconds; by operation, or one bound for all. */
  readonly slowMs?: number | Readonly<Record<string, number>> | undefined;
  /** Bytes that may be held, by estimate (default 16 MiB). */
  readonly maxBytes?: number | undefined;
  /** Spans of one trace that are held (default 1,000); with more, the trace is given up. */
  readonly maxSpansPerTrace?: number | undefined;
}

const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;
const DEFAULT_MAX_SPANS = 1000;
/** What a span without attributes takes. */
const SPAN_BYTES = 700;
const ENTRY_BYTES = 120;

const RECORD: SamplingAnswer = { decision: "record" };

/** Samples by a ratio, and has the rest recorded. */
export class RecordingSampler implements Sampler {
  readonly description: string;
  readonly followsParent = true;
  readonly #base: Sampler;

  constructor(ratio: number) {
    this.#base = new ParentBasedSampler(new RatioSampler(ratio));
    this.description = `Tail{${this.#base.description}}`;
  }

  sample(question: Parameters<Sampler["sample"]>[0]): SamplingAnswer {
    const answer = this.#base.sample(question);
    return answer.decision === "drop" ? RECORD : answer;
  }
}

/** The state of a local trace that is held. */
class HeldTrace {
  readonly spans: RecordedSpan[] = [];
  bytes = 0;
  verdict: "open" | "kept" | "dropped" = "open";
}

/** What became of spans that the base rate had not chosen. */
export interface TailCounts {
  /** Spans that went out because their trace mattered. */
  kept: number;
  /** Spans of traces in which nothing happened. */
  dropped: number;
  /** Spans given up for want of room. */
  evicted: number;
}

/** Holds spans until their trace is known to matter. */
export class TailSamplingSink implements SpanSink {
  readonly counts: TailCounts = { kept: 0, dropped: 0, evicted: 0 };
  readonly #next: SpanSink;
  readonly #slowMs: (name: string) => number;
  readonly #maxBytes: number;
  readonly #maxSpans: number;
  /** Traces with spans, oldest first. */
  readonly #held = new Set<HeldTrace>();
  #bytes = 0;

  /** @param next where spans go that are kept; they are sampled then */
  constructor(next: SpanSink, settings: TailSamplingSettings) {
    this.#next = next;
    this.#slowMs = boundOf(settings.slowMs);
    this.#maxBytes = settings.maxBytes ?? DEFAULT_MAX_BYTES;
    this.#maxSpans = settings.maxSpansPerTrace ?? DEFAULT_MAX_SPANS;
  }

  /** Bytes that are held, by estimate. */
  get heldBytes(): number {
    return this.#bytes;
  }

  ended(span: RecordedSpan): void {
    if ((span.flags & FLAG_SAMPLED) !== 0) {
      this.#next.ended(span);
      return;
    }
    const trace = heldTrace(span.local);
    if (trace.verdict !== "kept" && this.#matters(span)) this.#keep(trace);
    if (trace.verdict === "kept") this.#pass(span);
    else if (trace.verdict === "dropped") this.counts.dropped++;
    else this.#hold(trace, span);
    if (trace.verdict === "open" && isLocalRoot(span)) {
      trace.verdict = "dropped";
      this.counts.dropped += this.#release(trace);
    }
  }

  #matters(span: RecordedSpan): boolean {
    return span.statusCode === 2 || span.durationMs > this.#slowMs(span.name);
  }

  #keep(trace: HeldTrace): void {
    trace.verdict = "kept";
    const spans = trace.spans.slice();
    this.#release(trace);
    for (const span of spans) this.#pass(span);
  }

  #pass(span: RecordedSpan): void {
    this.counts.kept++;
    span.keep();
    this.#next.ended(span);
  }

  #hold(trace: HeldTrace, span: RecordedSpan): void {
    if (trace.spans.length >= this.#maxSpans) {
      trace.verdict = "dropped";
      this.counts.evicted += this.#release(trace) + 1;
      return;
    }
    const bytes = sizeOf(span);
    trace.spans.push(span);
    trace.bytes += bytes;
    this.#bytes += bytes;
    this.#held.add(trace);
    for (const oldest of this.#held) {
      if (this.#bytes <= this.#maxBytes) break;
      oldest.verdict = "dropped";
      this.counts.evicted += this.#release(oldest);
    }
  }

  /** Lets go of what is held of a trace; how many spans that were. */
  #release(trace: HeldTrace): number {
    this.#held.delete(trace);
    this.#bytes -= trace.bytes;
    trace.bytes = 0;
    return trace.spans.splice(0).length;
  }
}

function heldTrace(local: LocalTrace): HeldTrace {
  return (local.tail ??= new HeldTrace()) as HeldTrace;
}

/** The first span of a local trace: its parent, if any, is elsewhere. */
function isLocalRoot({ parent0, parent1, hasRemoteParent }: RecordedSpan): boolean {
  return (parent0 | parent1) === 0 || hasRemoteParent;
}

function boundOf(slowMs: TailSamplingSettings["slowMs"]): (name: string) => number {
  if (slowMs === undefined) return () => Infinity;
  if (typeof slowMs === "number") return () => slowMs;
  const bounds = new Map(Object.entries(slowMs));
  const otherwise = bounds.get("*") ?? Infinity;
  return (name) => bounds.get(name) ?? otherwise;
}

function sizeOf({ attributes, events }: RecordedSpan): number {
  let bytes = SPAN_BYTES + (events?.length ?? 0) * ENTRY_BYTES;
  if (attributes === undefined) return bytes;
  for (const value of attributes.values) {
    bytes += ENTRY_BYTES + (typeof value === "string" ? value.length : 0);
  }
  return bytes;
}
