// Lists of label names: by (job, "http.method"), on (instance), group_left (version,).

import { canBeGroupingLabel } from "../lex/token.ts";
import type { Cursor } from "./cursor.ts";

const where = "grouping opts";

/** The labels from `(` to `)`, both included; a comma may stand at the end. */
export function readGroupingLabels(cursor: Cursor): string[] {
  const labels: string[] = [];
  cursor.expect("(", where, '"("', "label names stand in parentheses, as in by (job, instance)");
  if (cursor.accept(")")) return labels;
  for (;;) {
    labels.push(readLabel(cursor));
    if (cursor.accept(")")) return labels;
    cursor.expect(",", where, '"," or ")"', hintForSeparator(cursor));
    if (cursor.accept(")")) return labels;
  }
}

function readLabel(cursor: Cursor): string {
  const { kind, value, span } = cursor;
  if (kind !== "string" && !canBeGroupingLabel(kind)) {
    throw cursor.unexpected(where, "label", "names outside [a-zA-Z_][a-zA-Z0-9_]* go in quotes");
  }
  if (value === "") {
    throw cursor.fault(span, 'invalid label name for grouping: ""', "a label name is not empty");
  }
  cursor.advance();
  return value;
}

function hintForSeparator(cursor: Cursor): string | undefined {
  if (cursor.kind === "identifier") return "label names are separated by commas";
  return cursor.kind === "=" || cursor.kind === "!="
    ? 'here only names stand; filter by value in the selector: metric{label="value"}'
    : undefined;
}
