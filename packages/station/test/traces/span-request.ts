// Spans as an OTLP request, said in few words.

import { otlpFromJson } from "@flx/model";

/** A value of an attribute. */
export type SaidValue = string | number | boolean;

/** A span; what is not said is as in most. */
export interface SaidSpan {
  /** Default: the resource has no service.name. */
  readonly service?: string;
  readonly name?: string;
  readonly kind?: "internal" | "server" | "client" | "producer" | "consumer" | number;
  readonly status?: number;
  /** Any text: its bytes are the id. Default "t". */
  readonly trace?: string;
  readonly id: string;
  readonly parent?: string;
  /** Spans linked to, of the same trace. */
  readonly links?: readonly string[];
  /** Unix milliseconds. Default 1,790,000,000,000. */
  readonly startMs?: number;
  /** Default 10. */
  readonly ms?: number;
  readonly attributes?: Readonly<Record<string, SaidValue>>;
}

const KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"];
const DEFAULT_START_MS = 1_790_000_000_000;

/** The id that a text stands for, in hex: 32 digits of a trace, 16 of a span. */
export function idOf(text: string, digits: 16 | 32): string {
  return Buffer.from(text).toString("hex").padEnd(digits, "0").slice(0, digits);
}

/** A request of spans, each under a resource of its own, in protobuf. */
export function spanRequest(spans: readonly SaidSpan[]): Uint8Array {
  return otlpFromJson("traces", new TextEncoder().encode(JSON.stringify(spanJson(spans))));
}

/** The same as OTLP/JSON. */
export function spanJson(spans: readonly SaidSpan[]): unknown {
  return { resourceSpans: spans.map(resourceSpans) };
}

function resourceSpans(span: SaidSpan): unknown {
  const { service } = span;
  const resource = service === undefined ? {} : attributesOf({ "service.name": service });
  return { resource, scopeSpans: [{ spans: [spanOf(span)] }] };
}

function spanOf(span: SaidSpan): unknown {
  const { trace = "t", kind = "internal", startMs = DEFAULT_START_MS, ms = 10, status } = span;
  const traceId = idOf(trace, 32);
  return {
    traceId,
    spanId: idOf(span.id, 16),
    ...(span.parent !== undefined && { parentSpanId: idOf(span.parent, 16) }),
    name: span.name ?? span.id,
    kind: typeof kind === "number" ? kind : KINDS.indexOf(kind),
    startTimeUnixNano: String(BigInt(Math.round(startMs * 1_000)) * 1_000n),
    endTimeUnixNano: String(BigInt(Math.round((startMs + ms) * 1_000)) * 1_000n),
    ...attributesOf(span.attributes ?? {}),
    links: (span.links ?? []).map((id) => ({ traceId, spanId: idOf(id, 16) })),
    ...(status !== undefined && { status: { code: status } }),
  };
}

function attributesOf(record: Readonly<Record<string, SaidValue>>) {
  return {
    attributes: Object.entries(record).map(([key, value]) => ({ key, value: valueOf(value) })),
  };
}

function valueOf(value: SaidValue): unknown {
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "string") return { stringValue: value };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
