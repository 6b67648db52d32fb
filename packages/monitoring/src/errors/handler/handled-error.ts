// What became of an error that a handler was given.

import type { FullReport } from "../report/report.ts";
import type { ErrorKind } from "./error-kinds.ts";

/** What became of an error. */
export interface HandledError {
  readonly report: FullReport;
  readonly kind: ErrorKind;
  /** False when it was told before, or its fingerprint had its share. */
  readonly isWritten: boolean;
}
