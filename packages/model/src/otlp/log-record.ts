// A log record as OTLP writes it: one field `log_records` of a ScopeLogs message.
//
// Source: opentelemetry/proto/logs/v1/logs.proto

import { type ValueLimits, DEFAULT_VALUE_LIMITS, writeAnyValue } from "./any-value.ts";
import type { MessageWriter } from "./message-writer.ts";
import { type AttributeColumns, RECORDS, type SpanIds, writeAttributes } from "./span.ts";

/** One log record. */
export interface OtlpLogRecord {
  readonly seconds: number;
  readonly nanos: number;
  /** 1 to 24; 9 is INFO, 13 WARN, 17 ERROR, 21 FATAL. */
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: unknown;
  readonly attributes: AttributeColumns;
  /** The span it belongs to. */
  readonly ids: SpanIds | undefined;
  /** The trace flags of that span. */
  readonly flags: number;
  /** Set for events. */
  readonly eventName?: string | undefined;
}

/** Writes a log record with its tag and length. */
export function writeLogRecord(
  out: MessageWriter,
  record: OtlpLogRecord,
  limits: ValueLimits = DEFAULT_VALUE_LIMITS,
): void {
  const start = out.begin(RECORDS);
  out.time(0x09, record.seconds, record.nanos);
  if (record.severityNumber > 0) out.uint(0x10, record.severityNumber);
  if (record.severityText !== "") out.text(0x1a, record.severityText);
  if (record.body !== undefined && record.body !== null) {
    const body = out.begin(0x2a);
    writeAnyValue(out, record.body, limits);
    out.end(body);
  }
  const unwritten = writeAttributes(out, 0x32, record.attributes, limits);
  const dropped = record.attributes.dropped + unwritten;
  if (dropped > 0) out.uint(0x38, dropped);
  if (record.ids !== undefined) {
    const { ids } = record;
    const { trace } = ids;
    out.fixed32(0x45, record.flags & 0xff);
    out.fourWords(0x4a, trace.word0, trace.word1, trace.word2, trace.word3);
    out.twoWords(0x52, ids.span0, ids.span1);
  }
  out.time(0x59, record.seconds, record.nanos);
  if (record.eventName !== undefined) out.text(0x62, record.eventName);
  out.end(start);
}
