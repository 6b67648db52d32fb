// Label matchers in braces: {job="api", code=~"5..", "dotted.label"!="x", "a.metric.name"}.

import { Matcher, type MatchOp } from "../matcher/matcher.ts";
import type { Cursor } from "./cursor.ts";

const METRIC_NAME = "__name__";
const where = "label matching";

/** The matchers from `{` to `}`, both included. */
export function readMatchers(cursor: Cursor): Matcher[] {
  const matchers: Matcher[] = [];
  cursor.advance();
  while (!cursor.accept("}")) {
    matchers.push(readMatcher(cursor));
    if (cursor.kind === "}") continue;
    cursor.expect(",", where, '"," or "}"', hintForSeparator(cursor));
  }
  return matchers;
}

function readMatcher(cursor: Cursor): Matcher {
  const { kind, value: name, start } = cursor;
  if (kind !== "identifier" && kind !== "string") {
    throw cursor.unexpected(where, 'identifier or "}"', 'such as job="api"');
  }
  cursor.advance();
  const op = cursor.kind;
  if (!isMatchOp(op)) {
    if (kind === "string") return new Matcher("=", METRIC_NAME, name);
    throw cursor.unexpected(where, "label matching operator", hintForOperator(cursor, name));
  }
  cursor.advance();
  if (cursor.kind !== "string") {
    throw cursor.unexpected(where, "string", hintForValue(cursor, name, op));
  }
  const matcher = new Matcher(op, name, cursor.value);
  const { end } = cursor;
  if (matcher.isRegex) compile(cursor, matcher, start, end);
  cursor.advance();
  return matcher;
}

function compile(cursor: Cursor, matcher: Matcher, start: number, end: number): void {
  try {
    matcher.compile();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw cursor.fault(
      { start, end },
      reason,
      "patterns have RE2 syntax: no look-around, no back-references; the whole value is matched",
    );
  }
}

function isMatchOp(kind: string): kind is MatchOp {
  return kind === "=" || kind === "!=" || kind === "=~" || kind === "!~";
}

function hintForOperator(cursor: Cursor, name: string): string {
  return cursor.kind === "}" || cursor.kind === ","
    ? `to ask for any value, write ${name}!=""`
    : `operators are = != =~ !~, as in ${name}="value"`;
}

function hintForValue(cursor: Cursor, name: string, op: string): string | undefined {
  if (cursor.kind === "=" && op === "=") return "one = is enough inside braces";
  if (cursor.kind === "identifier") return `quote the value: ${name}${op}"${cursor.value}"`;
  return undefined;
}

function hintForSeparator(cursor: Cursor): string | undefined {
  return cursor.kind === "identifier" ? "matchers are separated by commas" : undefined;
}
