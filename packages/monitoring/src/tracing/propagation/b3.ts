// B3, the headers of Zipkin: one header, or one a field.
//
//   b3: 80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90      0 not sampled, 1 sampled, d debug
//   b3: 0                                                                          only the decision
//
//   x-b3-traceid, x-b3-spanid, x-b3-parentspanid, x-b3-sampled (0, 1), x-b3-flags (1: debug)
//
// Trace ids of eight bytes are filled up with zeros on the left. Both forms are read, the single one first; which one is
// written is a choice.
//
// Source: https://github.com/openzipkin/b3-propagation

import type { Context, TextMapGetter, TextMapPropagator, TextMapSetter } from "@opentelemetry/api";
import { contextWithSpan, isSuppressed, spanOf } from "../context.ts";
import { FLAG_RANDOM, FLAG_SAMPLED } from "../span.ts";
import { isSpanId, isTraceId } from "../trace-id.ts";
import { LazyTrace, UnsampledSpan } from "../unsampled-span.ts";
import { singleHeader } from "./carrier.ts";
import { withRemoteSpan } from "./remote-span.ts";

const SINGLE = "b3";
const TRACE_ID = "x-b3-traceid";
const SPAN_ID = "x-b3-spanid";
const PARENT_ID = "x-b3-parentspanid";
const SAMPLED = "x-b3-sampled";
const FLAGS = "x-b3-flags";

/** How B3 is written. */
export type B3Form = "single" | "multi";

/** Carries traces in Zipkin's headers. */
export class B3Propagator implements TextMapPropagator {
  readonly #form: B3Form;

  constructor(form: B3Form = "single") {
    this.#form = form;
  }

  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    const span = spanOf(context)?.spanContext();
    if (span === undefined || isSuppressed(context)) return;
    if (!isTraceId(span.traceId) || !isSpanId(span.spanId)) return;
    const sampled = (span.traceFlags & FLAG_SAMPLED) === 0 ? "0" : "1";
    if (this.#form === "single") {
      setter.set(carrier, SINGLE, `${span.traceId}-${span.spanId}-${sampled}`);
      return;
    }
    setter.set(carrier, TRACE_ID, span.traceId);
    setter.set(carrier, SPAN_ID, span.spanId);
    setter.set(carrier, SAMPLED, sampled);
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const get = (name: string) => singleHeader(carrier, getter, name)?.trim();
    const single = get(SINGLE);
    const fields = single === undefined ? undefined : single.split("-", 5);
    if (fields?.length === 1 && fields[0] === "0") return withoutSampling(context);
    if (fields !== undefined && fields.length >= 2 && fields.length <= 4) {
      const [traceId, spanId, sampled] = fields;
      const found = remote(context, traceId, spanId, sampled);
      if (found !== undefined) return found;
    }
    const decision = get(FLAGS) === "1" ? "d" : get(SAMPLED);
    const found = remote(context, get(TRACE_ID), get(SPAN_ID), decision);
    if (found !== undefined) return found;
    const isDenied = decision === "0" || decision?.toLowerCase() === "false";
    return isDenied && get(TRACE_ID) === undefined ? withoutSampling(context) : context;
  }

  fields(): string[] {
    return this.#form === "single" ? [SINGLE] : [TRACE_ID, SPAN_ID, FLAGS, SAMPLED, PARENT_ID];
  }
}

const DECISIONS: Readonly<Record<string, number>> = {
  "1": FLAG_SAMPLED,
  d: FLAG_SAMPLED,
  true: FLAG_SAMPLED,
  "0": 0,
  false: 0,
};

/** No trace yet, but the word that it shall not be sampled: a new one begins, whose spans nobody records. */
function withoutSampling(context: Context): Context {
  return contextWithSpan(context, new UnsampledSpan(new LazyTrace(FLAG_RANDOM)));
}

function remote(
  context: Context,
  traceId: string | undefined,
  spanId: string | undefined,
  decision: string | undefined,
): Context | undefined {
  const trace = traceId?.toLowerCase().padStart(32, "0");
  const span = spanId?.toLowerCase();
  if (!isTraceId(trace) || !isSpanId(span)) return undefined;
  // No decision: it is ours to make, and the API has no word for that; a header without one asks to be sampled.
  const flags = decision === undefined ? FLAG_SAMPLED : DECISIONS[decision.toLowerCase()];
  if (flags === undefined) return undefined;
  return withRemoteSpan(context, { traceId: trace, spanId: span, traceFlags: flags });
}
