// Traces in the form of Jaeger's query API.
//
//   {"traceID":"…","spans":[{"spanID":"…","operationName":"…","references":[…],"startTime":µs,"duration":µs,
//                            "tags":[{"key","type","value"}],"logs":[…],"processID":"p1"}],
//    "processes":{"p1":{"serviceName":"…","tags":[…]}}}
//
// What OTLP has beside attributes becomes tags, by the rules of OpenTelemetry for Jaeger: span.kind, error,
// otel.status_code, otel.status_description, otel.scope.name, otel.scope.version, w3c.tracestate.
//
// Source: https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/jaeger/ and Jaeger's model/json

import { type OtlpValue, valueText } from "@flx/model";
import type { StoredSpan, Trace } from "../../store/spans/span-store.ts";
import type { Attributes } from "../../store/stored-record.ts";

interface Tag {
  readonly key: string;
  readonly type: "string" | "bool" | "int64" | "float64" | "binary";
  readonly value: string | number | boolean;
}

/** A trace. */
export function jaegerTrace({ traceId, spans, isCut }: Trace): object {
  const processes = new Map<string, { readonly id: string; readonly json: object }>();
  const known = new Set(spans.map(({ spanId }) => spanId));
  const written = spans.map((span) => jaegerSpan(span, processOf(span, processes), known));
  const byId = Object.fromEntries([...processes.values()].map(({ id, json }) => [id, json]));
  const warnings = isCut ? ["the trace has more spans"] : null;
  return { traceID: traceId, spans: written, processes: byId, warnings };
}

function processOf(
  { service, resource }: StoredSpan,
  processes: Map<string, { readonly id: string; readonly json: object }>,
): string {
  const own = resource.attributes.filter(([key]) => key !== "service.name");
  const key = JSON.stringify([service, own.map(([name, value]) => [name, valueText(value)])]);
  let process = processes.get(key);
  if (process === undefined) {
    const json = { serviceName: service === "" ? "unknown" : service, tags: tagsOf(own) };
    process = { id: `p${processes.size + 1}`, json };
    processes.set(key, process);
  }
  return process.id;
}

function jaegerSpan(span: StoredSpan, processID: string, known: ReadonlySet<string>): object {
  const { traceId, spanId, parentSpanId, startNs, durationNs } = span;
  const references = [
    ...(parentSpanId === "" ? [] : [reference("CHILD_OF", traceId, parentSpanId)]),
    ...span.links.map((link) => reference("FOLLOWS_FROM", link.traceId, link.spanId)),
  ];
  const isOrphan = parentSpanId !== "" && !known.has(parentSpanId);
  return {
    traceID: traceId,
    spanID: spanId,
    flags: span.flags & 1,
    operationName: span.name,
    references,
    startTime: Number(startNs / 1_000n),
    duration: Math.round(durationNs / 1_000),
    tags: [...tagsOf(span.attributes), ...ownTags(span)],
    logs: span.events.map(({ timeNs, name, attributes }) => ({
      timestamp: Number(timeNs / 1_000n),
      fields: [{ key: "event", type: "string", value: name }, ...tagsOf(attributes)],
    })),
    processID,
    warnings: isOrphan ? [`parent span ${parentSpanId} is not here`] : null,
  };
}

function reference(refType: string, traceID: string, spanID: string): object {
  return { refType, traceID, spanID };
}

function ownTags({ kind, status, statusMessage, scope, traceState }: StoredSpan): Tag[] {
  const tags: Tag[] = [];
  const text = (key: string, value: string): void => {
    if (value !== "") tags.push({ key, type: "string", value });
  };
  if (kind !== "unspecified") text("span.kind", kind);
  if (status === "error") tags.push({ key: "error", type: "bool", value: true });
  if (status !== "unset") text("otel.status_code", status.toUpperCase());
  text("otel.status_description", statusMessage);
  text("otel.scope.name", scope.name);
  text("otel.scope.version", scope.version);
  text("w3c.tracestate", traceState);
  return tags;
}

function tagsOf(attributes: Attributes): Tag[] {
  return attributes.map(([key, value]) => tagOf(key, value));
}

function tagOf(key: string, value: OtlpValue): Tag {
  if (typeof value === "boolean") return { key, type: "bool", value };
  if (typeof value === "number" && Number.isFinite(value)) {
    return { key, type: Number.isInteger(value) ? "int64" : "float64", value };
  }
  if (value instanceof Uint8Array) return { key, type: "binary", value: valueText(value) };
  return { key, type: "string", value: valueText(value) };
}
