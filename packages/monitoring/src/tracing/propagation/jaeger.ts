// Jaeger's own header, read only: Jaeger has taken W3C Trace Context for years, but old clients still send this.
//
//   uber-trace-id: {trace id}:{span id}:{parent id, ignored}:{flags}       hexadecimal, without leading zeros
//
// Source: https://www.jaegertracing.io/docs/1.60/client-libraries/#propagation-format

import type { Context, TextMapGetter, TextMapPropagator } from "@opentelemetry/api";
import { FLAG_SAMPLED } from "../span.ts";
import { isSpanId, isTraceId } from "../trace-id.ts";
import { singleHeader } from "./carrier.ts";
import { withRemoteSpan } from "./remote-span.ts";

const HEADER = "uber-trace-id";

/** Takes traces from Jaeger's header. */
export class JaegerPropagator implements TextMapPropagator {
  inject(): void {}

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const header = singleHeader(carrier, getter, HEADER);
    if (header === undefined) return context;
    const text = header.includes("%3A") ? header.replaceAll("%3A", ":") : header;
    const match = /^([0-9a-f]{1,32}):([0-9a-f]{1,16}):[0-9a-f]{0,16}:([0-9a-f]{1,2})$/i.exec(text);
    if (match === null) return context;
    const traceId = match[1]!.toLowerCase().padStart(32, "0");
    const spanId = match[2]!.toLowerCase().padStart(16, "0");
    if (!isTraceId(traceId) || !isSpanId(spanId)) return context;
    const traceFlags = Number.parseInt(match[3]!, 16) & FLAG_SAMPLED;
    return withRemoteSpan(context, { traceId, spanId, traceFlags });
  }

  fields(): string[] {
    return [HEADER];
  }
}
