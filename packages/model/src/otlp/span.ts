// A span as OTLP writes it: one field `spans` of a ScopeSpans message, ready to be put beside others.
//
// The fields are those of a span that has ended, as the SDK keeps them: ids as 32-bit words (random numbers are born
// that way, and bytes are what goes out), times as seconds and nanoseconds, attributes as two arrays side by side. So
// nothing is turned into anything else before it is bytes.
//
// Source: opentelemetry/proto/trace/v1/trace.proto

import { type ValueLimits, DEFAULT_VALUE_LIMITS, writeAttribute } from "./any-value.ts";
import type { MessageWriter } from "./message-writer.ts";

/** The sixteen bytes of a trace id as 32-bit words, most significant first; their signs mean nothing. */
export interface TraceIdWords {
  readonly word0: number;
  readonly word1: number;
  readonly word2: number;
  readonly word3: number;
}

/** Which span of which trace: a span id is eight bytes, again as words. */
export interface SpanIds {
  readonly trace: TraceIdWords;
  readonly span0: number;
  readonly span1: number;
}

/** Attributes in the order they were set; `keys[i]` belongs to `values[i]`. */
export interface AttributeColumns {
  readonly keys: readonly string[];
  readonly values: readonly unknown[];
  /** Attributes that were refused. */
  readonly dropped: number;
}

/** Something that happened during a span. */
export interface OtlpEvent {
  readonly name: string;
  readonly seconds: number;
  readonly nanos: number;
  readonly attributes: AttributeColumns | undefined;
}

/** Another span that this one has to do with. */
export interface OtlpLink extends SpanIds {
  readonly traceState: string;
  readonly flags: number;
  readonly attributes: AttributeColumns | undefined;
}

/** A span that has ended. */
export interface OtlpSpan extends SpanIds {
  /** The parent's id; both zero for a root. */
  readonly parent0: number;
  readonly parent1: number;
  /** As in the header; empty when there is none. */
  readonly traceState: string;
  /** Trace flags in the low eight bits; bit 8: it is known whether the parent is remote; bit 9: it is. */
  readonly flags: number;
  readonly name: string;
  /** As in the protocol: 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly startSeconds: number;
  readonly startNanos: number;
  readonly endSeconds: number;
  readonly endNanos: number;
  readonly attributes: AttributeColumns | undefined;
  readonly events: readonly OtlpEvent[] | undefined;
  readonly droppedEvents: number;
  readonly links: readonly OtlpLink[] | undefined;
  readonly droppedLinks: number;
  /** 0 unset, 1 ok, 2 error. */
  readonly statusCode: number;
  readonly statusMessage: string;
}

/** The field `spans` of ScopeSpans, and `log_records` of ScopeLogs. */
export const RECORDS = 0x12;

/** Writes a span with its tag and length; gives how many attributes had no value that can be written. */
export function writeSpan(
  out: MessageWriter,
  span: OtlpSpan,
  limits: ValueLimits = DEFAULT_VALUE_LIMITS,
): number {
  const start = out.begin(RECORDS);
  const { trace } = span;
  out.fourWords(0x0a, trace.word0, trace.word1, trace.word2, trace.word3);
  out.twoWords(0x12, span.span0, span.span1);
  if (span.traceState !== "") out.text(0x1a, span.traceState);
  if ((span.parent0 | span.parent1) !== 0) out.twoWords(0x22, span.parent0, span.parent1);
  out.text(0x2a, span.name);
  out.uint(0x30, span.kind);
  out.time(0x39, span.startSeconds, span.startNanos);
  out.time(0x41, span.endSeconds, span.endNanos);
  let unwritten = 0;
  if (span.attributes !== undefined) {
    unwritten = writeAttributes(out, 0x4a, span.attributes, limits);
    const dropped = span.attributes.dropped + unwritten;
    if (dropped > 0) out.uint(0x50, dropped);
  }
  if (span.events !== undefined) {
    for (const event of span.events) writeEvent(out, event, limits);
  }
  if (span.droppedEvents > 0) out.uint(0x60, span.droppedEvents);
  if (span.links !== undefined) for (const link of span.links) writeLink(out, link, limits);
  if (span.droppedLinks > 0) out.uint(0x70, span.droppedLinks);
  if (span.statusCode !== 0 || span.statusMessage !== "") {
    const status = out.begin(0x7a);
    if (span.statusMessage !== "") out.text(0x12, span.statusMessage);
    if (span.statusCode !== 0) out.uint(0x18, span.statusCode);
    out.end(status);
  }
  // Field 16 has a tag of two bytes.
  out.reserve(1);
  out.bytes[out.at++] = 0x85;
  out.fixed32(0x01, span.flags);
  out.end(start);
  return unwritten;
}

function writeEvent(out: MessageWriter, event: OtlpEvent, limits: ValueLimits): void {
  const start = out.begin(0x5a);
  out.time(0x09, event.seconds, event.nanos);
  out.text(0x12, event.name);
  if (event.attributes !== undefined) {
    const unwritten = writeAttributes(out, 0x1a, event.attributes, limits);
    const dropped = event.attributes.dropped + unwritten;
    if (dropped > 0) out.uint(0x20, dropped);
  }
  out.end(start);
}

function writeLink(out: MessageWriter, link: OtlpLink, limits: ValueLimits): void {
  const start = out.begin(0x6a);
  const { trace } = link;
  out.fourWords(0x0a, trace.word0, trace.word1, trace.word2, trace.word3);
  out.twoWords(0x12, link.span0, link.span1);
  if (link.traceState !== "") out.text(0x1a, link.traceState);
  if (link.attributes !== undefined) {
    const unwritten = writeAttributes(out, 0x22, link.attributes, limits);
    const dropped = link.attributes.dropped + unwritten;
    if (dropped > 0) out.uint(0x28, dropped);
  }
  out.fixed32(0x35, link.flags);
  out.end(start);
}

/** Writes attributes; gives how many had no value that can be written. */
export function writeAttributes(
  out: MessageWriter,
  tag: number,
  { keys, values }: AttributeColumns,
  limits: ValueLimits,
): number {
  let unwritten = 0;
  for (let i = 0; i < keys.length; i++) {
    if (!writeAttribute(out, tag, keys[i]!, values[i], limits)) unwritten++;
  }
  return unwritten;
}
