// A tracer whose spans are kept, for tests: real spans, samplers and limits, and a list where the exporter would be.

import { DEFAULT_SPAN_LIMITS, type SpanLimits } from "../../src/tracing/span-limits.ts";
import type { RecordedSpan } from "../../src/tracing/span.ts";
import { ALWAYS_ON, ParentBasedSampler, type Sampler } from "../../src/tracing/sampler.ts";
import { FlxTracer, type ProviderSettings } from "../../src/tracing/tracer.ts";
import { contextWithSpan, EMPTY_CONTEXT } from "../../src/tracing/context.ts";
import { RemoteSpan } from "../../src/tracing/propagation/remote-span.ts";
import type { Context, Span, SpanContext } from "@opentelemetry/api";

/** What a test may choose. */
export interface CollectingOptions {
  readonly sampler?: Sampler;
  readonly limits?: Partial<SpanLimits>;
  readonly onException?: ProviderSettings["onException"];
  readonly onStart?: ProviderSettings["onStart"];
}

/** A tracer, and the spans that have ended. */
export function collectingTracer({
  sampler = new ParentBasedSampler(ALWAYS_ON),
  limits,
  ...hooks
}: CollectingOptions = {}): { readonly tracer: FlxTracer; readonly ended: RecordedSpan[] } {
  const ended: RecordedSpan[] = [];
  const settings: ProviderSettings = {
    sampler,
    sink: { ended: (span) => ended.push(span) },
    limits: { ...DEFAULT_SPAN_LIMITS, ...limits },
    scopeId: () => 1,
    ...hooks,
  };
  return { tracer: new FlxTracer({ epoch: 0, settings }, { name: "test" }), ended };
}

/** A context whose span is this one. */
export function under(span: Span): Context {
  return contextWithSpan(EMPTY_CONTEXT, span);
}

/** A context whose span is in another process. */
export function underRemote(context: Partial<SpanContext> = {}): Context {
  return under(
    new RemoteSpan({
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
      traceFlags: 1,
      isRemote: true,
      ...context,
    }),
  );
}
