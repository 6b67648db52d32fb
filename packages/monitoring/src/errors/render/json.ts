// A report as JSON: one line, for machines.
//
//   { "type", "message", "code"?, "frames": [...], "cause"?: {...}, "errors"?: [...], "fingerprint", "errorId", "time" }

import type { CodeFrame } from "../report/code-frame.ts";
import type { ErrorReport, FrameEntry, FullReport, ReportField } from "../report/report.ts";

/** A value of JSON. */
type Json = Readonly<Record<string, unknown>>;

/** The report as one line of JSON, without a line feed; what `JSON.stringify` makes of `reportJson`. */
export function renderJson(report: FullReport): string {
  return `${errorText(report).slice(0, -1)},${members(occurrenceJson(report))}}`;
}

/** The report as plain data for `JSON.stringify`. */
export function reportJson(report: FullReport): Json {
  return { ...errorJson(report), ...occurrenceJson(report) };
}

/** A line that says how many of a group were not written. */
export function renderHeld(held: {
  readonly fingerprint: string;
  readonly type: string;
  readonly repeated: number;
  readonly timeMs: number;
}): string {
  const { type, fingerprint, repeated, timeMs } = held;
  return JSON.stringify({ type, repeated, fingerprint, time: new Date(timeMs).toISOString() });
}

function occurrenceJson(report: FullReport): Json {
  const { fingerprint, errorId, timeMs, traceId, spanId, breadcrumbs } = report;
  return {
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
  const { frames, cause, errors } = report;
  return {
    ...headJson(report),
    frames: some(frames.map(frameJson)),
    cause: cause === undefined ? undefined : errorJson(cause),
    errors: some(errors.map(errorJson)),
  };
}

/** What an error has beside frames and other errors. */
function headJson(report: ErrorReport): Json {
  const { type, message, code, help, docs, notes, properties } = report;
  return {
    type,
    message,
    code,
    help,
    docs,
    notes: some(notes),
    properties: fieldsJson(properties),
    moreErrors: report.moreErrors || undefined,
    isRepeated: report.isRepeated || undefined,
    isError: report.isError ? undefined : false,
  };
}

/** Most of a report are frames that were written before: they are put in as texts. */
function errorText(report: ErrorReport): string {
  const { frames, cause, errors } = report;
  let text = members(headJson(report));
  if (frames.length > 0) text += `,"frames":[${frames.map(frameText).join(",")}]`;
  if (cause !== undefined) text += `,"cause":${errorText(cause)}`;
  if (errors.length > 0) text += `,"errors":[${errors.map(errorText).join(",")}]`;
  return `{${text}}`;
}

/** Without the braces. */
function members(json: Json): string {
  return JSON.stringify(json).slice(1, -1);
}

const frameTexts = new WeakMap<FrameEntry, string>();

function frameText(entry: FrameEntry): string {
  let text = frameTexts.get(entry);
  if (text === undefined) {
    text = JSON.stringify(frameJson(entry));
    frameTexts.set(entry, text);
  }
  return text;
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

function codeJson(frame: CodeFrame): Json {
  const lines = frame.lines.map(({ tokens }) => tokens.map(({ text }) => text).join(""));
  return { first: frame.lines[0]?.number ?? frame.line, lines, mark: frame.mark };
}

function fieldsJson(fields: readonly ReportField[]): Json | undefined {
  if (fields.length === 0) return undefined;
  return Object.fromEntries(fields.map(({ name, value }) => [name, value]));
}

function some<Value>(list: readonly Value[]): readonly Value[] | undefined {
  return list.length === 0 ? undefined : list;
}
