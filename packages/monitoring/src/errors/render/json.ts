// A report as JSON: one line, for machines.
//
//   { "type", "message", "code"?, "fingerprint", "errorId", "time", "frames": [...], "cause"?: {...}, "errors"?: [...] }

import type { CodeFrame } from "../report/code-frame.ts";
import type { ErrorReport, FrameEntry, FullReport, ReportField } from "../report/report.ts";

/** A value of JSON. */
type Json = Readonly<Record<string, unknown>>;

/** The report as one line of JSON, without a line feed. */
export function renderJson(report: FullReport): string {
  return JSON.stringify(reportJson(report));
}

/** The report as plain data for `JSON.stringify`. */
export function reportJson(report: FullReport): Json {
  const { fingerprint, errorId, timeMs, traceId, spanId, breadcrumbs } = report;
  return {
    ...errorJson(report),
    fingerprint,
    errorId,
    time: new Date(timeMs).toISOString(),
    traceId,
    spanId,
    breadcrumbs: some(
      breadcrumbs.map(({ message, fields }) => ({ message, fields: fieldsJson(fields) })),
    ),
  };
}

function errorJson(report: ErrorReport): Json {
  const { type, message, code, help, docs, notes, properties, frames, cause, errors } = report;
  return {
    type,
    message,
    code,
    help,
    docs,
    notes: some(notes),
    properties: fieldsJson(properties),
    frames: some(frames.map(frameJson)),
    cause: cause === undefined ? undefined : errorJson(cause),
    errors: some(errors.map(errorJson)),
    moreErrors: report.moreErrors || undefined,
    isRepeated: report.isRepeated || undefined,
    isError: report.isError ? undefined : false,
  };
}

function frameJson(entry: FrameEntry): Json {
  if (entry.kind === "folded") return { folded: entry.count, reason: entry.reason };
  const { functionName, file, line, column, owner, code, locals } = entry;
  return {
    function: functionName,
    file,
    line,
    column,
    owner,
    async: entry.isAsync || undefined,
    package: entry.packageName,
    code: code === undefined ? undefined : codeJson(code),
    locals: locals === undefined ? undefined : fieldsJson(locals),
  };
}

const codes = new WeakMap<CodeFrame, Json>();

function codeJson(frame: CodeFrame): Json {
  let json = codes.get(frame);
  if (json === undefined) {
    const lines = frame.lines.map(({ tokens }) => tokens.map(({ text }) => text).join(""));
    json = { first: frame.lines[0]?.number ?? frame.line, lines, mark: frame.mark };
    codes.set(frame, json);
  }
  return json;
}

function fieldsJson(fields: readonly ReportField[]): Json | undefined {
  if (fields.length === 0) return undefined;
  return Object.fromEntries(fields.map(({ name, value }) => [name, value]));
}

function some<Value>(list: readonly Value[]): readonly Value[] | undefined {
  return list.length === 0 ? undefined : list;
}
