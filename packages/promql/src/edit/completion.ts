// What could stand where the cursor is, in a query that is still being written.
//
//   sum by (jo|) (rate(http_requests_total{code="5|
//           └ grouping label "jo"                 └ value of "code", prefix "5", selector http_requests_total
//
// Only the text before the cursor counts. It is read token by token as far as it makes sense; a string that is not closed
// is what one is typing. An editor asks its source for names with what it is told here, and offers them.

import { Lexer } from "../lex/lexer.ts";
import { unescape } from "../lex/quote.ts";
import { isAggregator } from "../lex/token.ts";
import { Matcher, type MatchOp } from "../matcher/matcher.ts";
import { PromqlParseError } from "../parse-error.ts";

/** What may be completed; `from` is where the text begins that the completion replaces, a UTF-16 offset. */
export type CompletionContext =
  /** A metric, function, aggregation or number begins here. */
  | { readonly kind: "expression"; readonly from: number; readonly prefix: string }
  /** An operator, a modifier or the end: an operand is complete. */
  | { readonly kind: "operator"; readonly from: number; readonly prefix: string }
  | {
      readonly kind: "labelName";
      readonly from: number;
      readonly prefix: string;
      /** The metric before the braces, if one stands there. */
      readonly metricName: string | undefined;
      /** The matchers before the cursor, the metric's name among them. */
      readonly matchers: readonly Matcher[];
    }
  | {
      readonly kind: "labelValue";
      readonly from: number;
      readonly prefix: string;
      readonly labelName: string;
      readonly metricName: string | undefined;
      readonly matchers: readonly Matcher[];
    }
  /** A label of `by`, `without`, `on`, `ignoring`, `group_left`, `group_right`. */
  | { readonly kind: "groupingLabel"; readonly from: number; readonly prefix: string }
  /** A length of time, in brackets or after `offset`. */
  | { readonly kind: "duration"; readonly from: number; readonly prefix: string }
  | { readonly kind: "none"; readonly from: number };

interface Token {
  readonly kind: string;
  readonly start: number;
  readonly end: number;
  readonly value: string;
}

const GROUPING_WORDS: ReadonlySet<string> = new Set([
  "by",
  "without",
  "on",
  "ignoring",
  "group_left",
  "group_right",
]);

/** Tokens after which an operand is complete. */
const OPERAND_ENDS: ReadonlySet<string> = new Set([")", "}", "]", "number", "string", "duration"]);

/**
 * What could stand at a place of a query.
 *
 * @param offset the cursor, a UTF-16 offset
 */
export function completionContext(query: string, offset: number): CompletionContext {
  const text = query.slice(0, offset);
  const { tokens, openString } = tokensOf(text);
  const last = tokens.at(-1);
  // A word that ends at the cursor is being typed; everything before it says what it may become.
  const isTyping = openString === undefined && last?.end === offset && /\w$/.test(text);
  const before = isTyping ? tokens.slice(0, -1) : tokens;
  const from = openString?.start ?? (isTyping ? last.start : offset);
  const prefix = text.slice(from);
  const open = openBracket(before);
  if (open?.kind === "{") return inBraces(before, open.at, from, prefix, openString);
  if (openString !== undefined) return { kind: "none", from };
  if (open?.kind === "[") return { kind: "duration", from, prefix };
  if (open?.kind === "(" && GROUPING_WORDS.has(before[open.at - 1]?.kind ?? "")) {
    return { kind: "groupingLabel", from, prefix };
  }
  return between(before, from, prefix);
}

function between(before: readonly Token[], from: number, prefix: string): CompletionContext {
  const previous = before.at(-1);
  if (previous?.kind === "offset" || (previous?.kind === "-" && before.at(-2)?.kind === "offset")) {
    return { kind: "duration", from, prefix };
  }
  if (previous === undefined || !endsOperand(before)) return { kind: "expression", from, prefix };
  return { kind: "operator", from, prefix };
}

function endsOperand(tokens: readonly Token[]): boolean {
  const { kind } = tokens.at(-1)!;
  if (OPERAND_ENDS.has(kind)) return !closesGrouping(tokens);
  return kind === "identifier" || kind === "metric identifier";
}

/** Whether the last parenthesis closes `by (...)` before the operand of an aggregation, or `on (...)` of an operator. */
function closesGrouping(tokens: readonly Token[]): boolean {
  if (tokens.at(-1)?.kind !== ")") return false;
  let depth = 0;
  for (let at = tokens.length - 1; at >= 0; at--) {
    const { kind } = tokens[at]!;
    if (kind === ")") depth++;
    if (kind === "(" && --depth === 0) {
      const word = tokens[at - 1]?.kind ?? "";
      if (!GROUPING_WORDS.has(word)) return false;
      const owner = tokens[at - 2]?.kind ?? "";
      // `sum by (a)` still needs its operand; `sum(x) by (a)` has it.
      return owner !== ")" || word.startsWith("group_");
    }
  }
  return false;
}

