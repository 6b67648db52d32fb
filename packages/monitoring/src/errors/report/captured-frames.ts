// Which captured frame belongs to which frame of a stack. An error may be made in one place and thrown in another, so that
// they do not stand side by side: the next one of the same file and function is taken.

import type { StackFrame } from "../stack/parse-stack.ts";
import type { ReportField } from "./report.ts";
import { pathOf } from "./source-files.ts";

/** Variables of one call, captured when an error was thrown. */
export interface CapturedFrame {
  /** Path of the code that ran. */
  readonly file: string;
  readonly functionName: string;
  readonly fields: readonly ReportField[];
}

/** What was captured of an error. */
export interface CapturedLocals {
  /** Innermost first. */
  readonly frames: readonly CapturedFrame[];
  /** Values of variables with secrets' names: the error's own texts may have them. */
  readonly secrets: readonly string[];
}

/** For each frame of a stack its variables. */
export function matchCaptured(
  frames: readonly StackFrame[],
  captured: readonly CapturedFrame[],
): ReadonlyMap<number, readonly ReportField[]> {
  const found = new Map<number, readonly ReportField[]>();
  let from = 0;
  for (const [i, frame] of frames.entries()) {
    const at = captured.findIndex((each, k) => k >= from && isSame(frame, each));
    if (at < 0) continue;
    if (captured[at]!.fields.length > 0) found.set(i, captured[at]!.fields);
    from = at + 1;
  }
  return found;
}

function isSame({ file, functionName = "" }: StackFrame, captured: CapturedFrame): boolean {
  return (
    file !== undefined &&
    pathOf(file) === captured.file &&
    lastName(functionName) === lastName(captured.functionName)
  );
}

function lastName(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
