// Traces and spans as our API writes them.

import type { StoredSpan, Trace } from "../../store/spans/span-store.ts";
import { attributesJson, originJson } from "../records/value-json.ts";

/** A span with everything. */
export function spanJson(span: StoredSpan): object {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    service: span.service,
    name: span.name,
    kind: span.kind,
    startNs: span.startNs.toString(),
    durationNs: span.durationNs,
    status: span.status,
    statusMessage: span.statusMessage,
    flags: span.flags,
    traceState: span.traceState,
    attributes: attributesJson(span.attributes),
    droppedAttributes: span.droppedAttributes,
    events: span.events.map(({ timeNs, name, attributes }) => ({
      timeNs: timeNs.toString(),
      name,
      attributes: attributesJson(attributes),
    })),
    droppedEvents: span.droppedEvents,
    links: span.links.map(({ traceId, spanId, attributes }) => ({
      traceId,
      spanId,
      attributes: attributesJson(attributes),
    })),
    droppedLinks: span.droppedLinks,
    ...originJson(span.resource, span.scope),
  };
}

/** A trace without its spans: what a list shows. */
export function traceSummaryJson({ traceId, spans, isCut }: Trace): object {
  const root = spans.find(({ parentSpanId }) => parentSpanId === "") ?? spans[0];
  let [startNs, endNs] = [spans[0]?.startNs ?? 0n, 0n];
  for (const span of spans) {
    const end = span.startNs + BigInt(span.durationNs);
    if (span.startNs < startNs) ({ startNs } = span);
    if (end > endNs) endNs = end;
  }
  return {
    traceId,
    service: root?.service ?? "",
    name: root?.name ?? "",
    startNs: startNs.toString(),
    durationNs: Number(endNs - startNs),
    spans: spans.length,
    errors: spans.filter(({ status }) => status === "error").length,
    services: [...new Set(spans.map(({ service }) => service))],
    isCut,
  };
}
