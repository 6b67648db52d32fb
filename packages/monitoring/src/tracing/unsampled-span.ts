// A span that nobody records: it costs next to nothing, and still has ids when they are asked for.
//
// Most spans of a service that samples one trace in a hundred are these. They hold their parent's trace and nothing else;
// a span id (a fresh one for each span, as the specification wants) is made when a header or a log line needs it.

import type { Span, SpanContext } from "@opentelemetry/api";
import { hexOfWord, randomWord, TraceId } from "./trace-id.ts";

/** What unsampled spans of one trace share. */
export interface UnsampledTrace {
  readonly traceId: string;
  readonly traceFlags: number;
  readonly traceState: SpanContext["traceState"] | undefined;
}

/** A trace id made when it is needed. */
export class LazyTrace implements UnsampledTrace {
  readonly traceFlags: number;
  readonly traceState: SpanContext["traceState"] | undefined = undefined;
  #id: string | undefined = undefined;

  constructor(traceFlags: number) {
    this.traceFlags = traceFlags;
  }

  get traceId(): string {
    return (this.#id ??= TraceId.random().hex);
  }
}

/** A span that records nothing. */
export class UnsampledSpan implements Span {
  readonly trace: UnsampledTrace;
  #context: SpanContext | undefined = undefined;

  constructor(trace: UnsampledTrace) {
    this.trace = trace;
  }

  spanContext(): SpanContext {
    if (this.#context !== undefined) return this.#context;
    const { traceId, traceFlags, traceState } = this.trace;
    const spanId = hexOfWord(randomWord() || 1) + hexOfWord(randomWord());
    const context: SpanContext = { traceId, spanId, traceFlags };
    if (traceState !== undefined) context.traceState = traceState;
    this.#context = context;
    return context;
  }

  setAttribute(): this {
    return this;
  }

  setAttributes(): this {
    return this;
  }

  addEvent(): this {
    return this;
  }

  addLink(): this {
    return this;
  }

  addLinks(): this {
    return this;
  }

  setStatus(): this {
    return this;
  }

  updateName(): this {
    return this;
  }

  isRecording(): boolean {
    return false;
  }

  recordException(): void {}

  end(): void {}
}
