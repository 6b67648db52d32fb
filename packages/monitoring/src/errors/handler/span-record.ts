// An error on the active span: status, type, fingerprint, and the event where events are wanted. From the report, so that
// no secret gets there.

import { getCurrentSpan } from "../../tracing/active-span.ts";
import { grpcStatusName } from "../../tracing/exception-attributes.ts";
import { isObject, readText } from "../report/hostile.ts";
import type { FullReport } from "../report/report.ts";
import { stackText } from "./exception-record.ts";

/** A number is no type. */
function namedCode(error: unknown, { code }: FullReport): string | undefined {
  return isObject(error) && readText(error, "code") !== undefined ? code : undefined;
}

/** Records a report on the active span; without one, nothing happens. */
export function recordOnSpan(error: unknown, report: FullReport, hasEvent: boolean): void {
  const span = getCurrentSpan();
  if (span === undefined || !span.isRecording()) return;
  const { fingerprint, errorId } = report;
  const ids = { "flx.error.fingerprint": fingerprint, "flx.error.id": errorId };
  span.setStatus({ code: 2, message: report.message.slice(0, 512) });
  span.setAttribute("error.type", grpcStatusName(error) ?? namedCode(error, report) ?? report.type);
  span.setAttributes(ids);
  if (!hasEvent) return;
  span.addEvent("exception", {
    "exception.type": report.type,
    "exception.message": report.message,
    "exception.stacktrace": stackText(report),
    ...ids,
  });
}
