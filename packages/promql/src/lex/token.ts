// The words of PromQL: what the lexer tells apart, and how messages name it.
//
// A keyword is a keyword by position only: `sum`, `by` or `offset` may also be metric names and label names. The
// lexer reports the keyword; the parser decides what it means where it stands.

import { quoteText } from "./quote.ts";

const operators = [
  "+",
  "-",
  "*",
  "/",
  "%",
  "^",
  "==",
  "!=",
  "<=",
  "<",
  ">=",
  ">",
  "</",
  ">/",
  "=~",
  "!~",
  "@",
  "and",
  "or",
  "unless",
  "atan2",
] as const;

const aggregators = [
  "sum",
  "avg",
  "count",
  "min",
  "max",
  "group",
  "stddev",
  "stdvar",
  "topk",
  "bottomk",
  "count_values",
  "quantile",
  "limitk",
  "limit_ratio",
] as const;

const modifiers = [
  "offset",
  "smoothed",
  "anchored",
  "by",
  "without",
  "on",
  "ignoring",
  "group_left",
  "group_right",
  "fill",
  "fill_left",
  "fill_right",
  "bool",
] as const;

/** Words that stand for something known only when the query runs. */
const preprocessors = ["start", "end", "step", "range", "max_of", "min_of"] as const;

const marks = ["(", ")", "{", "}", "[", "]", ",", "=", ":"] as const;

/** Kinds of tokens; keywords, operators and marks are their own kind. */
export type TokenKind =
  | "end of input"
  | "identifier"
  | "metric identifier"
  | "number"
  | "duration"
  | "string"
  | (typeof operators)[number]
  | (typeof aggregators)[number]
  | (typeof modifiers)[number]
  | (typeof preprocessors)[number]
  | (typeof marks)[number];

const operatorKinds: ReadonlySet<string> = new Set(operators);
const aggregatorKinds: ReadonlySet<string> = new Set(aggregators);
const modifierKinds: ReadonlySet<string> = new Set(modifiers);

/** The kind of every word that is more than an identifier, in lower case; case does not matter in a query. */
export const KEYWORDS: ReadonlyMap<string, TokenKind> = new Map<string, TokenKind>([
  ...["and", "or", "unless", "atan2"].map((word): [string, TokenKind] => [word, word as TokenKind]),
  ...[...aggregators, ...modifiers, ...preprocessors].map((word): [string, TokenKind] => [
    word,
    word,
  ]),
  ["inf", "number"],
  ["nan", "number"],
]);

/** The names of all aggregations. */
export const AGGREGATORS: readonly string[] = aggregators;

/** Whether a token names an aggregation. */
export function isAggregator(kind: string): kind is (typeof aggregators)[number] {
  return aggregatorKinds.has(kind);
}

/** Keywords that only join two operands, so that they cannot be metric names. */
const neverMetricNames: ReadonlySet<string> = new Set([
  "atan2",
  "bool",
  "on",
  "ignoring",
  "group_left",
  "group_right",
]);

/** Whether a token may be a metric name where an operand is expected. */
export function canBeMetricName(kind: string): boolean {
  return (
    kind === "identifier" ||
    kind === "metric identifier" ||
    (isWord(kind) && !neverMetricNames.has(kind))
  );
}

/** Whether a token may be a label name in `by (...)`, `on (...)` and the like. */
export function canBeGroupingLabel(kind: string): boolean {
  return (
    kind === "identifier" || kind === "metric identifier" || (isWord(kind) && kind !== "without")
  );
}

function isWord(kind: string): boolean {
  return kind !== "number" && KEYWORDS.has(kind);
}

/**
 * A token as Prometheus' messages name it.
 *
 * @param text the token's own text in the query
 */
export function describeToken(kind: string, text: string): string {
  if (kind === "end of input") return "end of input";
  if (modifierKinds.has(kind)) return `<${text}>`;
  if (operatorKinds.has(kind)) return `<op:${text}>`;
  if (aggregatorKinds.has(kind)) return `<aggr:${text}>`;
  if (kind === "identifier" || kind === "metric identifier") return `${kind} ${quoteText(text)}`;
  const characters = Array.from(text);
  const quoted =
    characters.length > 10 ? `${quoteText(characters.slice(0, 10).join(""))}...` : quoteText(text);
  return kind === "number" || kind === "duration" || kind === "string"
    ? `${kind} ${quoted}`
    : quoted;
}
