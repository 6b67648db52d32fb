// Exemplars from tracing: a histogram's bucket leads to the trace that was active when it was counted.

import { setExemplarSource } from "../metrics/exemplar-source.ts";
import { activeContext } from "../tracing/context-manager.ts";
import { spanOf } from "../tracing/context.ts";
import { FLAG_SAMPLED, RecordedSpan } from "../tracing/span.ts";

/** Takes exemplars from active spans that are exported; the function it gives ends that. */
export function exemplarsFromSpans(): () => void {
  setExemplarSource(() => {
    const span = spanOf(activeContext());
    if (!(span instanceof RecordedSpan) || (span.flags & FLAG_SAMPLED) === 0) return undefined;
    return { trace_id: span.traceId, span_id: span.spanId };
  });
  return () => setExemplarSource(undefined);
}
