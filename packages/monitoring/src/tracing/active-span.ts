// The span that is active, and saying things about it, without holding it.

import type { Attributes, Span, Tracer } from "@opentelemetry/api";
import { activeContext } from "./context-manager.ts";
import { spanOf } from "./context.ts";
import { currentTracing } from "./current-tracing.ts";
import { setError } from "./traced.ts";
import { LazyTrace, UnsampledSpan } from "./unsampled-span.ts";

/** The active span; undefined outside of any. */
export function getCurrentSpan(): Span | undefined {
  return spanOf(activeContext());
}

/** Sets an attribute of the active span; without one, nothing happens. */
export function addSpanAttribute(key: string, value: Attributes[string]): void {
  getCurrentSpan()?.setAttribute(key, value);
}

/** Adds an event to the active span; without one, nothing happens. */
export function addSpanEvent(name: string, attributes?: Attributes): void {
  getCurrentSpan()?.addEvent(name, attributes);
}

/** Records an error on the active span and sets its status; without one, nothing happens. */
export function setSpanError(error: unknown): void {
  const span = getCurrentSpan();
  if (span !== undefined) setError(span, error);
}

/** A tracer; before tracing is set up, one whose spans record nothing. */
export function getTracer(name: string, version?: string): Tracer {
  return currentTracing()?.provider.getTracer(name, version) ?? IDLE_TRACER;
}

const IDLE_TRACER: Tracer = {
  startSpan: () => new UnsampledSpan(new LazyTrace(0)),
  startActiveSpan(_name: string, ...rest: unknown[]): never {
    const fn = rest.at(-1) as (span: Span) => never;
    return fn(new UnsampledSpan(new LazyTrace(0)));
  },
};
