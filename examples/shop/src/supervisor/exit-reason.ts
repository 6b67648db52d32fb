// Why a process ended, in words: the error it died of if it said one, else its exit code or signal.

import { stripVTControlCharacters } from "node:util";
import { reportText } from "../process/report-output.ts";

/** The line of a process's last output that names the error it died of, or undefined. */
export function findError(lines: readonly string[]): string | undefined {
  // In a report the type stands before the message with a colon, or in colours before two blanks.
  const uncaught = /^(?:Uncaught )?(\w*(?:Error|Exception)\b(?: \[\w+\])?)(?:: | {2})(.+)/;
  const fatal = /^FATAL ERROR: (.+)/;
  for (const line of lines.toReversed()) {
    const text = stripVTControlCharacters(reportText(line) ?? line).trim();
    const named = uncaught.exec(text);
    if (named !== null) return `${named[1]}: ${named[2]}`;
    const match = fatal.exec(text)?.[1];
    if (match !== undefined) return match;
  }
  return undefined;
}

/** For example "exit code 1: TypeError: x is not a function". */
export function exitReason(
  code: number | null,
  signal: string | null,
  lastLines: readonly string[],
): string {
  const how = signal === null ? `exit code ${code ?? "unknown"}` : `signal ${signal}`;
  const error = findError(lastLines);
  return error === undefined ? how : `${how}: ${error}`;
}
