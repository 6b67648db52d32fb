// The span of another process, as a header tells of it: ids and flags, nothing that could be recorded.

import type { Context, Span, SpanContext } from "@opentelemetry/api";
import { contextWithSpan } from "../context.ts";

/** Stands for a span that is elsewhere. */
export class RemoteSpan implements Span {
  readonly #context: SpanContext;

  constructor(context: SpanContext) {
    this.#context = context;
  }

  spanContext(): SpanContext {
    return this.#context;
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

/** A context whose span is elsewhere. */
export function withRemoteSpan(context: Context, span: SpanContext): Context {
  return contextWithSpan(context, new RemoteSpan({ ...span, isRemote: true }));
}
