// W3C Trace Context, level 2: `traceparent` and `tracestate`.
//
//   traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03
//                │  trace id (16 bytes)              parent id (8)    flags: 01 sampled, 02 random trace id
//                version; a higher one is read by the same rules, may go on after "-", and is answered with 00
//
// Reading is strict: wrong length, upper case, zeros, version ff, anything after a version 00, or two headers mean
// that there is no trace, and then `tracestate` is not read. A wrong `tracestate` costs only itself.
//
// Flags that the standard does not define are not passed on.
//
// Source: https://www.w3.org/TR/trace-context-2/

import type { Context, TextMapGetter, TextMapPropagator, TextMapSetter } from "@opentelemetry/api";
import { isSuppressed, spanOf } from "../context.ts";
import { FLAG_RANDOM, FLAG_SAMPLED } from "../span.ts";
import { isSpanId, isTraceId } from "../trace-id.ts";
import { parseTraceState } from "../trace-state.ts";
import { listHeader, singleHeader } from "./carrier.ts";
import { withRemoteSpan } from "./remote-span.ts";

const TRACEPARENT = "traceparent";
const TRACESTATE = "tracestate";

const HEADER = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const KNOWN_FLAGS = FLAG_SAMPLED | FLAG_RANDOM;

/** What a `traceparent` says. */
export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
}

/** Reads a `traceparent`; undefined when it breaks a rule. */
export function parseTraceParent(header: string): TraceParent | undefined {
  const match = HEADER.exec(header.replace(/^[ \t]+|[ \t]+$/g, ""));
  if (match === null) return undefined;
  const [, version, traceId, spanId, flags, rest] = match;
  if (version === "ff" || (version === "00" && rest !== undefined)) return undefined;
  if (!isTraceId(traceId) || !isSpanId(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags!, 16) & KNOWN_FLAGS };
}

/** Writes a `traceparent`. */
export function formatTraceParent({ traceId, spanId, traceFlags }: TraceParent): string {
  return `00-${traceId}-${spanId}-0${(traceFlags & KNOWN_FLAGS).toString(16)}`;
}

/** Carries traces in the headers of the standard. */
export class W3CTraceContextPropagator implements TextMapPropagator {
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    const span = spanOf(context)?.spanContext();
    if (span === undefined || isSuppressed(context)) return;
    if (!isTraceId(span.traceId) || !isSpanId(span.spanId)) return;
    setter.set(carrier, TRACEPARENT, formatTraceParent(span));
    const state = span.traceState?.serialize() ?? "";
    if (state !== "") setter.set(carrier, TRACESTATE, state);
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const header = singleHeader(carrier, getter, TRACEPARENT);
    const parent = header === undefined ? undefined : parseTraceParent(header);
    if (parent === undefined) return context;
    const list = listHeader(carrier, getter, TRACESTATE);
    const traceState = list === undefined ? undefined : parseTraceState(list);
    return withRemoteSpan(context, {
      ...parent,
      ...(traceState === undefined ? {} : { traceState }),
    });
  }

  fields(): string[] {
    return [TRACEPARENT, TRACESTATE];
  }
}
