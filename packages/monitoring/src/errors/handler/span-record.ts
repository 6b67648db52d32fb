// An error on the active span: status, type, fingerprint, and the event where events are wanted. From the report, so that
// no secret gets there.

import { getCurrentSpan } from "../../tracing/active-span.ts";
import type { FullReport } from "../report/report.ts";
import { stackText } from "./exception-record.ts";

/** Records a report on the active span; without one, nothing happens. */
export function recordOnSpan(report: FullReport, hasEvent: boolean): void {
  const span = getCurrentSpan();
  if (span === undefined || !span.isRecording()) return;
  span.setStatus({ code: 2, message: report.message.slice(0, 512) });
  span.setAttribute("error.type", report.code ?? report.type);
  span.setAttribute("flx.error.fingerprint", report.fingerprint);
  span.setAttribute("flx.error.id", report.errorId);
  if (!hasEvent) return;
  span.addEvent("exception", {
    "exception.type": report.type,
    "exception.message": report.message,
    "exception.stacktrace": stackText(report),
  });
}
