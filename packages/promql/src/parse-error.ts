// A query that does not parse, told twice: in Prometheus' words, which tools compare, and in ours, which help.
//
//   message   1:5: parse error: expected type range vector in call to function "rate", got instant vector
//   hint      add a range: rate(http_requests_total[5m])
//
//   render()  error: expected type range vector in call to function "rate", got instant vector
//              --> 1:6
//               |
//             1 | rate(http_requests_total)
//               |      ^^^^^^^^^^^^^^^^^^^
//               = hint: add a range: http_requests_total[5m]
//
// `start` and `end` are UTF-16 offsets. The column of `message` counts bytes of UTF-8 from the start of the line, since
// that is what Prometheus' does; the column of `render()` counts characters, since that is what a reader does.

import { FlxError, type FlxErrorCode } from "@flx/model";

/** The codes of errors in a query's text. */
export type PromqlParseErrorCode =
  | "FLX_PROMQL_PARSE"
  | "FLX_PROMQL_LENGTH"
  | "FLX_PROMQL_DEPTH"
  | "FLX_PROMQL_NODES";

/** A PromQL text that does not parse. `start` and `end` are UTF-16 offsets into `query`. */
export class PromqlParseError extends FlxError {
  override readonly name = "PromqlParseError";
  readonly query: string;
  readonly start: number;
  readonly end: number;
  /** What is wrong, as Prometheus says it, without the position. */
  readonly reason: string;
  /** What to do about it, when we can tell. */
  readonly hint: string | undefined;

  constructor(
    query: string,
    span: { readonly start: number; readonly end: number },
    reason: string,
    hint?: string,
    code: PromqlParseErrorCode = "FLX_PROMQL_PARSE",
  ) {
    super(code satisfies FlxErrorCode, `${position(query, span.start)}: parse error: ${reason}`);
    this.query = query;
    this.start = span.start;
    this.end = span.end;
    this.reason = reason;
    this.hint = hint;
  }

  /** The error with the line of the query it is in, for people. Long lines are cut around the place. */
  render(): string {
    // (A search from -1 would begin at 0.)
    const lineStart = this.start === 0 ? 0 : this.query.lastIndexOf("\n", this.start - 1) + 1;
    const lineNumber = this.query.slice(0, lineStart).split("\n").length;
    const nextBreak = this.query.indexOf("\n", this.start);
    const lineEnd = nextBreak < 0 ? this.query.length : nextBreak;
    const from = this.start - lineStart > MAX_BEFORE ? this.start - MAX_BEFORE : lineStart;
    const to = Math.min(lineEnd, from + MAX_LINE);
    const shown = this.query.slice(from, to).replaceAll("\t", " ");
    const underlined = Math.max(1, Math.min(this.end, to) - this.start);
    const number = String(lineNumber);
    const margin = " ".repeat(number.length);
    const before = from > lineStart ? "..." : "";
    const after = to < lineEnd ? "..." : "";
    const column = this.start - lineStart + 1;
    const lines = [
      `error: ${this.reason}`,
      `${margin}--> ${lineNumber}:${column}`,
      `${margin} |`,
      `${number} | ${before}${shown}${after}`,
      `${margin} | ${" ".repeat(before.length + this.start - from)}${"^".repeat(underlined)}`,
    ];
    if (this.hint !== undefined) lines.push(`${margin} = hint: ${this.hint}`);
    return lines.join("\n");
  }
}

const MAX_LINE = 160;
const MAX_BEFORE = 80;

/** Line and column as Prometheus counts them. */
function position(query: string, at: number): string {
  if (query === "") return "unknown position";
  const before = query.slice(0, at);
  const lineStart = before.lastIndexOf("\n") + 1;
  const line = before.split("\n").length;
  const column = new TextEncoder().encode(before.slice(lineStart)).length + 1;
  return `${line}:${column}`;
}