function inBraces(
  tokens: readonly Token[],
  openAt: number,
  from: number,
  prefix: string,
  openString: OpenString | undefined,
): CompletionContext {
  const before = tokens[openAt - 1];
  const isName = before?.kind === "identifier" || before?.kind === "metric identifier";
  const metricName = isName || isWordName(before) ? before!.value : undefined;
  const inside = tokens.slice(openAt + 1);
  const { matchers, rest } = matchersIn(inside, metricName);
  const common = { from, metricName, matchers };
  const [label, op] = rest;
  if (op !== undefined && isMatchOp(op.kind)) {
    if (openString === undefined) return { kind: "none", from };
    return {
      kind: "labelValue",
      ...common,
      prefix: contentOf(prefix),
      from: from + 1,
      labelName: label!.value,
    };
  }
  if (rest.length > 0) return { kind: "none", from };
  return openString === undefined
    ? { kind: "labelName", ...common, prefix }
    : { kind: "labelName", ...common, prefix: contentOf(prefix), from: from + 1 };
}

function isWordName(token: Token | undefined): boolean {
  return token !== undefined && /^\w+$/.test(token.value) && !GROUPING_WORDS.has(token.kind);
}

/** What is typed of a string, without its quote and with its escapes resolved, as far as they are complete. */
function contentOf(typed: string): string {
  const body = typed.slice(1);
  if (typed.startsWith("`") || !body.includes("\\")) return body;
  const content = unescape(body, typed[0]!);
  return content.ok ? content.value : body;
}

/** The matchers that are complete, and what is left of the one that is being written. */
function matchersIn(
  tokens: readonly Token[],
  metricName: string | undefined,
): { matchers: Matcher[]; rest: readonly Token[] } {
  const matchers: Matcher[] = [];
  let at = 0;
  while (at < tokens.length) {
    const [label, op, value, comma] = tokens.slice(at, at + 4);
    const isWhole = op !== undefined && isMatchOp(op.kind) && value?.kind === "string";
    if (isWhole) matchers.push(new Matcher(op.kind as MatchOp, label!.value, value.value));
    const isLoneName = label!.kind === "string" && (op === undefined || op.kind === ",");
    if (isLoneName && op !== undefined) {
      matchers.push(new Matcher("=", "__name__", label!.value));
      at += 2;
      continue;
    }
    if (!isWhole || comma?.kind !== ",") {
      const rest = isWhole ? tokens.slice(at + 3) : tokens.slice(at);
      return { matchers: named(matchers, metricName), rest: isWhole ? [label!, ...rest] : rest };
    }
    at += 4;
  }
  return { matchers: named(matchers, metricName), rest: [] };
}

function named(matchers: Matcher[], metricName: string | undefined): Matcher[] {
  return metricName === undefined
    ? matchers
    : [...matchers, new Matcher("=", "__name__", metricName)];
}

function isMatchOp(kind: string): boolean {
  return kind === "=" || kind === "!=" || kind === "=~" || kind === "!~";
}

/** The innermost bracket that is not closed. */
function openBracket(
  tokens: readonly Token[],
): { readonly kind: "(" | "{" | "["; readonly at: number } | undefined {
  const open: { kind: "(" | "{" | "["; at: number }[] = [];
  for (const [at, { kind }] of tokens.entries()) {
    if (kind === "(" || kind === "{" || kind === "[") open.push({ kind, at });
    else if (kind === ")" || kind === "}" || kind === "]") open.pop();
  }
  return open.at(-1);
}

interface OpenString {
  readonly start: number;
}

/** The tokens of a text, up to where it stops making sense, and the string that is not closed. */
function tokensOf(text: string): { tokens: Token[]; openString: OpenString | undefined } {
  const lexer = new Lexer(text);
  const tokens: Token[] = [];
  try {
    for (lexer.next(); lexer.kind !== "end of input"; lexer.next()) {
      const { kind, start, end, value } = lexer;
      const isWord = kind === "identifier" || kind === "metric identifier" || kind === "string";
      tokens.push({ kind, start, end, value: isWord ? value : lexer.text });
      if (isAggregator(kind))
        tokens[tokens.length - 1] = { kind: "aggregator", start, end, value: lexer.text };
    }
  } catch (error) {
    if (!(error instanceof PromqlParseError)) throw error;
    const start = tokens.at(-1)?.end ?? 0;
    const quote = /^\s*["'`]/.exec(text.slice(start))?.[0];
    if (quote !== undefined) return { tokens, openString: { start: start + quote.length - 1 } };
  }
  return { tokens, openString: undefined };
}
