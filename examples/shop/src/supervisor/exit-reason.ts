// Why a process ended, in words: the error it died of if it said one, else its exit code or signal.

/** The line of a process's last output that names the error it died of, or undefined. */
export function findError(lines: readonly string[]): string | undefined {
  const uncaught = /^(?:Uncaught )?\w*(?:Error|Exception)\b(?: \[\w+\])?: .+/;
  const fatal = /^FATAL ERROR: (.+)/;
  for (const line of lines.toReversed()) {
    const match = uncaught.exec(line)?.[0] ?? fatal.exec(line)?.[1];
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
