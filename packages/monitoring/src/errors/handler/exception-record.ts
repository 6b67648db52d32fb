// An error as an OTLP log record, by way of a line of JSON that the export worker makes a record of.
//
//   severity, body "TypeError: no"
//   exception.type, exception.message, exception.stacktrace      OpenTelemetry's
//   flx.error.fingerprint, flx.error.id, flx.error.kind, flx.error.frames, flx.error.breadcrumbs, flx.error.origin
//   batchId, orderId, ...                                        fields of the innermost context, and of the log context
//   trace_id, span_id                                            which become the record's own
//
// Source: https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-logs/

import type { Exporter } from "../../export/exporter.ts";
import { LineSink } from "../../logging/line-sink.ts";
import type { ErrorReport, FrameEntry, FullReport, ReportFrame } from "../report/report.ts";
import type { ErrorKind } from "./error-kinds.ts";
import type { HeldErrors } from "./error-limit.ts";

const LEVELS = { expected: 30, operational: 40, bug: 50, fatal: 60 } as const;
const MAX_STACK = 16_384;

/** Sends errors to the export worker. */
export class ExceptionRecords {
  readonly #sink: LineSink;

  constructor(exporter: Exporter) {
    this.#sink = new LineSink(exporter, "@flx/monitoring/errors");
  }

  write(report: FullReport, handled: RecordedError): void {
    this.#sink.write(JSON.stringify(exceptionRecord(report, handled)));
  }

  /** A record of how many of a group there is no record of; its id is its own, so that it counts once wherever it comes twice. */
  writeHeld({ fingerprint, type, kind, count }: HeldErrors, id: string, msg: string): void {
    this.#sink.write(
      JSON.stringify({
        level: LEVELS[kind],
        time: Date.now(),
        msg,
        "flx.error.fingerprint": fingerprint,
        "flx.error.id": id,
        "flx.error.type": type,
        "flx.error.kind": kind,
        "flx.error.repeated": count,
      }),
    );
  }
}

/** What a record says beside the report. */
export interface RecordedError {
  readonly kind: ErrorKind;
  readonly isFatal?: boolean | undefined;
  readonly origin?: string | undefined;
}

/** The line. */
export function exceptionRecord(
  report: FullReport,
  { kind, isFatal = false, origin }: RecordedError,
): Readonly<Record<string, unknown>> {
  const { type, message, fingerprint, errorId, timeMs, traceId, spanId, breadcrumbs } = report;
  return {
    ...report.fields,
    level: LEVELS[isFatal ? "fatal" : kind],
    time: timeMs,
    msg: `${type}: ${message}`,
    event_name: "exception",
    "exception.type": type,
    "exception.message": message,
    "exception.stacktrace": stackText(report),
    "flx.error.fingerprint": fingerprint,
    "flx.error.id": errorId,
    "flx.error.kind": kind,
    "flx.error.fatal": isFatal || undefined,
    "flx.error.code": report.code,
    "flx.error.origin": origin,
    "flx.error.frames": framesOf(report.frames),
    "flx.error.breadcrumbs":
      breadcrumbs.length === 0 ? undefined : breadcrumbs.map((each) => each.message),
    trace_id: traceId,
    span_id: spanId,
  };
}

/** The stack as V8 would write it, of the places where the code was written, with its causes. */
export function stackText(report: ErrorReport): string {
  const lines: string[] = [];
  let relation = "";
  let error: ErrorReport | undefined = report;
  while (error !== undefined) {
    lines.push(`${relation}${error.type}: ${error.message}`);
    for (const entry of error.frames) {
      if (entry.kind === "folded") {
        lines.push(`    ... ${entry.count} frames (${entry.reason})`);
        continue;
      }
      const { functionName, file, line, column } = entry;
      const place = file === undefined ? "native" : `${file}:${line ?? 0}:${column ?? 0}`;
      const words = `${entry.isAsync ? "async " : ""}${entry.isConstructor ? "new " : ""}`;
      lines.push(
        `    at ${words}${functionName === undefined ? place : `${functionName} (${place})`}`,
      );
    }
    relation = "Caused by: ";
    error = error.cause;
  }
  return lines.join("\n").slice(0, MAX_STACK);
}

/** The frames as a record has them, as JSON: "[...]"; undefined when there are none. */
export function framesJson(frames: readonly ReportFrame[]): string | undefined {
  const sent = framesOf(frames);
  return sent === undefined ? undefined : JSON.stringify(sent);
}

function framesOf(frames: readonly FrameEntry[]): readonly object[] | undefined {
  const shown = frames.filter((entry) => entry.kind === "frame").slice(0, 20);
  if (shown.length === 0) return undefined;
  return shown.map(({ functionName, file, line, column, owner, locals }) => ({
    function: functionName,
    file,
    line,
    column,
    own: owner === "own",
    locals:
      locals === undefined
        ? undefined
        : Object.fromEntries(locals.map(({ name, value }) => [name, value])),
  }));
}
