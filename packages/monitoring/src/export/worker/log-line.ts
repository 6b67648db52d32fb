// A logger's line of JSON becomes an OTLP log record.
//
//   pino     {"level":30,"time":1532...,"msg":"...", ...}         levels 10 to 60
//   winston  {"level":"info","timestamp":"...","message":"...", ...}
//
//   level ─► severity      time ─► time      msg ─► body      trace_id, span_id, trace_flags ─► the record's own fields
//   err ─► exception.type, exception.message, exception.stacktrace           event_name ─► event_name (of events)
//   error ─► the same, when there is no err and it has a stack
//   the rest ─► attributes
//
// Source: https://opentelemetry.io/docs/specs/otel/logs/data-model/

import { MessageWriter, type SpanIds, writeLogRecord } from "@flx/model/write";

/** Levels by number (pino) and name, with their severity numbers. */
const SEVERITIES: Readonly<Record<string, readonly [number, string]>> = {
  10: [1, "TRACE"],
  20: [5, "DEBUG"],
  30: [9, "INFO"],
  40: [13, "WARN"],
  50: [17, "ERROR"],
  60: [21, "FATAL"],
  silly: [1, "TRACE"],
  trace: [1, "TRACE"],
  debug: [5, "DEBUG"],
  verbose: [5, "DEBUG"],
  http: [9, "INFO"],
  info: [9, "INFO"],
  notice: [10, "INFO2"],
  warn: [13, "WARN"],
  warning: [13, "WARN"],
  error: [17, "ERROR"],
  crit: [18, "ERROR2"],
  fatal: [21, "FATAL"],
};

/** Fields that have a place of their own in the record. */
const PLACED: ReadonlySet<string> = new Set([
  "level",
  "time",
  "timestamp",
  "msg",
  "message",
  "err",
  "event_name",
  "trace_id",
  "span_id",
  "trace_flags",
]);

const MAX_EVENT_NAME = 256;

const out = new MessageWriter(4096);

/** The record, with tag and length; undefined when the line is no JSON object. */
export function logRecordOfLine(line: Uint8Array): Uint8Array | undefined {
  const fields = parse(line);
  if (fields === undefined) return undefined;
  const keys: string[] = [];
  const values: unknown[] = [];
  const isError = fields["err"] === undefined && hasStack(fields["error"]);
  for (const [key, value] of Object.entries(fields)) {
    if (PLACED.has(key) && !isLeft(key, fields)) continue;
    if (isError && key === "error") continue;
    keys.push(key);
    values.push(value);
  }
  addException(isError ? fields["error"] : fields["err"], keys, values);
  const ms = timeOf(fields["time"] ?? fields["timestamp"]);
  const seconds = Math.floor(ms / 1000);
  const [severityNumber, severityText] = severityOf(fields["level"]);
  out.at = 0;
  writeLogRecord(out, {
    seconds,
    nanos: Math.floor((ms - seconds * 1000) * 1e6),
    severityNumber,
    severityText,
    body: fields["msg"] ?? fields["message"],
    attributes: { keys, values, dropped: 0 },
    eventName: eventNameOf(fields["event_name"]),
    ids: idsOf(fields),
    flags: flagsOf(fields["trace_flags"]),
  });
  return out.bytes.subarray(0, out.at);
}

function parse(line: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(line));
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return value as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** Whether a field has not taken its place: another one has, or it is nothing that fits there. */
function isLeft(key: string, fields: Readonly<Record<string, unknown>>): boolean {
  if (key === "message") return fields["msg"] !== undefined;
  if (key === "timestamp") return fields["time"] !== undefined;
  return key === "err" && (typeof fields["err"] !== "object" || fields["err"] === null);
}

/** An error that was logged under another name, and not something that is called so. */
function hasStack(value: unknown): boolean {
  return typeof value === "object" && value !== null && "stack" in value && "type" in value;
}

function addException(error: unknown, keys: string[], values: unknown[]): void {
  if (typeof error !== "object" || error === null) return;
  const { type, message, stack, ...rest } = error as Record<string, unknown>;
  const texts = {
    "exception.type": type,
    "exception.message": message,
    "exception.stacktrace": stack,
  };
  for (const [key, value] of Object.entries(texts)) {
    if (typeof value !== "string") continue;
    keys.push(key);
    values.push(value);
  }
  for (const [key, value] of Object.entries(rest)) {
    keys.push(`exception.${key}`);
    values.push(value);
  }
}

/** Undefined for what is no event. */
function eventNameOf(name: unknown): string | undefined {
  return typeof name === "string" && name !== "" ? name.slice(0, MAX_EVENT_NAME) : undefined;
}

function severityOf(level: unknown): readonly [number, string] {
  const isName = typeof level === "string" || typeof level === "number";
  const known = isName ? SEVERITIES[String(level).toLowerCase()] : undefined;
  if (known !== undefined) return known;
  if (typeof level !== "number") return [0, typeof level === "string" ? level : ""];
  // A level of the service's own lies between two of pino's.
  const step = Math.min(6, Math.max(1, Math.floor(level / 10))) * 10;
  return SEVERITIES[step]!;
}

function timeOf(time: unknown): number {
  const ms = typeof time === "string" ? Date.parse(time) : time;
  return typeof ms === "number" && ms >= 0 && ms < 1e14 ? ms : Date.now();
}

function idsOf(fields: Record<string, unknown>): SpanIds | undefined {
  const { trace_id: trace, span_id: span } = fields;
  if (typeof trace !== "string" || !/^[0-9a-f]{32}$/.test(trace)) return undefined;
  if (typeof span !== "string" || !/^[0-9a-f]{16}$/.test(span)) return undefined;
  const word = (hex: string, at: number) => Number.parseInt(hex.slice(at, at + 8), 16) | 0;
  return {
    trace: {
      word0: word(trace, 0),
      word1: word(trace, 8),
      word2: word(trace, 16),
      word3: word(trace, 24),
    },
    span0: word(span, 0),
    span1: word(span, 8),
  };
}

function flagsOf(flags: unknown): number {
  if (typeof flags === "number") return flags & 0xff;
  return typeof flags === "string" && /^[0-9a-f]{2}$/.test(flags) ? Number.parseInt(flags, 16) : 0;
}
