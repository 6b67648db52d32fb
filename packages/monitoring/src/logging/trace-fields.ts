// The ids of the active span as a line has them, made once for each span.
//
//   {"trace_id":"...","span_id":"...","trace_flags":"01"}
//
// Source of the names: https://opentelemetry.io/docs/specs/otel/compatibility/logging_trace_context/

import type { Baggage, Span } from "@opentelemetry/api";
import { activeContext } from "../tracing/context-manager.ts";
import { spanOf } from "../tracing/context.ts";
import { baggageOf } from "../tracing/propagation/w3c-baggage.ts";
import { RecordedSpan } from "../tracing/span.ts";
import { isTraceId } from "../tracing/trace-id.ts";
import { logContext } from "./log-context.ts";

/** Ids of a span. */
export interface TraceFields {
  readonly trace_id: string;
  readonly span_id: string;
  readonly trace_flags: string;
}

/** Of spans that have no place for them; what a weak map holds survives young collections, so it is for the few. */
const fieldsOfSpan = new WeakMap<Span, TraceFields>();

/** The ids of a span; undefined when it has none. */
export function traceFields(span: Span): TraceFields | undefined {
  if (span instanceof RecordedSpan) return (span.lineFields ??= fieldsOf(span)) as TraceFields;
  const known = fieldsOfSpan.get(span);
  if (known !== undefined) return known;
  const fields = fieldsOf(span);
  if (fields !== undefined) fieldsOfSpan.set(span, fields);
  return fields;
}

function fieldsOf(span: Span): TraceFields | undefined {
  const { traceId, spanId, traceFlags } = span.spanContext();
  if (!isTraceId(traceId)) return undefined;
  return {
    trace_id: traceId,
    span_id: spanId,
    trace_flags: traceFlags.toString(16).padStart(2, "0"),
  };
}

/** Everything a line gets from where it was logged: ids, context, baggage that is allowed. */
export function ambientFields(allowedBaggage: readonly string[]): Record<string, unknown> {
  const context = activeContext();
  const span = spanOf(context);
  const ids = span === undefined ? undefined : traceFields(span);
  const fields = logContext();
  const baggage = allowedBaggage.length === 0 ? undefined : baggageOf(context);
  if (fields === undefined && baggage === undefined) return { ...ids };
  return { ...baggageFields(baggage, allowedBaggage), ...fields, ...ids };
}

function baggageFields(
  baggage: Baggage | undefined,
  allowed: readonly string[],
): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const key of allowed) {
    const value = baggage?.getEntry(key)?.value;
    if (value !== undefined) fields[key] = value;
  }
  return fields;
}
